/* The measures that know densities. What comes out is known in closed form, or by integrating the formulas on a grid, here: for a Gaussian
 * mixture and an affine generator whose weights are put down by hand, the best discriminator is one dense layer, also put down by hand.
 * Assignments against all permutations, against sorting, and against shifts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/eval/assignment.h"
#include "../src/eval/density.h"
#include "nn_test.h"

#include <math.h>

static const double two_pi = 6.283185307179586;

static void expect_near(const char *what, double got, double wanted, double bound)
{
    if (!(fabs(got - wanted) <= bound)) fail_msg("%s: got %.12g, wanted %.12g within %g", what, got, wanted, bound);
}

/* ---- an evaluation ------------------------------------------------------------------------------------------- */

typedef struct bench {
    gan_config *cfg;
    gan_model *model;
    gan_source *source;
    gan_eval *eval;
} bench;

static bench bench_open(const char *data, int64_t dims, const char *keys, const char *generator, const char *discriminator)
{
    bench b = {0};
    char job[2048];
    snprintf(job, sizeof job, "[train]\nsteps = 1\n%s\n[data]\n%s\n[generator]\nlayers = %s\n[discriminator]\nlayers = %s\n", keys, data,
             generator, discriminator);
    EXPECT_OK(gan_config_parse(&b.cfg, "job.ini", job, (int64_t)strlen(job), NULL, 0, gan_system_networks));
    EXPECT_OK(gan_model_new(&b.model, b.cfg, &(gan_sample_shape){1, {dims}}));
    EXPECT_OK(gan_model_alloc(b.model));
    EXPECT_OK(gan_source_open_mixture(&b.source, b.cfg));
    return b;
}

static gan_status choose(bench *b, const char *metrics, int64_t n)
{
    const gan_eval_setup setup = {.workers = 1, .k = gan_kernels_get(0), .cfg = b->cfg, .model = b->model, .source = b->source,
                                  .metrics = metrics, .samples = n, .seed = 7, .data = "", .asked = "here", .bad = GAN_EUSAGE};
    return gan_eval_open(&b->eval, &setup);
}

static void measure(bench *b, const char *metrics, int64_t n, double *values)
{
    EXPECT_OK(choose(b, metrics, n));
    EXPECT_OK(gan_eval_run(b->eval, values));
    gan_eval_close(b->eval);
    b->eval = NULL;
}

static void bench_close(bench *b)
{
    gan_eval_close(b->eval);
    gan_source_close(b->source);
    gan_model_free(b->model);
    gan_config_free(b->cfg);
}

static void set_dense(bench *b, int net, const char *layer, const float *weight, const float *bias)
{
    char name[64];
    snprintf(name, sizeof name, "%s/weight", layer);
    set_param(b->model->nets[net], name, weight);
    snprintf(name, sizeof name, "%s/bias", layer);
    set_param(b->model->nets[net], name, bias);
}

/* ---- densities ----------------------------------------------------------------------------------------------- */

/* Three modes on a line: against the sum of densities as it is written down, and as a whole 1. */
static void test_mixture_density(void **state)
{
    (void)state;
    gan_source *line;
    gan_mixture m;
    double whole = 0;
    EXPECT_OK(gan_source_open_line(&line, 1, 100, 3, 2, 0.25f));
    assert_true(gan_source_mixture(line, &m));
    for (int i = 0; i < 8000; i++) {
        const float x = -4 + ((float)i + 0.5f) / 1000;
        double p = 0;
        for (int k = -1; k <= 1; k++) p += exp(-pow(((double)x - 2 * k) / 0.25, 2) / 2) / (0.25 * sqrt(two_pi)) / 3;
        expect_near("p", exp(gan__mixture_log(&m, &x)), p, 1e-12);
        whole += p / 1000;
    }
    expect_near("the whole", whole, 1, 1e-6);
    expect_near("log p far away", gan__mixture_log(&m, &(float){102}), -100.0 * 100 / 2 / 0.0625 - log(3 * 0.25 * sqrt(two_pi)), 1e-6);
    gan_source_close(line);
}

