/* gan_mpi scale CONFIG: how a job's steps scale over ranks and threads. */
#include "cli.h"
#include "locate.h"
#include "scale.h"

#include "gan/file.h"
#include "gan/lock.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: gan_mpi scale CONFIG --ranks 1,2,4 [options]\n"
    "\n"
    "Times the job's steps on several numbers of ranks, each by processes of their own (gan_mpi bench), in rounds that "
    "go\n"
    "through all points forwards and backwards in turn. Leaves in DIR a table (table.txt, also printed), all numbers "
    "(table.csv)\n"
    "and a figure (scaling.svg): speed-up, efficiency, Karp and Flatt's serial fraction, and for each phase the time "
    "computing\n"
    "and that of waiting for messages. In ordered mode points that compute the same must end with the same bits. "
    "Started\n"
    "again, it runs only what is not in DIR yet, for this job, program and machine. Start it without mpirun.\n"
    "\n"
    "  --ranks N,N,...     numbers of ranks (default: 1, 2, 4 ... up to the cores, as far as they can share the job)\n"
    "  --threads N,N,...   threads of a rank; every combination is a point (default: as the job says)\n"
    "  --mode strong|weak  strong: the job as it is; weak: train.batch and parallel.shards grow with ranks x threads\n"
    "                      (default strong)\n"
    "  --steps N           steps to time in a run (default 20)\n"
    "  --repeat N          rounds (default 3)\n"
    "  --out DIR           where results lie (default runs/scale-JOB, runs/scale-JOB-weak)\n"
    "  --launcher WORDS    starts the ranks; %n, %t and %N become ranks, threads, and the nodes of the SLURM job that they fill. No\n"
    "                      shell reads them. mpirun (default) stands for \"mpirun -np %n\", srun in a job for \"srun --mpi=pmix\n"
    "                      -N %N -n %n -c %t\"\n"
    "  --cores N           cores there are for it (default: of this machine, or of the SLURM allocation); points with "
    "more\n"
    "                      ranks x threads are marked as oversubscribed\n"
    "  --fresh             run all points anew\n"
    "  --set SECTION.KEY=VALUE  override a key; may be repeated\n"
    "\n"
    "  gan_mpi scale jobs/bench/dcgan64.ini --ranks 1,2,4,8 --steps 5\n";

typedef struct texts { /* of options, as typed; NULL: not given */
    const char *ranks, *threads, *mode, *steps, *rounds, *out, *launcher, *cores;
} texts;

/* ---- options ----------------------------------------------------------------------------------------------- */

/* Names that are spelled out here. Outside of a job srun asks for an allocation by itself, for every point. */
static const char *spell_out(const char *launcher)
{
    if (strcmp(launcher, "mpirun") == 0) return "mpirun -np %n";
    if (strcmp(launcher, "srun") != 0) return launcher;
    return getenv("SLURM_JOB_NUM_NODES") ? "srun --mpi=pmix -N %N -n %n -c %t" : "srun --mpi=pmix -n %n -c %t";
}

static gan_status parse_launcher(gan__scale *s, const char *text)
{
    s->launcher = spell_out(text ? text : "mpirun");
    if (strstr(s->launcher, "%n")) return GAN_OK;
    return GAN_FAIL(GAN_EUSAGE,
                    "option --launcher: there is no %%n in \"%s\", so that every point would start as many ranks; e.g. "
                    "\"mpirun -np %%n\"",
                    s->launcher);
}

static gan_status parse_mode(gan__scale *s, const char *text)
{
    s->weak = text && strcmp(text, "weak") == 0;
    if (!text || s->weak || strcmp(text, "strong") == 0) return GAN_OK;
    return GAN_FAIL(GAN_EUSAGE, "option --mode wants strong or weak, got \"%s\"", text);
}

static gan_status parse(gan__scale *s, const texts *t)
{
    s->steps = 20, s->rounds = 3;
    if (t->ranks) GAN_TRY(gan__scale_list("--ranks", t->ranks, 65536, s->ranks, &s->n_ranks));
    if (t->threads) GAN_TRY(gan__scale_list("--threads", t->threads, 1024, s->threads, &s->n_threads));
    if (t->steps) GAN_TRY(gan_option_int("--steps", t->steps, 1, 1000000, &s->steps));
    if (t->rounds) GAN_TRY(gan_option_int("--repeat", t->rounds, 1, GAN__SCALE_ROUNDS, &s->rounds));
    if (t->cores) GAN_TRY(gan_option_int("--cores", t->cores, 1, 1 << 24, &s->cores));
    GAN_TRY(parse_mode(s, t->mode));
    return parse_launcher(s, t->launcher);
}

/* "runs/scale-mlp" for jobs/bench/mlp.ini; a counted string. */
static char *default_dir(const gan__scale *s)
{
    const char *slash = strrchr(s->config, '/'), *name = slash ? slash + 1 : s->config;
    size_t n = strlen(name) - (gan__ends_in(name, ".ini") ? 4 : 0);
    return gan_sprintf("runs/scale-%.*s%s", (int)n, name, s->weak ? "-weak" : "");
}

/* ---- running ----------------------------------------------------------------------------------------------- */

static gan_status measure_all(gan__scale *s)
{
    char progress[64];
    const long long all = s->rounds * s->n_points;
    for (int round = 0, done = 0; round < s->rounds; round++)
        for (int k = 0; k < s->n_points; k++) {
            int i = round % 2 ? s->n_points - 1 - k : k;
            snprintf(progress, sizeof progress, "[%d/%lld]", ++done, all);
            if (!s->points[i].failed) GAN_TRY(gan__scale_measure(s, i, round, progress));
        }
    return GAN_OK;
}

