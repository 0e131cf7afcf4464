/* Measures of quality on samples that are put down here one by one, so that what comes out is known: modes of a mixture by hand, the
 * Gaussian window against its definition in plain loops, and that refusals say what is wrong. That the whole command finds the same
 * on real samples as an independent script is in cli_eval.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/eval/measure.h"
#include "../src/eval/window.h"
#include "nn_test.h"

#include <math.h>

static void expect_near(const char *what, double got, double wanted, double bound)
{
    if (!(fabs(got - wanted) <= bound)) fail_msg("%s: got %.12g, wanted %.12g within %g", what, got, wanted, bound);
}

/* An evaluation of samples x [n,2] beside a ring of four modes, (1,0), (0,1), (-1,0), (0,-1), std 0.1. */
static gan_eval ring_eval(gan_source **ring, float *x, int64_t n)
{
    EXPECT_OK(gan_source_open_ring(ring, 1, 100, 4, 1, 0.1f));
    return (gan_eval){.setup = {.workers = 1, .source = *ring}, .drawn = {.n = n, .floats = 2, .workers = 1, .x = x}};
}

static double measured(gan_eval *e, const gan_measure *m, int64_t n)
{
    double value = -1;
    EXPECT_OK(m->compute(e, NULL, n, &value));
    return value;
}

static void end(gan_eval *e, gan_source *ring)
{
    gan_free(e->tally.counts);
    gan_source_close(ring);
}

/* ---- modes --------------------------------------------------------------------------------------------------- */

/* Three samples are of mode 0, one of mode 2; one lies just outside of mode 1, one between all. */
static void test_modes(void **state)
{
    (void)state;
    float x[GAN_EVAL_BLOCK][2] = {{1, 0}, {1.05f, 0}, {1.299f, 0}, {0, 1.301f}, {-1.2f, 0.2f}, {0, 0}};
    gan_source *ring;
    gan_eval e = ring_eval(&ring, x[0], 6);
    const gan__tally *t;
    EXPECT_OK(gan__tally_take(&e, 6, &t));
    for (int k = 0; k < 4; k++) assert_int_equal(t->counts[k], ((int[]){3, 0, 1, 0})[k]);
    expect_near("modes", measured(&e, &gan_measure_modes, 6), 2, 0);
    expect_near("high_quality", measured(&e, &gan_measure_high_quality, 6), 4.0 / 6, 1e-15);
    expect_near("reverse_kl", measured(&e, &gan_measure_reverse_kl, 6), 0.75 * log(3) + 0.25 * log(1), 1e-15);
    expect_near("modes of three", measured(&e, &gan_measure_modes, 3), 1, 0); /* another number of samples: counted anew */
    expect_near("reverse_kl of one mode", measured(&e, &gan_measure_reverse_kl, 3), log(4), 1e-15);
    end(&e, ring);
}

static void test_no_mode_at_all(void **state)
{
    (void)state;
    float x[GAN_EVAL_BLOCK][2] = {{5, 5}, {0, 0}, {NAN, 1}};
    gan_source *ring;
    gan_eval e = ring_eval(&ring, x[0], 3);
    expect_near("modes", measured(&e, &gan_measure_modes, 3), 0, 0);
    expect_near("high_quality", measured(&e, &gan_measure_high_quality, 3), 0, 0);
    assert_true(isnan(measured(&e, &gan_measure_reverse_kl, 3)));
    end(&e, ring);
}

/* Samples of the mixture itself: all its modes in equal shares, and of two numbers with std s a share exp(-9/2) beyond 3 s. */
static void test_the_data_itself(void **state)
{
    (void)state;
    enum { N = 20000 };
    float *x = gan_calloc((N + GAN_EVAL_BLOCK) * 2, sizeof *x);
    gan_source *ring;
    gan_eval e = ring_eval(&ring, x, N);
    gan_source_read(ring, 0, N, x);
    expect_near("modes", measured(&e, &gan_measure_modes, N), 4, 0);
    expect_near("high_quality", measured(&e, &gan_measure_high_quality, N), 1 - exp(-4.5), 4 * sqrt(exp(-4.5) / N));
    expect_near("reverse_kl", measured(&e, &gan_measure_reverse_kl, N), 0, 1e-3);
    end(&e, ring);
    gan_free(x);
}

static void test_centres(void **state)
{
    (void)state;
    gan_source *grid, *noise;
    gan_mixture m;
    EXPECT_OK(gan_source_open_grid(&grid, 1, 100, 5, 2, 0.05f));
    assert_true(gan_source_mixture(grid, &m));
    assert_int_equal(m.n_modes, 25);
    assert_true(m.std == 0.05f && m.centres[0][0] == -4 && m.centres[0][1] == -4 && m.centres[9][0] == 4 && m.centres[9][1] == -2);
    EXPECT_OK(gan_source_open_noise(&noise, 1, 100, (const int64_t[]){2, 2, 1}, 0, 1));
    assert_false(gan_source_mixture(noise, &m));
    assert_false(gan_source_mixture(NULL, &m));
    gan_source_close(noise);
    gan_source_close(grid);
}

