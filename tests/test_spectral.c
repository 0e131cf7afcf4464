/* Spectral normalisation as nodes: a weight made from chosen singular vectors and values, whose largest value the power
 * iteration must find at the rate that their quotient sets; a random one against power iteration in double by plain loops.
 *
 * In double (test_spectral_double), with u and v held as they are: gradient and second derivative of a loss of x W / sigma,
 * against central differences of the formulas written down here; and the two parts of the gradient that an update
 * takes apart, by W and by sigma. */
#include "graph_test.h"
#include "live_test.h"

enum { K = 37, M = 21, RANK = 4, B = 6, SHARDS = 3 };

static void expect_near(const char *what, int64_t i, double got, double want, double tolerance)
{
    if (fabs(got - want) <= tolerance * (1 + fabs(want))) return;
    fail_msg("%s, element %lld: got %.17g, want %.17g", what, (long long)i, got, want);
}

/* ---- weights ----------------------------------------------------------------------------------------------------- */

/* Row-major [K,M] into panels. */
static void pack(const double *plain, float *W)
{
    for (int k = 0; k < K; k++)
        for (int m = 0; m < M; m++) W[gan_panel_at(K, M, k, m)] = (float)plain[k * M + m];
}

/* Columns [n], `count` of them, orthogonal and of length 1, by Gram and Schmidt. */
static void orthonormal(uint64_t *seed, int n, int count, double *columns)
{
    for (int c = 0; c < count; c++) {
        double *x = columns + c * n, squares = 0;
        for (int i = 0; i < n; i++) x[i] = test_random(seed, -1, 1);
        for (int b = 0; b < c; b++) {
            double dot = 0;
            for (int i = 0; i < n; i++) dot += x[i] * columns[b * n + i];
            for (int i = 0; i < n; i++) x[i] -= dot * columns[b * n + i];
        }
        for (int i = 0; i < n; i++) squares += x[i] * x[i];
        for (int i = 0; i < n; i++) x[i] /= sqrt(squares);
    }
}

/* W = sum of values[r] left[r] right[r]. */
static void with_values(const double *values, double *left, double *right, double *W)
{
    uint64_t seed = 21;
    orthonormal(&seed, K, RANK, left);
    orthonormal(&seed, M, RANK, right);
    for (int i = 0; i < K * M; i++) {
        W[i] = 0;
        for (int r = 0; r < RANK; r++) W[i] += values[r] * left[r * K + i / M] * right[r * M + i % M];
    }
}

static double length(const double *x, int n)
{
    double squares = 0;
    for (int i = 0; i < n; i++) squares += x[i] * x[i];
    return sqrt(squares);
}

/* |W u| after `steps` of u = W^T W u / |W^T W u|. */
static double largest_value(const double *W, int steps)
{
    double u[M], v[K];
    for (int m = 0; m < M; m++) u[m] = 1 + 0.1 * m;
    for (int s = 0; s < steps; s++) {
        for (int k = 0; k < K; k++) v[k] = 0;
        for (int i = 0; i < K * M; i++) v[i / M] += W[i] * u[i % M];
        for (int m = 0; m < M; m++) u[m] = 0;
        for (int i = 0; i < K * M; i++) u[i % M] += W[i] * v[i / M];
        double l = length(u, M);
        for (int m = 0; m < M; m++) u[m] /= l;
    }
    for (int k = 0; k < K; k++) v[k] = 0;
    for (int i = 0; i < K * M; i++) v[i / M] += W[i] * u[i % M];
    return length(v, K);
}

/* ---- the estimate ------------------------------------------------------------------------------------------------ */

/* A graph that takes u one step on, in place, and tells sigma. */
typedef struct iteration {
    float W[K * M], u[M];
    gan_graph *g;
    gan_plan *p;
    gan_id keep[3]; /* sigma with the new u, sigma with u as it is, u */
} iteration;

static void iteration_open(iteration *t, const double *W)
{
    gan_singular now, as_is;
    gan_id u, store;
    uint64_t seed = 5;
    pack(W, t->W);
    test_fill(&seed, t->u, M, 0.1, 1);
    OK(gan_graph_new(&t->g, SHARDS, 1));
    const gan_id w = leaf(t->g, form_weight(K, M), t->W);
    u = leaf(t->g, form1(M, GAN_REPLICATED), t->u);
    OK(gan_add_singular(t->g, w, u, true, &now));
    OK(gan_add_singular(t->g, w, u, false, &as_is));
    OK(gan_add_store(t->g, now.u, t->u, &store));
    OK(gan_graph_after(t->g, store, as_is.sigma));
    t->keep[0] = now.sigma, t->keep[1] = as_is.sigma, t->keep[2] = now.u;
    OK(gan_plan_build(&t->p, t->g, t->keep, 3));
}

