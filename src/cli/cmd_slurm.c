/* gan_mpi slurm: a batch script for a job, after a look at whether the job and the ranks go together. Checked is what a login
 * node can: the job file, and its sizes; not the data. */
#include "cli.h"
#include "job_check.h"
#include "slurm_script.h"
#include "slurm_variants.h"

#include "gan/file.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/train.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_NODES = 100000, MAX_RANKS = 4096, MAX_THREADS = 1024, RANKS = 8, SIGNAL_S = 120 };

typedef struct request {
    const char *config, *variants; /* one of them */
    const char *nodes, *ranks, *threads, *time, *partition, *account, *launcher, *out;
    const char **sets;
    int n_sets;
    bool requeue;
    long long n_nodes, ranks_per_node, n_threads;
} request;

/* ---- the command line --------------------------------------------------------------------------------------- */

static gan_status parse(request *r, int argc, char **argv)
{
    int n;
    const gan_option options[] = {
        {.name = "--nodes", .text = &r->nodes},           {.name = "--ranks-per-node", .text = &r->ranks},
        {.name = "--threads", .text = &r->threads},       {.name = "--time", .text = &r->time},
        {.name = "--partition", .text = &r->partition},   {.name = "--account", .text = &r->account},
        {.name = "--launcher", .text = &r->launcher},     {.name = "--array", .text = &r->variants},
        {.name = "--set", .list = &r->sets, .n_list = &r->n_sets}, {.name = "--requeue", .flag = &r->requeue},
        {.name = "--out", .text = &r->out}};
    GAN_TRY(gan_options_parse("slurm", argc, argv, options, sizeof options / sizeof options[0], &r->config, 1, &n));
    if ((n == 1) == (r->variants != NULL))
        return GAN_FAIL(GAN_EUSAGE, "gan_mpi slurm: wanted is either a job file or --array VARIANTS; see \"gan_mpi slurm --help\"");
    if (!r->nodes)
        return GAN_FAIL(GAN_EUSAGE, "gan_mpi slurm: on how many nodes? Add --nodes N; see \"gan_mpi slurm --help\"");
    return GAN_OK;
}

/* What stands behind #SBATCH is read by no shell, so quotes would not help. */
static gan_status check_plain(const char *option, const char *text)
{
    if (!text || gan__slurm_is_plain(text)) return GAN_OK;
    return GAN_FAIL(GAN_EUSAGE, "option %s wants one word of letters, digits and _-+=./,:@%%, got \"%s\"", option, text);
}

/* The number at *at, which moves behind it; -1: there is none, or one of more than six digits. */
static long long number_at(const char **at)
{
    const size_t n = strspn(*at, "0123456789");
    const long long number = n >= 1 && n <= 6 ? strtoll(*at, NULL, 10) : -1;
    *at += n;
    return number;
}

/* As sbatch reads it: minutes, M:S, H:M:S, and behind days D-H, D-H:M, D-H:M:S. In seconds, 0: no limit, -1: none of these. */
static long long seconds_of(const char *text)
{
    const bool has_days = strchr(text, '-') != NULL;
    long long days = 0, part[3], s = 0;
    int n = 0;
    if (has_days && ((days = number_at(&text)) < 0 || *text++ != '-')) return -1;
    do
        if (n == 3 || (part[n++] = number_at(&text)) < 0) return -1;
    while (*text == ':' && *text++);
    if (*text) return -1;
    for (int i = 0, unit = has_days || n == 3 ? 3600 : 60; i < n; i++, unit /= 60) s += part[i] * unit;
    return days * 86400 + s;
}

static gan_status check_time(const char *text)
{
    const long long s = text ? seconds_of(text) : 0;
    if (s < 0) return GAN_FAIL(GAN_EUSAGE, "option --time wants minutes, HH:MM:SS or DAYS-HH:MM:SS, got \"%s\"", text);
    if (s > 0 && s <= SIGNAL_S)
        gan_warn("--time %s: the run is stopped %d s before the end, so at its start; give it longer, or lower the seconds of --signal "
                 "on top of the script", text, SIGNAL_S);
    return GAN_OK;
}

static gan_status check_launcher(const char *text)
{
    if (!text || strcmp(text, "mpirun") == 0 || strcmp(text, "srun") == 0) return GAN_OK;
    return GAN_FAIL(GAN_EUSAGE, "option --launcher wants mpirun or srun, got \"%s\"", text);
}

