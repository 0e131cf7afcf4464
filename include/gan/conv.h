/* Convolutions of images, three passes, and the ways to compute each.
 *
 * x [N,H,W,C] and y [N,OH,OW,O] are images, channels last. w is a matrix [kh*kw*C, O] in the panel layout of
 * kernels.h whose row (ky*kw + kx)*C + c holds the tap (ky,kx) of channel c. With x = 0 outside the image,
 *
 *     y[n,oy,ox,o] = sum over ky,kx,c of x[n, oy*stride + ky - pad_top, ox*stride + kx - pad_left, c] w[ky,kx,c,o].
 *
 * Its derivatives by x and w are the two other passes (Dumoulin & Visin 2016 draw all three); the pass DX is what
 * networks call a transposed convolution, so these three are a closed set under differentiation.
 *
 * The promises of kernels.h hold in every way: an image's y and dx do not depend on the images computed with it, and dw
 * is summed over shards in the tree. A way is chosen from the shape of one image (and, for DW, from the images
 * of a shard), never from N, so that ranks with more or fewer images compute the same bits. */
#ifndef GAN_CONV_H
#define GAN_CONV_H

#include "gan/part.h"

#include <stdbool.h>

typedef struct gan_conv {
    int64_t N, H, W, C;    /* x */
    int64_t OH, OW, O;     /* y; with the size of x they say what is padded below and to the right */
    int kh, kw, stride;    /* stride >= 1; no dilation */
    int pad_top, pad_left; /* >= 0 */
} gan_conv;

typedef enum gan_conv_pass { GAN_CONV_Y, GAN_CONV_DX, GAN_CONV_DW, GAN_CONV_PASSES } gan_conv_pass;

/* The ways. X(ID, name, m, r, stride, meaning): Winograd's F(m x m, r x r) computes m x m results with (m+r-1)^2
 * products (Lavin & Gray 2016); at stride 2 it does so for the four phases of the pixels, each a convolution of
 * stride 1. */
#define GAN_CONV_LIST(X)                                                                                     \
    X(DIRECT, direct, 0, 0, 0, "patches as rows of a matrix product; any shape")                             \
    X(WINOGRAD_4X4_2X2, winograd_4x4_2x2, 4, 2, 2, "F(4x4,2x2) per phase: 4x4 kernels of stride 2")          \
    X(WINOGRAD_4X4_3X3, winograd_4x4_3x3, 4, 3, 1, "F(4x4,3x3): 3x3 kernels of stride 1")                    \
    X(WINOGRAD_2X2_3X3, winograd_2x2_3x3, 2, 3, 1, "F(2x2,3x3): 3x3 kernels of stride 1, small images")

typedef enum gan_conv_way {
#define X(ID, name, m, r, stride, text) GAN_CONV_##ID,
    GAN_CONV_LIST(X)
#undef X
        GAN_CONV_WAYS
} gan_conv_way;

/* What becomes of a result before it leaves the cache: the bias is added and a map of kernels.h with scalars p and q is
 * applied; the bits are those of doing it afterwards. */
typedef struct gan_conv_tail {
    const float *bias; /* [channels of the result], may be NULL */
    int map;           /* a gan_map of one input, or -1 */
    float p, q;
} gan_conv_tail;

/* The functions of a table (kernels.h). way: one that applies. u: what conv_weights made of w for this way and pass, or
 * w itself where gan_conv_weight_floats() is 0. tail may be NULL. scratch: 64-byte aligned, gan_conv_scratch() floats,
 * contents free. No output overlaps an input. Of images each thread may take some by itself; where there is a part,
 * all threads call with the same operands, and one scratch. */
typedef void gan_conv_weights_fn(gan_conv_way way, const gan_conv *c, gan_conv_pass pass, gan_part part, const float *w,
                                 float *u);
typedef void gan_conv_y_fn(gan_conv_way way, const gan_conv *c, const float *x, const float *u,
                           const gan_conv_tail *tail, float *y, float *scratch);
typedef void gan_conv_dx_fn(gan_conv_way way, const gan_conv *c, const float *dy, const float *u,
                            const gan_conv_tail *tail, float *dx, float *scratch);
/* dw of `shards` shards of N/shards images each (N % shards == 0), merged in the tree. */
typedef void gan_conv_dw_fn(gan_conv_way way, const gan_conv *c, int64_t shards, gan_part part, const float *x,
                            const float *dy, float *dw, float *scratch);

const char *gan_conv_way_name(gan_conv_way way);

/* Whether a way can compute convolutions of this shape, all passes. */
bool gan_conv_applies(gan_conv_way way, const gan_conv *c);

/* The way that was the fastest for shapes like this one. direct: only GAN_CONV_DIRECT may be. shards: those of c->N
 * images, for DW. */
gan_conv_way gan_conv_choose(const gan_conv *c, gan_conv_pass pass, int64_t shards, bool direct);

/* Floats of u: of one update of w, for pass Y or DX; 0 where the way takes w itself, because it needs no u or because u
 * would be so large that it is better made part by part. No dependence on N. */
int64_t gan_conv_weight_floats(gan_conv_way way, const gan_conv *c, gan_conv_pass pass);

/* Floats of scratch of a pass, in every table; that of DW serves `threads` threads together. */
int64_t gan_conv_scratch(gan_conv_way way, const gan_conv *c, gan_conv_pass pass, int64_t shards, int threads);

/* Multiplications and additions of the plain sum, padding included: the same for the three passes. */
double gan_conv_flop(const gan_conv *c);

#endif
