/* Sums over all ranks that run beside computation.
 *
 * An ordered reduction is a list of moves, made once: "send this range to that rank, receive that range from it, and add it
 * (or store it)". Starting posts the first move; whenever both messages of a move have arrived the floats are added and the
 * next move is posted. Who adds what in which order is thus in the list and nowhere else:
 *
 *   halving   round i, partner = rank xor 2^i: keep one half of my range, send the other half away, add what comes. After
 *             round i my range holds sums over the 2^(i+1) neighbours around me: one level of the binary tree over ranks,
 *             for every element, because a+b = b+a in floating point too.
 *   gather    the same rounds backwards: send what is finished, store the partner's half.
 *   whole     short vectors: send everything, add everything; half the moves and the very same tree.
 *
 * Messages of one reduction between two ranks alternate in one fixed order and MPI does not let them overtake each other, so
 * one tag per reduction is enough, also for consecutive uses.
 *
 * A fast reduction has no moves: its one request is MPI_Iallreduce.
 *
 * Rounded, long vectors travel as bfloat16 and are added as floats. What a rank sends away in the halving it rounds then; the
 * range that it has finished it rounds before the gather, so that all ranks end with the same values (rounded.c). */
#include "reduction.h"

#include "moves.h"
#include "mpi_check.h"
#include "rounded.h"

#include "gan/clock.h"
#include "gan/mem.h"
#include "gan/stall.h"

#include <assert.h>
#include <limits.h>

struct gan_reduction {
    const gan_comm *c;
    gan_reduce_mode mode;
    int tag;
    float *data; /* [n], borrowed */
    int64_t n;
    float *theirs; /* [largest receive of a move that adds] */
    gan__moves moves;
    int at; /* of these */
    gan__rounded *rounded; /* NULL: messages are floats */
    MPI_Request requests[2];
    bool in_flight;
    gan_flight *flight; /* NULL: not counted */
    gan_reduction *next; /* in the communicator's list */
};

/* ---- making -------------------------------------------------------------------------------------------------- */

/* The largest power of two that is not above. */
static int power_below(int size)
{
    int below = 1;
    while (below <= size / 2) below *= 2;
    return below;
}

static gan_status check_size(const gan_comm *c, gan_reduce_mode mode)
{
    const int below = power_below(c->size);
    if (mode == GAN_REDUCE_FAST || below == c->size) return GAN_OK;
    return GAN_FAIL(
        GAN_ECONFIG,
        "parallel.reduce = ordered needs a power of two of ranks, not %d: start %d or %d, or write "
        "reduce = fast (then the bits of the result depend on the number of ranks)",
        c->size, below, 2 * below);
}

static gan_status check_request(const gan_comm *c, int number, gan_reduce_mode mode, int64_t n)
{
    GAN_TRY(check_size(c, mode));
    if (n < 0 || n > INT_MAX)
        return GAN_FAIL(GAN_ESHAPE,
                        "a reduction of %lld floats is longer than one MPI message (%d): use a smaller "
                        "parallel.bucket_kib",
                        (long long)n, INT_MAX);
    if (number < 0 || number >= GAN_TAG_MAX_REDUCTIONS)
        return GAN_FAIL(GAN_ESHAPE, "more than %d reductions: use a larger parallel.bucket_kib",
                        GAN_TAG_MAX_REDUCTIONS);
    return GAN_OK;
}

/* The moves, and room for what comes to be added. */
static gan_status plan(gan_reduction *r, gan__way way, int64_t units, const int64_t *cuts)
{
    int64_t room = 0;
    GAN_TRY(gan__moves_new(&r->moves, way, r->c->rank, r->c->size, units, cuts));
    for (int i = 0; i < r->moves.n; i++)
        if (r->moves.list[i].add && r->moves.list[i].receive.n > room) room = r->moves.list[i].receive.n;
    return (r->theirs = gan_calloc(room, sizeof *r->theirs)) ? GAN_OK : GAN_ENOMEM;
}

static gan_reduction *allocate(const gan_comm *c, int tag, gan_reduce_mode mode, float *data, int64_t n)
{
    gan_reduction *r = gan_calloc(1, sizeof *r);
    if (!r) return NULL;
    *r = (gan_reduction){.c = c, .mode = mode, .tag = tag, .data = data, .n = n};
    r->requests[0] = r->requests[1] = MPI_REQUEST_NULL;
    return r;
}

