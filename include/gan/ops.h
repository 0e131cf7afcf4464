/* Builders: each appends a node (or a few) to the graph and gives its id. The vocabulary is closed under gradients.
 *
 * Shapes in brackets; B is the local batch: shards x rows per shard. All return GAN_ESHAPE with a text that names the
 * layer when forms do not fit, GAN_ENOMEM, or GAN_OK. */
#ifndef GAN_OPS_H
#define GAN_OPS_H

#include "gan/graph.h"

/* Leaves. */
gan_status gan_add_constant(gan_graph *g, const gan_form *form, float value, gan_id *y);
/* A value in memory outside the plan: a parameter, a test's input. `data` is borrowed for the graph's life. */
gan_status gan_add_param(gan_graph *g, const gan_form *form, float *data, const void *owner, int index, gan_id *y);
/* z [B, ...] SHARDED, N(a,b) or U[a,b); each row is a function of seed, step and global row. */
gan_status gan_add_random(gan_graph *g, const gan_form *form, gan_rng_purpose purpose, bool normal, float a, float b,
                          gan_id *y);
/* The same of purpose GAN_RNG_REFERENCE, in every step and wherever it stands. */
gan_status gan_add_reference_noise(gan_graph *g, const gan_form *form, bool normal, float a, float b, gan_id *y);
/* [B, ...]: 1/keep with probability keep, else 0. */
gan_status gan_add_dropout_mask(gan_graph *g, const gan_form *form, float keep, gan_id *y);

/* Elementwise; both inputs of one shape. A PARTIAL input is taken only where the function is linear in it, and the
 * function is then applied to its summands, before the sum (src/ops/partial.c): the node given may be that sum. */
gan_status gan_add_add(gan_graph *g, gan_id a, gan_id b, gan_id *y);
gan_status gan_add_sub(gan_graph *g, gan_id a, gan_id b, gan_id *y);
gan_status gan_add_mul(gan_graph *g, gan_id a, gan_id b, gan_id *y);
gan_status gan_add_div(gan_graph *g, gan_id a, gan_id b, gan_id *y);
gan_status gan_add_affine(gan_graph *g, gan_id a, float p, float q, gan_id *y); /* p*a + q */
gan_status gan_add_relu(gan_graph *g, gan_id a, gan_id *y);
gan_status gan_add_leaky_relu(gan_graph *g, gan_id a, float slope, gan_id *y);
gan_status gan_add_leaky_mask(gan_graph *g, gan_id a, float slope, gan_id *y); /* 1 where a > 0, slope elsewhere */
gan_status gan_add_tanh(gan_graph *g, gan_id a, gan_id *y);
gan_status gan_add_sigmoid(gan_graph *g, gan_id a, gan_id *y);
gan_status gan_add_softplus(gan_graph *g, gan_id a, gan_id *y);
gan_status gan_add_exp(gan_graph *g, gan_id a, gan_id *y);
gan_status gan_add_log(gan_graph *g, gan_id a, gan_id *y);
gan_status gan_add_sqrt(gan_graph *g, gan_id a, gan_id *y);
gan_status gan_add_reciprocal(gan_graph *g, gan_id a, gan_id *y);
gan_status gan_add_square(gan_graph *g, gan_id a, gan_id *y);
gan_status gan_add_abs(gan_graph *g, gan_id a, gan_id *y);
gan_status gan_add_sign(gan_graph *g, gan_id a, gan_id *y);

/* The same value, as a constant to gradients. */
gan_status gan_add_stop(gan_graph *g, gan_id x, gan_id *y);

/* The three contractions of  sum x[n,k] W[k,m] y[n,m] : x, y SHARDED, W REPLICATED in panel layout. Rows that are no samples
 * may be REPLICATED as well; then one operand of the two may be PARTIAL, and so is the result. */
gan_status gan_add_matmul(gan_graph *g, gan_id x, gan_id W, gan_id *y);     /* [B,K] [K,M] -> [B,M] */
gan_status gan_add_matmul_nt(gan_graph *g, gan_id dy, gan_id W, gan_id *x); /* [B,M] [K,M] -> [B,K] */
gan_status gan_add_matmul_tn(gan_graph *g, gan_id x, gan_id dy, gan_id *W); /* [B,K] [B,M] -> [K,M] PARTIAL */

/* Sums over the batch, in two stages so that each has a name: rows of a shard, then the tree over shards. */
gan_status gan_add_shard_sum(gan_graph *g, gan_id x, gan_id *y);                  /* [B,..] -> [S,..] SHARDED */
gan_status gan_add_shard_expand(gan_graph *g, gan_id x, int64_t rows, gan_id *y); /* [S,..] -> [rows,..] */
gan_status gan_add_tree_sum(gan_graph *g, gan_id x, gan_id *y);                   /* [S,..] -> [..] PARTIAL */
gan_status gan_add_expand_rows(gan_graph *g, gan_id x, int64_t rows, gan_id *y);  /* [..] REPLICATED -> [rows,..] SHARDED */
gan_status gan_add_sum_batch(gan_graph *g, gan_id x, gan_id *y);                  /* both sums */
gan_status gan_add_all_sum(gan_graph *g, gan_id x, gan_id *y);                    /* PARTIAL -> REPLICATED, over ranks */
gan_status gan_add_one_rank(gan_graph *g, gan_id x, gan_id *y); /* REPLICATED -> PARTIAL: rank 0 has it, others -0 */
/* The same REPLICATED value, computed from others. Its gradient is summed over ranks here, before it flows on: so it has the same
 * bits on any number of ranks whatever elementwise work follows. Costs gradients an all_sum of its size. */
gan_status gan_add_whole_gradient(gan_graph *g, gan_id x, gan_id *y);

