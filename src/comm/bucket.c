/* Summing a bucket over all ranks, and updating it once a team.
 *
 * Within a team nothing is sent. A rank stores its gradients in memory that its team sees, and raises a flag. Each rank owns
 * a slice of the bucket; when all flags are up it reads the same slice of everybody's gradients, adds them in the order
 * of the binary tree, and updates the slice of the team's one copy of the weights. Between teams the slices travel: rank
 * i of a team reduces its slice with rank i of the others (reduction.c), which are the higher levels of the same tree.
 *
 * Teams may share the update as well: the slice is only halved, down to a part that this rank updates alone; the new weights
 * of all parts, and their squares, are gathered, and the flag goes up when they are there.
 *
 * Flags count uses and are never taken back: flag[e][r] = u says that rank r has come to event e for the u-th time. What
 * a rank wrote before it raised a flag is seen by whoever has read the flag (release and acquire). */
#include "bucket.h"
#include "moves.h"
#include "mpi_check.h"
#include "reduction.h"

#include "gan/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

typedef struct flag {
    _Atomic uint64_t uses;
    char alone[64 - sizeof(_Atomic uint64_t)]; /* a cache line each: the owner writes while others poll */
} flag;

enum { WEIGHTS, SQUARES, GATHERS };

struct gan__bucket_sum {
    const gan_team *team;
    const gan_kernels *k;
    float *scratch;
    const float *first; /* summands of the team's rank 0 */
    float *mine;
    int64_t n, stride;
    gan_blocks blocks;
    int64_t from, to; /* this rank's slice: blocks */
    gan__stretch mine_of; /* the blocks of it that this rank updates: all, or its part */
    flag *flags;      /* [GAN_EVENTS][team size] */
    double *squares;  /* [blocks.n] */
    _Atomic uint64_t uses[GAN_EVENTS]; /* counted by the rank, also while its helper looks */
    gan_reduction *column; /* of the slice over teams */
    gan_reduction *gather[GATHERS]; /* NULL: each team updates all */
    uint64_t gathered[GATHERS];     /* how often started */
};

static int64_t flag_bytes(const gan_team *t)
{
    return GAN_EVENTS * t->size * (int64_t)sizeof(flag);
}

int64_t gan__bucket_bytes(const gan_team *t, int64_t n_blocks)
{
    return flag_bytes(t) + (n_blocks * (int64_t)sizeof(double) + 63) / 64 * 64;
}

/* Floats of the bucket before a block. */
static int64_t begin_of(const gan__bucket_sum *b, int64_t block)
{
    return b->blocks.at[block] - b->blocks.at[0];
}

/* The first block of a rank's slice. Blocks differ in size, so equal numbers of them would be unequal work. */
static int64_t slice_begin(const gan__bucket_sum *b, int rank)
{
    int64_t i = 0;
    while (i < b->blocks.n && begin_of(b, i) < b->n * rank / b->team->size) i++;
    return i;
}

/* Each team gets all sums. */
static gan_status sum_by_teams(gan__bucket_sum *b, int number, gan_reduce_mode mode, const gan_sum_range *r)
{
    const int64_t begin = begin_of(b, b->from), end = begin_of(b, b->to);
    GAN_TRY(gan_reduction_new(&b->column, &b->team->column, number, mode, b->mine + begin, end - begin));
    return r->rounded ? gan_reduction_round(b->column, b->k) : GAN_OK;
}

/* Squares are doubles, which travel as two floats each. */
static gan_status gather_squares(gan__bucket_sum *b, int number, int64_t n)
{
    int64_t *cuts = gan_calloc(n + 1, sizeof *cuts);
    if (!cuts) return GAN_ENOMEM;
    for (int64_t i = 0; i <= n; i++) cuts[i] = 2 * i;
    gan_status s = gan__reduction_half_new(&b->gather[SQUARES], &b->team->column, number, GAN_TAG_SQUARES, true,
                                           (float *)(void *)(b->squares + b->from), n, cuts);
    gan_free(cuts);
    return s;
}

