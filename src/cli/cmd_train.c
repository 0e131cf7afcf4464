/* gan_mpi CONFIG: training, and looking at a job without running it. */
#include "cli.h"

#include "gan/launcher.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/train.h"

#include <stdlib.h>

static const char help[] =
    "usage: mpirun -np RANKS gan_mpi CONFIG [options]\n"
    "\n"
    "Trains the job that CONFIG describes (INI; `gan_mpi config` prints all keys). Starting the same command again\n"
    "continues from the newest checkpoint in the run directory.\n"
    "\n"
    "  --set SECTION.KEY=VALUE  override a key; may be repeated\n"
    "  --fresh                  move the old run directory aside and start from the beginning\n"
    "  --dry-run                print networks, costs and the step program; train nothing\n"
    "  --ranks N                with --dry-run: plan for N ranks, whatever was started\n"
    "  --dump-graph FILE.dot    with --dry-run: also draw the step program for Graphviz\n"
    "  --cluster FILE           with --dry-run: what a step would take on a cluster (jobs/clusters/*.ini), instead of the program\n"
    "  --schedule FILE          with --cluster: seconds that were measured by `gan_mpi bench CONFIG --schedule FILE`\n"
    "  -q, --quiet              warnings and errors only\n"
    "  -v, --verbose            also the program's costs, each checkpoint as it is written, seconds of the phases\n"
    "\n"
    "SIGTERM, SIGINT and SIGUSR1 finish the step, write a checkpoint and end the run with exit code 75.\n"
    "\n"
    "  mpirun -np 2 gan_mpi jobs/quickstart.ini --set train.steps=500\n";

typedef struct arguments {
    const char **sets, *ranks, *dot, *cluster, *schedule, *config;
    int n_sets;
    bool fresh, dry_run, quiet, verbose;
} arguments;

static gan_status parse(arguments *a, int argc, char **argv)
{
    int n;
    const gan_option options[] = {{.name = "--set", .list = &a->sets, .n_list = &a->n_sets},
                                  {.name = "--ranks", .text = &a->ranks},
                                  {.name = "--dump-graph", .text = &a->dot},
                                  {.name = "--cluster", .text = &a->cluster},
                                  {.name = "--schedule", .text = &a->schedule},
                                  {.name = "--fresh", .flag = &a->fresh},
                                  {.name = "--dry-run", .flag = &a->dry_run},
                                  {.name = "--quiet", .flag = &a->quiet},
                                  {.name = "-q", .flag = &a->quiet},
                                  {.name = "--verbose", .flag = &a->verbose},
                                  {.name = "-v", .flag = &a->verbose}};
    GAN_TRY(gan_options_parse("", argc, argv, options, sizeof options / sizeof options[0], &a->config, 1, &n));
    if (n == 0) return GAN_FAIL(GAN_EUSAGE, "which job? usage: gan_mpi CONFIG; see gan_mpi --help");
    if ((a->ranks || a->dot || a->cluster) && !a->dry_run)
        return GAN_FAIL(GAN_EUSAGE, "%s goes with --dry-run", a->ranks ? "--ranks" : a->dot ? "--dump-graph" : "--cluster");
    if (a->schedule && !a->cluster) return GAN_FAIL(GAN_EUSAGE, "--schedule goes with --dry-run --cluster");
    return GAN_OK;
}

static gan_status run_job(const gan_comm *comm, const arguments *a, const gan_config *cfg)
{
    long long ranks = 0;
    if (a->ranks) GAN_TRY(gan_option_int("--ranks", a->ranks, 1, 1000000, &ranks));
    const gan_train_options training = {.fresh = a->fresh};
    const gan_dry_run_options looking = {.ranks = (int)ranks, .dot = a->dot, .cluster = a->cluster, .schedule = a->schedule};
    if (a->dry_run) return gan_dry_run(comm, cfg, &looking);
    GAN_TRY(gan_launcher_check(comm));
    return gan_train(comm, cfg, &training);
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    arguments a = {0};
    gan_config *cfg = NULL;
    gan_status s = parse(&a, argc, argv);
    gan_log_setup(comm->rank, a.quiet ? GAN_QUIET : a.verbose ? GAN_VERBOSE : GAN_NORMAL);
    if (s == GAN_OK) s = gan_config_read(&cfg, a.config, a.sets, a.n_sets, gan_system_networks);
    s = gan_comm_agree(comm, s);
    if (s == GAN_OK) s = run_job(comm, &a, cfg);
    gan_config_free(cfg);
    gan_free(a.sets);
    return s;
}

const gan_command gan_command_train = {
    .name = "", .summary = "train a job: gan_mpi CONFIG", .help = help, .uses_mpi = true, .run = run};
