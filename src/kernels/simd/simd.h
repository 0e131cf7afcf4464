/* What the vector kernels share: names, widths and tile sizes per instruction set, and a native vector of
 * floats.
 *
 * Each file of this folder is compiled once per instruction set with -DGAN_ISA=... (see the Makefile);
 * GAN_NAME gives every symbol its suffix. Vectors are GNU vector extensions of the native width, so that gcc
 * and clang keep tiles in registers; the unit of all sums is a panel of GAN_PANEL lanes = PARTS native
 * vectors. Because the order of every sum is stated in panel lanes and never in native ones, sets that have
 * fused multiply-add give the same bits. */
#ifndef GAN_KERNELS_SIMD_H
#define GAN_KERNELS_SIMD_H

#include "gan/kernels.h"

#include <stdbool.h>
#include <string.h>

#define GAN_PASTE_(a, b) a##_##b
#define GAN_PASTE(a, b)  GAN_PASTE_(a, b)
#define GAN_NAME(f)      GAN_PASTE(gan__##f, GAN_ISA)

/* Lanes of a native vector. */
#define LANES_plain  4
#define LANES_x86_64 4
#define LANES_avx2   8
#define LANES_avx512 16
#define LANES        GAN_PASTE(LANES, GAN_ISA)
#define PARTS        (GAN_PANEL / LANES)

/* The constraint that names a vector register (or memory, to be right anywhere) in assembly. */
#define REGISTER_plain  "m"
#define REGISTER_x86_64 "x"
#define REGISTER_avx2   "x"
#define REGISTER_avx512 "v"

#define INLINE static inline __attribute__((always_inline))

/* Before each loop over a tile, so that it is unrolled before the compiler looks for values to keep in registers; a
 * tile with one loop left in it lives in memory. */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

typedef float vf __attribute__((vector_size(4 * LANES)));
typedef int32_t vi __attribute__((vector_size(4 * LANES)));
typedef uint32_t vu __attribute__((vector_size(4 * LANES))); /* for bits whose arithmetic may wrap */
typedef float vf_in_memory __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

INLINE vf vf_load(const float *p)
{
    return *(const vf_in_memory *)p;
}

INLINE void vf_store(float *p, vf a)
{
    *(vf_in_memory *)p = a;
}

INLINE vf vf_all(float a)
{
    return a - (vf){0}; /* minus, for -0 + 0 would be +0 */
}

/* The first n < LANES floats, zeros behind; and storing as many. */
INLINE vf vf_load_some(const float *p, int64_t n)
{
    float a[LANES] = {0};
    for (int64_t i = 0; i < n; i++) a[i] = p[i];
    return vf_load(a);
}

INLINE void vf_store_some(float *p, int64_t n, vf v)
{
    float a[LANES];
    vf_store(a, v);
    for (int64_t i = 0; i < n; i++) p[i] = a[i];
}

/* mask ? a : b, lane by lane; comparisons give such masks. */
INLINE vf vf_pick(vi mask, vf a, vf b)
{
    return (vf)((mask & (vi)a) | (~mask & (vi)b));
}

INLINE vf vf_abs(vf a)
{
    return (vf)((vi)a & 0x7fffffff);
}

/* The product a as it is, rounded. In the sum of two products the compiler may fuse either one with the addition, and
 * does not choose alike for all instruction sets: this takes one of them out of its sight. */
INLINE vf vf_rounded(vf a)
{
    __asm__("" : "+" GAN_PASTE(REGISTER, GAN_ISA)(a));
    return a;
}

INLINE vf vf_sqrt(vf a)
{
    vf y;
    for (int i = 0; i < LANES; i++) y[i] = __builtin_sqrtf(a[i]); /* becomes one instruction */
    return y;
}

/* The one order in which a panel's 16 lanes are summed: halves onto each other, 8 + 8, 4 + 4, 2 + 2, 1 + 1.
 */
INLINE float panel_sum(const vf part[PARTS])
{
    float lane[GAN_PANEL];
    for (int i = 0; i < PARTS; i++) vf_store(lane + i * LANES, part[i]);
    for (int half = GAN_PANEL / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) lane[i] += lane[i + half];
    }
    return lane[0];
}

INLINE int64_t at_most(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* How many of `left` panels the next tile takes when tiles hold at most `most`: few tiles of even width, for narrow ones
 * are the slow ones. */
INLINE int panels_next(int64_t left, int most)
{
    const int64_t tiles = (left + most - 1) / most;
    return (int)((left + tiles - 1) / tiles);
}

void GAN_NAME(matmul)(int64_t N, int64_t K, int64_t M, const float *x, const float *W, float *y,
                      float *scratch);
void GAN_NAME(matmul_nt)(int64_t N, int64_t K, int64_t M, const float *dy, const float *W, float *dx,
                         float *scratch);
void GAN_NAME(matmul_tn)(int64_t N, int64_t K, int64_t M, int64_t ld, int64_t shards, const float *x, const float *dy,
                         float *dW, float *scratch);

/* The leading columns of dW for which matmul_tn_chunk.c is the faster way; returns their number. */
int64_t GAN_NAME(matmul_tn_chunks)(int64_t N, int64_t K, int64_t M, int64_t ld, int64_t shards, const float *x,
                                   const float *dy, float *dW, float *scratch);

void GAN_NAME(sum_rows)(int64_t S, int64_t R, int64_t C, const float *x, float *y);
void GAN_NAME(sum_tree)(int64_t S, int64_t C, const float *x, float *y, float *scratch);
void GAN_NAME(sum_cols)(int64_t N, int64_t C, const float *x, float *y);
double GAN_NAME(sum_squares)(int64_t n, const float *x);
double GAN_NAME(block_squares)(int64_t n, const float *x); /* of at most GAN_UPDATE_BLOCK floats */

double GAN_NAME(adam)(int64_t n, const gan_adam *a, const float *g, float *w, float *m, float *v);
double GAN_NAME(momentum)(int64_t n, float rate, float momentum, float weight_decay, float grad_scale,
                          const float *g, float *w, float *v);
double GAN_NAME(rmsprop)(int64_t n, float rate, float decay, float epsilon, float weight_decay,
                         float grad_scale, const float *g, float *w, float *v);
void GAN_NAME(ema)(int64_t n, float decay, const float *w, float *e);
void GAN_NAME(from_u8)(int64_t n, const uint8_t *pixels, float p, float q, float *x);
void GAN_NAME(bf16_round)(int64_t n, const float *x, float *rest, uint16_t *h);
void GAN_NAME(bf16_add)(int64_t n, const uint16_t *h, float *y);
void GAN_NAME(bf16_store)(int64_t n, const uint16_t *h, float *y);

gan_conv_weights_fn GAN_NAME(conv_weights);
gan_conv_y_fn GAN_NAME(conv_y);
gan_conv_dx_fn GAN_NAME(conv_dx);
gan_conv_dw_fn GAN_NAME(conv_dw);

#define X(ID, name, n_in, text) gan_map_fn GAN_NAME(map_##name);
GAN_MAP_LIST(X)
#undef X

extern const gan_kernels GAN_NAME(kernels);

#endif
