/* The pass DW by Winograd's method. A block of images of one shard goes to points, x and dy; then tile by tile of dw:
 * the products of all points, summed over the block in registers, come to lie in the first caches, go back to
 * the taps of w, and are merged into the tree over shards before they leave.
 *
 * The way back to taps is taken for each shard, although it is linear and could follow the merges: a rank that holds
 * half of the shards takes it before it meets the other half, and the bits must not tell. */
#include "winograd.h"

/* Rows (phases and channels) and panels of a tile of dw. */
#define TALL_plain  3
#define TALL_x86_64 3
#define TALL_avx2   6
#define TALL_avx512 8
#define WIDE_plain  1
#define WIDE_x86_64 1
#define WIDE_avx2   1
#define WIDE_avx512 3

enum {
    TALL = GAN_PASTE(TALL, GAN_ISA),
    WIDE = GAN_PASTE(WIDE, GAN_ISA),
    WIDTH = WIDE * PARTS,
    LEVELS = 64,
    TAPS = 9
};

/* Some shards at points, `tiles` tiles each: v [point][tile][ld_v], p [point][tile][ld_p]. Or one block of a shard. */
typedef struct block {
    int64_t shards, tiles, ld_v, ld_p, step_v, step_p;
    float *v, *p;
} block;

/* Where the sum of a block goes, in arrays like dw: before[0..n) are added to it in order, the result goes to `to`. */
typedef struct merge {
    const float *before[LEVELS + 1];
    int n;
    float *to;
} merge;

/* A tile of dw, and the counter over the shards of a block for such tiles. */
typedef vf taps_of_tile[TAPS][TALL][WIDTH];
enum { DIGITS = 5 };
_Static_assert(GAN_DW_SHARDS < 1 << DIGITS, "the counter holds all shards of a block");

/* The way back from points to taps, dw = G' m G, one line at a time. Products with powers of two are exact, the
 * others are rounded, fused or not: here never fused. */

INLINE void line_42(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s], e = in[4 * s];
    out[0] = ((d - c) + vf_rounded(3 * (a - b))) * (1.0f / 6);
    out[t] = e + vf_rounded(((c - vf_rounded(3 * b)) + 2 * d) * (1.0f / 6));
}

INLINE void line_43(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s], e = in[4 * s], f = in[5 * s];
    const vf sum = b + c, sum2 = d + e;
    out[0] = ((sum2 - 4 * sum) + vf_rounded(6 * a)) * (1.0f / 24);
    out[t] = ((d - e) + 2 * (c - b)) * (1.0f / 12);
    out[2 * t] = f + vf_rounded((sum2 - sum) * (1.0f / 6));
}

INLINE void line_23(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s];
    const vf sum = b + c;
    out[0] = a + 0.5f * sum;
    out[t] = 0.5f * (b - c);
    out[2 * t] = d + 0.5f * sum;
}

/* sum = V' P of one point: rows [0,TALL), some vectors. */
INLINE void point_sum(int width, const block *b, const float *v, const float *p, vf out[TALL][WIDTH])
{
    vf sum[TALL][WIDTH];
    UNROLL
    for (int r = 0; r < TALL; r++) {
        UNROLL
        for (int i = 0; i < width; i++) sum[r][i] = (vf){0};
    }
    for (int64_t t = 0; t < b->tiles; t++, v += b->ld_v, p += b->ld_p) {
        vf w[WIDTH];
        UNROLL
        for (int i = 0; i < width; i++) w[i] = vf_load(p + i * LANES);
        UNROLL
        for (int r = 0; r < TALL; r++) {
            vf a = vf_all(v[r]);
            UNROLL
            for (int i = 0; i < width; i++) sum[r][i] += a * w[i];
        }
    }
    UNROLL
    for (int r = 0; r < TALL; r++) {
        UNROLL
        for (int i = 0; i < width; i++) out[r][i] = sum[r][i];
    }
}

/* The first n floats of a vector are merged and stored. */
INLINE void merge_at(const merge *m, int64_t at, int64_t n, vf sum)
{
    if (n == LANES) {
        for (int i = 0; i < m->n; i++) sum += vf_load(m->before[i] + at);
        vf_store(m->to + at, sum);
    } else {
        for (int i = 0; i < m->n; i++) sum += vf_load_some(m->before[i] + at, n);
        vf_store_some(m->to + at, n, sum);
    }
}

/* Where a tile of dw lies: channels [c0, c0 + count) of a phase, `panels` panels from column o0 on. */
typedef struct place {
    const gan_conv *c;
    const gan__winograd *f;
    int phase;
    int64_t c0, count, o0;
} place;

/* Row of w for tap (i,j) of the phase's kernel, first channel. */
INLINE int64_t w_row(const place *at, int i, int j)
{
    const int s = at->f->stride, ky = s * i + at->phase / s, kx = s * j + at->phase % s;
    return (ky * at->c->kw + kx) * at->c->C + at->c0;
}

