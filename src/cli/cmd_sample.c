/* gan_mpi sample: draws from the generator of a checkpoint, on one core, without MPI. */
#include "cli.h"
#include "latents.h"
#include "locate.h"
#include "samples_h5.h"

#include "gan/checkpoint.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/plane.h"
#include "gan/png.h"
#include "gan/snapshot.h"
#include "gan/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct sampling {
    const char *word, *out, *columns_text, *seed_text, *kernels_name; /* as typed; NULL: not given */
    gan__latents_text latents_text;
    gan__latents latents;
    const char *label_text, *attributes_text;
    long long columns, seed, label;
    bool picture; /* else HDF5 */
    const gan_kernels *kernels;
} sampling;

/* ---- the command line -------------------------------------------------------------------------------------- */

static gan_status choose_form(sampling *a)
{
    if (!a->out) a->out = "samples.png";
    a->picture = gan__ends_in(a->out, ".png");
    if (a->picture || gan__ends_in(a->out, ".h5") || gan__ends_in(a->out, ".hdf5")) return GAN_OK;
    return GAN_FAIL(GAN_EUSAGE, "gan_mpi sample: --out wants a name that ends in .png or .h5, got \"%s\"", a->out);
}

static gan_status parse_words(sampling *a, int argc, char **argv)
{
    int n;
    gan__latents_text *t = &a->latents_text;
    const gan_option options[] = {{.name = "--n", .text = &t->n},
                                  {.name = "--interpolate", .text = t->interpolate, .n_text = 3},
                                  {.name = "--arithmetic", .text = &t->arithmetic},
                                  {.name = "--neighbours", .text = &t->neighbours},
                                  {.name = "--grid", .text = &t->grid},
                                  {.name = "--at", .text = &t->at},
                                  {.name = "--span", .text = &t->span},
                                  {.name = "--label", .text = &a->label_text},
                                  {.name = "--attributes", .text = &a->attributes_text},
                                  {.name = "--columns", .text = &a->columns_text},
                                  {.name = "--seed", .text = &a->seed_text},
                                  {.name = "--out", .text = &a->out},
                                  {.name = "--kernels", .text = &a->kernels_name}};
    GAN_TRY(gan_options_parse("sample", argc, argv, options, sizeof options / sizeof options[0], &a->word, 1,
                              &n));
    if (n == 0)
        return GAN_FAIL(GAN_EUSAGE, "gan_mpi sample: of which checkpoint? See \"gan_mpi sample --help\"");
    return GAN_OK;
}

static gan_status parse(sampling *a, int argc, char **argv)
{
    GAN_TRY(parse_words(a, argc, argv));
    GAN_TRY(gan__latents_parse(&a->latents, &a->latents_text));
    a->columns = a->latents.columns < 10000 ? a->latents.columns : 10000;
    if (a->columns_text) GAN_TRY(gan_option_int("--columns", a->columns_text, 1, 10000, &a->columns));
    if (a->label_text && a->attributes_text)
        return GAN_FAIL(GAN_EUSAGE, "options --label and --attributes exclude each other");
    if (a->label_text) GAN_TRY(gan_option_int("--label", a->label_text, 0, INT32_MAX, &a->label));
    if (a->seed_text) GAN_TRY(gan_option_int("--seed", a->seed_text, 0, INT64_MAX, &a->seed));
    GAN_TRY(choose_form(a));
    return gan_option_kernels("sample", a->kernels_name, &a->kernels);
}

/* ---- drawing ----------------------------------------------------------------------------------------------- */

/* Points as the pictures of the run have them: with real ones where they are computed, not read. */
static gan_status write_plot(const sampling *a, const gan_snapshot *snap, const gan__samples *s)
{
    gan_source *source = NULL;
    gan_plane plane = {0};
    gan_plot plot = {.lo = s->lo, .hi = s->hi, .n = s->n, .points = s->x, .side = GAN_PLANE_SIDE};
    GAN_TRY(gan_snapshot_mixture(&source, snap, a->word));
    gan_status status = gan_plane_open(&plane, snap->model, a->kernels, source, s->n);
    if (status == GAN_OK) status = gan_plane_look(&plane, &plot.surface);
    plot.real = plane.real, plot.n_real = plane.n;
    if (status == GAN_OK) status = gan_png_plot(a->out, &plot);
    gan_plane_close(&plane);
    gan_source_close(source);
    return status;
}