typedef struct report {
    const gan__scale *s;
    gan__scale_row rows[GAN__SCALE_POINTS];
    int n, reference;
    char verdict[256];
} report;

static void print_text(const void *user, FILE *f)
{
    const report *r = user;
    gan__scale_print(r->s, r->rows, r->n, r->reference, r->verdict, f);
}

static void print_csv(const void *user, FILE *f)
{
    const report *r = user;
    gan__scale_print_csv(r->s, r->rows, r->n, f);
}

static gan_status write_report(const report *r)
{
    char *text = gan_sprintf("%s/table.txt", r->s->dir), *csv = gan_sprintf("%s/table.csv", r->s->dir);
    char *figure = gan_sprintf("%s/scaling.svg", r->s->dir);
    gan_status s = text && csv && figure ? GAN_OK : GAN_ENOMEM;
    if (s == GAN_OK) s = gan_file_write(text, print_text, r);
    if (s == GAN_OK) s = gan_file_write(csv, print_csv, r);
    if (s == GAN_OK) s = gan__scale_figure(r->s, r->rows, r->n, figure);
    if (s == GAN_OK) gan_say(GAN_NORMAL, "\nleft      %s, %s, %s", text, csv, figure);
    gan_free(text);
    gan_free(csv);
    gan_free(figure);
    return s;
}

static gan_status tell_failed(const gan__scale *s, int n_good)
{
    char name[64];
    for (int i = 0; i < s->n_points; i++)
        if (s->points[i].failed)
            return GAN_FAIL(
                GAN_EMPI,
                "%d of %d points failed (%s: %s%s), see the warnings; started again without --fresh, only these are run",
                s->n_points - n_good, s->n_points, gan__scale_point_name(&s->points[i], name), s->points[i].why,
                s->n_points - n_good > 1 ? " ..." : "");
    return GAN_OK;
}

/* The table comes first, and then what is wrong with it. */
static gan_status tell(const gan__scale *s)
{
    report *r = gan_calloc(1, sizeof *r);
    if (!r) return GAN_ENOMEM;
    r->s = s;
    r->n = gan__scale_rows(s, r->rows, &r->reference);
    gan_status status = GAN_OK, bits = r->n > 0 ? gan__scale_digests(s, r->verdict, sizeof r->verdict) : GAN_OK;
    if (r->n > 0) {
        printf("\n");
        print_text(r, stdout);
        status = write_report(r);
    }
    if (bits == GAN_OK && status == GAN_OK) status = tell_failed(s, r->n);
    gan_free(r);
    return bits != GAN_OK ? bits : status;
}

static gan_status study(gan__scale *s)
{
    char *points = gan_sprintf("%s/points", s->dir);
    int lock = -1;
    gan_status status = points ? gan_file_make_dir("--out", points) : GAN_ENOMEM;
    gan_free(points);
    if (status == GAN_OK) status = gan_lock_take(&lock, s->dir, "study", "--out");
    if (status == GAN_OK) status = measure_all(s);
    if (status == GAN_OK) status = tell(s);
    gan_lock_drop(&lock);
    return status;
}

static gan_status plan_and_study(gan__scale *s, const char *out)
{
    char *own = out ? NULL : default_dir(s);
    if (!out && !own) return GAN_ENOMEM;
    s->dir = out ? out : own;
    gan_status status = gan__scale_plan(s);
    if (status == GAN_OK) status = study(s);
    gan_free(s->points);
    gan_free(own);
    return status;
}

/* A launcher started by one of a launcher's processes is confused by what it inherits. */
static gan_status refuse_ranks(void)
{
    static const char *const variables[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"};
    for (int i = 0; i < 2; i++)
        if (getenv(variables[i]))
            return GAN_FAIL(GAN_EUSAGE,
                            "gan_mpi scale starts the ranks of its points by itself; start it without mpirun or srun");
    return GAN_OK;
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    texts t = {0};
    gan__scale s = {.sets = NULL};
    const char **sets = NULL;
    int n = 0;
    const gan_option options[] = {
        {.name = "--ranks", .text = &t.ranks},       {.name = "--threads", .text = &t.threads},
        {.name = "--mode", .text = &t.mode},         {.name = "--steps", .text = &t.steps},
        {.name = "--repeat", .text = &t.rounds},     {.name = "--out", .text = &t.out},
        {.name = "--launcher", .text = &t.launcher}, {.name = "--cores", .text = &t.cores},
        {.name = "--fresh", .flag = &s.fresh},       {.name = "--set", .list = &sets, .n_list = &s.n_sets}};
    (void)comm;
    gan_status status = gan_options_parse("scale", argc, argv, options, 10, &s.config, 1, &n);
    s.sets = sets;
    if (status == GAN_OK && n == 0) status = GAN_FAIL(GAN_EUSAGE, "which job? usage: gan_mpi scale CONFIG --ranks 1,2,4");
    if (status == GAN_OK) status = refuse_ranks();
    if (status == GAN_OK) status = parse(&s, &t);
    if (status == GAN_OK) status = plan_and_study(&s, t.out);
    gan_free(sets);
    return status;
}

const gan_command gan_command_scale = {
    .name = "scale", .summary = "how a job's steps scale over ranks and threads", .help = help, .run = run};