gan_status gan__reduction_new(gan_reduction **out, const gan_comm *c, int number, gan_reduce_mode mode,
                              float *data, int64_t n, int64_t whole_max)
{
    *out = NULL;
    GAN_TRY(check_request(c, number, mode, n));
    gan_reduction *r = allocate(c, GAN_TAG_REDUCTION + number, mode, data, n);
    if (!r) return GAN_ENOMEM;
    gan_status s = mode == GAN_REDUCE_ORDERED && n > 0 ? plan(r, n <= whole_max ? GAN__WHOLE : GAN__SUM, n, NULL) : GAN_OK;
    if (s == GAN_OK)
        *out = r;
    else
        gan_reduction_free(r);
    return s;
}

gan_status gan_reduction_new(gan_reduction **out, const gan_comm *c, int number, gan_reduce_mode mode,
                             float *data, int64_t n)
{
    return gan__reduction_new(out, c, number, mode, data, n, GAN__WHOLE_MAX);
}

static gan_status check_teams(const gan_comm *c, const char *of, const char *instead)
{
    if (power_below(c->size) == c->size) return GAN_OK;
    return GAN_FAIL(GAN_ECONFIG, "parallel.%s needs a power of two of teams, not %d: start other numbers of ranks, or write %s",
                    of, c->size, instead);
}

gan_status gan__reduction_half_new(gan_reduction **out, const gan_comm *c, int number, int tags, bool gather, float *data,
                                   int64_t n_units, const int64_t *cuts)
{
    *out = NULL;
    GAN_TRY(check_teams(c, "sharded_update = yes", "sharded_update = no"));
    const int64_t n = cuts[n_units] - cuts[0];
    GAN_TRY(check_request(c, number, GAN_REDUCE_FAST, n));
    gan_reduction *r = allocate(c, tags + number, GAN_REDUCE_ORDERED, data, n);
    if (!r) return GAN_ENOMEM;
    gan_status s = plan(r, gather ? GAN__GATHER : GAN__HALVE, n_units, cuts);
    if (s == GAN_OK)
        *out = r;
    else
        gan_reduction_free(r);
    return s;
}

gan_status gan_reduction_round(gan_reduction *r, const gan_kernels *k)
{
    if (r->n <= GAN__WHOLE_MAX || r->c->size == 1) return GAN_OK;
    GAN_TRY(check_teams(r->c, "messages = bfloat16", "messages = float32"));
    if (!r->moves.list) GAN_TRY(gan__moves_new(&r->moves, GAN__SUM, r->c->rank, r->c->size, r->n, NULL));
    r->mode = GAN_REDUCE_ORDERED;
    gan_free(r->theirs); /* for sums of floats */
    r->theirs = NULL;
    return gan__rounded_new(&r->rounded, k, r->n, r->n - r->n / 2);
}

void gan_reduction_free(gan_reduction *r)
{
    if (!r) return;
    assert(!r->in_flight);
    gan__rounded_free(r->rounded);
    gan_free(r->theirs);
    gan__moves_free(&r->moves);
    gan_free(r);
}

/* ---- moving -------------------------------------------------------------------------------------------------- */

static void enlist(gan_reduction *r)
{
    gan_reduction **last = r->c->in_flight;
    while (*last) last = &(*last)->next;
    *last = r;
    r->next = NULL;
    r->in_flight = true;
    if (!r->flight) return;
    *r->flight->bytes += (double)gan_reduction_bytes_sent(r);
    if (r->flight->under_way++ == 0) r->flight->since = gan_clock_s();
}

static void retire(gan_reduction *r)
{
    gan_reduction **p = r->c->in_flight;
    while (*p != r) p = &(*p)->next;
    *p = r->next;
    r->in_flight = false;
    if (r->flight && --r->flight->under_way == 0) *r->flight->seconds += gan_clock_s() - r->flight->since;
}

static void round_range(const gan_reduction *r, gan__stretch at)
{
    const gan__rounded *h = r->rounded;
    h->k->bf16_round(at.n, r->data + at.at, h->rest + at.at, h->sums + at.at);
}

