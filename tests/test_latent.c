/* Latents against algebra written here: ends of ways to the bit, lengths and angles on the arc, means and sums by hand, sweeps
 * coordinate by coordinate; that a sampler makes of a latent what it makes of it in other company, to the bit. And the parser
 * of arithmetic: what texts mean, what it says of wrong ones, and that hostile ones end in a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/cli/expression.h"
#include "nn_test.h"

#include "gan/latent.h"

#include <math.h>

enum { SIZE = 24, N = 7 };

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static const gan_noise normal = {.size = SIZE, .normal = true, .seed = 5}, uniform = {.size = SIZE, .seed = 5};

static void expect_near(double got, double wanted, double bound)
{
    if (!(fabs(got - wanted) <= bound)) fail_msg("got %.9g, wanted %.9g within %g", got, wanted, bound);
}

static double dot(const float *a, const float *b)
{
    double sum = 0;
    for (int j = 0; j < SIZE; j++) sum += (double)a[j] * (double)b[j];
    return sum;
}

static double length(const float *a)
{
    return sqrt(dot(a, a));
}

/* ---- noise ------------------------------------------------------------------------------------------------- */

static void test_fixed(void **state)
{
    (void)state;
    float all[N * SIZE], one[SIZE];
    double sum = 0, squares = 0;
    for (int k = 0; k < 2; k++) {
        const gan_noise *noise = k ? &normal : &uniform;
        gan_latent_fixed(noise, 0, N, all);
        gan_latent_fixed(noise, 4, 1, one);
        assert_memory_equal(one, all + 4 * SIZE, sizeof one);
        for (int i = 0; i < N * SIZE; i++) {
            assert_true(k || fabsf(all[i]) <= 1);
            sum += k ? (double)all[i] : 0, squares += k ? (double)(all[i] * all[i]) : 0;
        }
    }
    expect_near(sum / (N * SIZE), 0, 0.3);
    expect_near(squares / (N * SIZE), 1, 0.4);
}

/* ---- ways -------------------------------------------------------------------------------------------------- */

typedef void way_fn(int64_t size, const float *a, const float *b, int64_t n, float *z);
static way_fn *const ways[] = {gan_latent_linear, gan_latent_slerp};

static void test_ends(void **state)
{
    (void)state;
    float ends[2 * SIZE], z[N * SIZE];
    gan_latent_fixed(&normal, 3, 2, ends);
    ends[0] = -0.0f; /* kept, too */
    for (int w = 0; w < 2; w++)
        for (int n = 2; n <= N; n++) {
            ways[w](SIZE, ends, ends + SIZE, n, z);
            assert_memory_equal(z, ends, SIZE * sizeof *z);
            assert_memory_equal(z + (n - 1) * SIZE, ends + SIZE, SIZE * sizeof *z);
        }
}

static void test_linear(void **state)
{
    (void)state;
    float ends[2 * SIZE], z[N * SIZE];
    gan_latent_fixed(&uniform, 0, 2, ends);
    gan_latent_linear(SIZE, ends, ends + SIZE, N, z);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < SIZE; j++)
            expect_near((double)z[i * SIZE + j],
                        (double)ends[j] + ((double)ends[SIZE + j] - (double)ends[j]) * i / (N - 1), 1e-6);
}

/* For ends of one length: all rows have it, lie in the plane of the ends, and their angles grow evenly. */
static void test_arc(void **state)
{
    (void)state;
    float ends[2 * SIZE], z[N * SIZE];
    gan_latent_fixed(&normal, 0, 2, ends);
    double scale = length(ends) / length(ends + SIZE);
    for (int j = 0; j < SIZE; j++) ends[SIZE + j] = (float)(scale * (double)ends[SIZE + j]);
    gan_latent_slerp(SIZE, ends, ends + SIZE, N, z);
    double r = length(ends), angle = acos(dot(ends, ends + SIZE) / (r * r));
    for (int i = 0; i < N; i++) {
        const float *row = z + i * SIZE;
        expect_near(length(row), r, 1e-5);
        double from_a = acos(fmin(1, dot(row, ends) / (r * r))), from_b = acos(fmin(1, dot(row, ends + SIZE) / (r * r)));
        expect_near(from_a, angle * i / (N - 1), 2e-3); /* acos near 1 is coarse */
        expect_near(from_a + from_b, angle, 4e-3);      /* so it is between them */
    }
    /* A quarter of a circle, by hand. */
    const float x[2] = {2, 0}, y[2] = {0, 2};
    float q[6];
    gan_latent_slerp(2, x, y, 3, q);
    expect_near((double)q[2], sqrt(2), 1e-6);
    expect_near((double)q[3], sqrt(2), 1e-6);
}

