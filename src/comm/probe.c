/* Ping-pong: of round trips the shortest is the truth about a link, the others are about who else was running. */
#include "gan/probe.h"

#include "mpi_check.h"

#include "gan/clock.h"
#include "gan/mem.h"

#include <time.h>

enum { FEW = 3, MANY = 2000, CLOCK_ROUNDS = 8 };

gan_status gan_probe_collect(const gan_comm *c, const void *mine, int n, void *all)
{
    return gan__mpi(MPI_Gather(mine, n, MPI_BYTE, all, n, MPI_BYTE, 0, c->mpi), "collect what the ranks have found");
}

/* ---- links --------------------------------------------------------------------------------------------------- */

static gan_status send(const gan_comm *c, void *bytes, int n, int to)
{
    return gan__mpi(MPI_Send(bytes, n, MPI_BYTE, to, GAN_TAG_PROBE, c->mpi), "send a message to measure by");
}

static gan_status receive(const gan_comm *c, void *bytes, int n, int from)
{
    return gan__mpi(MPI_Recv(bytes, n, MPI_BYTE, from, GAN_TAG_PROBE, c->mpi, MPI_STATUS_IGNORE),
                    "receive a message to measure by");
}

/* The first byte of a message says whether another round follows. */
static gan_status serve(const gan_comm *c, int peer, int n, double limit_s, char *bytes, double *shortest_s)
{
    double begin_s = gan_clock_s();
    *shortest_s = 1e9;
    for (int round = 0; round == 0 || bytes[0]; round++) {
        double start_s = gan_clock_s();
        bytes[0] = round + 1 < FEW || (start_s - begin_s < limit_s && round + 1 < MANY);
        GAN_TRY(send(c, bytes, n, peer));
        GAN_TRY(receive(c, bytes, n, peer));
        double trip_s = gan_clock_s() - start_s;
        if (trip_s < *shortest_s) *shortest_s = trip_s;
    }
    return GAN_OK;
}

static gan_status answer(const gan_comm *c, int n, char *bytes)
{
    do {
        GAN_TRY(receive(c, bytes, n, 0));
        GAN_TRY(send(c, bytes, n, 0));
    } while (bytes[0]);
    return GAN_OK;
}

gan_status gan_probe_link(const gan_comm *c, int peer, int n, double limit_s, double *one_way_s)
{
    double shortest_s = 0;
    char *bytes = gan_calloc(n, 1);
    gan_status s = gan_comm_agree(c, bytes ? GAN_OK : GAN_ENOMEM);
    if (s == GAN_OK && c->rank == 0) s = serve(c, peer, n, limit_s, bytes, &shortest_s);
    else if (s == GAN_OK && c->rank == peer) s = answer(c, n, bytes);
    gan_free(bytes);
    *one_way_s = shortest_s / 2;
    return gan_comm_agree(c, s);
}

/* ---- clocks -------------------------------------------------------------------------------------------------- */

static double wall_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static gan_status tell_time(const gan_comm *c)
{
    double now;
    for (int from = 1; from < c->size; from++)
        for (int i = 0; i < CLOCK_ROUNDS; i++) {
            GAN_TRY(receive(c, &now, sizeof now, from));
            now = wall_s();
            GAN_TRY(send(c, &now, sizeof now, from));
        }
    return GAN_OK;
}

/* Rank 0 looked at its clock in the middle of the trip, as far as one can know. */
static gan_status ask_time(const gan_comm *c, double *ahead_s, double *trip_s)
{
    double there, wall, begin_s;
    for (int i = 0; i < CLOCK_ROUNDS; i++) {
        begin_s = gan_clock_s();
        wall = there = wall_s();
        GAN_TRY(send(c, &there, sizeof there, 0));
        GAN_TRY(receive(c, &there, sizeof there, 0));
        double trip = gan_clock_s() - begin_s;
        if (trip > *trip_s && *trip_s > 0) continue;
        *trip_s = trip;
        *ahead_s = wall + trip / 2 - there;
    }
    return GAN_OK;
}

gan_status gan_probe_clock(const gan_comm *c, double *ahead_s, double *trip_s)
{
    *ahead_s = *trip_s = 0;
    return gan_comm_agree(c, c->rank == 0 ? tell_time(c) : ask_time(c, ahead_s, trip_s));
}
