/* The oracle: every kernel as the plainest loop that obeys the contract of gan/kernels.h. No blocking, no
 * vectors, functions of libm; the other tables are tested against this one, and it runs where no other does.
 */
#ifndef GAN_KERNELS_REF_H
#define GAN_KERNELS_REF_H

#include "gan/kernels.h"

void gan__matmul_ref(int64_t N, int64_t K, int64_t M, const float *x, const float *W, float *y,
                     float *scratch);
void gan__matmul_nt_ref(int64_t N, int64_t K, int64_t M, const float *dy, const float *W, float *dx,
                        float *scratch);
void gan__matmul_tn_ref(int64_t N, int64_t K, int64_t M, int64_t ld, int64_t shards, const float *x, const float *dy,
                        float *dW, float *scratch);

gan_conv_weights_fn gan__conv_weights_ref; /* u is a copy of w for every way */
gan_conv_y_fn gan__conv_y_ref;
gan_conv_dx_fn gan__conv_dx_ref;
gan_conv_dw_fn gan__conv_dw_ref;

void gan__sum_rows_ref(int64_t S, int64_t R, int64_t C, const float *x, float *y);
void gan__sum_tree_ref(int64_t S, int64_t C, const float *x, float *y, float *scratch);
void gan__sum_cols_ref(int64_t N, int64_t C, const float *x, float *y);
double gan__sum_squares_ref(int64_t n, const float *x);

double gan__adam_ref(int64_t n, const gan_adam *a, const float *g, float *w, float *m, float *v);
double gan__momentum_ref(int64_t n, float rate, float momentum, float weight_decay, float grad_scale,
                         const float *g, float *w, float *v);
double gan__rmsprop_ref(int64_t n, float rate, float decay, float epsilon, float weight_decay,
                        float grad_scale, const float *g, float *w, float *v);
void gan__ema_ref(int64_t n, float decay, const float *w, float *e);

void gan__from_u8_ref(int64_t n, const uint8_t *pixels, float p, float q, float *x);
void gan__bf16_round_ref(int64_t n, const float *x, float *rest, uint16_t *h);
void gan__bf16_add_ref(int64_t n, const uint16_t *h, float *y);
void gan__bf16_store_ref(int64_t n, const uint16_t *h, float *y);

#define X(ID, name, n_in, text) gan_map_fn gan__map_##name##_ref;
GAN_MAP_LIST(X)
#undef X

/* The tree of gan/kernels.h, fed one shard's sum at a time: a binary counter whose digit i holds the sum of
 * 2^i aligned shards while bit i of `count` is set. */
typedef struct gan__tree {
    uint64_t count;
    float digit[64];
} gan__tree;

void gan__tree_add(gan__tree *t, float sum);
float gan__tree_total(const gan__tree *t); /* 0 for an empty tree */

extern const gan_kernels gan__kernels_ref;

#endif
