/* gan_mpi strip: how the samples of runs have developed, from the pictures that they have left. */
#include "cli.h"
#include "locate.h"

#include "gan/checkpoint.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/png.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

enum { PICTURES = 8, MAX_PICTURES = 64, MAX_RUNS = 32 };

typedef struct strip {
    const char *runs[MAX_RUNS], *out, *n_text;
    int n_runs;
    long long n;        /* pictures of a run */
    const char **paths; /* [n_runs, n], NULL where a run has fewer; they point into found */
    glob_t found[MAX_RUNS];
    bool any[MAX_RUNS];
} strip;

static gan_status parse(strip *a, int argc, char **argv)
{
    const gan_option options[] = {{.name = "--n", .text = &a->n_text}, {.name = "--out", .text = &a->out}};
    GAN_TRY(gan_options_parse("strip", argc, argv, options, sizeof options / sizeof options[0], a->runs, MAX_RUNS, &a->n_runs));
    if (a->n_runs == 0) return GAN_FAIL(GAN_EUSAGE, "gan_mpi strip: of which runs? See \"gan_mpi strip --help\"");
    a->n = PICTURES;
    if (a->n_text) GAN_TRY(gan_option_int("--n", a->n_text, 1, MAX_PICTURES, &a->n));
    if (!a->out) a->out = "strip.png";
    if (gan__ends_in(a->out, ".png")) return gan_checkpoint_spare(a->out);
    return GAN_FAIL(GAN_EUSAGE, "gan_mpi strip: --out wants a name that ends in .png, got \"%s\"", a->out);
}

/* The directory's name is what it is, also with a star in it. */
static char *pattern_of(const char *run)
{
    char *pattern = gan_calloc(2 * (int64_t)strlen(run) + 64, 1), *to = pattern;
    for (; pattern && *run; *to++ = *run++)
        if (strchr("*?[]\\", *run)) *to++ = '\\';
    if (pattern) memcpy(to, "/samples/step-*.png", sizeof "/samples/step-*.png");
    return pattern;
}

/* Pictures of a run, in the order of their steps; names are padded with zeros. */
static gan_status find(strip *a, int run)
{
    char *pattern = pattern_of(a->runs[run]);
    const int status = pattern ? glob(pattern, 0, NULL, &a->found[run]) : GLOB_NOSPACE;
    gan_free(pattern);
    if (status == GLOB_NOSPACE) return GAN_FAIL(GAN_ENOMEM, "%s: no memory for the names of its pictures", a->runs[run]);
    if (status != 0)
        return GAN_FAIL(GAN_EUSAGE, "%s: no pictures samples/step-*.png there; is it a run directory, and does its job draw any (samples.every)?",
                        a->runs[run]);
    a->any[run] = true;
    return GAN_OK;
}

/* n of them at even distances, the last one included. */
static void choose(strip *a, int run)
{
    const int64_t have = (int64_t)a->found[run].gl_pathc, n = a->n < have ? a->n : have;
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = n > 1 ? i * (have - 1) / (n - 1) : have - 1;
        a->paths[run * a->n + i] = a->found[run].gl_pathv[at];
    }
}

static gan_status make(strip *a)
{
    for (int i = 0; i < a->n_runs; i++) GAN_TRY(find(a, i));
    if (!(a->paths = gan_calloc(a->n_runs * a->n, sizeof *a->paths))) return GAN_ENOMEM;
    for (int i = 0; i < a->n_runs; i++) choose(a, i);
    /* One picture of each run: beside each other. */
    const int rows = a->n == 1 ? 1 : a->n_runs, columns = a->n == 1 ? a->n_runs : (int)a->n;
    GAN_TRY(gan_png_join(a->out, a->paths, rows, columns));
    for (int i = 0; i < rows * columns; i++)
        if (a->paths[i]) gan_say(GAN_NORMAL, "row %d, column %d: %s", i / columns + 1, i % columns + 1, a->paths[i]);
    gan_say(GAN_NORMAL, "%s", a->out);
    return GAN_OK;
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    (void)comm;
    strip a = {0};
    gan_status s = parse(&a, argc, argv);
    if (s == GAN_OK) s = make(&a);
    for (int i = 0; i < a.n_runs; i++)
        if (a.any[i]) globfree(&a.found[i]);
    gan_free(a.paths);
    return s;
}

const gan_command gan_command_strip = {
    .name = "strip",
    .summary = "pictures of runs at several times in one, a row for each run",
    .help = "usage: gan_mpi strip RUN... [--n N] [--out FILE]\n"
            "\n"
            "Joins pictures that runs have left in samples/: N of each at even distances, the last one included, in a row;\n"
            "runs stand under each other. With --n 1 their last pictures stand side by side.\n"
            "\n"
            "  RUN            run directories\n"
            "  --n N          pictures of a run (8)\n"
            "  --out FILE     the picture to write (strip.png)\n"
            "\n"
            "Example: gan_mpi strip runs/grid runs/pacgan-grid --out collapse.png\n",
    .run = run,
};
