/* How the ranks were started, by which MPI, and whether they are one program. */
#include "checks.h"

#include <mpi.h>
#include <stdio.h>
#include <string.h>

enum { NAMES = 256 };

static bool other_version(const gan_case *c, int r)
{
    return strcmp(c->ids[r].version, c->ids[0].version) != 0;
}

static bool other_binary(const gan_case *c, int r)
{
    return c->ids[r].binary != c->ids[0].binary;
}

void gan__check_program(const gan_case *c, gan_finding *f)
{
    char names[NAMES];
    for (int r = 1; r < c->n; r++) {
        if (!other_version(c, r)) continue;
        gan__find(f, GAN_BAD, "gan_mpi %s on rank 0, %s on rank %d (%s)", c->ids[0].version, c->ids[r].version, r,
                  gan__hosts(c, other_version, names, NAMES));
        gan__remedy(f, "start one program on all nodes: give mpirun its absolute path, on a file system that all see");
        return;
    }
    gan__find(f, GAN_FINE, "gan_mpi %s%s", c->ids[0].version, c->n > 1 ? ", one file on all ranks" : "");
    if (!*gan__hosts(c, other_binary, names, NAMES)) return;
    int r = 1;
    while (!other_binary(c, r)) r++;
    gan__find(f, GAN_DOUBTFUL, "gan_mpi %s, but rank %d (%s) has another build than rank 0", c->ids[0].version, r, names);
    gan__remedy(f, "identical bits are promised for one binary: build once (kernels are chosen at run time) and copy the file");
}

/* ---- launcher ------------------------------------------------------------------------------------------------------- */

void gan__check_launch(const gan_case *c, gan_finding *f)
{
    const gan_facts *r = &c->ranks[0];
    const int nodes = gan__nodes(c);
    gan__find(f, GAN_FINE, "%d rank%s on %d node%s, started by %s", c->n, gan__plural(c->n), nodes, gan__plural(nodes),
              r->launcher_variable[0] ? r->launcher : "hand, without a launcher");
    if (c->n == 1 && r->launcher_tasks > 1) {
        gan__find(f, GAN_BAD, "%d processes were started by %s (%s), but MPI knows of one: %d runs of one rank, no run of %d",
                  r->launcher_tasks, r->launcher, r->launcher_variable, r->launcher_tasks, r->launcher_tasks);
        gan__remedy(f, "use the mpirun that belongs to %s (module load, or its bin directory first in PATH); with SLURM srun "
                       "--mpi=pmix; with a container the same MPI inside and outside, or mpirun inside",
                    r->mpi);
    } else if (c->n == 1 && !r->launcher_variable[0] && r->launcher_allotted > 1) {
        gan__find(f, GAN_DOUBTFUL, "1 rank, started without a launcher in a batch job of %d tasks", r->launcher_allotted);
        gan__remedy(f, "start it by mpirun or srun --mpi=pmix, or %d of the %d tasks stay idle", r->launcher_allotted - 1,
                    r->launcher_allotted);
    }
}

/* ---- MPI ------------------------------------------------------------------------------------------------------------ */

static bool other_mpi(const gan_case *c, int r)
{
    return strcmp(c->ranks[r].mpi, c->ranks[0].mpi) != 0;
}

void gan__check_mpi(const gan_case *c, gan_finding *f)
{
    char names[NAMES];
    const gan_facts *r = &c->ranks[0];
    gan__find(f, GAN_FINE, "%s, standard %d.%d", r->mpi, r->mpi_major, r->mpi_minor);
    if (*gan__hosts(c, other_mpi, names, NAMES)) {
        gan__find(f, GAN_DOUBTFUL, "%s on %s, another on %s", r->mpi, c->ids[0].host, names);
        gan__remedy(f, "load the same module on all nodes; LD_LIBRARY_PATH must reach them (mpirun -x LD_LIBRARY_PATH)");
    } else if (r->mpi_major < 3) {
        gan__find(f, GAN_BAD, "%s, standard %d.%d: shared memory and nonblocking collectives come with 3.0", r->mpi, r->mpi_major,
                  r->mpi_minor);
        gan__remedy(f, "load a newer MPI and build against it");
    }
}

void gan__check_pmix(const gan_case *c, gan_finding *f)
{
    const gan_facts *r = &c->ranks[0];
    const char *library = r->pmix_library[0] ? r->pmix_library : "none in this process";
    if (r->pmix[0]) gan__find(f, GAN_FINE, "%s, library %s", r->pmix, library);
    else gan__find(f, GAN_FINE, "not told, library %s", library);
}

void gan__check_thread_level(const gan_case *c, gan_finding *f)
{
    static const struct {
        int level;
        const char *name;
    } levels[] = {{MPI_THREAD_SINGLE, "single"},
                  {MPI_THREAD_FUNNELED, "funneled"},
                  {MPI_THREAD_SERIALIZED, "serialized"},
                  {MPI_THREAD_MULTIPLE, "multiple"}};
    const int given = c->ranks[0].thread_level;
    const char *name = "unknown";
    for (int i = 0; i < 4; i++)
        if (levels[i].level == given) name = levels[i].name;
    gan__find(f, GAN_FINE, "%s (serialized is wanted)", name);
    if (given >= MPI_THREAD_SERIALIZED || (given == MPI_THREAD_FUNNELED && gan__nodes(c) == 1)) return;
    f->verdict = GAN_DOUBTFUL;
    gan__remedy(f, "%s; another build of this MPI has threads",
                given == MPI_THREAD_FUNNELED ? "messages between nodes move between kernels only, none while one runs"
                                             : "this MPI was built without threads: runs of one thread a rank only are safe");
}

/* ---- kernels -------------------------------------------------------------------------------------------------------- */

static int lowest_table(const gan_case *c)
{
    int lowest = 0;
    for (int r = 1; r < c->n; r++)
        if (c->ranks[r].kernel_table < c->ranks[lowest].kernel_table) lowest = r;
    return lowest;
}

static bool is_lowest(const gan_case *c, int r)
{
    return c->ranks[r].kernel_table == c->ranks[lowest_table(c)].kernel_table;
}

void gan__check_kernels(const gan_case *c, gan_finding *f)
{
    char names[NAMES];
    const char *lowest = c->ranks[lowest_table(c)].kernels, *best = lowest;
    for (int r = 0; r < c->n; r++)
        if (!is_lowest(c, r)) best = c->ranks[r].kernels;
    gan__find(f, GAN_FINE, "%s%s", lowest, gan__nodes(c) > 1 ? " on all nodes" : "");
    if (best == lowest) return;
    gan__find(f, GAN_DOUBTFUL, "%s on all nodes, though some have %s", lowest, best);
    gan__remedy(f, "all ranks compute the same bits, so the least capable decides: %s; ask for nodes of one kind (#SBATCH "
                   "--constraint=...)", gan__hosts(c, is_lowest, names, NAMES));
}