/* Each team gets the sums of its part of the slice, whole blocks. */
static gan_status share_update(gan__bucket_sum *b, int number, const gan_sum_range *r)
{
    const gan_comm *c = &b->team->column;
    const int64_t n = b->to - b->from, *cuts = b->blocks.at + b->from, begin = begin_of(b, b->from);
    GAN_TRY(gan__reduction_half_new(&b->column, c, number, GAN_TAG_REDUCTION, false, b->mine + begin, n, cuts));
    GAN_TRY(gan__reduction_half_new(&b->gather[WEIGHTS], c, number, GAN_TAG_WEIGHTS, true, r->weights + begin, n, cuts));
    GAN_TRY(gather_squares(b, number, n));
    b->mine_of = gan__moves_part(c->rank, c->size, n);
    b->mine_of.at += b->from;
    return GAN_OK;
}

gan_status gan__bucket_sum_new(gan__bucket_sum **out, const gan_team *t, int number, gan_reduce_mode mode,
                               const gan_kernels *k, const gan_sum_range *r, void *common, float *scratch)
{
    gan__bucket_sum *b = *out = gan_calloc(1, sizeof *b);
    if (!b) return GAN_ENOMEM;
    *b = (gan__bucket_sum){
        .team = t, .k = k, .scratch = scratch, .mine = r->data, .n = r->n, .stride = r->stride, .blocks = r->blocks};
    b->first = r->data - t->rank * r->stride;
    b->flags = common;
    b->squares = (double *)(void *)((char *)common + flag_bytes(t));
    b->from = slice_begin(b, t->rank);
    b->to = slice_begin(b, t->rank + 1);
    b->mine_of = (gan__stretch){b->from, b->to - b->from};
    gan_status s = r->weights && t->n_teams > 1 ? share_update(b, number, r) : sum_by_teams(b, number, mode, r);
    if (s == GAN_OK) return GAN_OK;
    gan__bucket_sum_free(b);
    *out = NULL;
    return s;
}

void gan__bucket_count_in(gan__bucket_sum *b, gan_flight *f)
{
    gan_reduction_count_in(b->column, f);
    for (int i = 0; i < GATHERS; i++)
        if (b->gather[i]) gan_reduction_count_in(b->gather[i], f);
}

void gan__bucket_sum_free(gan__bucket_sum *b)
{
    if (!b) return;
    gan_reduction_free(b->column);
    for (int i = 0; i < GATHERS; i++) gan_reduction_free(b->gather[i]);
    gan_free(b);
}

void gan__bucket_slice(const gan__bucket_sum *b, int64_t *from, int64_t *to)
{
    *from = b->mine_of.at;
    *to = b->mine_of.at + b->mine_of.n;
}

double *gan__bucket_squares(const gan__bucket_sum *b)
{
    return b->squares;
}

/* ---- sums ---------------------------------------------------------------------------------------------------- */

/* The tree over `count` ranks from `rank` on: in place for one, else in scratch, whose later blocks it may use as well. */
static const float *tree(const gan__bucket_sum *b, int rank, int count, int64_t at, int64_t n, float *scratch)
{
    int half = 1;
    if (count == 1) return b->first + rank * b->stride + at;
    while (2 * half < count) half *= 2;
    const float *left = tree(b, rank, half, at, n, scratch);
    const float *right = tree(b, rank + half, count - half, at, n, scratch + GAN_UPDATE_BLOCK);
    b->k->map[GAN_MAP_ADD](n, left, right, 0, 0, scratch);
    return scratch;
}

const float *gan__bucket_summed(const gan__bucket_sum *b, int64_t at, int64_t n, float *scratch)
{
    assert(at >= begin_of(b, b->from) && at + n <= begin_of(b, b->to) && n <= GAN_UPDATE_BLOCK);
    return b->team->n_teams > 1 ? b->mine + at : tree(b, 0, b->team->size, at, n, scratch);
}

/* The team's sum of the slice, into this rank's own gradients: nobody else reads that part of them. */
static void sum_slice(gan__bucket_sum *b)
{
    for (int64_t i = b->from; i < b->to; i++) {
        const int64_t at = begin_of(b, i), n = begin_of(b, i + 1) - at;
        const float *sum = tree(b, 0, b->team->size, at, n, b->scratch);
        memcpy(b->mine + at, sum, (size_t)n * sizeof *sum);
    }
}

