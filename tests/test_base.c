/* The base module.
 *
 * Random numbers are held against the published answers of Philox 4x64-10 (kat_vectors of Random123 1.14),
 * the uniform against its own bits, the normal against quantiles computed with 16 digits elsewhere (Wichura
 * 1988, table of checks; R's qnorm) and, element by element, against libm's erfc; independence by correlation
 * of neighbouring places. The rest (failure texts, counted memory, digest, texts for people) is held against what the headers
 * promise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/base/rng.c" /* for normal_quantile, which is static */
#include "gan/digest.h"
#include "gan/dims.h"
#include "gan/median.h"
#include "gan/mem.h"
#include "gan/pace.h"
#include "gan/status.h"

#include <stdio.h>
#include <string.h>

static int64_t live_before;

static int remember_live(void **state)
{
    (void)state;
    gan_fail_clear();
    live_before = gan_mem_live();
    return 0;
}

static int check_live(void **state)
{
    (void)state;
    int64_t left = gan_mem_live() - live_before;
    if (left) print_error("%lld blocks left\n", (long long)left);
    return left != 0;
}

static void assert_near(double got, double want, double tolerance, const char *what)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s: got %.17g, want %.17g +- %g", what, got, want, tolerance);
}

/* ---- status
 * ------------------------------------------------------------------------------------------------ */

static void status_texts_and_codes(void **state)
{
    (void)state;
    int seen[256] = {0};
    for (int s = 0; s < GAN_STATUS_COUNT; s++) {
        int code = gan_status_exit_code((gan_status)s);
        assert_true(strlen(gan_status_text((gan_status)s)) > 1);
        assert_in_range(code, s == GAN_OK ? 0 : 1, 125);
        assert_int_equal(seen[code]++, 0); /* no two alike */
    }
    assert_int_equal(gan_status_exit_code(GAN_OK), 0);
    assert_int_equal(gan_status_exit_code(GAN_ESTOPPED), 75);
    assert_string_equal(gan_status_text((gan_status)GAN_STATUS_COUNT), "unknown status");
    assert_string_equal(gan_status_text((gan_status)-1), "unknown status");
}

static gan_status consequence(void)
{
    GAN_TRY(GAN_FAIL(GAN_EIO, "disk %d is full", 7));
    return GAN_OK;
}

static void first_failure_text_wins(void **state)
{
    (void)state;
    assert_string_equal(gan_fail_text(), "");
    assert_int_equal(consequence(), GAN_EIO);
    assert_int_equal(GAN_FAIL(GAN_ECKPT, "no checkpoint"), GAN_ECKPT);
    assert_string_equal(gan_fail_text(), "disk 7 is full");
    gan_fail_clear();
    assert_string_equal(gan_fail_text(), "");
}

