/* Elementwise functions, optimizer steps and pixel conversion of every kernel table of this machine. Proved:
 *  - values of the functions, against double libm over a sweep of all exponents, both signs, subnormals, infinities and
 *    NaN, within the bounds of ulps_allowed(); NaN comes through everywhere;
 *  - promise 3 of kernels.h: an element has the same bits at every offset and in every length, in place too;
 *  - optimizer steps, against the formulas of kernels.h in double; a block with a non-finite gradient keeps its bits;
 *  - nothing is read or written beyond its end; the avx2 and avx512 tables agree in every bit. */
#include "kernels_test.h"

enum { SWEEP_STRIDE = 4099, SWEEP = 1047552, CHUNK = 4096 };
static const float P = 0.2f, Q = -1.75f;

static double softplus(double a)
{
    return a > 0 ? a + log1p(exp(-a)) : log1p(exp(a));
}

static double sigmoid(double a)
{
    return a > 0 ? 1 / (1 + exp(-a)) : exp(a) / (1 + exp(a));
}

/* What the function is, in double. */
static double exact(gan_map f, double a, double b)
{
    const double p = (double)P, q = (double)Q;
    switch (f) {
    case GAN_MAP_ADD: return a + b;
    case GAN_MAP_SUB: return a - b;
    case GAN_MAP_MUL: return a * b;
    case GAN_MAP_DIV: return a / b;
    case GAN_MAP_AFFINE: return p * a + q;
    case GAN_MAP_RELU: return a < 0 ? 0 : a;
    case GAN_MAP_LEAKY_RELU: return a > 0 ? a : p * a;
    case GAN_MAP_LEAKY_MASK: return isnan(a) ? a : a > 0 ? 1 : p;
    case GAN_MAP_TANH: return tanh(a);
    case GAN_MAP_SIGMOID: return sigmoid(a);
    case GAN_MAP_SOFTPLUS: return softplus(a);
    case GAN_MAP_EXP: return exp(a);
    case GAN_MAP_LOG: return log(a);
    case GAN_MAP_SQRT: return sqrt(a);
    case GAN_MAP_RECIPROCAL: return 1 / a;
    case GAN_MAP_SQUARE: return a * a;
    case GAN_MAP_ABS: return fabs(a);
    case GAN_MAP_SIGN: return isnan(a) ? a : (a > 0) - (a < 0);
    case GAN_MAP_COUNT: break;
    }
    return NAN;
}

static const struct {
    const char *name;
    int inputs;
} functions[GAN_MAP_COUNT] = {
#define X(ID, label, n_in, text) [GAN_MAP_##ID] = {#label, n_in},
    GAN_MAP_LIST(X)
#undef X
};

/* Errors allowed, in ulp. */
static double ulps_allowed(gan_map f)
{
    switch (f) {
    case GAN_MAP_EXP:
    case GAN_MAP_LOG: return 2;
    case GAN_MAP_TANH:
    case GAN_MAP_SIGMOID:
    case GAN_MAP_SOFTPLUS: return 4;
    default: return 0.5; /* rounded correctly */
    }
}

static void check_value(const gan_kernels *k, gan_map f, float a, float b, float got)
{
    double want = exact(f, (double)a, (double)b), error = ulps(got, want), bound = ulps_allowed(f);
    if (f == GAN_MAP_AFFINE && isfinite(got)) { /* p*a may cancel with q: not a matter of ulps */
        error = fabs((double)got - want);
        bound = 0x1p-24 * (fabs((double)P * (double)a) + fabs(want)) + 0x1p-149;
    }
    if (error <= bound) return;
    fail_msg("%s %s(%a = %.9g, %a): got %a = %.9g, exact %.12g, error %.3g, allowed %.3g", k->name,
             functions[f].name, (double)a, (double)a, (double)b, (double)got, (double)got, want, error,
             bound);
}

static void run(const gan_kernels *k, gan_map f, int64_t n, const float *a, const float *b, float *y)
{
    k->map[f](n, a, functions[f].inputs == 2 ? b : NULL, P, Q, y);
}

/* Chunk number c of the sweep over all bit patterns; b is another order of them. */
static void sweep_chunk(int c, float *a, float *b)
{
    for (int i = 0; i < CHUNK; i++) {
        uint32_t bits = (uint32_t)(c * CHUNK + i) * SWEEP_STRIDE, other = bits * 2654435761u;
        memcpy(a + i, &bits, sizeof bits);
        memcpy(b + i, &other, sizeof other);
    }
}

