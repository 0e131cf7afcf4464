/* Ranks: the communicator, agreement on failures, memory that ranks share, and reductions that run beside computation. */
#ifndef GAN_COMM_H
#define GAN_COMM_H

#include "gan/kernels.h"
#include "gan/status.h"

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

/* All message tags of the program. Reductions use GAN_TAG_REDUCTION + their number, buckets whose update is shared between teams
 * also GAN_TAG_WEIGHTS and GAN_TAG_SQUARES + that. */
enum { GAN_TAG_DELIVERY = 1, GAN_TAG_SIGN_OF_LIFE, GAN_TAG_PROBE, GAN_TAG_PART, GAN_TAG_REDUCTION = 100, GAN_TAG_MAX_REDUCTIONS = 4096 };
enum { GAN_TAG_WEIGHTS = GAN_TAG_REDUCTION + GAN_TAG_MAX_REDUCTIONS, GAN_TAG_SQUARES = GAN_TAG_WEIGHTS + GAN_TAG_MAX_REDUCTIONS };

typedef struct gan_comm {
    MPI_Comm mpi;  /* our own duplicate of the given communicator, errors returned */
    MPI_Comm node; /* the ranks that share memory with this one */
    int rank, size; /* ranks of a node are neighbours, however the launcher placed them; rank 0 is its rank 0 */
    int node_rank, node_size;
    int n_nodes;
    struct gan_reduction **in_flight; /* head of the list of reductions started and not finished */
    struct gan_stall *stall;          /* the watch (stall.h), shared with columns of teams */
    int first, stride;                /* rank r of a team's column is rank first + r * stride of all */
} gan_comm;

/* Collective. `mpi` is borrowed for the call. From then on MPI returns errors, on MPI_COMM_WORLD as well. */
gan_status gan_comm_open(gan_comm **out, MPI_Comm mpi);
void gan_comm_close(gan_comm *c); /* collective; takes NULL */

/* Collective: the worst status of all ranks, on all ranks. Every set-up and I/O phase ends in one. c: NULL for a process
 * alone, which never calls MPI. */
gan_status gan_comm_agree(const gan_comm *c, gan_status mine);

/* Collective: of the ranks whose status is not GAN_OK the lowest one that has a failure text prints it to stderr as
 * "error: ..." ("error: rank 1 of 4 on HOST: ..." when there is more than one rank); the others stay silent.
 * Returns the worst status. */
gan_status gan_comm_report(const gan_comm *c, gan_status mine);

/* Local: print rank, host and text, then end all ranks. For failures inside a step, where half a collective cannot be
 * unwound. Never returns. */
__attribute__((noreturn)) void gan_comm_abort(const gan_comm *c, gan_status why, const char *text);

/* Collective: copy n bytes of rank 0's buffer to all (in pieces, any n). c: NULL for a process alone. */
gan_status gan_comm_bcast(const gan_comm *c, void *bytes, int64_t n);
/* Collective: smallest value over all ranks / whether all ranks pass the same value. */
gan_status gan_comm_min(const gan_comm *c, int64_t mine, int64_t *min);
gan_status gan_comm_same(const gan_comm *c, uint64_t mine, bool *same);
/* Collective: gather one uint64 per rank to all; out[size]. */
gan_status gan_comm_gather(const gan_comm *c, uint64_t mine, uint64_t *out);
/* Collective: sums over all ranks, of which each gets all. */
gan_status gan_comm_sum(const gan_comm *c, int64_t *counts, int64_t n);
/* Collective: n bytes of which each rank has filled some, no two the same, and left 0 the others: all ranks get them all. */
gan_status gan_comm_merge(const gan_comm *c, void *bytes, int64_t n);
/* Both: in pieces, any n. c: NULL for a process alone. */

/* A block of bytes on its way to rank 0, beside computation. Zeroed before its first use; used again when it is finished.
 * bytes [n], n at most INT_MAX (else GAN_ESHAPE): borrowed from _start to _finish. MPI moves messages only inside its calls:
 * call _move_on in the gaps of other work. _finish waits, and takes one that was never started. Blocks of a rank arrive in
 * the order of their starts. All local; GAN_EMPI when MPI refused. Allocate nothing. */
typedef struct gan_delivery {
    MPI_Request request;
    bool under_way;
} gan_delivery;
gan_status gan_delivery_start(gan_delivery *d, const gan_comm *c, const void *bytes, int64_t n);
gan_status gan_delivery_move_on(gan_delivery *d);
gan_status gan_delivery_finish(gan_delivery *d);
/* On rank 0: wait for the next block of rank `from`, which has n bytes as well. */
gan_status gan_delivery_take(const gan_comm *c, int from, void *bytes, int64_t n);

/* A block of node-shared memory: one copy per node, zeros at first. Collective. *bytes is 64-byte aligned on every rank;
 * `owner` says whether this rank is the node's first, which fills what all read. After filling, call gan_shared_ready
 * (collective), then everybody may read. GAN_ENOMEM on all ranks when a node lacks room; the text says "for WHAT" and
 * ends with the remedy. mine[n_mine]: the ranges that lie near this rank (between them the ranks of a node name every byte); NULL: all
 * lies near the owner. */