static gan_status check_words(request *r)
{
    r->ranks_per_node = RANKS;
    r->n_threads = 1;
    GAN_TRY(gan_option_int("--nodes", r->nodes, 1, MAX_NODES, &r->n_nodes));
    if (r->ranks) GAN_TRY(gan_option_int("--ranks-per-node", r->ranks, 1, MAX_RANKS, &r->ranks_per_node));
    if (r->threads) GAN_TRY(gan_option_int("--threads", r->threads, 1, MAX_THREADS, &r->n_threads));
    GAN_TRY(check_time(r->time));
    GAN_TRY(check_plain("--partition", r->partition));
    GAN_TRY(check_plain("--account", r->account));
    return check_launcher(r->launcher);
}

/* ---- the job ------------------------------------------------------------------------------------------------- */

/* Whether networks mix samples does not matter to which ranks fit. */
static gan_status check_read(const gan_config *cfg, const request *r)
{
    gan_layout layout;
    GAN_TRY(gan__job_check(cfg));
    return gan_layout_resolve(&layout, cfg, (int)(r->n_nodes * r->ranks_per_node), true);
}

/* The request's own overrides come last, as on the command line of the run. */
static gan_status check_job(const char *path, const char *const *sets, int n_sets, void *with)
{
    const request *r = with;
    gan_config *cfg = NULL;
    const char **all = gan_calloc(n_sets + r->n_sets, sizeof *all);
    if (!all) return GAN_ENOMEM;
    for (int i = 0; i < n_sets; i++) all[i] = sets[i];
    for (int i = 0; i < r->n_sets; i++) all[n_sets + i] = r->sets[i];
    gan_status s = gan_config_read(&cfg, path, all, n_sets + r->n_sets, gan_system_networks);
    if (s == GAN_OK) s = check_read(cfg, r);
    gan_config_free(cfg);
    gan_free(all);
    return s;
}

/* ---- the script ---------------------------------------------------------------------------------------------- */

/* Words of the script that are made here; all counted strings. */
typedef struct words {
    char *numbers[3], *array, *job, *options, *program, *sweep;
} words;

static void free_words(words *w)
{
    for (int i = 0; i < 3; i++) gan_free(w->numbers[i]);
    gan_free(w->array), gan_free(w->job), gan_free(w->options), gan_free(w->program), gan_free(w->sweep);
}

/* This program by its whole path, or by its name where /proc is not there. */
static void own_path(char path[4096])
{
    ssize_t n = readlink("/proc/self/exe", path, 4095);
    if (n <= 0) n = (ssize_t)strlen(strcpy(path, "gan_mpi"));
    path[n] = '\0';
}

/* sweep.sh beside the job, beside the program's installation, or in the tree where it was built. */
static gan_status find_sweep(char **word, const char *program)
{
    static const char *const places[] = {"scripts/sweep.sh", "../share/gan_mpi/scripts/sweep.sh", "../../scripts/sweep.sh"};
    const char *slash = strrchr(program, '/');
    const int directory = slash ? (int)(slash - program) + 1 : 0;
    for (int i = 0; i < 3; i++) {
        char *path = gan_sprintf("%.*s%s", i ? directory : 0, program, places[i]);
        if (!path) return GAN_ENOMEM;
        bool found = access(path, R_OK) == 0;
        if (found) *word = gan__slurm_word(path);
        gan_free(path);
        if (found) return *word ? GAN_OK : GAN_ENOMEM;
    }
    return GAN_FAIL(GAN_EIO, "scripts/sweep.sh, which trains the variants, is neither here nor near %s; run this where it is", program);
}

/* "(--set train.epochs=60)": an array of the shell. */
static char *options_word(const char *const *sets, int n)
{
    char *all = gan_strdup("(");
    for (int i = 0; i < n && all; i++) {
        char *word = gan__slurm_word(sets[i]);
        char *more = word ? gan_sprintf("%s%s--set %s", all, i ? " " : "", word) : NULL;
        gan_free(word), gan_free(all);
        all = more;
    }
    char *closed = all ? gan_sprintf("%s)", all) : NULL;
    gan_free(all);
    return closed;
}