/* No arc between directions that are the same, opposite, or none at all: the straight line, and finite. */
static void test_no_arc(void **state)
{
    (void)state;
    float a[SIZE], b[SIZE], arc[N * SIZE], line[N * SIZE];
    const float factors[] = {1, 3, -1, -0.5f, 0};
    gan_latent_fixed(&normal, 0, 1, a);
    for (int f = 0; f < COUNT(factors); f++) {
        for (int j = 0; j < SIZE; j++) b[j] = factors[f] * a[j];
        gan_latent_slerp(SIZE, a, b, N, arc);
        gan_latent_linear(SIZE, a, b, N, line);
        assert_memory_equal(arc, line, sizeof arc);
        gan_latent_slerp(SIZE, b, a, N, arc);
        for (int i = 0; i < N * SIZE; i++) assert_true(isfinite(arc[i]));
    }
    /* At the change from line to arc there is no jump. */
    for (int j = 0; j < SIZE; j++) b[j] = a[j] * (1 + (j == 3 ? 3e-4f : 0));
    gan_latent_slerp(SIZE, a, b, N, arc);
    gan_latent_linear(SIZE, a, b, N, line);
    for (int i = 0; i < N * SIZE; i++) expect_near((double)arc[i], (double)line[i], 1e-6);
}

/* ---- arithmetic -------------------------------------------------------------------------------------------- */

static void test_means_and_sums(void **state)
{
    (void)state;
    float z[N * SIZE], mean[SIZE], sum[SIZE];
    const int64_t some[] = {1, 4, 6}, one[] = {4};
    const double factors[] = {1, -2, 0.5};
    gan_latent_fixed(&uniform, 0, N, z);
    EXPECT_OK(gan_latent_mean(&uniform, one, 1, mean));
    assert_memory_equal(mean, z + 4 * SIZE, sizeof mean);
    EXPECT_OK(gan_latent_mean(&uniform, some, 3, mean));
    gan_latent_sum(SIZE, factors, z, 3, sum);
    for (int j = 0; j < SIZE; j++) {
        expect_near((double)mean[j], ((double)z[SIZE + j] + (double)z[4 * SIZE + j] + (double)z[6 * SIZE + j]) / 3, 1e-7);
        expect_near((double)sum[j], (double)z[j] - 2 * (double)z[SIZE + j] + 0.5 * (double)z[2 * SIZE + j], 1e-6);
    }
    gan_mem_fail_at(1);
    EXPECT_FAILURE(gan_latent_mean(&uniform, some, 3, mean), GAN_ENOMEM, "no memory");
}

static void test_neighbours(void **state)
{
    (void)state;
    float a[SIZE], z[8 * SIZE], fewer[3 * SIZE];
    int low = 0, high = 0;
    gan_latent_fixed(&normal, 2, 1, a);
    gan_latent_neighbours(&normal, a, 0.25f, 8, z);
    gan_latent_neighbours(&normal, a, 0.25f, 3, fewer);
    assert_memory_equal(z, fewer, sizeof fewer);
    for (int i = 0; i < 8 * SIZE; i++) {
        double d = (double)z[i] - (double)a[i % SIZE];
        assert_true(fabs(d) <= 0.25 + 1e-6);
        low += d < -0.125, high += d > 0.125;
    }
    assert_true(low > 20 && high > 20); /* a quarter of 192 each */
}

static void test_sweeps(void **state)
{
    (void)state;
    float a[SIZE], row[5 * SIZE], grid[25 * SIZE];
    const int64_t axis[2] = {3, 11};
    gan_latent_fixed(&normal, 0, 1, a);
    gan_latent_sweep(SIZE, a, 3, 2, 5, row);
    assert_memory_equal(row + 2 * SIZE, a, sizeof a);
    gan_latent_grid(SIZE, a, axis, 2, 5, grid);
    assert_memory_equal(grid + 12 * SIZE, a, sizeof a);
    assert_memory_equal(grid + 10 * SIZE, row, sizeof row); /* its middle row */
    for (int i = 0; i < 25; i++)
        for (int j = 0; j < SIZE; j++) {
            double t = j == 3 ? i % 5 - 2 : j == 11 ? i / 5 - 2 : 0;
            expect_near((double)grid[i * SIZE + j], (double)a[j] + t, 1e-6);
        }
}

/* ---- the sampler ------------------------------------------------------------------------------------------- */

