/* See hooks.h. sim.sh compiles reduction.c with these names in place of MPI_Irecv and so on.
 *
 * Whether an arrived message is added or stored is told by where it goes: into the arena it is stored, into a buffer of the
 * reduction's own it waits to be added. */
#include "hooks.h"

#include "../../src/comm/mpi_check.h"
#include "gan/stall.h"

#include <smpi/smpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 256, FOLDED = 1 << 14 };

double hooks_add_s, hooks_added_s;
bool hooks_waiting;

static float *arena, *arena_end;

/* Requests under way, by the place where the reduction keeps them. */
static struct {
    MPI_Request *at;
    int64_t adds; /* floats, of a receive */
} live[MANY];
static int n_live;

float *hooks_arena(int64_t floats)
{
    arena = SMPI_SHARED_MALLOC((size_t)floats * sizeof *arena + FOLDED);
    arena_end = arena + floats;
    return arena;
}

void hooks_add(int64_t floats)
{
    const double s = (double)floats * hooks_add_s;
    if (s <= 0) return;
    smpi_execute(s);
    hooks_added_s += s;
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

/* Large blocks are folded. The first 64 bytes say which kind a block is. */
void *hooks_calloc(int64_t n, size_t size);
void hooks_free(void *p);

void *hooks_calloc(int64_t n, size_t size)
{
    const size_t bytes = (size_t)n * size;
    if (bytes < FOLDED) {
        char *p = calloc(1, bytes + 64);
        return p ? p + 64 : NULL;
    }
    return SMPI_SHARED_MALLOC(bytes);
}

/* The simulation ends right after its reductions: blocks go with the process. */
void hooks_free(void *p)
{
    (void)p;
}

/* ---- what reduction.c finds in comm.c and stall.c -------------------------------------------------------------- */

gan_status gan__mpi(int code, const char *what)
{
    return code == MPI_SUCCESS ? GAN_OK : GAN_FAIL(GAN_EMPI, "SimGrid could not %s", what);
}

/* Nobody hangs here, and the clock on the wall says nothing. */
bool gan_stall_due(const gan_comm *c, gan_wait *w)
{
    (void)c, (void)w;
    return false;
}

void gan_stall_waits(const gan_comm *c, gan_wait *w, int rank)
{
    (void)c, (void)w, (void)rank;
}

/* ---- messages ------------------------------------------------------------------------------------------------- */

int hooks_irecv(void *to, int n, MPI_Datatype type, int from, int tag, MPI_Comm c, MPI_Request *r);
int hooks_isend(const void *what, int n, MPI_Datatype type, int to, int tag, MPI_Comm c, MPI_Request *r);
int hooks_testall(int n, MPI_Request *r, int *all, MPI_Status *statuses);

static int note(int code, MPI_Request *r, int64_t adds)
{
    if (n_live == MANY) {
        fprintf(stderr, "sim: more than %d messages under way; raise MANY in tests/sim/hooks.c\n", MANY);
        MPI_Abort(MPI_COMM_WORLD, 1);
    }
    live[n_live].at = r;
    live[n_live++].adds = adds;
    return code;
}

int hooks_irecv(void *to, int n, MPI_Datatype type, int from, int tag, MPI_Comm c, MPI_Request *r)
{
    const bool stores = (float *)to >= arena && (float *)to < arena_end;
    return note(MPI_Irecv(to, n, type, from, tag, c, r), r, stores ? 0 : n);
}

int hooks_isend(const void *what, int n, MPI_Datatype type, int to, int tag, MPI_Comm c, MPI_Request *r)
{
    return note(MPI_Isend(what, n, type, to, tag, c, r), r, 0);
}

/* Those of r[n] are done: forget them, and charge what adding takes. */
static void finish(int n, const MPI_Request *r)
{
    int64_t adds = 0;
    int left = 0;
    for (int i = 0; i < n_live; i++) {
        const bool done = live[i].at >= r && live[i].at < r + n;
        if (done) adds += live[i].adds;
        else live[left++] = live[i];
    }
    n_live = left;
    hooks_add(adds);
}

/* Any message of any reduction: whoever waits moves all on. */
static void sleep_until_one_comes(void)
{
    MPI_Request copies[MANY];
    int which = MPI_UNDEFINED;
    for (int i = 0; i < n_live; i++) copies[i] = *live[i].at;
    MPI_Waitany(n_live, copies, &which, MPI_STATUS_IGNORE);
    if (which != MPI_UNDEFINED) *live[which].at = MPI_REQUEST_NULL;
}

/* While waiting, each round of gan_reduction_wait asks for every reduction in flight: one sleep for a whole round in vain. */
int hooks_testall(int n, MPI_Request *r, int *all, MPI_Status *statuses)
{
    static const MPI_Request *first_in_vain;
    int code = MPI_Testall(n, r, all, statuses);
    if (code == MPI_SUCCESS && *all) {
        finish(n, r);
        first_in_vain = NULL;
    } else if (hooks_waiting && code == MPI_SUCCESS) {
        if (first_in_vain == r) sleep_until_one_comes(), first_in_vain = NULL;
        else if (!first_in_vain) first_in_vain = r;
    }
    return code;
}