/* The rows of all ranks as one table: all_sum makes of the first, which has -0 for the rows of others, every row to the bit. */
gan_status gan_add_place_rows(gan_graph *g, gan_id x, gan_id *y); /* [B,..] SHARDED -> [B * ranks,..] PARTIAL */
gan_status gan_add_own_rows(gan_graph *g, gan_id x, gan_id *y);   /* [B * ranks,..] REPLICATED -> [B,..] SHARDED */

/* Over features. */
gan_status gan_add_sum_cols(gan_graph *g, gan_id x, gan_id *y);                  /* [N,..] -> [N] */
gan_status gan_add_expand_cols(gan_graph *g, gan_id x, int64_t cols, gan_id *y); /* [N] -> [N,cols] */

/* Shape. axis 0 of a SHARDED value means the rows of each shard, so shards stay whole. */
gan_status gan_add_reshape(gan_graph *g, gan_id x, int n_dims, const int64_t *dims, gan_id *y);
gan_status gan_add_slice(gan_graph *g, gan_id x, int axis, int64_t from, int64_t to, gan_id *y);
gan_status gan_add_pad(gan_graph *g, gan_id x, int axis, int64_t from, int64_t size, gan_id *y); /* adjoint of slice */
gan_status gan_add_concat(gan_graph *g, gan_id a, gan_id b, int axis, gan_id *y);

/* Groups of `pieces` neighbouring features: maxout(x) = group_pick(x, x). */
gan_status gan_add_group_pick(gan_graph *g, gan_id x, gan_id v, int64_t pieces, gan_id *y);    /* v at argmax x */
gan_status gan_add_group_spread(gan_graph *g, gan_id x, gan_id dy, int64_t pieces, gan_id *y); /* dy to argmax x */

/* Convolution of images x [B,H,W,C] with w [kh*kw*C,O] (panel layout; row (ky*kw + kx)*C + c), zeros around them: [B,OH,OW,O]
 * with OH = (H + 2 pad - kh) / stride + 1. conv_dx is its derivative by x and so the transposed convolution: H and W are
 * those of the result. conv_dw is its derivative by w, PARTIAL. */
typedef struct gan_window {
    int kh, kw, stride, pad;
} gan_window;
gan_status gan_add_conv(gan_graph *g, gan_id x, gan_id w, const gan_window *k, gan_id *y);
gan_status gan_add_conv_dx(gan_graph *g, gan_id dy, gan_id w, const gan_window *k, int64_t H, int64_t W, gan_id *x);
gan_status gan_add_conv_dw(gan_graph *g, gan_id x, gan_id dy, const gan_window *k, gan_id *w);

/* Windows of kh x kw pixels of images x [B,H,W,C], which may hang over the edge by `pad` pixels (they hold nothing): [B,h,w,C]
 * with h = (H + 2 pad - kh) / stride + 1. */
gan_status gan_add_window_sum(gan_graph *g, gan_id x, int kh, int kw, int stride, int pad, gan_id *y);
gan_status gan_add_window_spread(gan_graph *g, gan_id d, int64_t h, int64_t w, int kh, int kw, int stride, int pad,
                                 gan_id *y); /* adjoint of window_sum; h, w: of the images */
gan_status gan_add_max_pick(gan_graph *g, gan_id x, gan_id v, int kh, int kw, int stride, int pad,
                            gan_id *y); /* v at argmax x; max_pool(x) = max_pick(x, x) */
gan_status gan_add_max_spread(gan_graph *g, gan_id x, gan_id d, int kh, int kw, int stride, int pad, gan_id *y); /* adjoint in v */
/* Images at another size, [B,H,W,C] -> [B,h,w,C], by pixel centres (corners not aligned). */
gan_status gan_add_resize(gan_graph *g, gan_id x, int64_t h, int64_t w, bool bilinear, gan_id *y);
gan_status gan_add_resize_adjoint(gan_graph *g, gan_id d, int64_t h, int64_t w, bool bilinear, gan_id *y);

/* Losses from logits [B,1]: mean over the global batch (n_global rows) of  softplus(l) - target * l, which is the
 * cross-entropy of sigmoid(l) with `target`, stable for all l. PARTIAL [1]. */
gan_status gan_add_bce_logits(gan_graph *g, gan_id logits, float target, int64_t n_global, gan_id *loss);
gan_status gan_add_mean(gan_graph *g, gan_id x, int64_t n_global, gan_id *y); /* sum of all elements / n_global, PARTIAL [1] */

/* One step of the power iteration for the largest singular value of a weight W [K,M], panel layout, REPLICATED; u [M] REPLICATED,
 * the estimate of its right singular vector so far, of length 1. Everything is REPLICATED, and u and v are constants to
 * gradients. iterate: sigma is taken with the new u; else with u as it is. */
typedef struct gan_singular {
    gan_id sigma; /* [1] */
    gan_id v, u;  /* [1,K], [1,M]: of length 1; sigma = v W u, so v u is its derivative by W */
} gan_singular;
gan_status gan_add_singular(gan_graph *g, gan_id W, gan_id u, bool iterate, gan_singular *s);

/* Effects. */
gan_status gan_add_store(gan_graph *g, gan_id x, float *to, gan_id *y); /* copy to memory outside the plan */
gan_status gan_add_reduce_start(gan_graph *g, int number, gan_id *y);   /* order it with gan_graph_after */
/* late: when nothing else can run; else as soon as it is started, so that nothing is hidden. */
gan_status gan_add_reduce_wait(gan_graph *g, int number, gan_id start, bool late, gan_id *y);

/* All ops of src/ops, for tests: an op without a row in tests/test_ops.c fails. */
extern const gan_op *const gan_ops[];
extern const int gan_ops_count;

#endif