static void long_failure_text_is_cut(void **state)
{
    (void)state;
    char text[10000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    GAN_FAIL(GAN_EDATA, "%s", text);
    assert_in_range(strlen(gan_fail_text()), 1000, sizeof text - 2);
    gan_fail_clear();
}

/* ---- memory
 * ------------------------------------------------------------------------------------------------ */

static void memory_is_zero_aligned_and_counted(void **state)
{
    (void)state;
    int64_t live = gan_mem_live();
    for (int64_t n = 0; n < 300; n += 13) {
        unsigned char *p = gan_calloc(n, 3);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        for (int64_t i = 0; i < 3 * n; i++) assert_int_equal(p[i], 0);
        memset(p, 255, (size_t)(3 * n));
        assert_int_equal(gan_mem_live(), live + 1);
        gan_free(p);
    }
    gan_free(NULL);
    assert_int_equal(gan_mem_live(), live);
}

static void peak_is_the_largest_sum(void **state)
{
    (void)state;
    const int64_t big = 100000000;
    void *p = gan_calloc(big, 1);
    int64_t peak = gan_mem_peak_bytes();
    assert_true(peak >= big);
    gan_free(p);
    gan_free(gan_calloc(10, 1));
    assert_int_equal(gan_mem_peak_bytes(), peak);
}

static void realloc_keeps_and_clears(void **state)
{
    (void)state;
    int32_t *p = gan_realloc(NULL, 5, sizeof *p);
    for (int i = 0; i < 5; i++) p[i] = i + 1;
    p = gan_realloc(p, 100, sizeof *p);
    for (int i = 0; i < 100; i++) assert_int_equal(p[i], i < 5 ? i + 1 : 0);
    p = gan_realloc(p, 2, sizeof *p);
    assert_int_equal(p[1], 2);
    gan_mem_fail_at(1);
    assert_null(gan_realloc(p, 1000, sizeof *p));
    assert_int_equal(p[1], 2);
    gan_free(p);
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    assert_null(gan_calloc(-1, 1));
    assert_null(gan_calloc(INT64_MAX, 16));
    assert_null(gan_calloc(INT64_MAX, 1));
    assert_true(strstr(gan_fail_text(), "no memory for -1 items") != NULL);
    gan_fail_clear();
}

static void strings_are_copied(void **state)
{
    (void)state;
    char *a = gan_strdup("generator"), *b = gan_strndup("generator", 3),
         *c = gan_sprintf("%s/%03d", "step", 12);
    assert_string_equal(a, "generator");
    assert_string_equal(b, "gen");
    assert_string_equal(c, "step/012");
    gan_free(a), gan_free(b), gan_free(c);
}

static void kth_allocation_fails_once(void **state)
{
    (void)state;
    for (int64_t k = 1; k <= 4; k++) {
        gan_mem_fail_at(k);
        for (int64_t i = 1; i <= 5; i++) {
            void *p = gan_calloc(1, 1);
            if ((p == NULL) != (i == k)) fail_msg("fail_at(%d): allocation %d gave %p", (int)k, (int)i, p);
            gan_free(p);
        }
        assert_int_equal(gan_mem_fail_at(0), 0);
    }
    gan_mem_fail_at(9);
    gan_free(gan_calloc(1, 1));
    assert_int_equal(gan_mem_fail_at(0), 8);
    gan_mem_fail_at(1);
    assert_null(gan_strdup("x"));
    gan_mem_fail_at(1);
    assert_null(gan_sprintf("%d", 1));
    gan_fail_clear();
}

/* ---- random numbers
 * ---------------------------------------------------------------------------------------- */

static void assert_words(const uint64_t got[4], const uint64_t want[4])
{
    for (int i = 0; i < 4; i++)
        if (got[i] != want[i])
            fail_msg("word %d: got %016llx, want %016llx", i, (unsigned long long)got[i],
                     (unsigned long long)want[i]);
}

/* clang-format off */
static const struct { uint64_t counter[4], key[2], answer[4]; } known[] = {
    {{0, 0, 0, 0}, {0, 0},
     {0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}},
    {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}, {UINT64_MAX, UINT64_MAX},
     {0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}},
    {{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
     {0x452821e638d01377, 0xbe5466cf34e90c6c},
     {0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6}},
};
/* clang-format on */

static void philox_gives_the_published_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        philox4x64_ctr_t counter;
        philox4x64_key_t key;
        memcpy(counter.v, known[i].counter, sizeof counter.v);
        memcpy(key.v, known[i].key, sizeof key.v);
        assert_words(philox4x64(counter, key).v, known[i].answer);
    }
    uint64_t words[4];
    gan_rng_bits(&(gan_rng){0}, 0, words);
    assert_words(words, known[0].answer);
}

/* Which field goes where is part of the reproducible behaviour: written once more here. */
static void place_in_the_counter(void **state)
{
    (void)state;
    gan_rng at = {.seed = 11, .purpose = GAN_RNG_TEST, .stream = 22, .step = 33, .sample = 44};
    philox4x64_ctr_t counter = {{55, 44, 33, 22}};
    philox4x64_key_t key = {{11, GAN_RNG_TEST}};
    uint64_t got[4];
    gan_rng_bits(&at, 55, got);
    assert_words(got, philox4x64(counter, key).v);
    assert_int_equal(GAN_RNG_INIT, 1);
    assert_int_equal(GAN_RNG_NOISE, 2);
    assert_int_equal(GAN_RNG_DROPOUT, 3);
    assert_int_equal(GAN_RNG_SHUFFLE, 4);
    assert_int_equal(GAN_RNG_MIXTURE, 5);
    assert_int_equal(GAN_RNG_SAMPLES, 6);
}