/* Two dense layers from 70 numbers, more than one draw takes: covariance and mean by the matrix product, written down as loops. */
static void test_affine_generator(void **state)
{
    (void)state;
    enum { Z = 70, H = 3 };
    bench b = bench_open("source = ring", 2, "[noise]\nsize = 70", "dense 3, dense 2", "dense 1");
    static float first[Z][H], second[H][2] = {{1, 0.5f}, {-0.25f, 2}, {0.75f, 0}};
    const float bias1[H] = {0.5f, -1, 2}, bias2[2] = {3, -4};
    double w[Z][2] = {{0}}, mean[2] = {3, -4}, covariance[2][2] = {{0}};
    gan__gaussian q;
    for (int i = 0; i < Z; i++)
        for (int h = 0; h < H; h++) first[i][h] = (float)(((i * H + h) * 37 + 11) % 64 - 31) / 128;
    for (int l = 0; l < 2; l++)
        for (int h = 0; h < H; h++) {
            mean[l] += (double)bias1[h] * (double)second[h][l];
            for (int i = 0; i < Z; i++) w[i][l] += (double)first[i][h] * (double)second[h][l];
        }
    for (int i = 0; i < Z; i++)
        for (int k = 0; k < 2; k++)
            for (int l = 0; l < 2; l++) covariance[k][l] += w[i][k] * w[i][l];
    set_dense(&b, 0, "dense1", first[0], bias1);
    set_dense(&b, 0, "dense2", second[0], bias2);
    EXPECT_OK(choose(&b, "jsd", 1));
    assert_true(gan__is_affine(b.eval));
    EXPECT_OK(gan__gaussian_take(b.eval, &q));
    for (int k = 0; k < 2; k++) expect_near("mean", q.mean[k], mean[k], 1e-5);
    for (int k = 0; k < 4; k++) expect_near("covariance", q.covariance[k / 2][k % 2], covariance[k / 2][k % 2], 1e-4);
    bench_close(&b);
}

/* The density of a tilted Gaussian, integrated over the plane: mass 1 and the moments that it was made of. */
static void test_gaussian_density(void **state)
{
    (void)state;
    const gan__gaussian q = {2, {0.5, -1}, {{1, 0.6}, {0.6, 0.5}}}, flat = {2, {0, 0}, {{1, 2}, {2, 4}}};
    const double h = 0.02;
    double mass = 0, xx = 0, xy = 0, yy = 0;
    for (int i = -400; i < 400; i++)
        for (int k = -400; k < 400; k++) {
            const double dx = i * h, dy = k * h;
            const float x[2] = {(float)(0.5 + dx), (float)(-1 + dy)};
            const double p = exp(gan__gaussian_log(&q, x)) * h * h;
            mass += p, xx += p * dx * dx, xy += p * dx * dy, yy += p * dy * dy;
        }
    expect_near("mass", mass, 1, 1e-5);
    expect_near("E xx", xx, 1, 1e-5);
    expect_near("E xy", xy, 0.6, 1e-5);
    expect_near("E yy", yy, 0.5, 1e-5);
    assert_true(gan__gaussian_has_density(&q));
    assert_false(gan__gaussian_has_density(&flat));
}

/* ---- the game ------------------------------------------------------------------------------------------------ */

enum { N = 20000 };
static const double STD = 0.5, SHIFT = 0.75;

/* Data N(0, STD), samples N(SHIFT, STD). */
static bench two_gaussians(const char *generator)
{
    bench b = bench_open("source = line\nmodes = 1\nstd = 0.5", 1, "[noise]\nsize = 1", generator, "dense 1");
    if (strcmp(generator, "dense 1") == 0) set_dense(&b, 0, "dense1", &(float){0.5f}, &(float){0.75f});
    return b;
}

