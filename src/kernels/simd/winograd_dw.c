/* The pass DW by Winograd's method. A block of images of one shard goes to points, x and dy; then tile by tile of dw:
 * the products of all points, summed over the block in registers, come to lie in the first caches, go back to
 * the taps of w, and are merged into the tree over shards before they leave.
 *
 * The way back to taps is taken for each shard, although it is linear and could follow the merges: a rank that holds half of
 * the shards takes it before it meets the other half, and the bits must not tell. */
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

enum { TALL = GAN_PASTE(TALL, GAN_ISA), WIDE = GAN_PASTE(WIDE, GAN_ISA), WIDTH = WIDE * PARTS, LEVELS = 64 };

/* One block of a shard at points: v [point][tile][ld_v], p [point][tile][ld_p]. */
typedef struct block {
    int64_t tiles, ld_v, ld_p, step_v, step_p;
    float *v, *p;
} block;

/* Where sums go. dw-sized arrays: the sum of a shard's first blocks, the digits of the counter over shards, and what
 * this block's sum is to be merged with, in order: before[0..n). */
typedef struct merge {
    const float *before[LEVELS + 1];
    int n;
    float *to;
} merge;

/* The way back from points to taps, dw = G' m G, one line at a time. */

INLINE void line_42(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s], e = in[4 * s];
    out[0] = ((d - c) + 3 * (a - b)) * (1.0f / 6);
    out[t] = e + ((c - 3 * b) + 2 * d) * (1.0f / 6);
}

INLINE void line_43(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s], e = in[4 * s], f = in[5 * s];
    const vf sum = b + c, sum2 = d + e;
    out[0] = ((sum2 - 4 * sum) + 6 * a) * (1.0f / 24);
    out[t] = ((d - e) + 2 * (c - b)) * (1.0f / 12);
    out[2 * t] = f + (sum2 - sum) * (1.0f / 6);
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

/* Points of channel r to taps, to dw. */
INLINE void finish_row(int side, int taps, int width, gan__line *back, const place *at, int64_t r,
                       const merge *m, vf (*points)[TALL][WIDTH])
{
    const int64_t K = gan__conv_taps(at->c);
    for (int i = 0; i < width; i++) {
        const int64_t o = at->o0 + i / PARTS * GAN_PANEL, panel = at_most(GAN_PANEL, at->c->O - o);
        const int64_t n = at_most(LANES, panel - i % PARTS * LANES);
        vf half[GAN_POINTS], in[GAN_SIDE], out[GAN_SIDE];
        UNROLL
        for (int k = 0; k < side; k++) {
            UNROLL
            for (int l = 0; l < side; l++) in[l] = points[l * side + k][r][i];
            back(in, 1, half + k, side);
        }
        for (int ky = 0; ky < taps; ky++) {
            back(half + ky * side, 1, out, 1);
            for (int kx = 0; kx < taps && n > 0; kx++)
                merge_at(m, o * K + (w_row(at, ky, kx) + r) * panel + i % PARTS * LANES, n, out[kx]);
        }
    }
}

INLINE void tile(int side, int taps, int panels, gan__line *back, const block *b, const place *at,
                 const merge *m)
{
    vf points[GAN_POINTS][TALL][WIDTH];
    const float *v = b->v + at->phase * at->c->C + at->c0, *p = b->p + at->o0;
    for (int k = 0; k < side * side; k++)
        point_sum(panels * PARTS, b, v + k * b->step_v, p + k * b->step_p, points[k]);
    for (int64_t r = 0; r < at->count; r++) finish_row(side, taps, panels * PARTS, back, at, r, m, points);
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

/* dw of one block. */
static void all_tiles(const gan_conv *c, const gan__winograd *f, const block *b, const merge *m)
{
    const int64_t panels = gan__panels_up(c->O) / GAN_PANEL;
    place at = {.c = c, .f = f};
    for (int64_t done = 0; done < panels;) {
        const int here = panels_next(panels - done, WIDE);
        at.o0 = done * GAN_PANEL;
        for (at.phase = 0; at.phase < f->stride * f->stride; at.phase++) {
            for (at.c0 = 0; at.c0 < c->C; at.c0 += TALL) {
                at.count = at_most(TALL, c->C - at.c0);
                any_tile(here, b, &at, m);
            }
        }
        done += here;
    }
}

/* What is left in the counter of a number of shards that is no power of two: from the smallest digit to the largest. */
static void total(uint64_t shards, int64_t n, float *const level[], float *dw)
{
    memcpy(dw, level[__builtin_ctzll(shards)], (size_t)n * sizeof *dw);
    for (uint64_t left = shards & (shards - 1); left; left &= left - 1)
        GAN_NAME(map_add)(n, level[__builtin_ctzll(left)], dw, 0, 0, dw);
}

/* The sum over the first blocks of a shard, and the digits of the counter over shards. */
typedef struct sums {
    float *dw, *so_far, *level[LEVELS];
    uint64_t shards;
} sums;

static merge merge_of(const sums *s, uint64_t shard, bool first, bool last)
{
    merge m = {.to = s->so_far};
    int l = 0;
    if (!first) m.before[m.n++] = s->so_far;
    if (!last) return m;
    for (; shard >> l & 1; l++) m.before[m.n++] = s->level[l];
    m.to = shard + 1 == s->shards && (s->shards & shard) == 0 ? s->dw : s->level[l];
    return m;
}

void GAN_NAME(winograd_dw)(gan_conv_way way, const gan_conv *c, int64_t shards, const float *x,
                           const float *dy, float *dw, float *scratch)
{
    const gan__winograd *f = &gan__winograd_of[way];
    const gan__transforms *t = &GAN_NAME(transforms)[way];
    const gan__grid on_x = x_grid(f, c), on_y = y_grid(f, c);
    const int64_t R = c->N / shards, size = gan__panels_up(gan__conv_taps(c) * c->O);
    const int64_t outside = gan__panels_up(gan__most(c->C, c->O)), per_image = gan__winograd_tiles(f, c);
    gan_conv shard = *c;
    shard.N = R;
    const int64_t images = gan__winograd_images(f, &shard);
    block b = {.ld_v = gan__dw_step(gan__winograd_rows(f, c)), .ld_p = gan__dw_step(c->O)};
    b.step_v = gan__point_step(images * per_image, b.ld_v);
    b.step_p = gan__point_step(images * per_image, b.ld_p);
    b.v = scratch + outside;
    b.p = b.v + gan__winograd_points(f) * b.step_v;
    sums s = {.dw = dw, .so_far = b.p + gan__winograd_points(f) * b.step_p, .shards = (uint64_t)shards};
    for (int l = 0; l < gan__digits(shards); l++) s.level[l] = s.so_far + (l + 1) * size;
    memset(scratch, 0, (size_t)outside * sizeof *scratch);
    for (int64_t n = 0; n < c->N; n += at_most(images, R - n % R)) {
        const int64_t here = at_most(images, R - n % R);
        const merge m = merge_of(&s, (uint64_t)(n / R), n % R == 0, n % R + here == R);
        GAN_NAME(to_points)(&on_x, t->x, here, x + n * c->H * c->W * c->C, scratch, b.v, b.ld_v, b.step_v);
        GAN_NAME(to_points)
        (&on_y, t->dy, here, dy + n * c->OH * c->OW * c->O, scratch, b.p, b.ld_p, b.step_p);
        b.tiles = here * per_image;
        all_tiles(c, f, &b, &m);
    }
    if (s.shards & (s.shards - 1)) total(s.shards, gan__conv_taps(c) * c->O, s.level, dw);
}
