/* gan_mpi bench CONFIG: how fast a job's steps are. */
#include "bench_kernels.h"
#include "cli.h"

#include "gan/launcher.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/train.h"

#include <string.h>

static const char help[] =
    "usage: mpirun -np RANKS gan_mpi bench CONFIG [options]\n"
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
    "  --kernels TABLE          of bench kernels: ref, x86-64, avx2, avx512 (default: the best that is "
    "here)\n"
    "  --set SECTION.KEY=VALUE  override a key; may be repeated\n"
    "\n"
    "  gan_mpi bench jobs/bench/mlp.ini --steps 50\n";

static gan_status bench(const gan_comm *comm, const char *path, const char *const *sets, int n_sets,
                        const char *steps_text, bool json, bool profile)
{
    long long steps = 20;
    gan_config *cfg = NULL;
    gan_status s = steps_text ? gan_option_int("--steps", steps_text, 1, 1000000, &steps) : GAN_OK;
    if (s == GAN_OK) s = gan_config_read(&cfg, path, sets, n_sets, gan_system_networks);
    s = gan_comm_agree(comm, s);
    if (s == GAN_OK) s = gan_launcher_check(comm);
    if (s == GAN_OK) s = gan_bench(comm, cfg, steps, json, profile);
    gan_config_free(cfg);
    return s;
}

/* Options that exclude each other, or are of the other form of the command. */
static gan_status check(bool kernels, const char *table, const char *steps, bool json, bool profile, int n_sets)
{
    if (table && !kernels)
        return GAN_FAIL(GAN_EUSAGE, "--kernels is for gan_mpi bench kernels; write --set parallel.kernels=%s", table);
    if (kernels && (steps || json || profile || n_sets))
        return GAN_FAIL(GAN_EUSAGE, "--steps, --json, --profile and --set are for gan_mpi bench CONFIG; bench kernels prints a "
                                    "table, and takes --kernels only");
    if (json && profile)
        return GAN_FAIL(GAN_EUSAGE, "--json prints one object and --profile a table; give one of them");
    return GAN_OK;
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    const char *path = NULL, *steps = NULL, *table = NULL, **sets = NULL;
    int n = 0, n_sets = 0;
    bool json = false, profile = false;
    const gan_option options[] = {{.name = "--steps", .text = &steps},
                                  {.name = "--json", .flag = &json},
                                  {.name = "--profile", .flag = &profile},
                                  {.name = "--kernels", .text = &table},
                                  {.name = "--set", .list = &sets, .n_list = &n_sets}};
    gan_log_setup(comm->rank, GAN_NORMAL);
    gan_status s = gan_options_parse("bench", argc, argv, options, 5, &path, 1, &n);
    bool kernels = n == 1 && strcmp(path, "kernels") == 0;
    if (s == GAN_OK) s = check(kernels, table, steps, json, profile, n_sets);
    if (s == GAN_OK && n == 0) s = GAN_FAIL(GAN_EUSAGE, "which job? usage: gan_mpi bench CONFIG");
    s = gan_comm_agree(comm, s);
    if (s == GAN_OK && kernels)
        s = gan_comm_agree(comm, comm->rank == 0 ? gan__bench_kernels(table) : GAN_OK);
    else if (s == GAN_OK)
        s = bench(comm, path, sets, n_sets, steps, json, profile);
    gan_free(sets);
    return s;
}

const gan_command gan_command_bench = {
    .name = "bench", .summary = "time the steps of a job", .help = help, .uses_mpi = true, .run = run};