/* ---- stacked images ------------------------------------------------------------------------------------------ */

/* A classifier of images [1,2,1] in 0..1: class 0 where the first pixel is more than 0.75, else 1. The samples are three such images in
 * the range -1..1, the border at 0.5. */
static void test_stacked(void **state)
{
    (void)state;
    static const float first[][3] = {{0.6f, 0.4f, -1}, {0.6f, 0.51f, 1}, {0.6f, -1, -1},
                                      {-1, -1, -1},     {-1, 0.51f, -1}, {0.6f, 0.4f, -1}}; /* modes 011, 000, 011, 111, 101, 011 */
    static const float weight[4] = {1, 0, 0, 0}, bias[2] = {0, 0.75f};
    float x[GAN_EVAL_BLOCK][2][3] = {{{0}}};
    for (int i = 0; i < 6; i++)
        for (int c = 0; c < 3; c++) x[i][0][c] = first[i][c], x[i][1][c] = -first[i][c];
    small_net classifier = net_open("dense 2", "", (gan_sample_shape){3, {1, 2, 1}});
    gan_param_pack(&classifier.net->params[0], weight, classifier.net->w);
    gan_param_pack(&classifier.net->params[1], bias, classifier.net->w);
    const gan_labeller labeller = {.net = classifier.net, .low = 0, .high = 1, .name = "by hand"};
    gan_model model = {.data = {3, {1, 2, 3}}};
    gan_eval e = {.setup = {.workers = 1, .k = gan_kernels_get(0), .cfg = classifier.cfg, .model = &model, .classifier = &labeller},
                  .drawn = {.n = 6, .floats = 6, .workers = 1, .x = x[0][0]}};
    const gan_measure *m = &gan_measure_stacked_modes;
    void *own = NULL;
    double values[2];
    EXPECT_OK(m->open(&e, m, &own));
    EXPECT_OK(m->compute(&e, own, 6, values));
    expect_near("stacked_modes", values[0], 4, 0);
    expect_near("stacked_kl", values[1], 0.5 * log(0.5 * 8) + 3 * (1.0 / 6) * log(8.0 / 6), 1e-15);
    EXPECT_OK(m->compute(&e, own, 1, values));
    expect_near("stacked_modes of one", values[0], 1, 0);
    m->close(own);
    net_close(&classifier);
}

static void test_stacked_refusals(void **state)
{
    (void)state;
    small_net classifier = net_open("dense 10", "", (gan_sample_shape){3, {8, 8, 1}});
    const gan_labeller labeller = {.net = classifier.net, .low = 0, .high = 1, .name = "runs/digits"};
    gan_model model = {.data = {3, {8, 8, 9}}};
    gan_eval e = {.setup = {.cfg = classifier.cfg, .model = &model, .asked = "here", .bad = GAN_EUSAGE}};
    const gan_measure *m = &gan_measure_stacked_modes;
    void *own = NULL;
    EXPECT_FAILURE(m->open(&e, m, &own), GAN_EUSAGE, "here: stacked_modes labels samples with a classifier: train one", "--classifier");
    e.setup.classifier = &labeller;
    EXPECT_FAILURE(m->open(&e, m, &own), GAN_EUSAGE, "cannot count 10 classes in 9 channels");
    model.data = (gan_sample_shape){3, {28, 28, 3}};
    EXPECT_FAILURE(m->open(&e, m, &own), GAN_EUSAGE, "samples are 28x28x3, and that of runs/digits takes 8x8x1");
    model.data = (gan_sample_shape){1, {2}};
    EXPECT_FAILURE(m->open(&e, m, &own), GAN_EUSAGE, "samples are 2, and");
    assert_null(own);
    net_close(&classifier);
}

/* ---- blocks -------------------------------------------------------------------------------------------------- */

/* The samples of 1, 2, 3 ranks, and of 5 of which 2 draw: each is seen once, where it lies. */
static void test_deal(void **state)
{
    (void)state;
    enum { N = 5 * GAN_EVAL_BLOCK + 3 };
    static const int sizes[][2] = {{1, 1}, {2, 2}, {3, 3}, {5, 2}}; /* ranks, workers */
    static float x[6 * GAN_EVAL_BLOCK];
    for (int s = 0; s < 4; s++) {
        int seen[N] = {0};
        for (int rank = 0; rank < sizes[s][0]; rank++) {
            gan_eval e = {.drawn = {.n = N, .floats = 1, .rank = rank, .workers = sizes[s][1], .x = x}};
            int64_t blocks = 0;
            for (gan__rows r = {0}; gan__next_rows(&e, N, &r); blocks++) {
                assert_ptr_equal(r.x, x + blocks * GAN_EVAL_BLOCK);
                for (int64_t i = 0; i < r.n; i++) seen[r.first + i]++;
            }
        }
        for (int i = 0; i < N; i++) assert_int_equal(seen[i], 1);
    }
}

