/* Winograd's convolutions: tiles of pixels to points, products at each point, points to pixels.
 *
 * With the matrices of F(m,r) (A [a,m], B [a,a], G [a,r], a = m+r-1 points a side) a tile of m x m results is
 *     y = A' [(G w G') . (B' x B)] A,
 * whose transpose gives the other passes: dx = B [(G w G') . (A dy A')] B', dw = G' [sum (B' x B) . (A dy A')] G.
 * Lavin & Gray 2016; points 0, 1, -1, 2, -2 as far as needed, and infinity. */
#ifndef GAN_KERNELS_SIMD_WINOGRAD_H
#define GAN_KERNELS_SIMD_WINOGRAD_H

#include "conv.h"

enum { GAN_SIDE = 6, GAN_POINTS = GAN_SIDE * GAN_SIDE }; /* at most */

/* One line of a tile: from in[0], in[s] ... to out[0], out[t] ... */
typedef void gan__line(const vf *in, int s, vf *out, int t);

/* One tile, `channels` channels: from pixels at[i] to points v + i*step. And back; or added to what is there. */
typedef void gan__to_points(int64_t channels, const float *const *at, float *v, int64_t step);
typedef void gan__to_pixels(int64_t channels, const float *v, int64_t step, float *const *at);

typedef struct gan__transforms {
    gan__to_points *x, *dy, *w; /* B' x B, A dy A', G w G' */
    gan__to_pixels *y, *add_dx; /* A' y A, B dx B' */
} gan__transforms;

extern const gan__transforms GAN_NAME(transforms)[GAN_CONV_WAYS];

/* How tiles lie on an image: `side` x `side` pixels each, at a distance of `stride`, of each phase; from one tile to
 * the next m*stride pixels. */
typedef struct gan__grid {
    int64_t H, W, C, tiles_y, tiles_x;
    int m, side, stride;
    int pad_top, pad_left;
} gan__grid;

INLINE gan__grid x_grid(const gan__winograd *f, const gan_conv *c)
{
    return (gan__grid){c->H,
                       c->W,
                       c->C,
                       (c->OH + f->m - 1) / f->m,
                       (c->OW + f->m - 1) / f->m,
                       f->m,
                       f->m + f->r - 1,
                       f->stride,
                       c->pad_top,
                       c->pad_left};
}

INLINE gan__grid y_grid(const gan__winograd *f, const gan_conv *c)
{
    return (gan__grid){c->OH, c->OW, c->O, (c->OH + f->m - 1) / f->m, (c->OW + f->m - 1) / f->m, f->m, f->m,
                       1,     0,     0};
}

/* Images to points: row t of a point's array, of `ld` floats, has tile t with all phases and channels. And back, for
 * the `count` columns from `first` on, which is all that the rows have then. outside: C floats for what lies outside
 * of the image, zeros or to be overwritten. */
void GAN_NAME(to_points)(const gan__grid *g, gan__to_points *f, int64_t images, const float *x,
                         const float *outside, float *v, int64_t ld, int64_t step);
void GAN_NAME(to_pixels)(const gan__grid *g, gan__to_pixels *f, int64_t images, const float *v, int64_t first,
                         int64_t count, int64_t step, float *outside, float *x);

/* Columns [first, first + count) of u at every point, first a multiple of a panel; of them this part's panels. */
void GAN_NAME(winograd_columns)(gan_conv_way way, const gan_conv *c, gan_conv_pass pass, gan_part part, int64_t first,
                                int64_t count, const float *w, float *u);

#endif
