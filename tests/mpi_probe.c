/* np: 1 2 4
 * What is measured between ranks before a run: bytes are collected in rank order; a wall clock that is set wrong on one rank (by
 * this test's own clock_gettime) is found there, to a fraction of a second, and on no other; links take a time above zero, larger
 * for larger messages, on rank 0 only. */
#define _GNU_SOURCE
#include "mpi_test.h"

#include "gan/probe.h"

#include <math.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double set_wrong_s; /* of this rank's wall clock */

int clock_gettime(clockid_t clock, struct timespec *t)
{
    long code = syscall(SYS_clock_gettime, clock, t);
    if (code == 0 && clock == CLOCK_REALTIME) t->tv_sec += (time_t)set_wrong_s;
    return (int)code;
}

static void check_collect(mpi_test *t)
{
    int mine[3] = {t->c->rank, 10 * t->c->rank, -1}, all[16][3] = {{0}};
    CHECK_OK(t, gan_probe_collect(t->c, mine, sizeof mine, t->c->rank == 0 ? all : NULL));
    for (int r = 0; t->c->rank == 0 && r < t->c->size; r++)
        CHECK(t, all[r][0] == r && all[r][1] == 10 * r && all[r][2] == -1, "of rank %d: %d %d", r, all[r][0], all[r][1]);
}

static void check_link(mpi_test *t, int peer)
{
    double small_s = -1, large_s = -1;
    CHECK_OK(t, gan_probe_link(t->c, peer, 8, 0.02, &small_s));
    CHECK_OK(t, gan_probe_link(t->c, peer, 8 << 20, 0.05, &large_s));
    if (t->c->rank != 0) CHECK(t, small_s == 0 && large_s == 0, "%g s, %g s", small_s, large_s);
    else CHECK(t, small_s > 0 && large_s > small_s && large_s < 60, "8 bytes %g s, 8 MiB %g s", small_s, large_s);
}

static void check_clock(mpi_test *t, int wrong_rank, double by_s)
{
    double ahead_s = 99, trip_s = 99;
    set_wrong_s = t->c->rank == wrong_rank ? by_s : 0;
    CHECK_OK(t, gan_probe_clock(t->c, &ahead_s, &trip_s));
    double wanted_s = t->c->rank == 0 ? 0 : wrong_rank == 0 ? -by_s : set_wrong_s;
    CHECK(t, fabs(ahead_s - wanted_s) < 0.5 + trip_s, "ahead by %g s, wanted %g", ahead_s, wanted_s);
    CHECK(t, t->c->rank == 0 ? trip_s == 0 : trip_s > 0 && trip_s < 10, "a trip of %g s", trip_s);
    set_wrong_s = 0;
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    check_collect(&t);
    for (int peer = 1; peer < t.c->size; peer++) check_link(&t, peer);
    check_clock(&t, t.c->size - 1, t.c->size > 1 ? 3600 : 0);
    check_clock(&t, 0, -86400);
    return mpi_test_end(&t);
}