static double iteration_step(const iteration *t, const gan_kernels *k, int which)
{
    run_plan(t->p, k);
    return (double)gan_plan_value(t->p, t->keep[which])[0];
}

static void iteration_close(iteration *t)
{
    gan_plan_free(t->p);
    gan_graph_free(t->g);
}

static const double TIGHT = sizeof(float) == sizeof(double) ? 1e-12 : 3e-6;

/* The error of sigma falls by (2/3)^4 a step, that of u by (2/3)^2; the vectors are found up to a common sign. */
static void known_values(const gan_kernels *k)
{
    static const double values[RANK] = {3, 2, 1.5, 0.2};
    static double left[RANK * K], right[RANK * M], W[K * M];
    static iteration t;
    with_values(values, left, right, W);
    iteration_open(&t, W);
    double before = 3 - iteration_step(&t, k, 0);
    for (int s = 1; s < 6; s++) {
        double now = 3 - iteration_step(&t, k, 0);
        if (!(now < 0.5 * before && now >= -1e-5)) fail_msg("step %d: off by %g after %g", s, now, before);
        before = now;
    }
    for (int s = 0; s < 40; s++) iteration_step(&t, k, 0);
    expect_near("sigma", 0, iteration_step(&t, k, 0), 3, TIGHT);
    expect_near("sigma of u as it is", 0, iteration_step(&t, k, 1), 3, TIGHT);
    const float *u = gan_plan_value(t.p, t.keep[2]);
    for (int m = 0; m < M; m++)
        expect_near("u", m, (double)u[m], (double)u[0] * right[0] < 0 ? -right[m] : right[m], 10 * TIGHT);
    iteration_close(&t);
}

static void random_values(const gan_kernels *k)
{
    static double W[K * M];
    static iteration t;
    uint64_t seed = 77;
    for (int i = 0; i < K * M; i++) W[i] = (double)(float)test_random(&seed, -1, 1);
    iteration_open(&t, W);
    for (int s = 0; s < 1000; s++) iteration_step(&t, k, 0);
    expect_near("sigma", 0, iteration_step(&t, k, 0), largest_value(W, 1000), TIGHT);
    iteration_close(&t);
}

static void test_converges(void **state)
{
    (void)state;
#ifdef GAN_IN_DOUBLE_H
    known_values(&gan__kernels_ref);
    random_values(&gan__kernels_ref);
#else
    for (int i = 0; i < gan_kernels_count(); i++) {
        known_values(gan_kernels_get(i));
        random_values(gan_kernels_get(i));
    }
#endif
}

/* ---- derivatives, u and v held ------------------------------------------------------------------------------------ */

#ifdef GAN_IN_DOUBLE_H

/* loss = sum of r (x W / sigma)^2, sigma = v W u. */
typedef struct problem {
    float W[K * M], u[M], x[B * K], r[B * M], z[K * M];
    double v_held[K], u_held[M];
    gan_graph *g;
    gan_plan *p;
    gan_id loss, dW, dWW, by_W, by_sigma, v, u_new;
} problem;

/* a[n,m] = x W / sigma of the plain formula; returns sigma. */
static double quotient(const problem *t, double *a)
{
    double sigma = 0;
    for (int k = 0; k < K; k++)
        for (int m = 0; m < M; m++)
            sigma += t->v_held[k] * t->u_held[m] * t->W[gan_panel_at(K, M, k, m)];
    for (int i = 0; i < B * M; i++) {
        a[i] = 0;
        for (int k = 0; k < K; k++) a[i] += t->x[i / M * K + k] * t->W[gan_panel_at(K, M, k, i % M)] / sigma;
    }
    return sigma;
}

static double plain_loss(const problem *t)
{
    double a[B * M], loss = 0;
    quotient(t, a);
    for (int i = 0; i < B * M; i++) loss += t->r[i] * a[i] * a[i];
    return loss;
}

/* sum of z dloss/dW: dW = x^T e / sigma - (sum of e a) / sigma v u with e = 2 r a. */
static double plain_weighted_gradient(const problem *t)
{
    double a[B * M], dot = 0, sum = 0;
    const double sigma = quotient(t, a);
    for (int i = 0; i < B * M; i++) dot += 2 * t->r[i] * a[i] * a[i];
    for (int k = 0; k < K; k++)
        for (int m = 0; m < M; m++) {
            double dw = -dot * t->v_held[k] * t->u_held[m];
            for (int n = 0; n < B; n++) dw += t->x[n * K + k] * 2 * t->r[n * M + m] * a[n * M + m];
            sum += t->z[gan_panel_at(K, M, k, m)] * dw / sigma;
        }
    return sum;
}

