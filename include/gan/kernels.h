/* Plain functions on floats and sizes; the only place that knows the processor.
 *
 * Three promises that the bit-identity of a run stands on, tested for each table in tests/test_kernels.c:
 *  1. Rows do not see each other: row n of matmul and matmul_nt has the same bits whatever rows are computed with it.
 *  2. matmul_tn sums over rows shard by shard and merges the shards' sums in the fixed binary tree below.
 *  3. A map's element has the same bits at any place of any array (tails run the same vector code).
 *
 * Panel layout. A weight matrix W [K,M] is stored as panels of 16 columns: panel j holds columns 16j .. min(16j+16,M)-1
 * as [K][width], panels one after the other; so W has exactly K*M floats and panel j starts at 16*j*K. The one layout
 * serves all three contractions of the form  sum x[n,k] W[k,m] y[n,m]  without ever being packed or transposed:
 * matmul broadcasts x against rows of a panel, matmul_nt takes dot products with them, matmul_tn writes them.
 *
 * The tree. Shards 0..S-1 are merged as a binary counter does: sums of 2^i shards, aligned at multiples of 2^i, merge
 * with their neighbour to 2^(i+1); what remains at the end merges from the smallest (rightmost) to the largest.
 * For S a power of two that is the perfect binary tree, whatever aligned power-of-two blocks of it ranks hold. */
#ifndef GAN_KERNELS_H
#define GAN_KERNELS_H

#include "gan/conv.h"

#include <stdint.h>

#define GAN_PANEL 16

/* Offset of W[k,m] in the panel layout of a [K,M] matrix. */
static inline int64_t gan_panel_at(int64_t K, int64_t M, int64_t k, int64_t m)
{
    int64_t j = m / GAN_PANEL, width = M - j * GAN_PANEL < GAN_PANEL ? M - j * GAN_PANEL : GAN_PANEL;
    return j * GAN_PANEL * K + k * width + m % GAN_PANEL;
}

/* Elementwise functions. X(ID, name, inputs, meaning); a, b are elements, p and q scalars of the node. */
#define GAN_MAP_LIST(X)                                                                                      \
    X(ADD, add, 2, "a + b")                                                                                  \
    X(SUB, sub, 2, "a - b")                                                                                  \
    X(MUL, mul, 2, "a * b")                                                                                  \
    X(DIV, div, 2, "a / b")                                                                                  \
    X(AFFINE, affine, 1, "p * a + q")                                                                        \
    X(RELU, relu, 1, "max(a, 0)")                                                                            \
    X(LEAKY_RELU, leaky_relu, 1, "a > 0 ? a : p * a")                                                        \
    X(LEAKY_MASK, leaky_mask, 1, "a > 0 ? 1 : p")                                                            \
    X(TANH, tanh, 1, "tanh(a)")                                                                              \
    X(SIGMOID, sigmoid, 1, "1 / (1 + exp(-a))")                                                              \
    X(SOFTPLUS, softplus, 1, "log(1 + exp(a)), stable for all a")                                            \
    X(EXP, exp, 1, "exp(a)")                                                                                 \
    X(LOG, log, 1, "log(a)")                                                                                 \
    X(SQRT, sqrt, 1, "sqrt(a)")                                                                              \
    X(RECIPROCAL, reciprocal, 1, "1 / a")                                                                    \
    X(SQUARE, square, 1, "a * a")                                                                            \
    X(ABS, abs, 1, "|a|")                                                                                    \
    X(SIGN, sign, 1, "-1, 0 or 1")

typedef enum gan_map {
#define X(ID, name, n_in, text) GAN_MAP_##ID,
    GAN_MAP_LIST(X)
#undef X
        GAN_MAP_COUNT
} gan_map;

/* y[i] = f(a[i], b[i]) for i in [0,n). b is ignored (may be NULL) by functions of one input. y may be a or b. */
typedef void gan_map_fn(int64_t n, const float *a, const float *b, float p, float q, float *y);

typedef struct gan_adam {
    float rate;                      /* learning rate, bias correction of the first moment included */
    float beta1, beta2, epsilon;     /* w -= rate * m / (sqrt(v * v_scale) + epsilon) */
    float v_scale;                   /* 1 / (1 - beta2^t) */
    float weight_decay, grad_scale;  /* g = grad_scale * g + weight_decay * w first */
} gan_adam;

