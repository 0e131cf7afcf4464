/* Ranks, threads and cores: who may run where, and whether there is room for all. */
#include "checks.h"

#include <stdio.h>
#include <string.h>

enum { NAMES = 256, WORDS = GAN_FACT_CORES / 64 };

/* ---- threads -------------------------------------------------------------------------------------------------------- */

static bool short_of_cores(const gan_case *c, int r)
{
    return c->ranks[r].n_cores > 0 && c->ranks[r].threads > c->ranks[r].n_cores;
}

void gan__check_threads(const gan_case *c, gan_finding *f)
{
    char names[NAMES];
    const gan_facts *r = &c->ranks[0];
    gan__find(f, GAN_FINE, "%d a rank", r->threads);
    if (*gan__hosts(c, short_of_cores, names, NAMES)) {
        int rank = 0;
        while (!short_of_cores(c, rank)) rank++;
        gan__find(f, GAN_BAD, "%d a rank, but rank %d may run on %d core%s only (%s)", c->ranks[rank].threads, rank,
                  c->ranks[rank].n_cores, gan__plural(c->ranks[rank].n_cores), names);
        gan__remedy(f, "give each rank its cores: mpirun --map-by slot:PE=%d, or #SBATCH --cpus-per-task=%d", c->ranks[rank].threads,
                    c->ranks[rank].threads);
    } else if (r->omp_threads > 1 && r->omp_threads != r->threads) {
        gan__find(f, GAN_DOUBTFUL, "%d a rank; OMP_NUM_THREADS=%d is not heeded", r->threads, r->omp_threads);
        gan__remedy(f, "parallel.threads says how many; with parallel.threads = 0 it is OMP_NUM_THREADS");
    } else if (!r->with_openmp) {
        gan__find(f, GAN_FINE, "1 a rank: built without OpenMP");
    }
}

void gan__check_blas(const gan_case *c, gan_finding *f)
{
    const gan_facts *r = &c->ranks[0];
    gan__find(f, GAN_FINE, "none is used: OPENBLAS_NUM_THREADS plays no part");
    if (!r->blas[0]) return;
    gan__find(f, GAN_FINE, "%s is loaded by another library, OPENBLAS_NUM_THREADS=%d", r->blas, r->blas_threads);
    if (r->blas_threads == 1) return;
    f->verdict = GAN_DOUBTFUL;
    gan__remedy(f, "its threads may get in the way of %d ranks: export OPENBLAS_NUM_THREADS=1", c->n);
}

/* ---- cores ---------------------------------------------------------------------------------------------------------- */

static int count(const uint64_t *set)
{
    int n = 0;
    for (int i = 0; i < WORDS; i++) n += __builtin_popcountll(set[i]);
    return n;
}

static bool within(const uint64_t *a, const uint64_t *b)
{
    for (int i = 0; i < WORDS; i++)
        if (a[i] & ~b[i]) return false;
    return true;
}

/* Threads of the node's ranks that may run nowhere but on these cores. */
static int threads_within(const gan_case *c, int first, int n, const uint64_t *set)
{
    int threads = 0;
    for (int r = first; r < first + n; r++)
        if (within(c->ranks[r].cores, set)) threads += c->ranks[r].threads;
    return threads;
}

static int all_cores(const gan_case *c, int first, int n, uint64_t *set)
{
    memset(set, 0, WORDS * sizeof *set);
    for (int r = first; r < first + n; r++)
        for (int i = 0; i < WORDS; i++) set[i] |= c->ranks[r].cores[i];
    return count(set);
}

static int first_of_node(const gan_case *c, int r)
{
    while (r > 0 && c->ranks[r - 1].node == c->ranks[r].node) r--;
    return r;
}

/* Cores' worth of time that a node's ranks have, all bindings together. */
static double capacity(const gan_case *c, int first, int n)
{
    uint64_t set[WORDS];
    double cores = all_cores(c, first, n, set), quota = c->ranks[first].quota;
    if (cores == 0) cores = c->ranks[first].online;
    return quota > 0 && quota < cores ? quota : cores;
}

static int busy(const gan_case *c, int first, int n)
{
    int threads = 0;
    for (int r = first; r < first + n; r++) threads += c->ranks[r].threads;
    return threads;
}

