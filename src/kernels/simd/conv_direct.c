/* Convolutions as matrix products. Y: the pixels under each window, a row of taps, times w. DX: dy times w
 * transposed gives each window its row of taps, which are added up in the image. DW: those rows of x times dy.
 * A block of images at a time, so that the rows do not leave the caches. */
#include "conv.h"

/* Runs are short where channels are few: four floats at a time after whole vectors. */
typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

INLINE void add_run(int64_t n, const float *from, float *to)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) vf_store(to + i, vf_load(to + i) + vf_load(from + i));
    for (; i + 4 <= n; i += 4) *(four *)(to + i) += *(const four *)(from + i);
    for (; i < n; i++) to[i] += from[i];
}

/* Where the row of output pixel (oy,ox) meets the image in kernel row ky: `n` floats at image + `from`, which are those
 * from `at` on in the row. n is 0 outside. */
typedef struct run {
    int64_t at, from, n;
} run;

INLINE run run_of(const gan_conv *c, int64_t oy, int64_t ox, int64_t ky)
{
    const int64_t h = oy * c->stride + ky - c->pad_top, w = ox * c->stride - c->pad_left;
    const int64_t first = w < 0 ? -w : 0, last = at_most(c->kw, c->W - w);
    if (h < 0 || h >= c->H || last <= first) return (run){0};
    return (run){(ky * c->kw + first) * c->C, (h * c->W + w + first) * c->C, (last - first) * c->C};
}

static void row_of(const gan_conv *c, int64_t oy, int64_t ox, const float *image, float *row)
{
    const int64_t ky_floats = c->kw * c->C;
    for (int64_t ky = 0; ky < c->kh; ky++) {
        const run r = run_of(c, oy, ox, ky);
        float *to = row + ky * ky_floats;
        if (r.n < ky_floats) memset(to, 0, (size_t)ky_floats * sizeof *to);
        if (r.n > 0) memcpy(row + r.at, image + r.from, (size_t)r.n * sizeof *to);
    }
}

static void add_row(const gan_conv *c, int64_t oy, int64_t ox, const float *row, float *image)
{
    for (int64_t ky = 0; ky < c->kh; ky++) {
        const run r = run_of(c, oy, ox, ky);
        add_run(r.n, row + r.at, image + r.from);
    }
}

static void rows_of(const gan_conv *c, int64_t images, const float *x, float *row)
{
    for (int64_t n = 0; n < images; n++, x += c->H * c->W * c->C) {
        for (int64_t oy = 0; oy < c->OH; oy++) {
            for (int64_t ox = 0; ox < c->OW; ox++, row += gan__conv_taps(c)) row_of(c, oy, ox, x, row);
        }
    }
}

static void add_rows(const gan_conv *c, int64_t images, const float *row, float *x)
{
    memset(x, 0, (size_t)(images * c->H * c->W * c->C) * sizeof *x);
    for (int64_t n = 0; n < images; n++, x += c->H * c->W * c->C) {
        for (int64_t oy = 0; oy < c->OH; oy++) {
            for (int64_t ox = 0; ox < c->OW; ox++, row += gan__conv_taps(c)) add_row(c, oy, ox, row, x);
        }
    }
}

/* u = w transposed, a matrix [O, taps]. */
void GAN_NAME(direct_weights)(const gan_conv *c, gan_part part, const float *w, float *u)
{
    const int64_t K = gan__conv_taps(c), O = c->O;
    const gan_span panels = gan_part_of(part, gan__panels_up(K) / GAN_PANEL);
    for (int64_t k = panels.from * GAN_PANEL; k < at_most(K, panels.to * GAN_PANEL); k += GAN_PANEL) {
        const int64_t width = at_most(GAN_PANEL, K - k);
        for (int64_t o = 0; o < O; o++) {
            const float *from = w + gan_panel_at(K, O, k, o);
            const int64_t step = at_most(GAN_PANEL, O - o / GAN_PANEL * GAN_PANEL);
            for (int64_t i = 0; i < width; i++) u[k * O + o * width + i] = from[i * step];
        }
    }
}

void GAN_NAME(direct_y)(const gan_conv *c, const float *x, const float *w, const gan_conv_tail *tail,
                        float *y, float *scratch)
{
    const int64_t K = gan__conv_taps(c), pixels = c->OH * c->OW, block = gan__direct_images(c);
    float *for_matmul = scratch + gan__direct_floats(c, block);
    for (int64_t n = 0; n < c->N; n += block) {
        const int64_t images = at_most(block, c->N - n);
        const float *from = x + n * c->H * c->W * c->C;
        float *to = y + n * pixels * c->O;
        if (!gan__conv_is_matmul(c)) rows_of(c, images, from, scratch);
        GAN_NAME(matmul)
        (images * pixels, K, c->O, gan__conv_is_matmul(c) ? from : scratch, w, to, for_matmul);
        GAN_NAME(conv_tail)(images * pixels, c->O, tail, to);
    }
}

void GAN_NAME(direct_dx)(const gan_conv *c, const float *dy, const float *u, const gan_conv_tail *tail,
                         float *dx, float *scratch)
{
    const int64_t K = gan__conv_taps(c), pixels = c->OH * c->OW, block = gan__direct_images(c);
    float *for_matmul = scratch + gan__direct_floats(c, block);
    for (int64_t n = 0; n < c->N; n += block) {
        const int64_t images = at_most(block, c->N - n);
        float *to = dx + n * c->H * c->W * c->C, *rows = gan__conv_is_matmul(c) ? to : scratch;
        GAN_NAME(matmul)(images * pixels, c->O, K, dy + n * pixels * c->O, u, rows, for_matmul);
        if (!gan__conv_is_matmul(c)) add_rows(c, images, scratch, to);
        GAN_NAME(conv_tail)(images * c->H * c->W, c->C, tail, to);
    }
}