typedef struct gan_shared {
    MPI_Win win;
    void *bytes;
    bool owner;
} gan_shared;
typedef struct gan_bytes {
    int64_t from, n;
} gan_bytes;
gan_status gan_shared_open(gan_shared *s, const gan_comm *c, int64_t n_bytes, const char *what, const char *remedy,
                           const gan_bytes *mine, int n_mine);
gan_status gan_shared_ready(gan_shared *s, const gan_comm *c);
void gan_shared_close(gan_shared *s); /* collective over the node; takes a zeroed one */

/* ---- teams --------------------------------------------------------------------------------------------------- */

/* The ranks of a node that hold one copy of the networks between them: neighbours in rank order, as many in each team.
 * Each rank has its own gradients; weights and moments exist once a team, and each rank updates its part of them. */
typedef struct gan_team {
    const gan_comm *all;
    int size, rank; /* rank in the team */
    int n_teams, number;
    gan_comm column; /* ranks of this team rank, one of each team, in rank order; shares all's list of reductions */
} gan_team;

/* Collective. wanted: ranks of a team; 0: as many as the nodes allow. In ordered mode (`powers`) a power of two.
 * GAN_ECONFIG: the ranks of some node are not a multiple of `wanted`. */
gan_status gan_team_open(gan_team *t, const gan_comm *c, int64_t wanted, bool powers);
void gan_team_close(gan_team *t); /* collective; takes a zeroed one */

/* Memory of a team: `common` bytes once, `each` bytes for every rank; zeros, 64-byte aligned. A team of one has it for itself. */
typedef struct gan_team_memory {
    gan_shared shared;
    void *alone; /* of a team of one */
    char *common, *each; /* common [common bytes], each [team size][each_bytes] */
    int64_t each_bytes, alone_bytes;
} gan_team_memory;
gan_status gan_team_memory_open(gan_team_memory *m, const gan_team *t, int64_t common_bytes, int64_t each_bytes);
void gan_team_memory_close(gan_team_memory *m); /* collective; takes a zeroed one */

/* ---- reductions --------------------------------------------------------------------------------------------- */

typedef enum gan_reduce_mode {
    GAN_REDUCE_ORDERED, /* sums in the binary tree over ranks: same bits for any number of ranks; size must be 2^q */
    GAN_REDUCE_FAST     /* MPI_Iallreduce: any order, any number of ranks */
} gan_reduce_mode;

/* A sum over all ranks of one fixed range of floats, made once and started once per step.
 *
 * Ordered mode is recursive vector halving with distance doubling, then the gather back (Rabenseifner): in round i
 * rank r exchanges halves with r xor 2^i, so each element is summed in the perfect binary tree over ranks, and the
 * traffic is 2(P-1)/P of the vector. Short vectors are exchanged whole: half the messages, the same tree, the same bits.
 * It is a state machine over Isend/Irecv that moves on only inside gan_reduction_test and _wait. Fast reductions are
 * collectives of MPI: all ranks must start them in the same order; ordered ones may be started in any order. */
typedef struct gan_reduction gan_reduction;

/* Local, allocates; all ranks must create the same reductions in the same order (the number is the tag).
 * data [n]: the local sums, replaced by the global ones; borrowed for the reduction's life.
 * GAN_ECONFIG: ordered and the number of ranks is not a power of two; GAN_ESHAPE: n is too long for one message of MPI. */
gan_status gan_reduction_new(gan_reduction **out, const gan_comm *c, int number, gan_reduce_mode mode, float *data,
                             int64_t n);
/* Local, allocates; on all ranks, before the first start: messages of long vectors become bfloat16, ordered or fast, and what
 * rounding leaves over is added in the next use. All ranks get the same sums, whose bits depend on the number of ranks and on n.
 * k: borrowed. GAN_ECONFIG: the number of ranks is not a power of two. */
gan_status gan_reduction_round(gan_reduction *r, const gan_kernels *k);
void gan_reduction_free(gan_reduction *r); /* not while in flight; takes NULL */

/* Start / move on / finish. _start and _test return at once. After _start the data must not be touched until done.
 * Non-blocking; MPI failures return GAN_EMPI. Allocate nothing. _test moves on this reduction as far as it gets without
 * waiting; _wait all that are in flight, so that ranks may wait for theirs in different orders. A finished reduction is
 * done until it is started again. */
gan_status gan_reduction_start(gan_reduction *r);
gan_status gan_reduction_test(gan_reduction *r, bool *done);
gan_status gan_reduction_wait(gan_reduction *r);
/* The same for a caller that has more to move than reductions: move is called in their place. */
gan_status gan_reduction_wait_moving(gan_reduction *r, gan_status (*move)(void *user), void *user);
/* _test for all reductions in flight: for the gaps between kernels. Costs one pointer when there are none. */
gan_status gan_reductions_move_on(const gan_comm *c);
int64_t gan_reduction_bytes_sent(const gan_reduction *r); /* by this rank per use, from the algorithm */

/* Reductions whose traffic is counted together: bytes sent, and seconds during which any of them was under way. */
typedef struct gan_flight {
    double *seconds, *bytes; /* added to; borrowed */
    int under_way;
    double since; /* the first of these was started */
} gan_flight;
void gan_reduction_count_in(gan_reduction *r, gan_flight *f); /* f: borrowed for the reduction's life */

#endif