/* Images [H,W,1 or 3] and points [2] make a picture. */
static gan_status write_picture(const sampling *a, const gan_snapshot *snap, const gan__samples *s)
{
    const gan_sample_shape *d = s->shape;
    int columns = (int)a->columns;
    if (d->n_dims == 3 && (d->dims[2] == 1 || d->dims[2] == 3))
        return gan_png_grid(a->out, s->n, d->dims[0], d->dims[1], d->dims[2], columns, s->lo, s->hi, s->x);
    if (d->n_dims == 1 && d->dims[0] == 2) return write_plot(a, snap, s);
    return GAN_FAIL(
        GAN_EUSAGE,
        "gan_mpi sample: %lld numbers in %d dimensions are neither an image of 1 or 3 channels nor a point; "
        "write them with --out samples.h5",
        (long long)gan_sample_floats(d), d->n_dims);
}

static gan_status check_finite(const sampling *a, const gan__samples *s)
{
    int64_t floats = s->n * gan_sample_floats(s->shape), bad = 0;
    for (int64_t i = 0; i < floats; i++) bad += !isfinite(s->x[i]);
    if (bad == 0) return GAN_OK;
    return GAN_FAIL(
        GAN_ENUMERIC,
        "%s: %lld of the samples' %lld values are not finite: the network had diverged at step %lld; take an "
        "earlier checkpoint",
        a->word, (long long)bad, (long long)floats, (long long)s->origin->step);
}

static gan_status write_samples(const sampling *a, const gan_snapshot *snap, gan__samples *s)
{
    gan_picture_range(snap->cfg, &s->lo, &s->hi);
    GAN_TRY(check_finite(a, s));
    GAN_TRY(a->picture ? write_picture(a, snap, s) : gan__samples_write_h5(a->out, s));
    gan_say(GAN_NORMAL, "%s: %lld samples of %s at step %lld, noise seed %lld%s%s", a->out, (long long)s->n,
            a->word, (long long)s->origin->step, (long long)s->seed, *s->latents ? ", " : "", s->latents);
    return GAN_OK;
}

/* A number for each attribute, between commas. */
static gan_status parse_attributes(const char *text, int64_t numbers, float *c)
{
    const char *p = text;
    int64_t n = 0;
    for (char *end; n < numbers; n++) {
        if (n > 0 && *p++ != ',') break;
        c[n] = strtof(p, &end);
        if (end == p || !isfinite(c[n])) break;
        p = end;
    }
    if (n == numbers && !*p) return GAN_OK;
    return GAN_FAIL(GAN_EUSAGE, "option --attributes wants the %lld numbers that samples of this run are conditioned on, such as 1,0,0.5; got \"%s\"",
                    (long long)numbers, text);
}

/* What samples c [n,numbers] are to be: of one class, of all in turn, or with given attributes. */
static gan_status fill_condition(const sampling *a, const gan_snapshot *snap, float *c)
{
    const int64_t numbers = snap->model->data.condition, n = a->latents.n;
    const bool labels = gan_config_choice(snap->cfg, "data", "condition") == GAN_CONDITION_LABELS;
    const char *given = a->label_text ? "--label" : a->attributes_text ? "--attributes" : NULL;
    if (!c && given) return GAN_FAIL(GAN_EUSAGE, "option %s: the generator of %s is not conditional", given, a->word);
    if (!c) return GAN_OK;
    if (given && labels != (a->label_text != NULL))
        return GAN_FAIL(GAN_EUSAGE, "option %s: samples of %s are conditioned on %s; use --%s", given, a->word, labels ? "labels" : "attributes",
                        labels ? "label" : "attributes");
    if (a->label >= numbers) return GAN_FAIL(GAN_EUSAGE, "option --label: this generator knows the classes 0 to %lld, got %lld", (long long)numbers - 1, a->label);
    if (!labels && !given)
        return GAN_FAIL(GAN_EUSAGE, "%s: samples are conditioned on %lld attributes; say which: --attributes 1,0,...", a->word, (long long)numbers);
    if (labels && !given) gan_latent_classes(numbers, 0, n, a->columns, c);
    else if (labels) gan_latent_classes(numbers, a->label * n, n, n, c);
    else GAN_TRY(parse_attributes(a->attributes_text, numbers, c));
    for (int64_t i = 1; !labels && i < n; i++) memcpy(c + i * numbers, c, (size_t)numbers * sizeof *c);
    return GAN_OK;
}