/* E_p f and E_q f on a grid of the line: the divergence, the variance of its terms, and what a D of 1/2 everywhere is off. */
static void integrate(double *jsd, double *variance, double *off)
{
    const double h = 1e-3;
    double of_p = 0, of_q = 0;
    *jsd = *off = *variance = 0;
    for (double x = -6; x < 7; x += h) {
        const double p = exp(-pow(x / STD, 2) / 2) / (STD * sqrt(two_pi)), q = exp(-pow((x - SHIFT) / STD, 2) / 2) / (STD * sqrt(two_pi));
        of_p += h * p * log(2 * p / (p + q)), of_q += h * q * log(2 * q / (p + q));
        *variance += h * (p * pow(log(2 * p / (p + q)), 2) + q * pow(log(2 * q / (p + q)), 2));
        *off += h / 2 * (p + q) * fabs(p / (p + q) - 0.5);
    }
    *jsd = (of_p + of_q) / 2;
    *variance -= of_p * of_p + of_q * of_q;
}

/* log p(x)/q(x) = (SHIFT^2 - 2 SHIFT x) / (2 STD^2) is a dense layer: the best D, and it is recognised. */
static void test_the_best_discriminator(void **state)
{
    (void)state;
    bench b = two_gaussians("dense 1");
    double v[5], jsd, variance, off; /* optimal_d, game_value, game_best, jsd, jsd_se */
    integrate(&jsd, &variance, &off);
    set_dense(&b, 1, "dense1", &(float){(float)(-SHIFT / (STD * STD))}, &(float){(float)(SHIFT * SHIFT / (2 * STD * STD))});
    measure(&b, "optimal_d,game_value,jsd", N, v);
    expect_near("optimal_d", v[0], 0, 1e-6);
    expect_near("game_value", v[1], v[2], 1e-6);
    expect_near("jsd", v[3], jsd, 5 * v[4]);
    expect_near("game_best", v[2], -log(4) + 2 * v[3], 1e-15);
    expect_near("jsd_se", v[4], sqrt(variance / N) / 2, 0.05 * v[4]);
    bench_close(&b);
}

/* D = 1/2 everywhere has the value -log 4, and is off by what |D* - 1/2| is, which has a standard deviation of at most 1/4. */
static void test_an_indifferent_discriminator(void **state)
{
    (void)state;
    bench b = two_gaussians("dense 1");
    double v[3], jsd, variance, off;
    integrate(&jsd, &variance, &off);
    set_dense(&b, 1, "dense1", &(float){0}, &(float){0});
    measure(&b, "optimal_d,game_value", N, v);
    expect_near("optimal_d", v[0], off, 5 * 0.25 / sqrt(2.0 * N));
    expect_near("game_value", v[1], -log(4), 1e-12);
    assert_true(v[1] < v[2]);
    bench_close(&b);
}

/* A generator that is the data, to the bit of its standard deviation: nothing is left to tell. */
static void test_equilibrium(void **state)
{
    (void)state;
    bench b = two_gaussians("dense 1");
    double v[5];
    set_dense(&b, 0, "dense1", &(float){0.5f}, &(float){0});
    set_dense(&b, 1, "dense1", &(float){0}, &(float){0});
    measure(&b, "optimal_d,game_value,jsd", N, v);
    expect_near("optimal_d", v[0], 0, 1e-7);
    expect_near("game_value", v[1], -log(4), 1e-12);
    expect_near("jsd", v[3], 0, 1e-7);
    bench_close(&b);
}

/* Samples in one point have no density: all is told apart. */
static void test_collapsed(void **state)
{
    (void)state;
    bench b = two_gaussians("dense 1");
    double v[5];
    set_dense(&b, 0, "dense1", &(float){0}, &(float){0.25f});
    set_dense(&b, 1, "dense1", &(float){0}, &(float){0});
    measure(&b, "optimal_d,game_value,jsd", 1000, v);
    expect_near("optimal_d", v[0], 0.5, 0);
    expect_near("game_best", v[2], 0, 1e-12);
    expect_near("jsd", v[3], log(2), 1e-12);
    bench_close(&b);
}