static void test_accuracy(void **state)
{
    (void)state;
    static float a[CHUNK], b[CHUNK], y[CHUNK];
    for (int t = 0; t < gan_kernels_count(); t++) {
        const gan_kernels *k = gan_kernels_get(t);
        for (int c = 0; c < SWEEP / CHUNK; c++) {
            sweep_chunk(c, a, b);
            for (int f = 0; f < GAN_MAP_COUNT; f++) {
                run(k, (gan_map)f, CHUNK, a, b, y);
                for (int i = 0; i < CHUNK; i++) check_value(k, (gan_map)f, a[i], b[i], y[i]);
            }
        }
    }
}

/* Where things happen: every float near the places where an implementation switches formulas or saturates. */
static void test_dense_places(void **state)
{
    (void)state;
    static const float places[] = {0.625f,      -0.625f,     88.72f,      -87.33f, -103.97f,
                                   0.34657359f, 0.70710678f, 1.41421356f, 1.0f,    9.01f,
                                   -16.63f,     17.0f,       -88.0f,      1e-20f,  1.17549435e-38f};
    static float a[CHUNK], y[CHUNK];
    for (int t = 0; t < gan_kernels_count(); t++) {
        const gan_kernels *k = gan_kernels_get(t);
        for (size_t c = 0; c < sizeof places / sizeof *places; c++) {
            uint32_t bits;
            memcpy(&bits, &places[c], sizeof bits);
            bits -= CHUNK / 2;
            for (int i = 0; i < CHUNK; i++, bits++) memcpy(a + i, &bits, sizeof bits);
            for (int f = GAN_MAP_AFFINE; f < GAN_MAP_COUNT; f++) {
                run(k, (gan_map)f, CHUNK, a, a, y);
                for (int i = 0; i < CHUNK; i++) check_value(k, (gan_map)f, a[i], a[i], y[i]);
            }
        }
    }
}

static void test_special_values(void **state)
{
    (void)state;
    static const float special[] = {0.0f,           -0.0f,   1.0f,     -1.0f,  INFINITY,
                                    -INFINITY,      NAN,     -NAN,     1e-45f, -1e-45f,
                                    1.1754944e-38f, 3.4e38f, -3.4e38f, 88.8f,  -150.0f};
    enum { COUNT = sizeof special / sizeof *special };
    for (int t = 0; t < gan_kernels_count(); t++) {
        const gan_kernels *k = gan_kernels_get(t);
        for (int f = 0; f < GAN_MAP_COUNT; f++) {
            for (int i = 0; i < COUNT * COUNT; i++) {
                float a = special[i / COUNT], b = special[i % COUNT], y;
                run(k, (gan_map)f, 1, &a, &b, &y);
                check_value(k, (gan_map)f, a, b, y);
                if (isnan(a) && !isnan(y)) fail_msg("%s %s(NaN) = %g", k->name, functions[f].name, (double)y);
            }
        }
        float zero = -0.0f, y;
        run(k, GAN_MAP_TANH, 1, &zero, NULL, &y);
        assert_true(signbit(y));
    }
}

static void place(const gan_kernels *k, gan_map f, int64_t offset, int64_t n, const float *a, const float *b,
                  const float *whole)
{
    char what[80];
    edge x = floats(n), z = floats(n), y = floats(n);
    memcpy(x.at, a + offset, (size_t)n * sizeof *a);
    memcpy(z.at, b + offset, (size_t)n * sizeof *b);
    snprintf(what, sizeof what, "%s %s of %lld at %lld", k->name, functions[f].name, (long long)n,
             (long long)offset);
    run(k, f, n, x.at, z.at, y.at);
    assert_same_bits(what, y.at, whole + offset, n);
    run(k, f, n, x.at, z.at, x.at);
    assert_same_bits(what, x.at, whole + offset, n);
    edge_free(x), edge_free(y), edge_free(z);
}

/* Bits at every offset and length against those of one long call. */
static void test_placement(void **state)
{
    (void)state;
    enum { SIZE = 102 };
    edge a = random_floats(SIZE, 1, -9, 9), b = random_floats(SIZE, 2, -9, 9), whole = floats(SIZE),
         y = floats(SIZE);
    for (int t = 0; t < gan_kernels_count(); t++) {
        const gan_kernels *k = gan_kernels_get(t);
        for (int f = 0; f < GAN_MAP_COUNT; f++) {
            run(k, (gan_map)f, SIZE, a.at, b.at, whole.at);
            for (int64_t offset = 0; offset < 32; offset++) {
                for (int64_t n = 1; n <= 70; n++) {
                    float *out = (float *)y.at + offset;
                    run(k, (gan_map)f, n, (float *)a.at + offset, (float *)b.at + offset, out);
                    assert_same_bits(functions[f].name, out, (float *)whole.at + offset, n);
                }
            }
            for (int64_t n = 1; n <= 35; n++) place(k, (gan_map)f, n % 7, n, a.at, b.at, whole.at);
        }
    }
    edge_free(a), edge_free(b), edge_free(whole), edge_free(y);
}