static gan_status draw_all(const sampling *a, const gan_snapshot *snap, gan_sampler *sampler)
{
    int64_t seed = a->seed_text ? a->seed : gan_config_int(snap->cfg, "run", "seed");
    const gan_noise noise = gan_noise_of(snap->cfg, (uint64_t)seed);
    float *z = gan_sampler_latents(sampler);
    gan__samples samples = {.n = a->latents.n, .shape = &snap->model->data, .z = z, .z_size = noise.size, .seed = seed,
                            .latents = a->latents.text, .origin = snap->ckpt};
    GAN_TRY(gan__latents_fill(&a->latents, &noise, z));
    GAN_TRY(fill_condition(a, snap, gan_sampler_condition(sampler)));
    samples.c = gan_sampler_condition(sampler);
    samples.labelled = gan_config_choice(snap->cfg, "data", "condition") == GAN_CONDITION_LABELS;
    GAN_TRY(gan_sampler_draw(sampler, &samples.x));
    return write_samples(a, snap, &samples);
}

static gan_status draw(const sampling *a, const char *path)
{
    gan_snapshot snap;
    gan_sampler *sampler;
    GAN_TRY(gan_snapshot_open(&snap, path));
    gan_status s = gan_sampler_new(&sampler, snap.model, a->kernels, a->latents.n);
    if (s == GAN_OK) {
        s = draw_all(a, &snap, sampler);
        gan_sampler_free(sampler);
    }
    gan_snapshot_close(&snap);
    return s;
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    (void)comm;
    sampling a = {0};
    char *path = NULL;
    gan_status s = parse(&a, argc, argv);
    if (s == GAN_OK) s = gan_checkpoint_spare(a.out);
    if (s == GAN_OK) s = gan_checkpoint_locate(&path, a.word);
    if (s == GAN_OK) s = draw(&a, path);
    gan_free(path);
    gan__latents_free(&a.latents);
    return s;
}

const gan_command gan_command_sample = {
    .name = "sample",
    .summary = "draw samples from the generator of a checkpoint",
    .help =
        "usage: gan_mpi sample CHECKPOINT [options]\n"
        "\n"
        "Runs the generator on fixed noise, with averaged weights where the run keeps them (key ema), and writes a\n"
        "picture or an HDF5 file. The same seed gives the same samples, and sample i is the same for every --n.\n"
        "\n"
        "  CHECKPOINT     a file, or a run directory (then its checkpoints/latest)\n"
        "  --n N          number of samples (64)\n"
        "  --out FILE     NAME.png: a grid of images, or a scatter plot of points (samples.png);\n"
        "                 NAME.h5: /images [N,...] float32 with attribute \"range\", a dataset itself, and /z\n"
        "                 [N,noise.size], the latents they were made of; of a conditional run /labels or\n"
        "                 /attributes too\n"
        "  --label K      of a conditional run: all samples of class K (a row of the grid for each class in turn)\n"
        "  --attributes A,B,...\n"
        "                 of a run with attributes: those that all samples are to have\n"
        "  --columns N    columns of the grid (8)\n"
        "  --seed N       of the noise (run.seed of the job: as the pictures of the run)\n"
        "  --kernels NAME ref, x86-64, avx2, avx512 (the best of this processor)\n"
        "\n"
        "Instead of fixed noise, one of these. Samples are named by their numbers with the same seed; the first is 0.\n"
        "\n"
        "  --interpolate linear|slerp A B\n"
        "                 the way from sample A to sample B, both included, in --n samples (10): straight, or on\n"
        "                 the arc between them, which stays where normal noise lies\n"
        "  --arithmetic EXPRESSION\n"
        "                 sums of samples and of means of some: \"mean(1,4,7) - mean(2,3) + 0.5*mean(5,8)\";\n"
        "                 gives a sample of each term (its mean), then the result\n"
        "    --neighbours N\n"
        "                 and then N with uniform noise up to 0.25 added to the result's latent (0)\n"
        "  --grid D1[,D2] sweeps of one direction of z (a row of --n samples, 9), or of two (a square of --n by\n"
        "                 --n: D1 changes from left to right, D2 from top to bottom); the first direction is 0\n"
        "    --at A       around sample A (0); with an odd --n it stands in the middle\n"
        "    --span S     from -S to S, added to the coordinate (2)\n"
        "\n"
        "Examples: gan_mpi sample runs/quickstart --n 100 --columns 10 --out clothes.png\n"
        "          gan_mpi sample runs/quickstart --interpolate slerp 3 9 --out way.png\n"
        "          gan_mpi sample runs/quickstart --grid 0,1 --at 3 --n 11 --out grid.png\n",
    .run = run,
};