/* Samples of the latents z [n,SIZE]; from malloc. */
static float *samples_of(gan_model *m, const float *z, int64_t n)
{
    gan_sampler *s;
    const float *x;
    const int64_t floats = n * gan_sample_floats(&m->data);
    EXPECT_OK(gan_sampler_new(&s, m, gan_kernels_get(gan_kernels_count() - 1), n));
    memcpy(gan_sampler_latents(s), z, (size_t)(n * SIZE) * sizeof *z);
    EXPECT_OK(gan_sampler_draw(s, &x));
    float *copy = malloc((size_t)floats * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, x, (size_t)floats * sizeof *copy);
    gan_sampler_free(s);
    return copy;
}

static void test_sampler(void **state)
{
    (void)state;
    static const char job[] =
        "[train]\nsteps = 1\n[noise]\nsize = 24\n[data]\nsource = noise\nheight = 8\nwidth = 8\nchannels = 3\n"
        "[generator]\nlayers = reshape 1 1 24, conv_transpose 9 4, batch_norm, relu, conv_transpose 3 4 2 1, tanh\n"
        "[discriminator]\nlayers = dense 1\n";
    gan_config *cfg;
    gan_model *m;
    float z[N * SIZE], way[3 * SIZE];
    EXPECT_OK(gan_config_parse(&cfg, "job", job, sizeof job - 1, NULL, 0, gan_system_networks));
    EXPECT_OK(gan_model_new(&m, cfg, &(gan_sample_shape){.n_dims = 3, .dims = {8, 8, 3}}));
    EXPECT_OK(gan_model_alloc(m));
    const gan_noise noise = gan_noise_of(cfg, 5);
    assert_true(noise.size == SIZE && noise.normal && noise.seed == 5);
    gan_latent_fixed(&noise, 0, N, z);
    gan_latent_slerp(SIZE, z + 5 * SIZE, z + 2 * SIZE, 3, way);
    float *all = samples_of(m, z, N), *some = samples_of(m, way, 3);
    const size_t bytes = 8 * 8 * 3 * sizeof *all;
    assert_memory_equal(some, all + 5 * 192, bytes);
    assert_memory_equal(some + 2 * 192, all + 2 * 192, bytes);
    assert_memory_not_equal(some + 192, all + 5 * 192, bytes);
    free(all), free(some);
    gan_model_free(m);
    gan_config_free(cfg);
}

/* ---- the parser -------------------------------------------------------------------------------------------- */

/* "1*1,4,7 -1*2,3" */
static void print_terms(const gan__expression *e, char *text, size_t n)
{
    size_t at = 0;
    *text = '\0';
    for (int64_t i = 0; i < e->n_terms; i++) {
        at += (size_t)snprintf(text + at, n - at, "%s%g*", i ? " " : "", e->terms[i].factor);
        for (int64_t k = 0; k < e->terms[i].n; k++)
            at += (size_t)snprintf(text + at, n - at, "%s%lld", k ? "," : "",
                                   (long long)e->samples[e->terms[i].first + k]);
    }
}

static void test_texts(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"7", "1*7"},
        {" 0 ", "1*0"},
        {"999", "1*999"},
        {"0007", "1*7"},
        {"mean(1,4,7) - mean(2,3) + mean(5,8)", "1*1,4,7 -1*2,3 1*5,8"},
        {"mean ( 1 ,4 )-2+3", "1*1,4 -1*2 1*3"},
        {"-mean(1)+2", "-1*1 1*2"},
        {"+1-1", "1*1 -1*1"},
        {"0.5*mean(1,2) + .5*3", "0.5*1,2 0.5*3"},
        {"2 * 3", "2*3"},
        {"2*0.25*3 - 1e-2*4", "0.5*3 -0.01*4"},
        {"2*(1 - 3*(mean(2,3) - 4)) - (5 + 6)", "2*1 -6*2,3 6*4 -1*5 -1*6"},
        {"-(-(-1))", "-1*1"},
        {"2*(-1)", "-2*1"},
        {"0*1 + 2.*3", "0*1 2*3"},
    };
    for (int i = 0; i < COUNT(rows); i++) {
        char got[256];
        gan__expression e;
        EXPECT_OK(gan__expression_parse(&e, "--arithmetic", rows[i][0], 999));
        print_terms(&e, got, sizeof got);
        assert_string_equal(got, rows[i][1]);
        gan__expression_free(&e);
    }
}