/* ---- window -------------------------------------------------------------------------------------------------- */

static float some(int64_t i)
{
    return (float)((uint32_t)i * 2654435761u >> 8) / (float)(1 << 24);
}

/* log (1/n) sum_j prod_i N(x_i; s_ji, sigma), the sum of densities as they are: in double they do not underflow here. */
static double by_definition(int64_t n, int64_t floats, const float *points, const float *x, double sigma)
{
    double sum = 0;
    for (int64_t j = 0; j < n; j++) {
        double p = 1;
        for (int64_t i = 0; i < floats; i++) {
            const double d = ((double)x[i] - (double)points[j * floats + i]) / sigma;
            p *= exp(-d * d / 2) / (sigma * sqrt(8 * atan(1)));
        }
        sum += p / (double)n;
    }
    return log(sum);
}

static void test_window(void **state)
{
    (void)state;
    enum { N = 83, FLOATS = 21, ROWS = 5 };
    static const double sigmas[] = {0.1, 0.35, 1};
    float points[N * FLOATS], x[ROWS * FLOATS];
    for (int i = 0; i < N * FLOATS; i++) points[i] = some(i);
    for (int i = 0; i < ROWS * FLOATS; i++) x[i] = some(77777 + i);
    for (int k = 0; k < gan_kernels_count(); k++) {
        gan__window w;
        double all[ROWS][3], one[3];
        EXPECT_OK(gan__window_open(&w, gan_kernels_get(k), N, FLOATS, points));
        gan__window_log(&w, ROWS, x, 3, sigmas, all[0]);
        for (int t = 0; t < ROWS; t++) {
            for (int s = 0; s < 3; s++)
                expect_near("log p", all[t][s], by_definition(N, FLOATS, points, x + t * FLOATS, sigmas[s]), 2e-4);
            gan__window_log(&w, 1, x + t * FLOATS, 3, sigmas, one);
            assert_memory_equal(one, all[t], sizeof one); /* whatever rows it comes with */
        }
        gan__window_close(&w);
    }
}

/* Far from all points the density is 0 in any floating-point number, its logarithm is not. */
static void test_window_far_away(void **state)
{
    (void)state;
    const float points[] = {0, 1}, x[] = {101};
    const double sigma = 0.1;
    gan__window w;
    double got;
    EXPECT_OK(gan__window_open(&w, gan_kernels_get(0), 2, 1, points));
    gan__window_log(&w, 1, x, 1, &sigma, &got);
    expect_near("log p", got, -100.0 * 100 / 2 / 0.01 - log(2) - log(0.1 * sqrt(8 * atan(1))), 1e-6 * 5e5);
    gan__window_close(&w);
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

/* A generator that has not been trained, measured by itself: each allocation fails once, and nothing is left behind. */
static void test_failing_allocations(void **state)
{
    (void)state;
    static const char job[] = "[train]\nsteps = 1\n[data]\nsource = ring\n[generator]\nlayers = dense 2\n[discriminator]\nlayers = dense 1\n";
    gan_config *cfg;
    gan_model *model;
    gan_source *source;
    gan_eval *e = NULL;
    double values[2];
    gan_status s = GAN_ENOMEM;
    int64_t k = 0;
    EXPECT_OK(gan_config_parse(&cfg, "job.ini", job, (int64_t)strlen(job), NULL, 0, gan_system_networks));
    EXPECT_OK(gan_model_new(&model, cfg, &(gan_sample_shape){1, {2}}));
    EXPECT_OK(gan_model_alloc(model));
    EXPECT_OK(gan_source_open_mixture(&source, cfg));
    const gan_eval_setup setup = {.workers = 1, .k = gan_kernels_get(0), .cfg = cfg, .model = model, .source = source, .samples = 100,
                                  .metrics = "modes, high_quality", .data = "", .asked = "here", .bad = GAN_ECONFIG};
    while (s == GAN_ENOMEM && ++k < 1000) {
        gan_mem_fail_at(k);
        s = gan_eval_open(&e, &setup);
        if (s == GAN_OK) s = gan_eval_run(e, values);
        gan_eval_close(e);
        e = NULL;
        if (s != GAN_OK) EXPECT_FAILURE(s, GAN_ENOMEM, "memory");
    }
    gan_mem_fail_at(0);
    assert_true(s == GAN_OK && k > 10);
    gan_source_close(source);
    gan_model_free(model);
    gan_config_free(cfg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_modes, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_no_mode_at_all, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_the_data_itself, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_centres, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_stacked, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_stacked_refusals, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_deal, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_window, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_failing_allocations, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_window_far_away, scratch_before, scratch_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