/* ---- counting ------------------------------------------------------------------------------------------------ */

/* The probability of each cell against a hundred thousand samples: five standard deviations of a binomial, and the one of rare cells. */
static void test_cells(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    static float x[MANY][2];
    static int64_t counts[20000];
    gan_source *ring;
    gan_mixture m;
    gan__cells c;
    double whole = 0;
    EXPECT_OK(gan_source_open_ring(&ring, 3, 100, 5, 1, 0.1f));
    assert_true(gan_source_mixture(ring, &m));
    EXPECT_OK(gan__cells_open(&c, &m));
    assert_true(c.n < 20000 && c.dims == 2);
    gan_source_read(ring, 0, MANY, x[0]);
    for (int i = 0; i < MANY; i++) counts[gan__cells_of(&c, x[i])]++;
    for (int64_t i = 0; i < c.n; i++) {
        whole += c.p[i];
        expect_near("count", (double)counts[i], c.p[i] * MANY, 6 * sqrt(c.p[i] * MANY) + 3);
    }
    expect_near("the whole", whole, 1, 1e-12);
    assert_int_equal(gan__cells_of(&c, (float[]){50, 0}), c.n - 1);
    assert_int_equal(gan__cells_of(&c, (float[]){NAN, 0}), c.n - 1);
    gan__cells_close(&c);
    gan_source_close(ring);
}

/* Samples put in the generator's place: the data's own, where counting finds at most what chance makes of the cells; those of a known
 * Gaussian, where it comes near the truth; and far away ones. */
static void test_counted_divergence(void **state)
{
    (void)state;
    static float x[N + GAN_EVAL_BLOCK];
    bench b = two_gaussians("dense 3, relu, dense 1");
    double jsd, variance, off, se, got[3];
    integrate(&jsd, &variance, &off);
    assert_int_equal(choose(&b, "jsd", 10), GAN_OK);
    assert_false(gan__is_affine(b.eval));
    for (int k = 0; k < 3; k++) {
        gan_eval e = {.setup = b.eval->setup, .drawn = {.n = N, .floats = 1, .workers = 1, .x = x}};
        gan__contest c;
        gan_source_read(b.source, 5, N, x); /* N(0, STD) */
        for (int i = 0; i < N; i++) x[i] += k == 2 ? 100 : k == 1 ? (float)SHIFT : 0;
        EXPECT_OK(gan__contest_open(&c, &e, NULL, N));
        got[k] = gan__contest_jsd(&c, &se);
        gan__contest_close(&c);
    }
    assert_true(got[0] >= -5e-3 && got[0] < 5e-3); /* twelve cells / (8 N) is 1e-4, the data's own share of chance 2e-3 */
    expect_near("jsd", got[1], jsd, 0.03); /* cells as wide as a mode see less of it: at most the truth, and chance */
    assert_true(got[1] < jsd + 0.01);
    expect_near("jsd far away", got[2], log(2), 1e-3);
    bench_close(&b);
}

/* ---- assignment ---------------------------------------------------------------------------------------------- */

static float some(int i)
{
    return (float)((uint32_t)i * 2654435761u >> 8) / (float)(1 << 24);
}

static double pair_distance(const float *x, const float *y)
{
    return hypot((double)x[0] - (double)y[0], (double)x[1] - (double)y[1]);
}

/* The least sum over all ways to pair x[i..] with those of y that are not taken. */
static double by_trying(int n, const float (*x)[2], const float (*y)[2], int i, unsigned taken)
{
    double best = i == n ? 0 : INFINITY;
    for (int j = 0; j < n && i < n; j++)
        if (!(taken >> j & 1)) best = fmin(best, pair_distance(x[i], y[j]) + by_trying(n, x, y, i + 1, taken | 1u << j));
    return best;
}

