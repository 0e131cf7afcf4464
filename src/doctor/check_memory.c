/* What the job needs against what the nodes have. Without a job only what is there is told. */
#include "checks.h"

#include <stdio.h>

enum { NAMES = 256 };
/* Of a rank beside what the job asks for: program, MPI, HDF5 (measured: 20 to 30 MiB). */
static const double RANK_BYTES = 32.0 * 1048576, MIB = 1048576;

void gan__check_job(const gan_case *c, gan_finding *f)
{
    if (!c->need.text[0]) return;
    gan__find(f, c->need.known ? GAN_FINE : GAN_BAD, "%s", c->need.text);
    if (!c->need.known) gan__remedy(f, "what depends on the job's size could not be looked at");
}

static int ranks_with(const gan_case *c, int r)
{
    int n = 0;
    for (int i = 0; i < c->n; i++) n += c->ranks[i].node == c->ranks[r].node;
    return n;
}

/* The node of rank r: what its ranks have once between them, and what each has. */
static double shared_need(const gan_case *c, int r)
{
    return (double)(c->need.data_bytes + c->need.common_bytes) + (double)c->need.own_bytes * ranks_with(c, r);
}

static double memory_need(const gan_case *c, int r)
{
    return shared_need(c, r) + ((double)c->need.activation_bytes + RANK_BYTES) * ranks_with(c, r);
}

static int tightest(const gan_case *c, bool shm)
{
    int worst = 0;
    double room = 1e300;
    for (int r = 0; r < c->n; r++) {
        double left = shm ? (double)c->ranks[r].shm_free - shared_need(c, r) : (double)c->ranks[r].memory_free - memory_need(c, r);
        if (left < room) room = left, worst = r;
    }
    return worst;
}

void gan__check_memory(const gan_case *c, gan_finding *f)
{
    const int r = tightest(c, false);
    const double has = (double)c->ranks[r].memory_free, wants = memory_need(c, r);
    const bool told = c->ranks[r].memory_free != INT64_MAX;
    if (told) gan__find(f, GAN_FINE, "%.0f MiB free on %s", has / MIB, c->ids[r].host);
    else gan__find(f, GAN_FINE, "this system does not tell how much is free");
    if (!told || !c->need.known) return;
    gan__find(f, wants > has ? GAN_BAD : wants > 0.9 * has ? GAN_DOUBTFUL : GAN_FINE,
              "%.0f MiB free on %s, the job wants some %.0f for its %d rank%s", has / MIB, c->ids[r].host, wants / MIB,
              ranks_with(c, r), ranks_with(c, r) == 1 ? "" : "s");
    if (f->verdict == GAN_FINE) return;
    gan__remedy(f, "more nodes with fewer ranks each, threads instead of ranks (parallel.threads), a smaller train.batch, or #SBATCH "
                   "--mem=%.0fM", wants / MIB * 1.2);
}

void gan__check_shared_memory(const gan_case *c, gan_finding *f)
{
    const int r = tightest(c, true);
    const double has = (double)c->ranks[r].shm_free, wants = shared_need(c, r);
    const bool told = c->ranks[r].shm_free != INT64_MAX;
    if (told) gan__find(f, GAN_FINE, "%.0f MiB free in /dev/shm of %s", has / MIB, c->ids[r].host);
    else gan__find(f, GAN_FINE, "there is no /dev/shm to look at");
    if (!told || !c->need.known || ranks_with(c, r) == 1) return;
    const bool no_data = c->need.data_bytes > c->ranks[r].shm_free;
    gan__find(f, no_data ? GAN_BAD : wants > has ? GAN_DOUBTFUL : GAN_FINE,
              "%.0f MiB free in /dev/shm of %s, the job wants %.0f: dataset, weights, moments and gradients of %d ranks", has / MIB,
              c->ids[r].host, wants / MIB, ranks_with(c, r));
    if (f->verdict == GAN_FINE) return;
    gan__remedy(f, "mount -o remount,size=... /dev/shm, docker run --shm-size=%.0fm, or one rank a node with threads; %s",
                wants / MIB * 1.2, no_data ? "the dataset alone does not fit"
                                           : "without it each rank keeps weights and moments of its own");
}

/* ---- dataset -------------------------------------------------------------------------------------------------------- */

static bool lacks_data(const gan_case *c, int r)
{
    return c->ranks[r].data_error != 0;
}

void gan__check_data(const gan_case *c, gan_finding *f)
{
    char names[NAMES];
    if (!c->need.data_file[0]) return;
    gan__find(f, GAN_FINE, "%s%s", c->need.data_file, gan__nodes(c) > 1 ? " is seen by all nodes" : "");
    if (!*gan__hosts(c, lacks_data, names, NAMES)) return;
    gan__find(f, GAN_BAD, "%s cannot be read on %s", c->need.data_file, names);
    gan__remedy(f, "check the path; each node reads the dataset itself, so it belongs on a file system that all of them see");
}
