/* Small networks written with the builders, for tests that need more than one op: dense, maxout, batch normalisation
 * over all ranks, a gradient penalty. Parameters and gradients lie one after the other in two arenas. */
#ifndef GAN_GRAPH_NETS_H
#define GAN_GRAPH_NETS_H

#include "graph_test.h"

enum { MAX_LEAVES = 16, ARENA = 1024 };

typedef struct weights {
    float w[ARENA], grad[ARENA];
    int64_t used;
    int n;
    gan_id leaf[MAX_LEAVES];
    int64_t at[MAX_LEAVES];
} weights;

/* New values; forgets the leaves of an earlier graph. */
static inline void weights_start(weights *a, uint64_t seed)
{
    *a = (weights){0};
    test_fill(&seed, a->w, ARENA, -0.7, 0.7);
}

static inline gan_id weights_leaf(weights *a, gan_graph *g, gan_form form)
{
    assert_true(a->n < MAX_LEAVES && a->used + gan_form_floats(&form) <= ARENA);
    a->at[a->n] = a->used;
    a->leaf[a->n] = leaf(g, form, a->w + a->used);
    a->used += gan_form_floats(&form);
    return a->leaf[a->n++];
}

typedef struct dense {
    gan_id W, b;
} dense;

static inline dense dense_new(weights *a, gan_graph *g, int64_t in, int64_t out)
{
    dense d;
    d.W = weights_leaf(a, g, form_weight(in, out));
    d.b = weights_leaf(a, g, form1(out, GAN_REPLICATED));
    return d;
}

static inline gan_id dense_apply(gan_graph *g, dense d, gan_id x)
{
    gan_id y, b;
    OK(gan_add_matmul(g, x, d.W, &y));
    OK(gan_add_expand_rows(g, d.b, gan_graph_form(g, x)->dims[0], &b));
    OK(gan_add_add(g, y, b, &y));
    return y;
}

/* The mean over the global batch, on every row. */
static inline gan_id mean_of_batch(gan_graph *g, gan_id x, int64_t n_global)
{
    gan_id y;
    OK(gan_add_sum_batch(g, x, &y));
    OK(gan_add_all_sum(g, y, &y));
    OK(gan_add_affine(g, y, 1 / (float)n_global, 0, &y));
    OK(gan_add_expand_rows(g, y, gan_graph_form(g, x)->dims[0], &y));
    return y;
}

/* (x - mean) / sqrt(variance + 0.01), the root taken on the replicated value. */
static inline gan_id normalised(gan_graph *g, gan_id x, int64_t n_global)
{
    gan_id centred, v, y;
    int64_t rows = gan_graph_form(g, x)->dims[0];
    OK(gan_add_sub(g, x, mean_of_batch(g, x, n_global), &centred));
    OK(gan_add_square(g, centred, &v));
    OK(gan_add_sum_batch(g, v, &v));
    OK(gan_add_all_sum(g, v, &v));
    OK(gan_add_affine(g, v, 1 / (float)n_global, (float)0.01, &v));
    OK(gan_add_sqrt(g, v, &v));
    OK(gan_add_reciprocal(g, v, &v));
    OK(gan_add_expand_rows(g, v, rows, &v));
    OK(gan_add_mul(g, centred, v, &y));
    return y;
}

/* mean of (|d out / d x| - 1)^2, as in WGAN-GP; out [B,1] must depend on each row of x alone. */
static inline gan_id gradient_penalty(gan_graph *g, gan_id out, gan_id x, int64_t n_global)
{
    gan_id total, dx, y;
    OK(gan_add_sum_cols(g, out, &total));
    OK(gan_add_sum_batch(g, total, &total));
    OK(gan_graph_grad(g, total, &x, 1, &dx));
    assert_int_not_equal(dx, GAN_NONE);
    OK(gan_add_square(g, dx, &y));
    OK(gan_add_sum_cols(g, y, &y));
    OK(gan_add_sqrt(g, y, &y));
    OK(gan_add_affine(g, y, 1, -1, &y));
    OK(gan_add_square(g, y, &y));
    OK(gan_add_mean(g, y, n_global, &y));
    return y;
}

#endif
