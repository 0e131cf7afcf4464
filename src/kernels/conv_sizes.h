/* How convolutions are cut into blocks: the one place that the scratch sizes of conv.c and the kernels take them from.
 * All of it follows from the shape and never from N or the instruction set, for a shard's sum depends on its blocks. */
#ifndef GAN_KERNELS_CONV_SIZES_H
#define GAN_KERNELS_CONV_SIZES_H

#include "gan/kernels.h"

/* F(m x m, r x r) on the stride^2 phases of the pixels. */
typedef struct gan__winograd {
    int m, r, stride;
} gan__winograd;

extern const gan__winograd gan__winograd_of[GAN_CONV_WAYS];

static inline int64_t gan__least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t gan__most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static inline int64_t gan__panels_up(int64_t n)
{
    return (n + GAN_PANEL - 1) / GAN_PANEL * GAN_PANEL;
}

/* Rows of w. */
static inline int64_t gan__conv_taps(const gan_conv *c)
{
    return c->kh * c->kw * c->C;
}

/* Arrays as large as dw that a counter over so many sums needs, the sum of all being made elsewhere. */
static inline int gan__counter_arrays(int64_t sums)
{
    int n = 0;
    while ((sums - 1) >> n) n++;
    return n;
}

/* ---- DIRECT ------------------------------------------------------------------------------------------------ */

/* The patches of an image are the image itself: 1x1 kernels, and kernels as large as the image. */
static inline bool gan__conv_is_matmul(const gan_conv *c)
{
    bool pixels = c->kh == 1 && c->kw == 1 && c->stride == 1 && c->OH == c->H && c->OW == c->W;
    bool images = c->kh == c->H && c->kw == c->W && c->OH == 1 && c->OW == 1;
    return (pixels || images) && c->pad_top == 0 && c->pad_left == 0;
}

/* Images whose patches are made at a time: about half a megabyte, but enough rows for a large w to pay. */
static inline int64_t gan__direct_images(const gan_conv *c)
{
    int64_t rows = gan__most(192, (1 << 17) / gan__conv_taps(c));
    return gan__least(c->N, (rows + c->OH * c->OW - 1) / (c->OH * c->OW));
}

/* Floats of the patches of so many images. */
static inline int64_t gan__direct_floats(const gan_conv *c, int64_t images)
{
    return gan__conv_is_matmul(c) ? 0 : gan__panels_up(images * c->OH * c->OW * gan__conv_taps(c));
}

/* What DW takes at a time: `images` of a shard, or `shards` whole shards. */
typedef struct gan__dw_block {
    int64_t images, shards;
} gan__dw_block;

/* At least as much data as two dw, so that merging costs little. */
static inline gan__dw_block gan__direct_block(const gan_conv *c, int64_t shards)
{
    const int64_t taps = gan__conv_taps(c), image = c->OH * c->OW * taps, per_shard = c->N / shards;
    const int64_t wanted = gan__most(1 << 17, 2 * taps * c->O), images = (wanted + image - 1) / image;
    gan__dw_block b = {gan__least(images, per_shard), 1};
    if (gan__conv_is_matmul(c)) return (gan__dw_block){per_shard, shards};
    while (b.images == per_shard && b.shards * 2 <= shards && b.shards * per_shard < images) b.shards *= 2;
    return b;
}

/* Arrays as large as dw: a block's summand of a shard, the sum of a shard or more, a counter. */
static inline int64_t gan__direct_arrays(const gan_conv *c, int64_t shards)
{
    const gan__dw_block b = gan__direct_block(c, shards);
    const int64_t sums = (shards + b.shards - 1) / b.shards;
    return (b.images < c->N / shards) + (sums > 1 ? 1 + gan__counter_arrays(sums) : 0);
}

/* ---- Winograd ---------------------------------------------------------------------------------------------- */

/* What is transformed at a time. */
enum { GAN_TILES = 64 };