typedef void draw_fn(const gan_rng *at, int64_t first, int64_t n, float a, float b, float *out);

static void check_portions(draw_fn *draw)
{
    enum { N = 1000 };
    float all[N], part[N];
    gan_rng at = {.seed = 5, .purpose = GAN_RNG_TEST, .sample = 9};
    draw(&at, 0, N, -1, 2, all);
    for (int64_t first = 0; first < 40; first++)
        for (int64_t n = 0; n < 9; n++) {
            draw(&at, first, n, -1, 2, part);
            assert_memory_equal(part, all + first, (size_t)n * sizeof *part);
        }
    int64_t far = INT64_C(1) << 40; /* no 32-bit index anywhere */
    draw(&at, far, N, -1, 2, all);
    draw(&at, far + 501, 7, -1, 2, part);
    assert_memory_equal(part, all + 501, 7 * sizeof *part);
}

static void elements_do_not_depend_on_portions(void **state)
{
    (void)state;
    check_portions(gan_rng_uniform);
    check_portions(gan_rng_normal);
}

static void uniform_is_its_bits(void **state)
{
    (void)state;
    enum { N = 4000 };
    static float x[N];
    gan_rng at = {.seed = 1, .purpose = GAN_RNG_NOISE, .step = 2};
    gan_rng_uniform(&at, 0, N, 0, 1, x);
    for (int i = 0; i < N; i++) {
        uint64_t words[4];
        gan_rng_bits(&at, (uint64_t)i / 4, words);
        assert_near(x[i], (double)(words[i % 4] >> 40) / (1 << 24), 0, "uniform");
    }
}

static void moments(draw_fn *draw, float a, float b, double mean, double variance)
{
    enum { N = 400000 };
    float *x = gan_calloc(N, sizeof *x);
    double sum = 0, squares = 0;
    draw(&(gan_rng){.seed = 3, .purpose = GAN_RNG_TEST}, 0, N, a, b, x);
    for (int i = 0; i < N; i++) sum += x[i];
    for (int i = 0; i < N; i++) squares += (x[i] - mean) * (x[i] - mean);
    gan_free(x);
    assert_near(sum / N, mean, 4 * sqrt(variance / N), "mean");
    assert_near(squares / N, variance, 4 * variance * sqrt(2.0 / N), "variance");
}

static void mean_and_variance(void **state)
{
    (void)state;
    moments(gan_rng_uniform, 0, 1, 0.5, 1.0 / 12);
    moments(gan_rng_uniform, -3, 5, 1, 64.0 / 12);
    moments(gan_rng_normal, 0, 1, 0, 1);
    moments(gan_rng_normal, 2, 0.25f, 2, 0.0625);
}

static void uniform_stays_in_its_range(void **state)
{
    (void)state;
    enum { N = 100000 };
    static const float ranges[][2] = {{0, 1}, {-1, 1}, {-0.05f, 0.05f}, {-1e-3f, 2e30f}};
    float *x = gan_calloc(N, sizeof *x);
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
        float lo = ranges[r][0], hi = ranges[r][1], least = hi, most = lo;
        gan_rng_uniform(&(gan_rng){.seed = 4, .stream = r}, 0, N, lo, hi, x);
        for (int i = 0; i < N; i++) {
            if (x[i] < lo || x[i] >= hi) fail_msg("element %d: %.9g is not in [%.9g, %.9g)", i, x[i], lo, hi);
            least = x[i] < least ? x[i] : least, most = x[i] > most ? x[i] : most;
        }
        assert_near(least, lo, 1e-3 * (hi - lo), "least");
        assert_near(most, hi, 1e-3 * (hi - lo), "most");
    }
    gan_free(x);
}

/* clang-format off */
static const struct { double p, x; } quantiles[] = {
    {0.5, 0},
    {0.25, -0.67448975019608174},
    {0.75, 0.67448975019608174},
    {0.84134474606854293, 1},
    {0.9, 1.2815515655446004},
    {0.975, 1.959963984540054},
    {0.995, 2.5758293035489004},
    {0.001, -3.0902323061678132},
    {1e-5, -4.2648907939228247},
    {1e-10, -6.3613409024040557},
    {1e-20, -9.2623400897984078},
};
/* clang-format on */

