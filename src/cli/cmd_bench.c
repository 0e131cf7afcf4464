/* gan_mpi bench CONFIG: how fast a job's steps are. */
#include "bench_kernels.h"
#include "bench_replay.h"
#include "cli.h"

#include "gan/launcher.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/train.h"

#include <string.h>

static const char help[] =
    "usage: mpirun -np RANKS gan_mpi bench CONFIG [options]\n"
    "       gan_mpi bench --replay FILE [--bandwidth GBIT] [--latency US]\n"
    "       gan_mpi bench kernels [--kernels TABLE]\n"
    "\n"
    "Times steps of the job's program after a warm-up, and writes no files. Prints the median step, images "
    "per second\n"
    "over all ranks, and for each phase the seconds computing and those blocked in communication.\n"
    "\n"
    "With the word kernels: every way to compute the convolutions of the usual networks, with GFLOP/s of the "
    "direct\n"
    "sum; nothing is judged.\n"
    "\n"
    "  --steps N                steps to time (default 20)\n"
    "  --json                   one JSON object on one line\n"
    "  --profile                also a table of where the time went, by op; without --json\n"
    "  --schedule FILE          instead: measure each kernel, and write what a rank does in a step, in order\n"
    "  --ranks N, --team T      with --schedule: as one of N ranks in teams of T; start one rank, which does the part of one\n"
    "                           of N (so that N may be more than this machine holds)\n"
    "  --replay FILE            what a step with such a schedule takes on a network, by a model, and what could be hidden at best\n"
    "  --bandwidth GBIT         with --replay: of a node, default 10\n"
    "  --latency US             with --replay: of a message, default 30\n"
    "  --look US                with --replay: how often the thread for messages looks after them, default 500; 0: without one\n"
    "  --ranks-per-node N       with --replay: default the schedule's team\n"
    "  --seconds S0,S1,...      with --replay: what the sum of each bucket takes alone, where that was measured\n"
    "  --kernels TABLE          of bench kernels: ref, x86-64, avx2, avx512 (default: the best that is "
    "here)\n"
    "  --set SECTION.KEY=VALUE  override a key; may be repeated\n"
    "\n"
    "  gan_mpi bench jobs/bench/mlp.ini --steps 50\n"
    "  gan_mpi bench jobs/bench/dcgan64.ini --schedule s.txt --ranks 64 --set train.batch=4096 --set parallel.shards=64\n"
    "  gan_mpi bench --replay s.txt --bandwidth 1 --latency 50\n";

typedef struct arguments {
    const char *path, *steps, *table, **sets, *schedule, *ranks, *team;
    gan__replay_options replay;
    int n_sets;
    bool kernels, json, profile;
} arguments;

static gan_status parse(arguments *a, int argc, char **argv)
{
    int n;
    const gan_option options[] = {{.name = "--steps", .text = &a->steps},
                                  {.name = "--json", .flag = &a->json},
                                  {.name = "--profile", .flag = &a->profile},
                                  {.name = "--kernels", .text = &a->table},
                                  {.name = "--schedule", .text = &a->schedule},
                                  {.name = "--ranks", .text = &a->ranks},
                                  {.name = "--team", .text = &a->team},
                                  {.name = "--replay", .text = &a->replay.file},
                                  {.name = "--bandwidth", .text = &a->replay.bandwidth},
                                  {.name = "--latency", .text = &a->replay.latency},
                                  {.name = "--look", .text = &a->replay.look},
                                  {.name = "--ranks-per-node", .text = &a->replay.node},
                                  {.name = "--seconds", .text = &a->replay.seconds},
                                  {.name = "--set", .list = &a->sets, .n_list = &a->n_sets}};
    GAN_TRY(gan_options_parse("bench", argc, argv, options, sizeof options / sizeof options[0], &a->path, 1, &n));
    a->kernels = n == 1 && strcmp(a->path, "kernels") == 0;
    a->replay.json = a->json;
    if (n == 0 && !a->replay.file) return GAN_FAIL(GAN_EUSAGE, "which job? usage: gan_mpi bench CONFIG");
    if (n == 1 && a->replay.file)
        return GAN_FAIL(GAN_EUSAGE, "--replay takes a schedule and no job; write gan_mpi bench --replay %s", a->replay.file);
    return GAN_OK;
}