/* ---- DW ----------------------------------------------------------------------------------------------------
 * Threads make the rows of a block together; of dw, and of all sums like it, each has some panels. */

/* a = a + b (or b + a: the same bits). */
static void add(int64_t n, const float *b, float *a)
{
    GAN_NAME(map_add)(n, b, a, 0, 0, a);
}

/* The tree over sums of blocks, each as large as dw. Digit l is in level[l]; `sum` is where the next one is made. */
typedef struct counter {
    int64_t n;
    uint64_t count;
    float *sum, *level[64];
} counter;

static void count_sum(counter *t)
{
    int l = 0;
    for (; t->count >> l & 1; l++) add(t->n, t->level[l], t->sum);
    float *next = t->level[l];
    t->level[l] = t->sum;
    t->sum = next;
    t->count++;
}

/* What is left in the counter, from the smallest digit to the largest. */
static void count_total(const counter *t, float *dw)
{
    uint64_t left = t->count;
    memcpy(dw, t->level[__builtin_ctzll(left)], (size_t)t->n * sizeof *dw);
    for (left &= left - 1; left; left &= left - 1) add(t->n, t->level[__builtin_ctzll(left)], dw);
}

/* What all products of one call have in common. */
typedef struct sums {
    const gan_conv *c;
    gan_part part;
    int64_t columns; /* of this thread */
    const float *x, *dy; /* dy from its first column on */
    float *rows, *for_matmul;
} sums;

/* The rows of some images, by all threads. */
static void make_rows(const sums *s, int64_t images, const float *x)
{
    const gan_conv *c = s->c;
    const gan_span mine = gan_part_of(s->part, images);
    gan_part_meet(s->part); /* nobody reads the rows before any more */
    rows_of(c, mine.to - mine.from, x + mine.from * c->H * c->W * c->C,
            s->rows + mine.from * c->OH * c->OW * gan__conv_taps(c));
    gan_part_meet(s->part);
}

/* This thread's columns of dw over images [n, n + images), as so many shards. */
static void product(const sums *s, int64_t n, int64_t images, int64_t shards, float *dw)
{
    const gan_conv *c = s->c;
    const int64_t pixels = c->OH * c->OW;
    const float *x = s->x + n * c->H * c->W * c->C, *dy = s->dy + n * pixels * c->O;
    if (!gan__conv_is_matmul(c)) {
        make_rows(s, images, x);
        x = s->rows;
    }
    if (s->columns == 0) return;
    GAN_NAME(matmul_tn)
    (images * pixels, gan__conv_taps(c), s->columns, c->O, shards, x, dy, dw, s->for_matmul);
}

/* One shard that is too large for one product; `part` is as large as dw. */
static void large_shard(const sums *s, int64_t n, int64_t images, int64_t block, float *part, float *dw)
{
    product(s, n, at_most(block, images), 1, dw);
    for (int64_t i = block; i < images; i += block) {
        product(s, n + i, at_most(block, images - i), 1, part);
        add(gan__conv_taps(s->c) * s->columns, part, dw);
    }
}

/* Shards from `shard` on, a block of them or what is left. */
static void block_sum(const sums *s, gan__dw_block block, int64_t shard, int64_t shards, float *part,
                      float *sum)
{
    const int64_t R = s->c->N / shards, here = at_most(block.shards, shards - shard);
    if (block.images < R) {
        large_shard(s, shard * R, R, block.images, part, sum);
    } else {
        product(s, shard * R, here * R, here, sum);
    }
}

static sums sums_of(const gan_conv *c, gan__dw_block block, gan_part part, const float *x, const float *dy,
                    int64_t first, int64_t last, float *rows)
{
    const int64_t images = block.images * block.shards;
    float *for_matmul = rows + gan__direct_floats(c, images);
    for_matmul += part.i * gan__panels_up(gan_matmul_scratch(images * c->OH * c->OW, gan__conv_taps(c), c->O));
    return (sums){c, part, last - first, x, dy + first, rows, for_matmul};
}

void GAN_NAME(direct_dw)(const gan_conv *c, int64_t shards, gan_part part, const float *x, const float *dy, float *dw,
                         float *scratch)
{
    const gan__dw_block block = gan__direct_block(c, shards);
    const gan_span panels = gan_part_of(part, gan__panels_up(c->O) / GAN_PANEL);
    const int64_t K = gan__conv_taps(c), size = gan__panels_up(K * c->O), first = panels.from * GAN_PANEL;
    float *rows = scratch + gan__direct_arrays(c, shards) * size, *summand = scratch + first * K;
    const sums s = sums_of(c, block, part, x, dy, first, at_most(c->O, panels.to * GAN_PANEL), rows);
    counter t = {.n = K * s.columns, .sum = block.images < c->N / shards ? summand + size : summand};
    dw += first * K;
    if (block.shards >= shards) {
        block_sum(&s, block, 0, shards, summand, dw);
        return;
    }
    for (int l = 0; l < gan__counter_arrays((shards + block.shards - 1) / block.shards); l++)
        t.level[l] = t.sum + (1 + l) * size;
    for (int64_t i = 0; i < shards; i += block.shards) {
        block_sum(&s, block, i, shards, summand, t.sum);
        count_sum(&t);
    }
    count_total(&t, dw);
}