/* Optimizer steps. `plain` is momentum without a velocity. */
typedef enum rule { ADAM, MOMENTUM, PLAIN, RMSPROP, RULES } rule;
static const char *const rule_names[] = {"adam", "momentum", "plain descent", "rmsprop"};
static const gan_adam adam = {0.003f, 0.9f, 0.99f, 1e-8f, 2.5f, 0.01f, 0.5f};

static double step(const gan_kernels *k, rule r, int64_t n, const float *g, float *w, float *m, float *v)
{
    const gan_adam *a = &adam;
    switch (r) {
    case ADAM: return k->adam(n, a, g, w, m, v);
    case MOMENTUM: return k->momentum(n, a->rate, a->beta1, a->weight_decay, a->grad_scale, g, w, v);
    case PLAIN: return k->momentum(n, a->rate, 0, a->weight_decay, a->grad_scale, g, w, NULL);
    default: return k->rmsprop(n, a->rate, a->beta2, a->epsilon, a->weight_decay, a->grad_scale, g, w, v);
    }
}

/* The same for one element, in double. */
static void exact_step(rule r, double g, double *w, double *m, double *v)
{
    const double rate = (double)adam.rate, b1 = (double)adam.beta1, b2 = (double)adam.beta2,
                 eps = (double)adam.epsilon;
    double d = (double)adam.grad_scale * g + (double)adam.weight_decay * *w;
    switch (r) {
    case ADAM:
        *m = b1 * *m + (1 - b1) * d;
        *v = b2 * *v + (1 - b2) * d * d;
        *w -= rate * *m / (sqrt(*v * (double)adam.v_scale) + eps);
        break;
    case MOMENTUM:
        *v = b1 * *v + d;
        *w -= rate * *v;
        break;
    case PLAIN: *w -= rate * d; break;
    default: *v = b2 * *v + (1 - b2) * d * d; *w -= rate * d / (sqrt(*v) + eps);
    }
}

typedef struct weights {
    int64_t n;
    edge g, w, m, v;
} weights;

static weights weights_new(int64_t n)
{
    return (weights){n, random_floats(n, 3, -1, 1), random_floats(n, 4, -1, 1), random_floats(n, 5, -1, 1),
                     random_floats(n, 6, 0, 1)};
}

static void weights_free(weights *s)
{
    edge_free(s->g), edge_free(s->w), edge_free(s->m), edge_free(s->v);
}

static void near(const char *table, rule r, const char *what, int64_t i, float got, double want)
{
    if (fabs((double)got - want) <= 4e-7) return; /* values are at most about 2 */
    fail_msg("%s %s: %s[%lld] is %.9g, expected %.12g", table, rule_names[r], what, (long long)i, (double)got,
             want);
}

static void check_step(const gan_kernels *k, rule r, int64_t n)
{
    weights now = weights_new(n), old = weights_new(n);
    double squares = step(k, r, n, now.g.at, now.w.at, now.m.at, now.v.at), want = 0;
    for (int64_t i = 0; i < n; i++) {
        double g = (double)((float *)old.g.at)[i], w = (double)((float *)old.w.at)[i];
        double m = (double)((float *)old.m.at)[i], v = (double)((float *)old.v.at)[i];
        exact_step(r, g, &w, &m, &v);
        want += g * g;
        near(k->name, r, "w", i, ((float *)now.w.at)[i], w);
        near(k->name, r, "m", i, ((float *)now.m.at)[i], m);
        near(k->name, r, "v", i, ((float *)now.v.at)[i], v);
    }
    if (fabs(squares - want) > 1e-12 * want) {
        fail_msg("%s %s: sum of squares %.17g, expected %.17g", k->name, rule_names[r], squares, want);
    }
    weights_free(&now);
    weights_free(&old);
}

static void test_steps(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 2, 15, 16, 17, 100, GAN_UPDATE_BLOCK - 1, GAN_UPDATE_BLOCK + 3, 10000};
    for (int t = 0; t < gan_kernels_count(); t++) {
        for (int r = 0; r < RULES; r++) {
            for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
                check_step(gan_kernels_get(t), (rule)r, sizes[i]);
        }
    }
}

/* Block `b` of two runs has the same bits. */
static void same_block(const char *what, int b, const weights *x, const weights *y)
{
    int64_t at = (int64_t)b * GAN_UPDATE_BLOCK,
            n = x->n - at < GAN_UPDATE_BLOCK ? x->n - at : GAN_UPDATE_BLOCK;
    assert_same_bits(what, (float *)x->w.at + at, (float *)y->w.at + at, n);
    assert_same_bits(what, (float *)x->m.at + at, (float *)y->m.at + at, n);
    assert_same_bits(what, (float *)x->v.at + at, (float *)y->v.at + at, n);
}

