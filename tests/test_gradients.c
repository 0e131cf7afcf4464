/* Gradients through whole compositions, as systems build them: a network used twice, maxout and dropout, batch
 * normalisation over ranks, the gradient penalty of WGAN-GP, a loss of a global statistic, and an unrolled optimizer step.
 *
 * In double (test_gradients_double): the gradient by every weight, and the gradient of a weighted sum of these gradients,
 * against central differences of the loss that the graph itself computes. In both: the losses from logits against
 * their textbook formula, and far out, where that one has no value, against their limits. */
#include "graph_nets.h"
#include "live_test.h"

#ifdef GAN_IN_DOUBLE_H
static const double TOLERANCE = 1e-10;
#else
static const double TOLERANCE = 2e-6;
#endif

enum { SHARDS = 3, ROWS = 6, COLS = 5, HIDDEN = 18 };

static void expect_near(const char *what, int64_t i, double got, double want, double tolerance)
{
    if (fabs(got - want) <= tolerance * (1 + fabs(want))) return;
    fail_msg("%s, element %lld: got %.17g, want %.17g", what, (long long)i, got, want);
}

/* ---- losses from logits ----------------------------------------------------------------------------------------- */

static void run_bce(const gan_kernels *k, float *logits, int n, float target, double *loss, double *dlogits)
{
    gan_graph *g;
    gan_plan *p;
    gan_id x, keep[2];
    OK(gan_graph_new(&g, 1, 1));
    x = leaf(g, form2(n, 1, GAN_SHARDED), logits);
    OK(gan_add_bce_logits(g, x, target, n, &keep[0]));
    OK(gan_graph_grad(g, keep[0], &x, 1, &keep[1]));
    OK(gan_plan_build(&p, g, keep, 2));
    run_plan(p, k);
    *loss = (double)gan_plan_value(p, keep[0])[0];
    for (int i = 0; i < n; i++) dlogits[i] = (double)gan_plan_value(p, keep[1])[i];
    gan_plan_free(p);
    gan_graph_free(g);
}

static void check_bce(const gan_kernels *k, float target)
{
    enum { N = 12 };
    float l[N];
    double got, want = 0, dl[N], t = (double)target;
    uint64_t seed = 77;
    test_fill(&seed, l, N, -6, 6);
    run_bce(k, l, N, target, &got, dl);
    for (int i = 0; i < N; i++) {
        double p = 1 / (1 + exp(-(double)l[i]));
        want -= (t * log(p) + (1 - t) * log(1 - p)) / N;
        expect_near("gradient of the cross-entropy", i, dl[i], (p - t) / N, TOLERANCE);
    }
    expect_near("cross-entropy", 0, got, want, TOLERANCE);
}

/* log(1 + exp(l)) is l for large l, exp(l) for small: the loss is |l| where the answer is wrong, 0 where it is right. */
static void check_bce_far_out(const gan_kernels *k, float far)
{
    for (int right = 0; right < 2; right++)
        for (int target = 0; target < 2; target++) {
            float l[1] = {(target == right) ? far : -far};
            double loss, dl;
            run_bce(k, l, 1, (float)target, &loss, &dl);
            expect_near("cross-entropy far out", right, loss, right ? 0 : (double)far, 1e-6);
            expect_near("its gradient", right, dl, right ? 0 : target ? -1 : 1, 1e-6);
        }
}

static void check_losses(const gan_kernels *k)
{
    const float targets[] = {0, 1, 0.9f, 0.25f};
    for (int i = 0; i < 4; i++) check_bce(k, targets[i]);
    check_bce_far_out(k, 200);
    check_bce_far_out(k, 1e6f);
}

static void test_losses(void **state)
{
    (void)state;
#ifdef GAN_IN_DOUBLE_H
    check_losses(&gan__kernels_ref);
#else
    for (int i = 0; i < gan_kernels_count(); i++) check_losses(gan_kernels_get(i));
#endif
}

/* ---- compositions ------------------------------------------------------------------------------------------------ */

#ifdef GAN_IN_DOUBLE_H

typedef struct problem {
    gan_graph *g;
    weights a;
    float x[ROWS * COLS], z[ROWS * COLS], v[ARENA];
} problem;

static gan_id rows_leaf(problem *p, float *data)
{
    return leaf(p->g, form2(ROWS, COLS, GAN_SHARDED), data);
}

static gan_id smooth_net(problem *p, dense first, dense second, gan_id x)
{
    gan_id y = dense_apply(p->g, first, x);
    OK(gan_add_tanh(p->g, y, &y));
    return dense_apply(p->g, second, y);
}