static void normal_has_the_known_quantiles(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        char what[32];
        snprintf(what, sizeof what, "quantile %g", quantiles[i].p);
        assert_near(normal_quantile(quantiles[i].p), quantiles[i].x, 2e-15 * (1 + fabs(quantiles[i].x)),
                    what);
    }
}

/* p of an element's own bits is Phi of its value, up to the rounding of the value to float. */
static void normal_inverts_the_distribution_function(void **state)
{
    (void)state;
    enum { N = 100000 };
    float *x = gan_calloc(N, sizeof *x);
    gan_rng at = {.seed = 8, .purpose = GAN_RNG_NOISE};
    gan_rng_normal(&at, 0, N, 0, 1, x);
    for (int i = 0; i < N; i++) {
        uint64_t words[4];
        gan_rng_bits(&at, (uint64_t)i / 4, words);
        double p = ((double)(words[i % 4] >> 11) + 0.5) * 0x1p-53,
               density = exp(-0.5 * x[i] * x[i]) / 2.5066282746310002;
        assert_near(0.5 * erfc(-x[i] / sqrt(2.0)), p, 6.1e-8 * (fabs(x[i]) + 1e-7) * density + 1e-14,
                    "Phi(x)");
    }
    gan_free(x);
}

/* |r| of N independent pairs exceeds 5/sqrt(N) about once in two million trials. */
static void assert_unrelated(const gan_rng *one, const gan_rng *other, const char *what)
{
    enum { N = 40000 };
    static float x[N], y[N];
    double r = 0;
    gan_rng_normal(one, 0, N, 0, 1, x);
    gan_rng_normal(other, 0, N, 0, 1, y);
    for (int i = 0; i < N; i++) r += (double)x[i] * y[i];
    assert_near(r / N, 0, 5 / sqrt(N), what);
}

static void places_are_independent(void **state)
{
    (void)state;
    const gan_rng at = {.seed = 1, .purpose = GAN_RNG_NOISE, .stream = 1, .step = 1, .sample = 1};
    gan_rng near = at;
    near.seed++, assert_unrelated(&at, &near, "seed"), near = at;
    near.stream++, assert_unrelated(&at, &near, "stream"), near = at;
    near.step++, assert_unrelated(&at, &near, "step"), near = at;
    near.sample++, assert_unrelated(&at, &near, "sample"), near = at;
    for (near.purpose = GAN_RNG_INIT; near.purpose <= GAN_RNG_TEST; near.purpose++)
        if (near.purpose != at.purpose) assert_unrelated(&at, &near, "purpose");
    near = at, near.step = at.sample + 1, near.sample = at.step + 2; /* fields do not add up */
    assert_unrelated(&at, &near, "step and sample exchanged");
}

/* ---- digest
 * ------------------------------------------------------------------------------------------------ */

static void digest_sees_every_bit(void **state)
{
    (void)state;
    unsigned char bytes[67];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(31 * i);
    for (size_t n = 1; n <= sizeof bytes; n++) {
        uint64_t h = gan_digest(GAN_DIGEST_START, bytes, n);
        assert_true(h == gan_digest(GAN_DIGEST_START, bytes, n));
        for (size_t bit = 0; bit < 8 * n; bit++) {
            bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
            if (gan_digest(GAN_DIGEST_START, bytes, n) == h)
                fail_msg("%zu bytes: bit %zu makes no difference", n, bit);
            bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        }
    }
}

static void digest_sees_length_order_and_start(void **state)
{
    (void)state;
    static const unsigned char zeros[64], ab[32] = {[0] = 1, [16] = 2}, ba[32] = {[0] = 2, [16] = 1};
    for (size_t n = 0; n < 64; n++) assert_true(gan_digest(1, zeros, n) != gan_digest(1, zeros, n + 1));
    assert_true(gan_digest(1, ab, 32) != gan_digest(1, ba, 32));
    assert_true(gan_digest(1, ab, 32) != gan_digest(2, ab, 32));
    assert_true(gan_digest(gan_digest(1, ab, 16), ab + 16, 16) !=
                gan_digest(gan_digest(1, ab + 16, 16), ab, 16));
    float plus = 0.0f, minus = -0.0f; /* bits, not values */
    assert_true(gan_digest(1, &plus, sizeof plus) != gan_digest(1, &minus, sizeof minus));
}