static gan_id loss_of(problem *t, gan_id W, gan_singular *s)
{
    const int64_t rows = B;
    gan_id x = leaf(t->g, form2(B, K, GAN_SHARDED), t->x), r = leaf(t->g, form2(B, M, GAN_SHARDED), t->r), y, sigma;
    OK(gan_add_singular(t->g, W, leaf(t->g, form1(M, GAN_REPLICATED), t->u), true, s));
    OK(gan_add_matmul(t->g, x, W, &y));
    OK(gan_add_expand_rows(t->g, s->sigma, B, &sigma));
    OK(gan_add_reshape(t->g, sigma, 1, &rows, &sigma));
    OK(gan_add_expand_cols(t->g, sigma, M, &sigma));
    OK(gan_add_div(t->g, y, sigma, &y));
    OK(gan_add_square(t->g, y, &y));
    OK(gan_add_mul(t->g, y, r, &y));
    OK(gan_add_sum_cols(t->g, y, &y));
    OK(gan_add_sum_batch(t->g, y, &y));
    return y;
}

static void problem_open(problem *t)
{
    uint64_t seed = 3;
    gan_singular s;
    test_fill(&seed, t->W, K * M, -1, 1);
    test_fill(&seed, t->u, M, -0.3, 0.4);
    test_fill(&seed, t->x, B * K, -1, 1);
    test_fill(&seed, t->r, B * M, -1, 1);
    test_fill(&seed, t->z, K * M, -1, 1);
    OK(gan_graph_new(&t->g, SHARDS, 1));
    gan_id W = leaf(t->g, form_weight(K, M), t->W), parts[2], curved;
    t->loss = loss_of(t, W, &s);
    OK(gan_graph_grad(t->g, t->loss, &W, 1, &t->dW));
    OK(gan_graph_grad(t->g, t->loss, (gan_id[]){W, s.sigma}, 2, parts));
    curved = weighted_total(t->g, t->dW, leaf(t->g, form_weight(K, M), t->z));
    OK(gan_graph_grad(t->g, curved, &W, 1, &t->dWW));
    t->by_W = parts[0], t->by_sigma = parts[1], t->v = s.v, t->u_new = s.u;
    OK(gan_plan_build(&t->p, t->g, (gan_id[]){t->loss, t->dW, t->dWW, t->by_W, t->by_sigma, t->v, t->u_new}, 7));
    run_plan(t->p, &gan__kernels_ref);
    for (int k = 0; k < K; k++) t->v_held[k] = gan_plan_value(t->p, t->v)[k];
    for (int m = 0; m < M; m++) t->u_held[m] = gan_plan_value(t->p, t->u_new)[m];
}

static void check_differences(problem *t, const char *what, gan_id got, double (*f)(const problem *t))
{
    for (int i = 0; i < K * M; i++) {
        const double w = t->W[i], h = 1e-6;
        t->W[i] = w + h;
        double above = f(t);
        t->W[i] = w - h;
        double below = f(t);
        t->W[i] = w;
        expect_near(what, i, gan_plan_value(t->p, got)[i], (above - below) / (2 * h), 1e-6);
    }
}

static void test_derivatives(void **state)
{
    (void)state;
    static problem t;
    problem_open(&t);
    expect_near("loss", 0, gan_plan_value(t.p, t.loss)[0], plain_loss(&t), 1e-12);
    check_differences(&t, "gradient", t.dW, plain_loss);
    check_differences(&t, "gradient of a weighted gradient", t.dWW, plain_weighted_gradient);
    const double by_sigma = gan_plan_value(t.p, t.by_sigma)[0];
    for (int k = 0; k < K; k++)
        for (int m = 0; m < M; m++) {
            const int64_t i = gan_panel_at(K, M, k, m);
            expect_near("sum of two parts", i, gan_plan_value(t.p, t.by_W)[i] + by_sigma * t.v_held[k] * t.u_held[m],
                        gan_plan_value(t.p, t.dW)[i], 1e-12);
        }
    gan_plan_free(t.p);
    gan_graph_free(t.g);
}

#endif

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_converges),
#ifdef GAN_IN_DOUBLE_H
        TEST(test_derivatives),
#endif
    };
    return cmocka_run_group_tests_name("spectral", tests, NULL, NULL);
}