/* Two layers with batch normalisation between; cross-entropy. */
static gan_id normalised_loss(problem *p)
{
    dense first = dense_new(&p->a, p->g, COLS, HIDDEN), second = dense_new(&p->a, p->g, HIDDEN, 1);
    gan_id y = normalised(p->g, dense_apply(p->g, first, rows_leaf(p, p->x)), ROWS);
    OK(gan_add_softplus(p->g, y, &y));
    y = dense_apply(p->g, second, y);
    OK(gan_add_bce_logits(p->g, y, 0.9f, ROWS, &y));
    return y;
}

/* A discriminator on two batches, with maxout and dropout. */
static gan_id pair_loss(problem *p)
{
    dense first = dense_new(&p->a, p->g, COLS, HIDDEN), second = dense_new(&p->a, p->g, HIDDEN / 3, 1);
    gan_form form = form2(ROWS, HIDDEN / 3, GAN_SHARDED);
    gan_id loss[2];
    for (int i = 0; i < 2; i++) {
        gan_id y = dense_apply(p->g, first, rows_leaf(p, i ? p->x : p->z)), mask;
        OK(gan_add_group_pick(p->g, y, y, 3, &y));
        OK(gan_add_dropout_mask(p->g, &form, 0.75f, &mask));
        OK(gan_add_mul(p->g, y, mask, &y));
        y = dense_apply(p->g, second, y);
        OK(gan_add_bce_logits(p->g, y, i ? 0 : 1, ROWS, &loss[i]));
    }
    OK(gan_add_add(p->g, loss[0], loss[1], &loss[0]));
    return loss[0];
}

/* WGAN-GP: critic difference and ten times the penalty on interpolated points. */
static gan_id penalty_loss(problem *p)
{
    dense first = dense_new(&p->a, p->g, COLS, HIDDEN), second = dense_new(&p->a, p->g, HIDDEN, 1);
    gan_id x = rows_leaf(p, p->x), z = rows_leaf(p, p->z), between, mean_x, mean_z, penalty;
    OK(gan_add_add(p->g, x, z, &between));
    OK(gan_add_affine(p->g, between, 0.5f, 0, &between));
    OK(gan_add_mean(p->g, smooth_net(p, first, second, x), ROWS, &mean_x));
    OK(gan_add_mean(p->g, smooth_net(p, first, second, z), ROWS, &mean_z));
    penalty = gradient_penalty(p->g, smooth_net(p, first, second, between), between, ROWS);
    OK(gan_add_affine(p->g, penalty, 10, 0, &penalty));
    OK(gan_add_sub(p->g, mean_z, mean_x, &mean_z));
    OK(gan_add_add(p->g, mean_z, penalty, &mean_z));
    return mean_z;
}

/* The log of a mean over all ranks: a REPLICATED loss. */
static gan_id statistic_loss(problem *p)
{
    dense first = dense_new(&p->a, p->g, COLS, HIDDEN), second = dense_new(&p->a, p->g, HIDDEN, 1);
    gan_id y = smooth_net(p, first, second, rows_leaf(p, p->x));
    OK(gan_add_exp(p->g, y, &y));
    OK(gan_add_mean(p->g, y, ROWS, &y));
    OK(gan_add_all_sum(p->g, y, &y));
    OK(gan_add_log(p->g, y, &y));
    return y;
}

/* Unrolled GAN (Metz et al. 2017): the loss of the second network after a step w - rate * gradient, which depends on
 * both networks through that gradient. */
static gan_id unrolled_loss(problem *p)
{
    dense g1 = dense_new(&p->a, p->g, COLS, COLS), d1 = dense_new(&p->a, p->g, COLS, HIDDEN);
    dense d2 = dense_new(&p->a, p->g, HIDDEN, 1);
    gan_id fake = dense_apply(p->g, g1, rows_leaf(p, p->z)), loss, loss_fake, grads[4];
    gan_id *leaves[4] = {&d1.W, &d1.b, &d2.W, &d2.b};
    const gan_id wrt[4] = {d1.W, d1.b, d2.W, d2.b};
    OK(gan_add_bce_logits(p->g, smooth_net(p, d1, d2, rows_leaf(p, p->x)), 1, ROWS, &loss));
    OK(gan_add_bce_logits(p->g, smooth_net(p, d1, d2, fake), 0, ROWS, &loss_fake));
    OK(gan_add_add(p->g, loss, loss_fake, &loss));
    OK(gan_graph_grad(p->g, loss, wrt, 4, grads));
    for (int i = 0; i < 4; i++) {
        OK(gan_add_all_sum(p->g, grads[i], &grads[i]));
        OK(gan_add_affine(p->g, grads[i], 0.3f, 0, &grads[i]));
        OK(gan_add_sub(p->g, *leaves[i], grads[i], leaves[i]));
    }
    OK(gan_add_bce_logits(p->g, smooth_net(p, d1, d2, fake), 1, ROWS, &loss));
    return loss;
}