static gan_status post_move(gan_reduction *r)
{
    const gan__move *m = &r->moves.list[r->at];
    const gan__rounded *h = r->rounded;
    const MPI_Datatype type = h ? MPI_UINT16_T : MPI_FLOAT;
    const void *from = h ? (void *)(h->sums + m->send.at) : (void *)(r->data + m->send.at);
    void *to = h ? (void *)(m->add ? h->theirs : h->sums + m->receive.at)
                 : (void *)(m->add ? r->theirs : r->data + m->receive.at);
    if (h && m->add) round_range(r, m->send);
    GAN_TRY(gan__mpi(MPI_Irecv(to, (int)m->receive.n, type, m->partner, r->tag, r->c->mpi, &r->requests[0]),
                     "receive a part of a reduction"));
    return gan__mpi(MPI_Isend(from, (int)m->send.n, type, m->partner, r->tag, r->c->mpi, &r->requests[1]),
                    "send a part of a reduction");
}

static void finish_rounded(gan_reduction *r, const gan__move *m)
{
    const gan__rounded *h = r->rounded;
    if (m->add) h->k->bf16_add(m->receive.n, h->theirs, r->data + m->receive.at);
    if (r->at == r->moves.n / 2) round_range(r, m->receive); /* finished: the gather begins */
    if (r->at == r->moves.n) h->k->bf16_store(r->n, h->sums, r->data);
}

static void finish_move(gan_reduction *r)
{
    const gan__move *m = &r->moves.list[r->at++];
    if (r->rounded) finish_rounded(r, m);
    if (r->rounded || !m->add) return;
    float *restrict sum = r->data + m->receive.at;
    const float *restrict theirs = r->theirs;
    for (int64_t i = 0; i < m->receive.n; i++) sum[i] += theirs[i];
}

static gan_status move_on(gan_reduction *r)
{
    while (r->in_flight) {
        int arrived;
        GAN_TRY(gan__mpi(MPI_Testall(2, r->requests, &arrived, MPI_STATUSES_IGNORE),
                         "finish a part of a reduction"));
        if (!arrived) break;
        if (r->at < r->moves.n) finish_move(r);
        if (r->at < r->moves.n)
            GAN_TRY(post_move(r));
        else
            retire(r);
    }
    return GAN_OK;
}

gan_status gan_reduction_start(gan_reduction *r)
{
    assert(!r->in_flight);
    if (r->c->size == 1 || r->n == 0) return GAN_OK;
    r->at = 0;
    enlist(r);
    if (r->mode == GAN_REDUCE_ORDERED) return post_move(r);
    return gan__mpi(
        MPI_Iallreduce(MPI_IN_PLACE, r->data, (int)r->n, MPI_FLOAT, MPI_SUM, r->c->mpi, &r->requests[0]),
        "start a reduction");
}

gan_status gan_reduction_test(gan_reduction *r, bool *done)
{
    *done = false;
    GAN_TRY(move_on(r));
    *done = !r->in_flight;
    return GAN_OK;
}

gan_status gan_reductions_move_on(const gan_comm *c)
{
    for (gan_reduction *r = *c->in_flight, *next; r; r = next) {
        next = r->next;
        GAN_TRY(move_on(r));
    }
    return GAN_OK;
}

gan_status gan_reduction_wait_moving(gan_reduction *r, gan_status (*move)(void *user), void *user)
{
    gan_wait w = {.begun = false};
    while (r->in_flight) {
        GAN_TRY(move ? move(user) : gan_reductions_move_on(r->c));
        if (gan_stall_due(r->c, &w)) gan_stall_waits(r->c, &w, r->at < r->moves.n ? r->moves.list[r->at].partner : -1);
    }
    return GAN_OK;
}

gan_status gan_reduction_wait(gan_reduction *r)
{
    return gan_reduction_wait_moving(r, NULL, NULL);
}

int64_t gan_reduction_bytes_sent(const gan_reduction *r)
{
    int64_t floats = 0;
    for (int i = 0; i < r->moves.n; i++) floats += r->moves.list[i].send.n;
    if (r->mode == GAN_REDUCE_FAST) floats = 2 * (r->c->size - 1) * r->n / r->c->size;
    return floats * (int64_t)(r->rounded ? sizeof *r->rounded->sums : sizeof(float));
}

void gan_reduction_count_in(gan_reduction *r, gan_flight *f)
{
    r->flight = f;
}