/* One bit in turns half of the bits out: 32 +- 5 standard errors over all input bits. */
static void digest_spreads(void **state)
{
    (void)state;
    unsigned char bytes[64] = {0};
    uint64_t h = gan_digest(GAN_DIGEST_START, bytes, sizeof bytes);
    double flipped = 0;
    for (size_t bit = 0; bit < 512; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        flipped += __builtin_popcountll(h ^ gan_digest(GAN_DIGEST_START, bytes, sizeof bytes));
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_near(flipped / 512, 32, 5 * 4 / sqrt(512), "bits turned by one bit");
}

/* ---- texts ------------------------------------------------------------------------------------------------ */

static void median_sorts(void **state)
{
    (void)state;
    double odd[] = {3, -1, 7}, even[] = {4, 1, 3, 2}, one[] = {5};
    assert_true(gan_median(odd, 3) == 3 && odd[0] == -1 && odd[2] == 7);
    assert_true(gan_median(even, 4) == 3 && even[0] == 1 && even[3] == 4);
    assert_true(gan_median(one, 1) == 5);
}

static void dimensions_as_text(void **state)
{
    (void)state;
    static const int64_t dims[] = {28, 7, INT64_C(1) << 40};
    char text[64];
    gan_dims_text(3, dims, text, sizeof text);
    assert_string_equal(text, "28x7x1099511627776");
    gan_dims_text(1, dims, text, sizeof text);
    assert_string_equal(text, "28");
    gan_dims_text(0, dims, text, sizeof text);
    assert_string_equal(text, "");
    for (size_t n = 1; n < 19; n++) {
        memset(text, '#', sizeof text);
        gan_dims_text(3, dims, text, n);
        assert_true(strlen(text) == n - 1 && strncmp(text, "28x7x1099511627776", n - 1) == 0 && text[n] == '#');
    }
}

static void times_as_text(void **state)
{
    (void)state;
    static const struct {
        double s;
        const char *text;
    } rows[] = {{0, "0:00"},         {59.4, "0:59"},           {59.6, "1:00"},          {3599, "59:59"},
                {3600, "1:00:00"},   {86399.9, "1d 00:00:00"}, {45296, "12:34:56"},     {2 * 86400 + 3661, "2d 01:01:01"}};
    char text[64];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gan_time_text(rows[i].s, text, sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

/* The first line comes at once, the second one not before its time. */
static void lines_keep_their_distance(void **state)
{
    (void)state;
    gan_pace p;
    gan_pace_begin(&p);
    assert_true(gan_pace_due(&p));
    assert_false(gan_pace_due(&p));
    p.shown_s -= 3600;
    assert_true(gan_pace_due(&p));
    assert_true(gan_pace_elapsed_s(&p) >= 0 && gan_pace_elapsed_s(&p) < 60);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, remember_live, check_live)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(status_texts_and_codes),
        TEST(first_failure_text_wins),
        TEST(long_failure_text_is_cut),
        TEST(memory_is_zero_aligned_and_counted),
        TEST(peak_is_the_largest_sum),
        TEST(realloc_keeps_and_clears),
        TEST(impossible_sizes_are_refused),
        TEST(strings_are_copied),
        TEST(kth_allocation_fails_once),
        TEST(philox_gives_the_published_answers),
        TEST(place_in_the_counter),
        TEST(elements_do_not_depend_on_portions),
        TEST(uniform_is_its_bits),
        TEST(mean_and_variance),
        TEST(uniform_stays_in_its_range),
        TEST(normal_has_the_known_quantiles),
        TEST(normal_inverts_the_distribution_function),
        TEST(places_are_independent),
        TEST(digest_sees_every_bit),
        TEST(digest_sees_length_order_and_start),
        TEST(digest_spreads),
        TEST(median_sorts),
        TEST(dimensions_as_text),
        TEST(times_as_text),
        TEST(lines_keep_their_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