/* total of all gradients, each weighted element by element with v. */
static gan_id weighted_gradients(problem *p, const gan_id *grads)
{
    gan_id sum = GAN_NONE, y;
    for (int i = 0; i < p->a.n; i++) {
        gan_form f = *gan_graph_form(p->g, grads[i]);
        f.dist = GAN_REPLICATED;
        y = weighted_total(p->g, grads[i], leaf(p->g, f, p->v + p->a.at[i]));
        if (sum == GAN_NONE)
            sum = y;
        else
            OK(gan_add_add(p->g, sum, y, &sum));
    }
    return sum;
}

static double value(const gan_plan *plan, gan_id id)
{
    run_plan(plan, &gan__kernels_ref);
    return (double)gan_plan_value(plan, id)[0];
}

static void check_gradient(const char *what, problem *p, const gan_plan *plan, gan_id loss,
                           const gan_id *grads)
{
    double got[ARENA];
    run_plan(plan, &gan__kernels_ref);
    for (int i = 0; i < p->a.n; i++) {
        int64_t n = gan_form_floats(gan_graph_form(p->g, p->a.leaf[i]));
        for (int64_t k = 0; k < n; k++)
            got[p->a.at[i] + k] = grads[i] == GAN_NONE ? 0 : (double)gan_plan_value(plan, grads[i])[k];
    }
    for (int64_t i = 0; i < p->a.used; i++) {
        const double w = p->a.w[i], h = 1e-5;
        p->a.w[i] = w + h;
        double above = value(plan, loss);
        p->a.w[i] = w - h;
        double below = value(plan, loss);
        p->a.w[i] = w;
        expect_near(what, i, got[i], (above - below) / (2 * h), 1e-6);
    }
}

static gan_plan *plan_keeping(gan_graph *g, const gan_id *ids, int n)
{
    gan_id keep[2 + 2 * MAX_LEAVES];
    int n_keep = 0;
    gan_plan *plan;
    for (int i = 0; i < n; i++)
        if (ids[i] != GAN_NONE) keep[n_keep++] = ids[i];
    OK(gan_plan_build(&plan, g, keep, n_keep));
    return plan;
}

static void check_problem(gan_id (*build)(problem *p))
{
    static problem p;
    gan_id ids[2 + 2 * MAX_LEAVES], *first = ids + 2;
    uint64_t seed = 4;
    test_fill(&seed, p.x, ROWS * COLS, -1, 1);
    test_fill(&seed, p.z, ROWS * COLS, -1, 1);
    test_fill(&seed, p.v, ARENA, -1, 1);
    weights_start(&p.a, 8);
    OK(gan_graph_new(&p.g, SHARDS, 1));
    ids[0] = build(&p);
    OK(gan_graph_grad(p.g, ids[0], p.a.leaf, p.a.n, first));
    ids[1] = weighted_gradients(&p, first);
    gan_id *second = first + p.a.n;
    OK(gan_graph_grad(p.g, ids[1], p.a.leaf, p.a.n, second));
    gan_plan *plan = plan_keeping(p.g, ids, 2 + 2 * p.a.n);
    check_gradient("gradient", &p, plan, ids[0], first);
    check_gradient("gradient of weighted gradients", &p, plan, ids[1], second);
    gan_plan_free(plan);
    gan_graph_free(p.g);
}

#define PROBLEM(name)                                                                                        \
    static void test_##name(void **state)                                                                    \
    {                                                                                                        \
        (void)state;                                                                                         \
        check_problem(name##_loss);                                                                          \
    }
PROBLEM(normalised)
PROBLEM(pair)
PROBLEM(penalty)
PROBLEM(statistic)
PROBLEM(unrolled)

#endif

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_losses),
#ifdef GAN_IN_DOUBLE_H
        TEST(test_normalised), TEST(test_pair), TEST(test_penalty), TEST(test_statistic), TEST(test_unrolled),
#endif
    };
    return cmocka_run_group_tests_name("gradients", tests, NULL, NULL);
}