/* Points of row r to taps. What is a product here must not be fused with a merge. */
INLINE void back_to_taps(int side, int taps, int width, gan__line *back, int64_t r, vf (*points)[TALL][WIDTH],
                         taps_of_tile to)
{
    for (int i = 0; i < width; i++) {
        vf half[GAN_POINTS], in[GAN_SIDE], out[GAN_SIDE];
        UNROLL
        for (int k = 0; k < side; k++) {
            UNROLL
            for (int l = 0; l < side; l++) in[l] = points[l * side + k][r][i];
            back(in, 1, half + k, side);
        }
        UNROLL
        for (int ky = 0; ky < taps; ky++) {
            back(half + ky * side, 1, out, 1);
            UNROLL
            for (int kx = 0; kx < taps; kx++) to[ky * taps + kx][r][i] = vf_rounded(out[kx]);
        }
    }
}

/* to = from (+ to, if so), where the tile has rows. */
INLINE void move(bool add, int taps, int width, int64_t rows, taps_of_tile from, taps_of_tile to)
{
    for (int k = 0; k < taps * taps; k++) {
        for (int64_t r = 0; r < rows; r++) {
            UNROLL
            for (int i = 0; i < width; i++) to[k][r][i] = add ? from[k][r][i] + to[k][r][i] : from[k][r][i];
        }
    }
}

/* What a block makes of a tile, to dw. */
INLINE void deliver(int taps, int width, const place *at, const merge *m, taps_of_tile sum)
{
    const int64_t K = gan__conv_taps(at->c);
    for (int k = 0; k < taps * taps; k++) {
        for (int i = 0; i < width; i++) {
            const int64_t o = at->o0 + i / PARTS * GAN_PANEL, panel = at_most(GAN_PANEL, at->c->O - o);
            const int64_t n = at_most(LANES, panel - i % PARTS * LANES);
            const int64_t first = o * K + w_row(at, k / taps, k % taps) * panel + i % PARTS * LANES;
            for (int64_t r = 0; r < at->count && n > 0; r++) merge_at(m, first + r * panel, n, sum[k][r][i]);
        }
    }
}

INLINE void tile(int side, int taps, int panels, gan__line *back, const block *b, const place *at,
                 const merge *m)
{
    const int width = panels * PARTS;
    const float *v = b->v + at->phase * at->c->C + at->c0, *p = b->p + at->o0;
    vf points[GAN_POINTS][TALL][WIDTH];
    taps_of_tile digit[DIGITS], sum;
    for (int64_t shard = 0; shard < b->shards; shard++, v += b->tiles * b->ld_v, p += b->tiles * b->ld_p) {
        for (int k = 0; k < side * side; k++)
            point_sum(width, b, v + k * b->step_v, p + k * b->step_p, points[k]);
        for (int64_t r = 0; r < at->count; r++) back_to_taps(side, taps, width, back, r, points, sum);
        int d = 0;
        for (; shard >> d & 1; d++) move(true, taps, width, at->count, digit[d], sum);
        if (shard + 1 < b->shards) move(false, taps, width, at->count, sum, digit[d]);
    }
    deliver(taps, width, at, m, sum);
}

static void any_tile(int panels, const block *b, const place *at, const merge *m)
{
    const int taps = at->f->r, side = at->f->m + at->f->r - 1;
#define CASE(s, r, p, back)                                                                                  \
    if (side == s && taps == r && panels == p && p <= WIDE) tile(s, r, p, back, b, at, m);
    CASE(5, 2, 1, line_42)
    CASE(5, 2, 2, line_42)
    CASE(5, 2, 3, line_42)
    CASE(6, 3, 1, line_43)
    CASE(6, 3, 2, line_43)
    CASE(6, 3, 3, line_43)
    CASE(4, 3, 1, line_23)
    CASE(4, 3, 2, line_23)
    CASE(4, 3, 3, line_23)
#undef CASE
}

/* This thread's tiles of dw of one block: some of the phases and channels. */
static void all_tiles(const gan_conv *c, const gan__winograd *f, gan_part part, const block *b, const merge *m)
{
    const int64_t panels = gan__panels_up(c->O) / GAN_PANEL, in_phase = (c->C + TALL - 1) / TALL;
    const gan_span rows = gan_part_of(part, f->stride * f->stride * in_phase);
    place at = {.c = c, .f = f};
    for (int64_t done = 0; done < panels;) {
        const int here = panels_next(panels - done, WIDE);
        at.o0 = done * GAN_PANEL;
        for (int64_t row = rows.from; row < rows.to; row++) {
            at.phase = (int)(row / in_phase);
            at.c0 = row % in_phase * TALL;
            at.count = at_most(TALL, c->C - at.c0);
            any_tile(here, b, &at, m);
        }
        done += here;
    }
}