/* ---- meetings ------------------------------------------------------------------------------------------------- */

bool gan__bucket_all_came(const gan__bucket_sum *b, gan_event e)
{
    const flag *f = b->flags + e * b->team->size;
    for (int r = 0; r < b->team->size; r++)
        if (atomic_load_explicit(&f[r].uses, memory_order_acquire) < b->uses[e]) return false;
    return true;
}

int gan__bucket_missing(const gan__bucket_sum *b, gan_event e)
{
    const flag *f = b->flags + e * b->team->size;
    for (int r = 0; r < b->team->size; r++)
        if (atomic_load_explicit(&f[r].uses, memory_order_relaxed) < b->uses[e]) return r;
    return b->team->rank;
}

static void raise_flag(gan__bucket_sum *b, gan_event e, uint64_t uses)
{
    flag *mine = &b->flags[e * b->team->size + b->team->rank];
    atomic_store_explicit(&mine->uses, uses, memory_order_release);
}

void gan__bucket_arrive(gan__bucket_sum *b, gan_event e)
{
    const uint64_t uses = atomic_load_explicit(&b->uses[e], memory_order_relaxed) + 1;
    atomic_store_explicit(&b->uses[e], uses, memory_order_release);
    if (!b->gather[WEIGHTS] || e == GAN_STORED) raise_flag(b, e, uses);
}

/* Start it unless it was, for this use; has it ended? */
static gan_status gather(gan__bucket_sum *b, int which, uint64_t use, bool *ended)
{
    if (b->gathered[which] < use) GAN_TRY(gan_reduction_start(b->gather[which]));
    b->gathered[which] = use;
    return gan_reduction_test(b->gather[which], ended);
}

/* The rank may arrive meanwhile: flags go up for the uses that were counted in the beginning. */
gan_status gan__bucket_look(gan__bucket_sum *b)
{
    const uint64_t measured = atomic_load_explicit(&b->uses[GAN_MEASURED], memory_order_acquire);
    const uint64_t updated = atomic_load_explicit(&b->uses[GAN_UPDATED], memory_order_acquire);
    bool squares, weights;
    if (!b->gather[WEIGHTS]) return GAN_OK;
    GAN_TRY(gather(b, SQUARES, measured > updated ? measured : updated, &squares));
    GAN_TRY(gather(b, WEIGHTS, updated, &weights));
    if (squares) raise_flag(b, GAN_MEASURED, measured);
    if (squares && weights) raise_flag(b, GAN_UPDATED, updated);
    return GAN_OK;
}

gan_status gan__bucket_send(gan__bucket_sum *b, bool *gone)
{
    *gone = gan__bucket_all_came(b, GAN_STORED);
    if (!*gone) return GAN_OK;
    if (b->team->size > 1) sum_slice(b);
    return gan_reduction_start(b->column);
}

gan_reduction *gan__bucket_column(gan__bucket_sum *b)
{
    return b->column;
}

/* ---- parts ---------------------------------------------------------------------------------------------------- */

gan_status gan__bucket_parts(const gan__bucket_sum *b, float *range, bool to_first)
{
    const gan_comm *c = &b->team->column;
    for (int t = 1; t < c->size; t++) {
        const gan__stretch part = gan__moves_part(t, c->size, b->to - b->from);
        const int64_t at = begin_of(b, b->from + part.at), n = begin_of(b, b->from + part.at + part.n) - at;
        if (c->rank != 0 && c->rank != t) continue;
        const int other = c->rank == 0 ? t : 0;
        MPI_Request q;
        const int code = to_first == (c->rank == t) ? MPI_Isend(range + at, (int)n, MPI_FLOAT, other, GAN_TAG_PART, c->mpi, &q)
                                                    : MPI_Irecv(range + at, (int)n, MPI_FLOAT, other, GAN_TAG_PART, c->mpi, &q);
        GAN_TRY(gan__finish(c, code, &q, "move a part of a network"));
    }
    return GAN_OK;
}