/* Optimizer kernels walk blocks of GAN_UPDATE_BLOCK floats. A block whose gradient has a non-finite element is left
 * alone, weights and moments, so that a diverging step can be diagnosed on intact weights. Each returns the sum of
 * squares of the incoming gradient (before grad_scale), not finite if any element is not; summed in a fixed order. */
#define GAN_UPDATE_BLOCK 4096

/* One set of kernels. All pointers are set. Matrices: x [N,K], y and dy [N,M] row-major and dense; W, dW panels [K,M];
 * outputs must not overlap inputs. scratch: 64-byte aligned, gan_matmul_scratch() floats, contents free. */
typedef struct gan_kernels {
    const char *name; /* "ref", "x86-64", "avx2", "avx512" */

    /* y = x W. k runs from 0 to K-1 in one accumulation per element. */
    void (*matmul)(int64_t N, int64_t K, int64_t M, const float *x, const float *W, float *y, float *scratch);
    /* dx = dy W^T. */
    void (*matmul_nt)(int64_t N, int64_t K, int64_t M, const float *dy, const float *W, float *dx, float *scratch);
    /* dW = x^T dy over `shards` shards of N/shards rows each (N % shards == 0), merged in the tree. dy are M columns of an
     * array with rows of ld. */
    void (*matmul_tn)(int64_t N, int64_t K, int64_t M, int64_t ld, int64_t shards, const float *x, const float *dy,
                      float *dW, float *scratch);

    gan_conv_weights_fn *conv_weights; /* see gan/conv.h */
    gan_conv_y_fn *conv_y;
    gan_conv_dx_fn *conv_dx;
    gan_conv_dw_fn *conv_dw;

    gan_map_fn *map[GAN_MAP_COUNT];

    /* y[s,c] = sum over r of x[s*R+r, c], r ascending; x [S*R, C], y [S,C]. */
    void (*sum_rows)(int64_t S, int64_t R, int64_t C, const float *x, float *y);
    /* y[c] = tree over s of x[s,c]; x [S,C], scratch 64*C floats. */
    void (*sum_tree)(int64_t S, int64_t C, const float *x, float *y, float *scratch);
    /* y[n] = sum over c of x[n,c], in an order that depends on C only. */
    void (*sum_cols)(int64_t N, int64_t C, const float *x, float *y);
    /* Sum of squares of n floats in an order that depends on n only, accumulated in double. */
    double (*sum_squares)(int64_t n, const float *x);

    double (*adam)(int64_t n, const gan_adam *a, const float *g, float *w, float *m, float *v);
    /* v = momentum*v + g; w -= rate*v   (g = grad_scale*g + weight_decay*w first; v may be NULL when momentum is 0) */
    double (*momentum)(int64_t n, float rate, float momentum, float weight_decay, float grad_scale, const float *g,
                       float *w, float *v);
    /* v = decay*v + (1-decay)*g*g; w -= rate * g / (sqrt(v) + epsilon) */
    double (*rmsprop)(int64_t n, float rate, float decay, float epsilon, float weight_decay, float grad_scale,
                      const float *g, float *w, float *v);
    /* e += (1-decay) * (w - e) */
    void (*ema)(int64_t n, float decay, const float *w, float *e);
    /* x = p * pixel + q, 8-bit pixels to floats. */
    void (*from_u8)(int64_t n, const uint8_t *pixels, float p, float q, float *x);

    /* bfloat16, the upper 16 bits of a float. h = x + rest, rounded to the nearest, to even in the middle; rest is what that
     * left over, 0 where h is not finite. */
    void (*bf16_round)(int64_t n, const float *x, float *rest, uint16_t *h);
    void (*bf16_add)(int64_t n, const uint16_t *h, float *y);   /* y += h */
    void (*bf16_store)(int64_t n, const uint16_t *h, float *y); /* y = h */
} gan_kernels;

/* Floats of scratch that each of the three matmuls needs at most for these sizes, in every table. */
int64_t gan_matmul_scratch(int64_t N, int64_t K, int64_t M);

/* Number of tables this binary has for this processor, and table i of them: 0 is "ref", the slow oracle in plain loops,
 * 1 the plain one, higher ones need newer processors. Ranks agree on the lowest maximum (see gan_comm_open). */
int gan_kernels_count(void);
const gan_kernels *gan_kernels_get(int i);

/* Table by name; NULL when this processor or this binary does not have it. */
const gan_kernels *gan_kernels_named(const char *name);

#endif
