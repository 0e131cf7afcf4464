/* gan_mpi doctor: whether a start like this one would run well. */
#include "cli.h"

#include "gan/doctor.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/system.h"

static const char help[] =
    "usage: gan_mpi doctor [CONFIG] [--dir PATH]\n"
    "       mpirun -np RANKS gan_mpi doctor [CONFIG] [--dir PATH]\n"
    "\n"
    "Looks at a start before a run depends on it: program and MPI on all nodes, how many ranks MPI sees, cores and\n"
    "binding, memory, the file system of the run directory, clocks, and how fast messages are. A line for each check, what to\n"
    "do beneath it, and a map of ranks to cores. Start it exactly as the run will be started. Takes about a second,\n"
    "and leaves no files.\n"
    "\n"
    "  CONFIG                   a job: memory, disk space and dataset are held against what it needs\n"
    "  --dir PATH               look at this directory (default: the job's run.dir, or the one that you are in)\n"
    "  --set SECTION.KEY=VALUE  override a key of CONFIG; may be repeated\n"
    "\n"
    "The exit code is 0 when nothing is bad, else that of the failure that a run would most likely end with.\n"
    "\n"
    "  mpirun -np 2 gan_mpi doctor jobs/quickstart.ini\n";

typedef struct arguments {
    const char **sets, *dir, *config;
    int n_sets;
} arguments;

static gan_status parse(arguments *a, int argc, char **argv)
{
    int n;
    const gan_option options[] = {{.name = "--dir", .text = &a->dir},
                                  {.name = "--set", .list = &a->sets, .n_list = &a->n_sets}};
    GAN_TRY(gan_options_parse("doctor", argc, argv, options, 2, &a->config, 1, &n));
    if (a->n_sets && !a->config) return GAN_FAIL(GAN_EUSAGE, "--set goes with a job: gan_mpi doctor CONFIG --set %s", a->sets[0]);
    return GAN_OK;
}

static gan_status run(const gan_comm *comm, int argc, char **argv)
{
    arguments a = {0};
    gan_config *cfg = NULL;
    gan_log_setup(comm->rank, GAN_NORMAL);
    gan_status s = parse(&a, argc, argv);
    if (s == GAN_OK && a.config) s = gan_config_read(&cfg, a.config, a.sets, a.n_sets, gan_system_networks);
    s = gan_comm_agree(comm, s);
    if (s == GAN_OK) s = gan_doctor(comm, cfg, a.dir ? a.dir : cfg ? gan_config_text(cfg, "run", "dir") : ".");
    gan_config_free(cfg);
    gan_free(a.sets);
    return s;
}

const gan_command gan_command_doctor = {
    .name = "doctor", .summary = "whether a start would run well: MPI, cores, memory, disk", .help = help, .uses_mpi = true, .run = run};