/* Bound to cores that others are bound to as well, while other cores of the node are idle. */
static bool crowded(const gan_case *c, int r)
{
    const int first = first_of_node(c, r), n = gan__ranks_of_node(c, first);
    const gan_facts *f = &c->ranks[r];
    return f->n_cores > 0 && f->n_cores < f->online && threads_within(c, first, n, f->cores) > f->n_cores &&
           busy(c, first, n) <= f->online && f->threads <= f->n_cores;
}

void gan__check_binding(const gan_case *c, gan_finding *f)
{
    char names[NAMES];
    bool bound = c->ranks[0].n_cores > 0 && c->ranks[0].n_cores < c->ranks[0].online;
    gan__find(f, GAN_FINE, bound ? "ranks are bound to their cores" : "ranks are not bound: each may use all cores");
    if (!*gan__hosts(c, crowded, names, NAMES)) return;
    int r = 0;
    while (!crowded(c, r)) r++;
    const int first = first_of_node(c, r);
    gan__find(f, GAN_BAD, "%d busy threads are bound to the same %d core%s of %s while others of its %d are idle",
              threads_within(c, first, gan__ranks_of_node(c, first), c->ranks[r].cores), c->ranks[r].n_cores,
              gan__plural(c->ranks[r].n_cores), names, c->ranks[r].online);
    gan__remedy(f, "mpirun --map-by slot:PE=%d --bind-to core; when several runs share the node, each mpirun binds from core 0 on: "
                   "use --bind-to none", c->ranks[r].threads);
}

/* ---- load ----------------------------------------------------------------------------------------------------------- */

static bool overloaded(const gan_case *c, int r)
{
    const int first = first_of_node(c, r), n = gan__ranks_of_node(c, first);
    return busy(c, first, n) > capacity(c, first, n) + 0.01;
}

/* Physical cores of a node's ranks; 0: not told. */
static int physical_cores(const gan_case *c, int first, int n)
{
    uint64_t set[WORDS] = {0};
    for (int r = first; r < first + n; r++)
        for (int i = 0; i < WORDS; i++) set[i] |= c->ranks[r].physical[i];
    return count(set);
}

static bool shares_physical(const gan_case *c, int r)
{
    const int first = first_of_node(c, r), n = gan__ranks_of_node(c, first), cores = physical_cores(c, first, n);
    return cores > 0 && busy(c, first, n) > cores;
}

/* Room for all by the count of hardware threads, but not of the cores that they are of. */
static void check_hardware_threads(const gan_case *c, gan_finding *f)
{
    char names[NAMES];
    int r = 0;
    if (!*gan__hosts(c, shares_physical, names, NAMES)) return;
    while (!shares_physical(c, r)) r++;
    const int n = gan__ranks_of_node(c, r), cores = physical_cores(c, r, n);
    gan__find(f, GAN_DOUBTFUL, "%d busy threads on %d physical core%s, whose hardware threads they share (%s)", busy(c, r, n), cores,
              gan__plural(cores), names);
    gan__remedy(f, "two busy threads of one core are hardly faster than one: start %d on a node, or #SBATCH --hint=nomultithread", cores);
}

/* Ranks that wait by spinning take the core from the one that they wait for. */
void gan__check_load(const gan_case *c, gan_finding *f)
{
    char names[NAMES];
    int r = 0, n = gan__ranks_of_node(c, 0);
    gan__find(f, GAN_FINE, "%d busy thread%s on %.4g core%s of a node", busy(c, 0, n), gan__plural(busy(c, 0, n)), capacity(c, 0, n),
              capacity(c, 0, n) == 1 ? "" : "s");
    if (!*gan__hosts(c, overloaded, names, NAMES)) {
        check_hardware_threads(c, f);
        return;
    }
    while (!overloaded(c, r)) r++;
    n = gan__ranks_of_node(c, r);
    const bool spins = n > 1 && c->ranks[r].yields == 0;
    gan__find(f, spins ? GAN_BAD : GAN_DOUBTFUL, "%d busy threads share %.4g core%s (%s)%s", busy(c, r, n), capacity(c, r, n),
              capacity(c, r, n) == 1 ? "" : "s", names, spins ? ", and waiting ranks do not yield theirs" : "");
    gan__remedy(f, "start fewer ranks%s%s", c->ranks[r].quota > 0 ? ", or give the container more processor time" : "",
                spins ? ", or export OMPI_MCA_mpi_yield_when_idle=1: else ranks spin against each other, and every message "
                        "takes milliseconds"
                      : ": more than cores make a run no faster");
}