static void test_all_permutations(void **state)
{
    (void)state;
    for (int trial = 0; trial < 60; trial++) {
        const int n = 1 + trial % 6;
        float x[6][2], y[6][2];
        double got;
        for (int i = 0; i < n; i++)
            for (int k = 0; k < 2; k++) x[i][k] = some(100 * trial + 2 * i + k), y[i][k] = some(7000 + 100 * trial + 2 * i + k);
        if (trial % 5 == 0) y[0][0] = x[0][0], y[0][1] = x[0][1]; /* a distance of 0 */
        EXPECT_OK(gan__assignment(NULL, n, 2, x[0], y[0], &got));
        expect_near("mean distance", got, by_trying(n, (const float (*)[2])x, (const float (*)[2])y, 0, 0) / n, 1e-12);
    }
}

/* On a line in the plane, points find the partners that sorting finds; a cloud finds its shifted self, and itself in any order. */
static void test_known_assignments(void **state)
{
    (void)state;
    enum { M = 300 };
    static float x[M][2], y[M][2], along_x[M], along_y[M];
    double got, sorted;
    for (int i = 0; i < M; i++) {
        along_x[i] = some(i), along_y[i] = some(5000 + i) * 2;
        x[i][0] = 0.6f * along_x[i], x[i][1] = 0.8f * along_x[i];
        y[i][0] = 0.6f * along_y[i], y[i][1] = 0.8f * along_y[i];
    }
    EXPECT_OK(gan__assignment(NULL, M, 2, x[0], y[0], &got));
    EXPECT_OK(gan__assignment(NULL, M, 1, along_x, along_y, &sorted));
    expect_near("on a line", got, sorted, 1e-6);
    for (int i = 0; i < M; i++) {
        for (int k = 0; k < 2; k++) x[i][k] = floorf(some(2 * i + k) * 1024) / 64;
        y[M - 1 - i][0] = x[i][0] + 3, y[M - 1 - i][1] = x[i][1] - 4;
    }
    EXPECT_OK(gan__assignment(NULL, M, 2, x[0], y[0], &got));
    expect_near("shifted by 5", got, 5, 1e-12); /* no less, for the means are 5 apart */
    for (int i = 0; i < M; i++) y[i][0] -= 3, y[i][1] += 4;
    EXPECT_OK(gan__assignment(NULL, M, 2, x[0], y[0], &got));
    expect_near("itself", got, 0, 0);
}

/* Two Gaussians of one width are as far apart as their means: 5 standard deviations of the difference of means of n samples each. */
static void test_wasserstein(void **state)
{
    (void)state;
    bench b = two_gaussians("dense 1");
    bench plane = bench_open("source = ring\nmodes = 1\nradius = 0\nstd = 0.5", 2, "[noise]\nsize = 2", "dense 2", "dense 1");
    double v[2];
    set_dense(&b, 0, "dense1", &(float){0.5f}, &(float){3});
    measure(&b, "wasserstein", 8000, v);
    expect_near("wasserstein", v[0], 3, 5 * 0.5 * sqrt(2.0 / 8000));
    assert_true(v[1] > 0 && v[1] < 5 * 0.5 * sqrt(2.0 / 8000));
    set_dense(&plane, 0, "dense1", (float[]){0.5f, 0, 0, 0.5f}, (float[]){3, 4});
    measure(&plane, "wasserstein", 400, v);
    expect_near("wasserstein in the plane", v[0], 5, 5 * 0.5 * sqrt(2.0 / 400) + v[1]); /* the floor bounds what chance adds */
    set_dense(&plane, 0, "dense1", (float[]){0.5f, 0, 0, 0.5f}, (float[]){0, 0});
    measure(&plane, "wasserstein", 400, v);
    expect_near("wasserstein of the data itself", v[0], v[1], v[1] / 2);
    bench_close(&plane);
    bench_close(&b);
}

