/* Pictures read by all ranks: see picture_rounds.h.
 *
 * The list is gone through in rounds. In a round each rank reads a block of neighbouring pictures, lower ranks earlier ones;
 * the ranks agree that all went well; rank 0 writes the blocks in rank order, its own first. While it does, the others
 * read their blocks of the next round. Rank 0 has to do both, so its own blocks are smaller, by what it has measured so far.
 * That moves borders between parts, never the order, so the result is the same. */
#include "picture_rounds.h"

#include "gan/clock.h"

typedef struct state {
    const gan__picture_rounds *r;
    int rank, size;
    int64_t room; /* pictures in a block of this run */
    int64_t first,
        share; /* the round begins at picture `first`; rank 0 takes `share` of it, the others `room` */
    int turn;  /* of the blocks: one is filled while the other may be on its way */
    gan__picture_block block[2]; /* on rank 0: its own; one from another rank */
    double read_s, write_s;      /* rank 0: so far */
    int64_t n_read, n_written;
} state;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t round_length(const state *s)
{
    return s->share + (s->size - 1) * s->room;
}

/* The part of a rank in this round: pictures *first .. *first + the result - 1. */
static int64_t part_of(const state *s, int rank, int64_t *first)
{
    *first = least(s->r->n, s->first + (rank ? s->share + (rank - 1) * s->room : 0));
    return least(s->r->n - *first, rank ? s->room : s->share);
}

static gan_status read_part(state *s)
{
    gan__picture_block *b = &s->block[s->turn];
    int64_t first, n = part_of(s, s->rank, &first);
    double begin = gan_clock_s();
    GAN_TRY(gan_delivery_finish(&b->delivery));
    for (int64_t i = 0; i < n; i++) {
        GAN_TRY(gan__picture_block_add(b, s->r->wish, i, s->r->paths[first + i]));
        GAN_TRY(gan_delivery_move_on(&s->block[!s->turn].delivery));
    }
    s->read_s += gan_clock_s() - begin;
    s->n_read += n;
    return GAN_OK;
}

static gan_status write_part(state *s, int rank, const gan__picture_block *b)
{
    int64_t first, n = part_of(s, rank, &first);
    double begin = gan_clock_s();
    if (n == 0) return GAN_OK;
    gan_status status = s->r->write(s->r->job, b, first, n);
    s->write_s += gan_clock_s() - begin;
    s->n_written += n;
    return status;
}

/* Rank 0. What the others have sent is taken even when it cannot be written any more: they wait for that. */
static gan_status write_round(state *s)
{
    int64_t first;
    gan_status status = write_part(s, 0, &s->block[0]);
    for (int rank = 1; rank < s->size && part_of(s, rank, &first) > 0; rank++) {
        GAN_TRY(gan_delivery_take(s->r->c, rank, s->block[1].bytes, s->block[1].n_bytes));
        if (status == GAN_OK) status = write_part(s, rank, &s->block[1]);
    }
    return status;
}

static gan_status send_part(state *s)
{
    int64_t first;
    gan__picture_block *b = &s->block[s->turn];
    if (part_of(s, s->rank, &first) == 0) return GAN_OK;
    s->turn = !s->turn;
    return gan_delivery_start(&b->delivery, s->r->c, b->bytes, b->n_bytes);
}

/* Rank 0's pictures of the next round: so many that it is done, having written this one's, when the others have read `room`. */
static int64_t next_share(const state *s)
{
    if (s->size == 1 || s->n_written == 0) return s->room;
    double read = s->read_s / (double)s->n_read, write = s->write_s / (double)s->n_written;
    double share = (double)s->room * (read - (s->size - 1) * write) / (read + write);
    return share < 0 ? 0 : least(s->room, (int64_t)share);
}

/* One round, but for its begin: the parts are read. */
static gan_status hand_over(state *s)
{
    int64_t share = next_share(s);
    if (s->size > 1) GAN_TRY(gan_comm_bcast(s->r->c, &share, sizeof share));
    GAN_TRY(s->rank == 0 ? write_round(s) : send_part(s));
    s->first += round_length(s);
    s->share = share;
    return GAN_OK;
}

/* All rounds. A rank 0 that cannot write says so in the agreement of the round after, or in the last one. */
static gan_status run(state *s)
{
    gan_status status = GAN_OK;
    while (s->first < s->r->n) {
        if (status == GAN_OK) status = read_part(s);
        if ((status = gan_comm_agree(s->r->c, status)) != GAN_OK) return status;
        status = hand_over(s);
    }
    return gan_comm_agree(s->r->c, status);
}

static gan_status open_blocks(state *s)
{
    GAN_TRY(gan__picture_block_open(&s->block[0], s->r->wish, s->room));
    return s->size > 1 ? gan__picture_block_open(&s->block[1], s->r->wish, s->room) : GAN_OK;
}

static gan_status close_blocks(state *s, gan_status status)
{
    for (int i = 0; i < 2; i++) {
        gan_status finished = gan_delivery_finish(&s->block[i].delivery);
        if (status == GAN_OK) status = finished;
        gan__picture_block_close(&s->block[i]);
    }
    return status;
}

gan_status gan__picture_rounds_run(const gan__picture_rounds *r, gan_status status)
{
    state s = {.r = r, .rank = r->c ? r->c->rank : 0, .size = r->c ? r->c->size : 1};
    int64_t each = (r->n + s.size - 1) / s.size;
    s.room = s.share = each < r->room ? each : r->room;
    if (status == GAN_OK) status = open_blocks(&s);
    status = gan_comm_agree(r->c, status);
    if (status == GAN_OK) status = run(&s);
    return close_blocks(&s, status);
}