static void test_bad_blocks_are_left_alone(void **state)
{
    (void)state;
    const int64_t n = 3 * GAN_UPDATE_BLOCK + 77;
    for (int t = 0; t < gan_kernels_count(); t++) {
        for (int r = 0; r < RULES; r++) {
            const gan_kernels *k = gan_kernels_get(t);
            weights untouched = weights_new(n), good = weights_new(n), bad = weights_new(n);
            ((float *)bad.g.at)[GAN_UPDATE_BLOCK + 5] = NAN;
            ((float *)bad.g.at)[n - 1] = INFINITY;
            step(k, (rule)r, n, good.g.at, good.w.at, good.m.at, good.v.at);
            double squares = step(k, (rule)r, n, bad.g.at, bad.w.at, bad.m.at, bad.v.at);
            assert_false(isfinite(squares));
            same_block("block with a good gradient", 0, &bad, &good);
            same_block("block with NaN in its gradient", 1, &bad, &untouched);
            same_block("block with a good gradient", 2, &bad, &good);
            same_block("block with infinity in its gradient", 3, &bad, &untouched);
            weights_free(&untouched), weights_free(&good), weights_free(&bad);
        }
    }
}

static void test_ema(void **state)
{
    (void)state;
    for (int t = 0; t < gan_kernels_count(); t++) {
        for (int64_t n = 1; n <= 70; n++) {
            weights now = weights_new(n), old = weights_new(n);
            gan_kernels_get(t)->ema(n, 0.999f, now.w.at, now.m.at);
            for (int64_t i = 0; i < n; i++) {
                double e = (double)((float *)old.m.at)[i], w = (double)((float *)old.w.at)[i];
                near(gan_kernels_get(t)->name, PLAIN, "ema", i, ((float *)now.m.at)[i],
                     e + (1 - (double)0.999f) * (w - e));
            }
            weights_free(&now), weights_free(&old);
        }
    }
}

static void test_pixels(void **state)
{
    (void)state;
    const float p = 2 / 255.0f, q = -1;
    for (int t = 0; t < gan_kernels_count(); t++) {
        const gan_kernels *k = gan_kernels_get(t);
        float whole[256];
        uint8_t all[256];
        for (int i = 0; i < 256; i++) all[i] = (uint8_t)i;
        k->from_u8(256, all, p, q, whole);
        for (int i = 0; i < 256; i++) near(k->name, PLAIN, "from_u8", i, whole[i], i * (double)p + (double)q);
        for (int64_t n = 1; n <= 70; n++) {
            edge bytes = edge_new(n, 1), x = floats(n);
            memcpy(bytes.at, all + n, (size_t)n);
            k->from_u8(n, bytes.at, p, q, x.at);
            assert_same_bits("from_u8 of a part", x.at, whole + n, n);
            edge_free(bytes), edge_free(x);
        }
    }
}

static void test_avx2_and_avx512_agree(void **state)
{
    (void)state;
    const gan_kernels *k[2] = {gan_kernels_named("avx2"), gan_kernels_named("avx512")};
    if (!k[0] || !k[1]) skip();
    static float a[CHUNK], b[CHUNK], y[2][CHUNK];
    for (int f = 0; f < GAN_MAP_COUNT; f++) {
        for (int c = 0; c < SWEEP / CHUNK; c++) {
            sweep_chunk(c, a, b);
            for (int t = 0; t < 2; t++) {
                run(k[t], (gan_map)f, CHUNK, a, b, y[t]);
                for (int i = 0; i < CHUNK; i++)
                    y[t][i] = isnan(y[t][i]) ? NAN : y[t][i]; /* payloads may differ */
            }
            assert_same_bits(functions[f].name, y[0], y[1], CHUNK);
        }
    }
    for (int r = 0; r < RULES; r++) {
        weights x = weights_new(5000), z = weights_new(5000);
        double one = step(k[0], (rule)r, x.n, x.g.at, x.w.at, x.m.at, x.v.at);
        double two = step(k[1], (rule)r, z.n, z.g.at, z.w.at, z.m.at, z.v.at);
        if (one != two) fail_msg("%s: avx2 %.17g, avx512 %.17g", rule_names[r], one, two);
        same_block(rule_names[r], 0, &x, &z);
        same_block(rule_names[r], 1, &x, &z);
        k[0]->ema(x.n, 0.9f, x.w.at, x.m.at);
        k[1]->ema(z.n, 0.9f, z.w.at, z.m.at);
        same_block("ema", 0, &x, &z);
        weights_free(&x), weights_free(&z);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_special_values),
        cmocka_unit_test(test_accuracy),
        cmocka_unit_test(test_dense_places),
        cmocka_unit_test(test_placement),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_bad_blocks_are_left_alone),
        cmocka_unit_test(test_ema),
        cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_avx2_and_avx512_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
