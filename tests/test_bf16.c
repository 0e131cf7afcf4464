/* bfloat16 in every kernel table. Proved: rounding takes the nearest of the two neighbours and the even one in the middle, found
 * here by trying both in double, over all exponents, both signs, ties, subnormals and the border to infinity; NaN stays NaN;
 * what is left over is the exact difference, and 0 where there is none; adding and storing; nothing is touched beyond its end. */
#include "kernels_test.h"

enum { SWEEP = 70001, MOST = 70 };

static float of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float of_half(uint16_t h)
{
    return of_bits((uint32_t)h << 16);
}

/* The next one beyond the largest is infinite, but counts as 2^128 when distances are compared. */
static double place_of(uint16_t h)
{
    return (h & 0x7fff) == 0x7f80 ? ldexp(h >> 15 ? -1 : 1, 128) : (double)of_half(h);
}

static uint16_t nearest(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    const uint16_t down = (uint16_t)(bits >> 16), up = (uint16_t)(down + 1); /* in size */
    if (isinf(v)) return down;
    const double below = fabs((double)v - place_of(down)), above = fabs(place_of(up) - (double)v);
    return below < above || (below == above && down % 2 == 0) ? down : up;
}

/* All exponents; every eighth one lies in the middle of two neighbours. */
static float sample(uint32_t i)
{
    uint32_t bits = i * UINT32_C(2654435761);
    if (i % 8 == 0) bits = (bits & 0xffff0000) | 0x8000;
    return of_bits(bits);
}

static void check_one(const char *table, float x, float rest_before, uint16_t h, float rest)
{
    const float v = x + rest_before;
    if (isnan(v)) {
        if (!isnan(of_half(h)) || rest != 0) fail_msg("%s: NaN became %g, rest %g", table, of_half(h), rest);
        return;
    }
    if (h != nearest(v)) fail_msg("%s: %a became %a, not %a", table, v, of_half(h), of_half(nearest(v)));
    const double left = isinf(of_half(h)) ? 0 : (double)v - (double)of_half(h);
    if ((double)rest != left) fail_msg("%s: %a as %a leaves %a, not %a", table, v, of_half(h), rest, left);
}

static void rounds(void **state)
{
    (void)state;
    static float x[SWEEP], rest[SWEEP], before[SWEEP];
    static uint16_t h[SWEEP];
    for (int t = 0; t < gan_kernels_count(); t++) {
        const gan_kernels *k = gan_kernels_get(t);
        for (uint32_t i = 0; i < SWEEP; i++) {
            x[i] = sample(i);
            before[i] = rest[i] = i % 3 && isfinite(x[i]) ? x[i] / 700 : 0;
        }
        x[0] = NAN, x[1] = -NAN, x[2] = INFINITY, x[3] = -INFINITY, x[4] = of_bits(0x7f7fffff), x[5] = -x[4], x[6] = -0.0f;
        x[7] = of_bits(0x7fffffff), x[8] = of_bits(0x7f800001), x[9] = of_bits(0x7f7f7fff), x[10] = of_bits(0x7f7f8000);
        for (int i = 0; i < 11; i++) before[i] = rest[i] = 0;
        k->bf16_round(SWEEP, x, rest, h);
        for (int i = 0; i < SWEEP; i++) check_one(k->name, x[i], before[i], h[i], rest[i]);
        assert_int_equal(h[2], 0x7f80);
        assert_int_equal(h[4], 0x7f80);
        assert_int_equal(h[6], 0); /* -0 + 0 */
        assert_int_equal(h[9], 0x7f7f);
    }
}

/* The same bits in every length, with operands that end where memory does. */
static void any_length(void **state)
{
    (void)state;
    float x[MOST], rest[MOST] = {0}, sum[MOST];
    uint16_t h[MOST];
    for (uint32_t i = 0; i < MOST; i++) x[i] = (float)(i + 1) / 300;
    gan_kernels_get(0)->bf16_round(MOST, x, rest, h);
    for (int i = 0; i < MOST; i++) sum[i] = x[i] + of_half(h[i]);
    for (int t = 0; t < gan_kernels_count(); t++) {
        const gan_kernels *k = gan_kernels_get(t);
        for (int64_t n = 1; n <= MOST; n++) {
            edge y = floats(n), r = floats(n), halves = edge_new(2 * n, 2);
            memcpy(y.at, x, (size_t)n * sizeof *x);
            memset(r.at, 0, (size_t)n * sizeof *x);
            k->bf16_round(n, y.at, r.at, halves.at);
            assert_memory_equal(halves.at, h, (size_t)n * sizeof *h);
            assert_same_bits("rest", r.at, rest, n);
            k->bf16_add(n, halves.at, y.at);
            assert_same_bits("sum", y.at, sum, n);
            k->bf16_store(n, halves.at, y.at);
            for (int64_t i = 0; i < n; i++) assert_true(((float *)y.at)[i] == of_half(h[i]));
            edge_free(y), edge_free(r), edge_free(halves);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rounds), cmocka_unit_test(any_length)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