static inline int64_t gan__winograd_tiles(const gan__winograd *f, const gan_conv *c)
{
    return (c->OH + f->m - 1) / f->m * ((c->OW + f->m - 1) / f->m);
}

static inline int64_t gan__winograd_images(const gan__winograd *f, const gan_conv *c)
{
    return gan__least(c->N, gan__most(1, GAN_TILES / gan__winograd_tiles(f, c)));
}

static inline int gan__winograd_points(const gan__winograd *f)
{
    return (f->m + f->r - 1) * (f->m + f->r - 1);
}

/* Rows of the products, one for each phase and channel. */
static inline int64_t gan__winograd_rows(const gan__winograd *f, const gan_conv *c)
{
    return f->stride * f->stride * c->C;
}

/* From one point to the next of an array of `rows` rows of `n` floats; not a power of two, for the caches' sake. */
static inline int64_t gan__point_step(int64_t rows, int64_t n)
{
    return gan__panels_up(rows * n) + GAN_PANEL;
}

/* Whole shards whose sums are merged in the first caches before they meet the rest: while there is less of them than of
 * dw, where merging in memory would take longer than multiplying, and a few megabytes at most. */
enum { GAN_DW_SHARDS = 16, GAN_DW_FLOATS = 1 << 21 };

static inline gan__dw_block gan__winograd_block(const gan__winograd *f, const gan_conv *c, int64_t shards)
{
    const int64_t R = c->N / shards, tiles = gan__winograd_tiles(f, c), n_dw = gan__conv_taps(c) * c->O;
    const int64_t shard = gan__winograd_points(f) * R * tiles * (gan__winograd_rows(f, c) + c->O);
    const int64_t enough = gan__least(2 * n_dw, GAN_DW_FLOATS / 2);
    gan__dw_block b = {gan__least(R, gan__most(1, GAN_TILES / tiles)), 1};
    if (b.images < R) return b;
    while (b.shards < GAN_DW_SHARDS && shards % (b.shards * 2) == 0 && b.shards * shard <= enough)
        b.shards *= 2;
    return b;
}

/* Arrays as large as dw: the sum of a shard's first blocks, a counter. */
static inline int64_t gan__winograd_arrays(const gan__winograd *f, const gan_conv *c, int64_t shards)
{
    const gan__dw_block b = gan__winograd_block(f, c, shards);
    return (b.images < c->N / shards) + gan__counter_arrays(shards / b.shards);
}

/* From one tile to the next in the arrays that DW multiplies: whole panels, and not a power of two. */
static inline int64_t gan__dw_step(int64_t n)
{
    return gan__panels_up(n) + GAN_PANEL;
}

/* How many columns of u, [K,M] at each point, are made at a time: all of them, ahead, unless a u of
 * several megabytes would then have to come from memory; then some panels. */
enum { GAN_LARGE_U = 2 << 20, GAN_U_FLOATS = 1 << 20 };

static inline int64_t gan__u_columns(const gan__winograd *f, int64_t K, int64_t M)
{
    const int64_t column = gan__winograd_points(f) * K, strip = 3 * GAN_PANEL;
    if (column * M <= GAN_LARGE_U) return M;
    return gan__least(M, gan__most(1, GAN_U_FLOATS / (column * strip)) * strip);
}

/* The pass DX of a convolution of stride 1 is the pass Y of this one, with its taps in reverse order. */
static inline gan_conv gan__conv_mirrored(const gan_conv *c)
{
    return (gan_conv){.N = c->N,
                      .H = c->OH,
                      .W = c->OW,
                      .C = c->O,
                      .OH = c->H,
                      .OW = c->W,
                      .O = c->C,
                      .kh = c->kh,
                      .kw = c->kw,
                      .stride = 1,
                      .pad_top = c->kh - 1 - c->pad_top,
                      .pad_left = c->kw - 1 - c->pad_left};
}

#endif
