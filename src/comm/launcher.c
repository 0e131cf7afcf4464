/* N processes that do not know of each other are the most frequent fault of a start on a cluster: mpirun of one MPI and a
 * program of another, in a container or by a wrong module. Every launcher tells its processes their number through the
 * environment, whatever MPI they are of; so the number can be held against MPI's. */
#include "gan/launcher.h"

#include "gan/log.h"
#include "gan/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The innermost first: mpirun in a batch job passes on what SLURM has told the script. */
static const gan_launcher launchers[] = {
    {.name = "mpirun (Open MPI)", .variable = "OMPI_COMM_WORLD_SIZE"},
    {.name = "mpirun (MVAPICH)", .variable = "MV2_COMM_WORLD_SIZE"},
    {.name = "mpiexec (PMI)", .variable = "PMI_SIZE"},
    {.name = "flux run", .variable = "FLUX_JOB_SIZE"},
    {.name = "srun", .variable = "SLURM_STEP_NUM_TASKS"},
};

static int number_in(const char *variable)
{
    const char *text = getenv(variable);
    return text ? atoi(text) : 0;
}

void gan_launcher_find(gan_launcher *l)
{
    *l = (gan_launcher){.name = "none", .tasks = 1, .allotted = number_in("SLURM_NTASKS")};
    for (size_t i = 0; i < sizeof launchers / sizeof launchers[0]; i++) {
        int n = number_in(launchers[i].variable);
        if (n < 1) continue;
        l->name = launchers[i].name;
        l->variable = launchers[i].variable;
        l->tasks = n;
        return;
    }
}

static gan_status check_number(const gan_comm *c)
{
    gan_launcher l;
    gan_launcher_find(&l);
    if (c->size > 1) return GAN_OK;
    if (l.tasks > 1)
        return GAN_FAIL(GAN_EMPI,
                        "%s has started %d processes (%s=%d), but MPI knows of one: each would do the whole work by itself. The "
                        "launcher is of another MPI than this program, or stands outside of its container: use the mpirun of "
                        "the program's MPI, or srun --mpi=pmix; \"gan_mpi doctor\" tells which MPI that is",
                        l.name, l.tasks, l.variable, l.tasks);
    if (!l.variable && l.allotted > 1)
        gan_warn("SLURM has given this job %d tasks (SLURM_NTASKS=%d), but the program was started without mpirun or srun: one rank "
                 "does all the work", l.allotted, l.allotted);
    return GAN_OK;
}

static gan_status check_version(const gan_comm *c)
{
    char first[64] = "";
    snprintf(first, sizeof first, "%s", gan_version());
    GAN_TRY(gan_comm_bcast(c, first, sizeof first));
    if (strcmp(first, gan_version()) == 0) return GAN_OK;
    return GAN_FAIL(GAN_EMPI, "this rank runs gan_mpi %s, rank 0 runs %s: start one program on all nodes", gan_version(), first);
}

gan_status gan_launcher_check(const gan_comm *c)
{
    GAN_TRY(gan_comm_agree(c, check_number(c)));
    return gan_comm_agree(c, check_version(c));
}
