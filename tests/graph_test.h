/* What the tests of graph and ops share: numbers, leaves, running a plan, and two ops that no layer has.
 *
 * `total` sums all elements of any value, `fill` repeats a number to any form; each is the other's gradient. With them
 * every value becomes a scalar loss, weights in panel layout too, without leaning on the ops under test. */
#ifndef GAN_GRAPH_TEST_H
#define GAN_GRAPH_TEST_H

#include "gan/mem.h"
#include "gan/ops.h"

#include "../src/kernels/ref/ref.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A call that must succeed; says why it did not. */
#define OK(call)                                                                                             \
    do {                                                                                                     \
        gan_status ok_ = (call);                                                                             \
        if (ok_ != GAN_OK) fail_msg("%s: %s: %s", #call, gan_status_text(ok_), gan_fail_text());             \
    } while (0)

/* ---- numbers ----------------------------------------------------------------------------------------------- */

/* Uniform in [lo, hi): a linear congruential generator of the test's own, state in *s. */
static inline double test_random(uint64_t *s, double lo, double hi)
{
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return lo + (hi - lo) * ((double)(*s >> 11) * 0x1p-53);
}

static inline int64_t test_random_int(uint64_t *s, int64_t n) /* in [0, n) */
{
    return (int64_t)test_random(s, 0, (double)n);
}

static inline void test_fill(uint64_t *s, float *x, int64_t n, double lo, double hi)
{
    for (int64_t i = 0; i < n; i++) x[i] = (float)test_random(s, lo, hi);
}

static inline float *test_floats(int64_t n)
{
    float *x = gan_calloc(n, sizeof *x);
    assert_non_null(x);
    return x;
}

/* ---- forms and leaves -------------------------------------------------------------------------------------- */

static inline gan_form form1(int64_t a, gan_dist dist)
{
    return (gan_form){.n_dims = 1, .dims = {a}, .dist = dist};
}

static inline gan_form form2(int64_t a, int64_t b, gan_dist dist)
{
    return (gan_form){.n_dims = 2, .dims = {a, b}, .dist = dist};
}

static inline gan_form form_weight(int64_t k, int64_t m)
{
    return (gan_form){.n_dims = 2, .dims = {k, m}, .panel = true};
}

static inline gan_id leaf(gan_graph *g, gan_form form, float *data)
{
    gan_id y;
    OK(gan_add_param(g, &form, data, NULL, 0, &y));
    return y;
}

/* ---- total and fill ---------------------------------------------------------------------------------------- */

static gan_status add_fill(gan_graph *g, gan_id x, const gan_form *form, gan_id *y);
static gan_status add_total(gan_graph *g, gan_id x, gan_id *y);

static gan_status total_infer(gan_graph *g, gan_node *y)
{
    gan_dist dist = gan_graph_form(g, y->in[0])->dist;
    y->form = form1(1, dist == GAN_REPLICATED ? GAN_REPLICATED : GAN_PARTIAL);
    return GAN_OK;
}

static gan_status total_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    static const gan_dist dual[] = {
        [GAN_REPLICATED] = GAN_PARTIAL, [GAN_SHARDED] = GAN_SHARDED, [GAN_PARTIAL] = GAN_REPLICATED};
    gan_form f = *gan_graph_form(g, gan_graph_node(g, y)->in[0]);
    f.dist = dual[f.dist];
    return add_fill(g, dy, &f, &dx[0]);
}

static gan_status total_forward(const gan_call *c)
{
    int64_t n = gan_form_floats(gan_graph_form(c->graph, c->y->in[0]));
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)c->in[0][i];
    c->out[0] = (float)sum;
    return GAN_OK;
}

static const gan_op op_total = {
    .name = "total", .infer = total_infer, .backward = total_backward, .forward = total_forward};

static gan_status add_total(gan_graph *g, gan_id x, gan_id *y)
{
    gan_node node = {.op = &op_total, .n_in = 1, .in = {x}};
    return gan_graph_add(g, &node, y);
}

static gan_status fill_infer(gan_graph *g, gan_node *y)
{
    (void)g, (void)y;
    return GAN_OK;
}

static gan_status fill_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)y;
    return add_total(g, dy, &dx[0]);
}

static gan_status fill_forward(const gan_call *c)
{
    int64_t n = gan_form_floats(&c->y->form);
    for (int64_t i = 0; i < n; i++) c->out[i] = c->in[0][0];
    return GAN_OK;
}

static const gan_op op_fill = {
    .name = "fill", .infer = fill_infer, .backward = fill_backward, .forward = fill_forward};

static gan_status add_fill(gan_graph *g, gan_id x, const gan_form *form, gan_id *y)
{
    gan_node node = {.op = &op_fill, .n_in = 1, .in = {x}, .form = *form};
    return gan_graph_add(g, &node, y);
}

/* The sum of all elements of x * r; r is PARTIAL nowhere. */
static inline gan_id weighted_total(gan_graph *g, gan_id x, gan_id r)
{
    gan_id y;
    OK(gan_add_mul(g, x, r, &y));
    OK(add_total(g, y, &y));
    return y;
}

/* ---- running ----------------------------------------------------------------------------------------------- */

static inline gan_run test_run(const gan_kernels *k)
{
    return (gan_run){.k = k, .seed = 7, .step = 3};
}

static inline void run_plan(const gan_plan *p, const gan_kernels *k)
{
    gan_run run = test_run(k);
    OK(gan_exec(p, &run, NULL));
}

#endif