static void test_wrong_texts(void **state)
{
    (void)state;
#define SAMPLE "wanted a sample's number, 0 to 999"
#define VALUE "wanted a sample's number, mean(...), a factor with * or ("
    static const char *const rows[][2] = {
        {"", "column 1: got the end, " VALUE},
        {"   ", "column 4: got the end, " VALUE},
        {"1 +", "column 4: got the end, " VALUE},
        {"1 + + 2", "column 5: got \"+\", " VALUE},
        {"--1", "column 2: got \"-\", " VALUE},
        {"1 2", "column 3: got \"2\", wanted +, - or the end"},
        {"1)", "column 2: got \")\", wanted +, - or the end"},
        {"mean(1,4,7) - meen(2)", "column 15: got \"meen\", " VALUE},
        {"means(1)", "column 1: got \"means\", " VALUE},
        {"mean 1", "column 6: got \"1\", wanted ( behind mean"},
        {"mean()", "column 6: got \")\", " SAMPLE},
        {"mean(1,)", "column 8: got \")\", " SAMPLE},
        {"mean(1 2)", "column 8: got \"2\", wanted , or )"},
        {"mean(1,2", "column 9: got the end, wanted , or )"},
        {"mean(-1)", "column 6: got \"-\", " SAMPLE},
        {"mean(mean(1))", "column 6: got \"mean\", " SAMPLE},
        {"(1 - 2", "column 7: got the end, wanted +, - or )"},
        {"1000", "column 1: got \"1000\", " SAMPLE},
        {"mean(3, 99999999999999999999999)", "column 9: got \"99999999999999999999999\", " SAMPLE},
        {"99999999999999999999999999", "column 1: got \"999999999999999999999999\"..., " SAMPLE},
        {"1.5", "column 1: got \"1.5\", " SAMPLE},
        {"1e2", "column 1: got \"1e2\", " SAMPLE},
        {"0x10", "column 1: got \"0x10\", " SAMPLE},
        {"0.5 mean(1)", "column 1: got \"0.5\", " SAMPLE},
        {"3*", "column 3: got the end, " VALUE},
        {"3*-1", "column 3: got \"-\", " VALUE},
        {"mean(1)*2", "column 8: got \"*\", wanted +, - or the end"},
        {"1e9*1", "column 1: got \"1e9\", wanted factors up to 1e6"},
        {"1e999*1", "column 1: got \"1e999\", wanted factors up to 1e6"},
        {"1e4*1e4*1", "column 5: got \"1e4\", wanted factors up to 1e6"},
        {"nan*1", "column 1: got \"nan\", " VALUE},
        {"1 + \x80", "column 5: got the byte 0x80, " VALUE},
        {"1 + \n\x1b[31m", "column 6: got the byte 0x1b, " VALUE},
        {"1 + %s%n", "column 5: got \"%\", " VALUE},
    };
    for (int i = 0; i < COUNT(rows); i++) {
        gan__expression e = {.n_terms = 77};
        EXPECT_FAILURE(gan__expression_parse(&e, "--arithmetic", rows[i][0], 999), GAN_EUSAGE, "option --arithmetic, ",
                       rows[i][1]);
        assert_true(!e.terms && !e.samples && e.n_terms == 0);
    }
}

/* Depth, length, and every one and two bytes: a status, and nothing left. */
static void test_hostile_texts(void **state)
{
    (void)state;
    gan__expression e;
    enum { LONG = 100000 };
    char *text = calloc(1, LONG + 1), some[4] = "";
    assert_non_null(text);
    memset(text, '(', LONG);
    EXPECT_FAILURE(gan__expression_parse(&e, "--arithmetic", text, 999), GAN_EUSAGE, "column 65", "at most 64 parentheses");
    memset(text, '7', LONG);
    EXPECT_FAILURE(gan__expression_parse(&e, "--arithmetic", text, INT64_MAX / 100), GAN_EUSAGE, "column 1");
    text[LONG - 1] = '*';
    EXPECT_FAILURE(gan__expression_parse(&e, "--arithmetic", text, 999), GAN_EUSAGE, "at most 64 characters");
    for (int i = 0; i < LONG; i += 2) text[i] = '1', text[i + 1] = '+';
    text[LONG - 1] = '\0';
    EXPECT_OK(gan__expression_parse(&e, "--arithmetic", text, 999));
    assert_int_equal(e.n_terms, LONG / 2);
    gan__expression_free(&e);
    free(text);
    for (int a = 0; a < 256; a++)
        for (int b = 0; b < 256; b++) {
            some[0] = (char)a, some[1] = (char)b;
            if (gan__expression_parse(&e, "--arithmetic", some, 999) == GAN_OK) gan__expression_free(&e);
            gan_fail_clear();
        }
    for (int k = 1; k <= 2; k++) {
        gan_mem_fail_at(k);
        EXPECT_FAILURE(gan__expression_parse(&e, "--arithmetic", "1+2", 999), GAN_ENOMEM, "no memory");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fixed, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_ends, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_linear, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_arc, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_no_arc, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_means_and_sums, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_neighbours, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_sweeps, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_sampler, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_texts, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_wrong_texts, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_hostile_texts, scratch_before, scratch_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