static gan_status make_words(words *w, const request *r, int n_variants)
{
    const long long numbers[] = {r->n_nodes, r->ranks_per_node, r->n_threads};
    char program[4096];
    bool good = true;
    own_path(program);
    for (int i = 0; i < 3; i++) good &= (w->numbers[i] = gan_sprintf("%lld", numbers[i])) != NULL;
    good &= (w->array = gan_sprintf("0-%d", n_variants - 1)) != NULL;
    good &= (w->job = gan__slurm_word(r->variants ? r->variants : r->config)) != NULL;
    good &= (w->options = options_word(r->sets, r->n_sets)) != NULL;
    good &= (w->program = gan__slurm_word(program)) != NULL;
    if (!good) return GAN_ENOMEM;
    return r->variants ? find_sweep(&w->sweep, program) : GAN_OK;
}

typedef struct script {
    const request *r;
    const words *w;
} script;

static void print(const void *user, FILE *f)
{
    const request *r = ((const script *)user)->r;
    const words *w = ((const script *)user)->w;
    const gan__slurm_fill fills[] = {{"#SBATCH --nodes=", w->numbers[0]},
                                     {"#SBATCH --ntasks-per-node=", w->numbers[1]},
                                     {"#SBATCH --cpus-per-task=", w->numbers[2]},
                                     {"#SBATCH --array=", w->array},
                                     {"#SBATCH --time=", r->time},
                                     {"#SBATCH --partition=", r->partition},
                                     {"#SBATCH --account=", r->account},
                                     {"config=", w->job},
                                     {"variants=", w->job},
                                     {"options=", w->options},
                                     {"gan=", w->program},
                                     {"sweep=", w->sweep},
                                     {"launcher=", r->launcher},
                                     {"requeues=", r->requeue ? "100" : NULL}};
    gan__slurm_print(f, r->variants, fills, sizeof fills / sizeof fills[0]);
}

/* To standard output, which main() looks after, or to a file that appears whole. */
static gan_status write_script(const request *r, const words *w)
{
    const script whole = {r, w};
    if (!r->out) {
        print(&whole, stdout);
        return GAN_OK;
    }
    GAN_TRY(gan_file_write(r->out, print, &whole));
    char *name = gan__slurm_word(r->out);
    if (!name) return GAN_ENOMEM;
    printf("%s  %lld nodes x %lld ranks x %lld threads; start it with: sbatch %s\n", r->out, r->n_nodes, r->ranks_per_node,
           r->n_threads, name);
    gan_free(name);
    return GAN_OK;
}

static gan_status make_script(request *r)
{
    words w = {0};
    int n = 1;
    GAN_TRY(check_words(r));
    GAN_TRY(r->variants ? gan__variants_read(r->variants, check_job, r, &n) : check_job(r->config, NULL, 0, r));
    gan_status s = make_words(&w, r, n);
    if (s == GAN_OK) s = write_script(r, &w);
    free_words(&w);
    return s;
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    (void)comm;
    request r = {0};
    gan_status s = parse(&r, argc, argv);
    if (s == GAN_OK) s = make_script(&r);
    gan_free(r.sets);
    return s;
}

const gan_command gan_command_slurm = {
    .name = "slurm",
    .summary = "a batch script for SLURM, with ranks that fit the job",
    .help = "usage: gan_mpi slurm CONFIG --nodes N [options]\n"
            "       gan_mpi slurm --array VARIANTS --nodes N [options]\n"
            "\n"
            "Checks the job and whether so many ranks can share it, and writes a script for sbatch. A job that its time limit,\n"
            "preemption or a lost node has stopped goes on where it was when it is submitted, or queued, again.\n"
            "\n"
            "  --nodes N              nodes\n"
            "  --ranks-per-node R     ranks of each (8)\n"
            "  --threads T            threads of a rank, each on a core of its own (1)\n"
            "  --time HH:MM:SS        time limit (24:00:00); two minutes before it the run writes a checkpoint and stops\n"
            "  --partition P, --account A\n"
            "  --requeue              when stopped it queues itself again, at most 100 times, until it is done; when it fails\n"
            "                         it does not\n"
            "  --launcher mpirun|srun what starts the ranks (mpirun); srun is used with --mpi=pmix\n"
            "  --array VARIANTS       a task for each line of this table: NAME CONFIG [--set SECTION.KEY=VALUE]...\n"
            "  --set S.K=V            override a key; may be repeated\n"
            "  --out FILE             write it there instead of to standard output\n"
            "\n"
            "Example: gan_mpi slurm jobs/dcgan-celeba.ini --nodes 2 --time 12:00:00 --requeue --out celeba.sbatch\n",
    .run = run,
};