static gan_status times_of(const gan_comm *comm, const arguments *a, const gan_config *cfg, int64_t steps)
{
    long long ranks = comm->size, team = 1;
    if (!a->schedule) return gan_bench(comm, cfg, steps, a->json, a->profile);
    if (a->ranks) GAN_TRY(gan_option_int("--ranks", a->ranks, 1, 1000000, &ranks));
    if (a->team) GAN_TRY(gan_option_int("--team", a->team, 1, ranks, &team));
    if (a->team && comm->size > 1) return GAN_FAIL(GAN_EUSAGE, "--team is of ranks that are not started; write --set parallel.team=%lld", team);
    return gan_bench_schedule(comm, cfg, steps, (int)ranks, (int)team, a->schedule);
}

static gan_status bench(const gan_comm *comm, const arguments *a)
{
    long long steps = 20;
    gan_config *cfg = NULL;
    gan_status s = a->steps ? gan_option_int("--steps", a->steps, 1, 1000000, &steps) : GAN_OK;
    if (s == GAN_OK) s = gan_config_read(&cfg, a->path, a->sets, a->n_sets, gan_system_networks);
    s = gan_comm_agree(comm, s);
    if (s == GAN_OK) s = gan_launcher_check(comm);
    if (s == GAN_OK) s = times_of(comm, a, cfg, steps);
    gan_config_free(cfg);
    return s;
}

/* Options that exclude each other, or are of another form of the command. */
static gan_status check(const arguments *a)
{
    const gan__replay_options *r = &a->replay;
    if (a->table && !a->kernels)
        return GAN_FAIL(GAN_EUSAGE, "--kernels is for gan_mpi bench kernels; write --set parallel.kernels=%s", a->table);
    if (a->kernels && (a->steps || a->json || a->profile || a->schedule || a->n_sets))
        return GAN_FAIL(GAN_EUSAGE, "--steps, --json, --profile, --schedule and --set are for gan_mpi bench CONFIG; bench kernels prints a "
                                    "table, and takes --kernels only");
    if (a->json && a->profile)
        return GAN_FAIL(GAN_EUSAGE, "--json prints one object and --profile a table; give one of them");
    if (a->schedule && (a->json || a->profile))
        return GAN_FAIL(GAN_EUSAGE, "--schedule writes a file and prints one line; leave %s away", a->json ? "--json" : "--profile");
    if ((a->ranks || a->team) && !a->schedule)
        return GAN_FAIL(GAN_EUSAGE, "%s goes with --schedule; the ranks of a bench are those that mpirun starts", a->ranks ? "--ranks" : "--team");
    if ((r->bandwidth || r->latency || r->look || r->node || r->seconds) && !r->file)
        return GAN_FAIL(GAN_EUSAGE, "--bandwidth, --latency, --look, --ranks-per-node and --seconds go with --replay");
    if (r->file && (a->steps || a->profile || a->schedule || a->n_sets))
        return GAN_FAIL(GAN_EUSAGE, "--replay measures nothing: --steps, --profile, --schedule and --set are for gan_mpi bench CONFIG");
    return GAN_OK;
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    arguments a = {0};
    gan_log_setup(comm->rank, GAN_NORMAL);
    gan_status s = parse(&a, argc, argv);
    if (s == GAN_OK) s = check(&a);
    s = gan_comm_agree(comm, s);
    if (s == GAN_OK && a.kernels) s = gan_comm_agree(comm, comm->rank == 0 ? gan__bench_kernels(a.table) : GAN_OK);
    else if (s == GAN_OK && a.replay.file) s = gan_comm_agree(comm, comm->rank == 0 ? gan__bench_replay(&a.replay) : GAN_OK);
    else if (s == GAN_OK) s = bench(comm, &a);
    gan_free(a.sets);
    return s;
}

const gan_command gan_command_bench = {
    .name = "bench", .summary = "time the steps of a job", .help = help, .uses_mpi = true, .run = run};