/* What is left in the counter of a number of shards that is no power of two: from the smallest digit to the largest. */
static void total(uint64_t shards, gan_span floats, float *const level[], float *dw)
{
    const int64_t n = floats.to - floats.from, at = floats.from;
    memcpy(dw + at, level[__builtin_ctzll(shards)] + at, (size_t)n * sizeof *dw);
    for (uint64_t left = shards & (shards - 1); left; left &= left - 1)
        GAN_NAME(map_add)(n, level[__builtin_ctzll(left)] + at, dw + at, 0, 0, dw + at);
}

/* The sum over the first blocks of a shard, and the digits of the counter over blocks of shards. */
typedef struct sums {
    float *dw, *so_far, *level[LEVELS];
    uint64_t blocks;
} sums;

static merge merge_of(const sums *s, uint64_t i, bool first, bool last)
{
    merge m = {.to = s->so_far};
    int l = 0;
    if (!first) m.before[m.n++] = s->so_far;
    if (!last) return m;
    for (; i >> l & 1; l++) m.before[m.n++] = s->level[l];
    m.to = i + 1 == s->blocks && (s->blocks & i) == 0 ? s->dw : s->level[l];
    return m;
}

static block block_at(const gan__winograd *f, const gan_conv *c, gan__dw_block cut, float *scratch)
{
    const int64_t tiles = cut.images * cut.shards * gan__winograd_tiles(f, c);
    block b = {
        .shards = cut.shards, .ld_v = gan__dw_step(gan__winograd_rows(f, c)), .ld_p = gan__dw_step(c->O)};
    b.step_v = gan__point_step(tiles, b.ld_v);
    b.step_p = gan__point_step(tiles, b.ld_p);
    b.v = scratch;
    b.p = b.v + gan__winograd_points(f) * b.step_v;
    return b;
}

/* Images [n, n + images) of x and dy to the points of a block, by all threads. */
static void to_block(gan_conv_way way, const gan_conv *c, gan_part part, int64_t n, int64_t images, const float *x,
                     const float *dy, const float *outside, const block *b)
{
    const gan__winograd *f = &gan__winograd_of[way];
    const gan__transforms *t = &GAN_NAME(transforms)[way];
    const gan__grid on_x = x_grid(f, c), on_y = y_grid(f, c);
    const gan_span mine = gan_part_of(part, images);
    const int64_t count = mine.to - mine.from, tile = mine.from * gan__winograd_tiles(f, c);
    x += (n + mine.from) * c->H * c->W * c->C;
    dy += (n + mine.from) * c->OH * c->OW * c->O;
    gan_part_meet(part); /* nobody reads the block before any more */
    GAN_NAME(to_points)(&on_x, t->x, count, x, outside, b->v + tile * b->ld_v, b->ld_v, b->step_v);
    GAN_NAME(to_points)(&on_y, t->dy, count, dy, outside, b->p + tile * b->ld_p, b->ld_p, b->step_p);
    gan_part_meet(part);
}

void GAN_NAME(winograd_dw)(gan_conv_way way, const gan_conv *c, int64_t shards, gan_part part, const float *x,
                           const float *dy, float *dw, float *scratch)
{
    const gan__winograd *f = &gan__winograd_of[way];
    const gan__dw_block cut = gan__winograd_block(f, c, shards);
    const int64_t outside = gan__panels_up(gan__most(c->C, c->O)), n_dw = gan__conv_taps(c) * c->O;
    const int64_t images = cut.images * cut.shards, group = c->N / shards * cut.shards;
    block b = block_at(f, c, cut, scratch + outside);
    sums s = {.dw = dw,
              .so_far = b.p + gan__winograd_points(f) * b.step_p,
              .blocks = (uint64_t)(shards / cut.shards)};
    for (int l = 0; l < gan__counter_arrays(shards / cut.shards); l++)
        s.level[l] = s.so_far + (l + (cut.images < c->N / shards)) * gan__panels_up(n_dw);
    if (part.i == 0) memset(scratch, 0, (size_t)outside * sizeof *scratch);
    for (int64_t n = 0, here; n < c->N; n += here) {
        here = at_most(images, group - n % group);
        const merge m = merge_of(&s, (uint64_t)(n / group), n % group == 0, n % group + here == group);
        to_block(way, c, part, n, here, x, dy, scratch, &b);
        b.tiles = here / cut.shards * gan__winograd_tiles(f, c);
        all_tiles(c, f, part, &b, &m);
    }
    if ((s.blocks & (s.blocks - 1)) == 0) return;
    gan_part_meet(part);
    total(s.blocks, gan_part_of(part, n_dw), s.level, dw);
}