/* A critic of slope -2 finds two Gaussians 3 apart by 6, with the standard error of a difference of means. */
static void test_critic(void **state)
{
    (void)state;
    bench b = bench_open("source = line\nmodes = 1\nstd = 0.5", 1, "[gan]\nloss = wasserstein\n[noise]\nsize = 1", "dense 1", "dense 1");
    double v[2];
    set_dense(&b, 0, "dense1", &(float){0.5f}, &(float){3});
    set_dense(&b, 1, "dense1", &(float){-2}, &(float){17});
    measure(&b, "critic_estimate", N, v);
    expect_near("critic_estimate_se", v[1], 2 * 0.5 * sqrt(2.0 / N), 0.05 * v[1]);
    expect_near("critic_estimate", v[0], 6, 5 * v[1]);
    bench_close(&b);
}

/* ---- refusals ------------------------------------------------------------------------------------------------ */

static void refused(const char *data, const char *keys, const char *metrics, int64_t n, const char *text)
{
    bench b = bench_open(data, 2, keys, "dense 2", "dense 1");
    if (strstr(data, "noise")) gan_source_close(b.source), b.source = NULL;
    EXPECT_FAILURE(choose(&b, metrics, n), GAN_EUSAGE, text);
    bench_close(&b);
}

static void test_refusals(void **state)
{
    (void)state;
    refused("source = noise", "", "jsd", 0, "here: jsd wants data of known density, data.source = ring, grid or line; this job's is noise");
    refused("source = noise", "", "wasserstein", 0, "here: wasserstein wants data of few dimensions");
    refused("source = ring\nstd = 1e-9", "", "jsd", 0, "data.std = 1e-09, at least 0.0001 is needed");
    refused("source = noise", "", "optimal_d", 0, "optimal_d wants data of known density");
    refused("source = ring", "", "wasserstein", 5000, "at most 4096, not 5000; give no number for 512");
    refused("source = ring", "", "critic_estimate", 0, "critic_estimate wants a critic, gan.loss = wasserstein; ");
    refused("source = noise", "[gan]\nloss = wasserstein", "critic_estimate", 0, "critic_estimate wants real samples");
    refused("source = ring", "[gan]\nloss = wasserstein\npack = 2", "critic_estimate", 0, "job.ini:5: gan.pack = 2");
    refused("source = ring", "[gan]\npack = 2", "optimal_d", 0, "optimal_d wants a discriminator of single samples; job.ini:4: gan.pack = 2");
    refused("source = ring", "[gan]\nloss = hinge", "game_value", 0, "non_saturating or minimax; job.ini:4: gan.loss = hinge");
    refused("source = ring", "[gan]\nlabel_smoothing = 0.1", "game_value", 0, "with job.ini:4: gan.label_smoothing the best D is another");
}

/* Each allocation fails once, with densities by formula and by counting, and nothing is left behind. */
static void test_failing_allocations(void **state)
{
    (void)state;
    static const char *const generators[] = {"dense 1", "dense 3, relu, dense 1"};
    for (int g = 0; g < 2; g++) {
        bench b = two_gaussians(generators[g]);
        gan_status s = GAN_ENOMEM;
        double v[7];
        int64_t k = 0;
        while (s == GAN_ENOMEM && ++k < 1000) {
            gan_mem_fail_at(k);
            s = choose(&b, "jsd,optimal_d,game_value,wasserstein", 100);
            if (s == GAN_OK) s = gan_eval_run(b.eval, v);
            gan_eval_close(b.eval);
            b.eval = NULL;
            if (s != GAN_OK) EXPECT_FAILURE(s, GAN_ENOMEM, "memory");
        }
        gan_mem_fail_at(0);
        assert_true(s == GAN_OK && k > 20);
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_mixture_density, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_affine_generator, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_gaussian_density, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_the_best_discriminator, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_an_indifferent_discriminator, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_equilibrium, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_collapsed, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_cells, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_counted_divergence, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_all_permutations, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_known_assignments, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_wasserstein, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_critic, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_refusals, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_failing_allocations, scratch_before, scratch_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
