/* timeout: 240
 * Convolutions of every kernel table of this machine, in every way that applies. Proved:
 *  - values of the three passes, against sums in double taken from the definition in gan/conv.h. For the direct way
 *    |error| <= (terms + 4) * 2^-24 * sum |x||w|, the bound for any order of summation; for Winograd's ways, whose
 *    errors come from a whole tile, |error| <= the factor below * 2^-24 * the largest sum |x||w| of the result;
 *  - no operand is read or written beyond its end (operands end at an unmapped page), nor an output before its start;
 *  - promise 1 of kernels.h: images in groups of 1 to 3 and in one call have the same bits;
 *  - promise 2: blocks of shards merged by hand, after a recursive definition of the tree, have the bits of one call;
 *  - threads that share a call give the bits of one;
 *  - a tail has the bits of adding the bias and mapping afterwards;
 *  - the avx2 and avx512 tables agree in every bit; the choice of a way does not depend on the number of images. */
#ifdef _OPENMP
#include <omp.h>
#endif

#include "kernels_test.h"

typedef struct shape {
    int64_t N, H, W, C, O;
    int kh, kw, stride, top, left, bottom, right;
} shape;

/* Odd sizes, one pixel, one channel, more padding than half a kernel, strides and kernels that Winograd does not know,
 * tiles that are cut, a u that is made some columns at a time, and layers of real networks. */
static const shape shapes[] = {
    {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0},     {2, 1, 1, 3, 5, 3, 3, 1, 1, 1, 1, 1},
    {3, 1, 9, 2, 4, 1, 3, 1, 0, 1, 0, 1},     {3, 7, 1, 2, 17, 5, 1, 2, 2, 0, 2, 0},
    {2, 5, 6, 3, 7, 2, 3, 1, 0, 1, 1, 0},     {2, 9, 7, 4, 5, 3, 3, 3, 1, 1, 1, 1},
    {3, 5, 5, 6, 18, 5, 5, 1, 4, 4, 4, 4},    {2, 8, 8, 16, 16, 1, 1, 1, 0, 0, 0, 0},
    {2, 7, 7, 5, 9, 1, 1, 2, 0, 0, 0, 0},     {4, 4, 4, 20, 1, 4, 4, 1, 0, 0, 0, 0},
    {5, 4, 4, 3, 40, 4, 4, 1, 0, 0, 0, 0},    {2, 6, 6, 2, 3, 4, 4, 3, 2, 2, 2, 2},
    {4, 8, 8, 3, 16, 4, 4, 2, 1, 1, 1, 1},    {3, 16, 16, 1, 33, 4, 4, 2, 1, 1, 1, 1},
    {5, 7, 9, 5, 1, 4, 4, 2, 1, 1, 1, 2},     {2, 10, 6, 17, 48, 4, 4, 2, 2, 3, 0, 1},
    {6, 8, 8, 32, 20, 4, 4, 2, 1, 1, 1, 1},   {1, 33, 34, 2, 2, 4, 4, 2, 3, 0, 3, 3},
    {3, 2, 2, 48, 64, 4, 4, 2, 1, 1, 1, 1},   {4, 8, 8, 3, 16, 3, 3, 1, 1, 1, 1, 1},
    {3, 16, 16, 16, 3, 3, 3, 1, 1, 1, 1, 1},  {6, 7, 5, 1, 33, 3, 3, 1, 1, 1, 1, 1},
    {2, 9, 9, 20, 49, 3, 3, 1, 2, 2, 2, 2},   {5, 3, 3, 7, 1, 3, 3, 1, 0, 0, 0, 0},
    {1, 35, 33, 3, 5, 3, 3, 1, 0, 1, 2, 1},   {2, 1, 12, 4, 17, 3, 3, 1, 3, 1, 3, 2},
    {12, 4, 4, 64, 80, 3, 3, 1, 1, 1, 1, 1},  {3, 24, 40, 8, 8, 3, 3, 1, 1, 1, 1, 1},
    {6, 18, 16, 33, 2, 3, 3, 1, 1, 1, 1, 1},  {8, 6, 6, 20, 130, 2, 2, 2, 0, 0, 0, 0},
    {4, 4, 6, 100, 250, 4, 4, 2, 1, 1, 1, 1}, {2, 3, 3, 210, 290, 3, 3, 1, 1, 1, 1, 1},
};
enum { SHAPES = sizeof shapes / sizeof *shapes, CANARY = 16 };

/* About twice the largest that these shapes show. */
static const double factor[GAN_CONV_WAYS][GAN_CONV_PASSES] = {
    [GAN_CONV_WINOGRAD_4X4_2X2] = {45, 45, 20},
    [GAN_CONV_WINOGRAD_4X4_3X3] = {80, 70, 55},
    [GAN_CONV_WINOGRAD_2X2_3X3] = {5, 5, 5},
};
static const char *const pass_name[] = {"y", "dx", "dw"};

static gan_conv conv_of(const shape *s)
{
    return (gan_conv){.N = s->N,
                      .H = s->H,
                      .W = s->W,
                      .C = s->C,
                      .O = s->O,
                      .OH = (s->H + s->top + s->bottom - s->kh) / s->stride + 1,
                      .OW = (s->W + s->left + s->right - s->kw) / s->stride + 1,
                      .kh = s->kh,
                      .kw = s->kw,
                      .stride = s->stride,
                      .pad_top = s->top,
                      .pad_left = s->left};
}

static void text_of(char *text, size_t n, const gan_kernels *k, gan_conv_way way, gan_conv_pass pass,
                    const gan_conv *c)
{
    snprintf(text, n, "%s %s %s, x %lldx%lldx%lldx%lld, y %lldx%lldx%lld, %dx%d stride %d padding %d,%d",
             k->name, gan_conv_way_name(way), pass_name[pass], (long long)c->N, (long long)c->H,
             (long long)c->W, (long long)c->C, (long long)c->OH, (long long)c->OW, (long long)c->O, c->kh,
             c->kw, c->stride, c->pad_top, c->pad_left);
}

static int64_t x_floats(const gan_conv *c)
{
    return c->N * c->H * c->W * c->C;
}
static int64_t y_floats(const gan_conv *c)
{
    return c->N * c->OH * c->OW * c->O;
}
static int64_t w_floats(const gan_conv *c)
{
    return c->kh * c->kw * c->C * c->O;
}

static int64_t result_floats(const gan_conv *c, gan_conv_pass pass)
{
    return pass == GAN_CONV_Y ? y_floats(c) : pass == GAN_CONV_DX ? x_floats(c) : w_floats(c);
}

/* ---- exact values ------------------------------------------------------------------------------------------ */

/* value[i] and the sum of absolute terms size[i] of each element of a result. */
typedef struct exact {
    double *value, *size;
    int64_t n, terms;
} exact;

/* Calls add for every term x[i] w[j] of y[k]. */
static void each_term(const gan_conv *c, void (*add)(void *, int64_t i, int64_t j, int64_t k), void *to)
{
    const int64_t K = c->kh * c->kw * c->C;
    for (int64_t n = 0; n < c->N; n++)
        for (int64_t oy = 0; oy < c->OH; oy++)
            for (int64_t ox = 0; ox < c->OW; ox++)
                for (int64_t k = 0; k < K; k++) {
                    int64_t h = oy * c->stride + k / c->C / c->kw - c->pad_top;
                    int64_t w = ox * c->stride + k / c->C % c->kw - c->pad_left;
                    if (h < 0 || w < 0 || h >= c->H || w >= c->W) continue;
                    for (int64_t o = 0; o < c->O; o++)
                        add(to, ((n * c->H + h) * c->W + w) * c->C + k % c->C, gan_panel_at(K, c->O, k, o),
                            ((n * c->OH + oy) * c->OW + ox) * c->O + o);
                }
}

typedef struct exact_sum {
    exact *e;
    gan_conv_pass pass;
    const float *x, *w, *y;
} exact_sum;

static void add_exact(void *to, int64_t i, int64_t j, int64_t k)
{
    exact_sum *s = to;
    int64_t at = s->pass == GAN_CONV_Y ? k : s->pass == GAN_CONV_DX ? i : j;
    double term = s->pass == GAN_CONV_Y    ? (double)s->x[i] * (double)s->w[j]
                  : s->pass == GAN_CONV_DX ? (double)s->y[k] * (double)s->w[j]
                                           : (double)s->x[i] * (double)s->y[k];
    s->e->value[at] += term;
    s->e->size[at] += fabs(term);
}

static exact exact_of(const gan_conv *c, gan_conv_pass pass, const float *x, const float *w, const float *y)
{
    exact e = {.n = result_floats(c, pass),
               .terms = pass == GAN_CONV_Y    ? c->kh * c->kw * c->C
                        : pass == GAN_CONV_DX ? c->kh * c->kw * c->O
                                              : c->N * c->OH * c->OW};
    e.value = gan_calloc(e.n, sizeof *e.value);
    e.size = gan_calloc(e.n, sizeof *e.size);
    assert_non_null(e.value);
    assert_non_null(e.size);
    each_term(c, add_exact, &(exact_sum){&e, pass, x, w, y});
    return e;
}

static void exact_free(exact *e)
{
    gan_free(e->value);
    gan_free(e->size);
}

static void assert_near(const char *what, const exact *e, gan_conv_way way, gan_conv_pass pass,
                        const float *got)
{
    double largest = 0;
    for (int64_t i = 0; i < e->n; i++) largest = fmax(largest, e->size[i]);
    for (int64_t i = 0; i < e->n; i++) {
        double bound = way == GAN_CONV_DIRECT ? (double)(e->terms + 4) * 0x1p-24 * e->size[i]
                                              : factor[way][pass] * 0x1p-24 * largest;
        if (fabs((double)got[i] - e->value[i]) <= bound) continue; /* false for NaN */
        fail_msg("%s: element %lld is %.9g, exact %.12g, bound on the error %.3g", what, (long long)i,
                 (double)got[i], e->value[i], bound);
    }
}

/* ---- calls ------------------------------------------------------------------------------------------------- */

static edge output(int64_t n)
{
    edge e = floats(n + CANARY);
    for (int64_t i = 0; i < n + CANARY; i++) ((float *)e.at)[i] = -7.25f;
    e.at = (float *)e.at + CANARY;
    return e;
}

static void assert_canary(const char *what, edge e)
{
    for (int i = 1; i <= CANARY; i++) {
        if (((float *)e.at)[-i] != -7.25f) fail_msg("%s wrote %d floats before its output", what, i);
    }
}

static gan_part part_of_thread(void)
{
#ifdef _OPENMP
    return (gan_part){omp_get_thread_num(), omp_get_num_threads()};
#else
    return (gan_part){0, 1};
#endif
}

/* Scratch is full of NaN before each call: its contents must not matter. */
static edge scratch_new(int64_t n)
{
    edge e = edge_new(n * (int64_t)sizeof(float), 64);
    for (int64_t i = 0; i < n; i++) ((float *)e.at)[i] = NAN;
    return e;
}

/* What threads can share is computed by so many. */
static void call_by(int threads, const gan_kernels *k, gan_conv_way way, gan_conv_pass pass, const gan_conv *c,
                    int64_t shards, const float *x, const float *w, const float *y, const gan_conv_tail *tail,
                    float *result)
{
    int64_t u_floats = gan_conv_weight_floats(way, c, pass);
    edge u = scratch_new(u_floats), scratch = scratch_new(gan_conv_scratch(way, c, pass, shards, threads));
    const float *used = u_floats ? u.at : w;
#ifdef _OPENMP
#pragma omp parallel num_threads(threads)
#endif
    {
        const gan_part part = part_of_thread();
        k->conv_weights(way, c, pass, part, w, u.at);
        if (pass == GAN_CONV_DW) k->conv_dw(way, c, shards, part, x, y, result, scratch.at);
    }
    if (pass == GAN_CONV_Y) k->conv_y(way, c, x, used, tail, result, scratch.at);
    if (pass == GAN_CONV_DX) k->conv_dx(way, c, y, used, tail, result, scratch.at);
    edge_free(u);
    edge_free(scratch);
}

static void call(const gan_kernels *k, gan_conv_way way, gan_conv_pass pass, const gan_conv *c,
                 int64_t shards, const float *x, const float *w, const float *y, const gan_conv_tail *tail,
                 float *result)
{
    call_by(1, k, way, pass, c, shards, x, w, y, tail, result);
}

/* Operands of one shape, and the exact results where they were asked for. */
typedef struct operands {
    gan_conv c;
    edge x, w, y;
    exact want[GAN_CONV_PASSES];
} operands;

static operands operands_new(const shape *s)
{
    operands o = {.c = conv_of(s)};
    o.x = random_floats(x_floats(&o.c), 1, -1, 1);
    o.w = random_floats(w_floats(&o.c), 2, -1, 1);
    o.y = random_floats(y_floats(&o.c), 3, -1, 1);
    return o;
}

static void operands_free(operands *o)
{
    for (int pass = 0; pass < GAN_CONV_PASSES; pass++) exact_free(&o->want[pass]);
    edge_free(o->x);
    edge_free(o->w);
    edge_free(o->y);
}

/* Calls check for each table, way and pass that there is for a shape. */
typedef void check_fn(const gan_kernels *k, gan_conv_way way, gan_conv_pass pass, operands *o);

static void each_call(int first_table, check_fn *check)
{
    for (int i = 0; i < SHAPES; i++) {
        operands o = operands_new(&shapes[i]);
        for (int t = first_table; t < gan_kernels_count(); t++) {
            for (int way = 0; way < GAN_CONV_WAYS; way++) {
                if (!gan_conv_applies((gan_conv_way)way, &o.c)) continue;
                for (int pass = 0; pass < GAN_CONV_PASSES; pass++)
                    check(gan_kernels_get(t), (gan_conv_way)way, (gan_conv_pass)pass, &o);
            }
        }
        operands_free(&o);
    }
}

/* ---- tests ------------------------------------------------------------------------------------------------- */

static void check_values_sharded(const gan_kernels *k, gan_conv_way way, gan_conv_pass pass,
                                 const operands *o, int64_t shards, const exact *e)
{
    edge result = output(e->n);
    char what[200];
    text_of(what, sizeof what, k, way, pass, &o->c);
    call(k, way, pass, &o->c, shards, o->x.at, o->w.at, o->y.at, NULL, result.at);
    assert_canary(what, result);
    assert_near(what, e, k == gan_kernels_get(0) ? GAN_CONV_DIRECT : way, pass, result.at);
    result.at = (float *)result.at - CANARY;
    edge_free(result);
}

static void check_values(const gan_kernels *k, gan_conv_way way, gan_conv_pass pass, operands *o)
{
    exact *e = &o->want[pass];
    if (!e->value) *e = exact_of(&o->c, pass, o->x.at, o->w.at, o->y.at);
    for (int64_t shards = 1; shards <= (pass == GAN_CONV_DW ? o->c.N : 1); shards++) {
        if (o->c.N % shards == 0) check_values_sharded(k, way, pass, o, shards, e);
    }
}

static void test_values(void **state)
{
    (void)state;
    each_call(0, check_values);
}

/* Promise 1. */
static void check_groups(const gan_kernels *k, gan_conv_way way, gan_conv_pass pass, operands *o)
{
    const gan_conv *c = &o->c;
    const int64_t n = result_floats(c, pass), result_image = n / c->N;
    char what[200];
    if (pass == GAN_CONV_DW) return;
    text_of(what, sizeof what, k, way, pass, c);
    float *whole = gan_calloc(n, sizeof *whole), *parts = gan_calloc(n, sizeof *parts);
    assert_non_null(whole);
    assert_non_null(parts);
    call(k, way, pass, c, 1, o->x.at, o->w.at, o->y.at, NULL, whole);
    for (int64_t group = 1; group <= 3; group++) {
        for (int64_t i = 0; i < c->N; i += group) {
            gan_conv part = *c;
            part.N = c->N - i < group ? c->N - i : group;
            call(k, way, pass, &part, 1, (float *)o->x.at + i * (x_floats(c) / c->N), o->w.at,
                 (float *)o->y.at + i * (y_floats(c) / c->N), NULL, parts + i * result_image);
        }
        assert_same_bits(what, parts, whole, n);
    }
    gan_free(whole);
    gan_free(parts);
}

static void test_images_do_not_see_each_other(void **state)
{
    (void)state;
    each_call(1, check_groups);
}

/* dw of shards [from, from + n) of `of` into dw: as the tree says, from single shards. */
static void tree_by_hand(const gan_kernels *k, gan_conv_way way, const operands *o, int64_t of, int64_t from,
                         int64_t n, float *dw)
{
    const gan_conv *c = &o->c;
    const int64_t R = c->N / of, size = w_floats(c);
    gan_conv part = *c;
    part.N = R;
    if (n == 1) {
        call(k, way, GAN_CONV_DW, &part, 1, (float *)o->x.at + from * R * (x_floats(c) / c->N), o->w.at,
             (float *)o->y.at + from * R * (y_floats(c) / c->N), NULL, dw);
        return;
    }
    int64_t left = 1;
    while (left * 2 < n) left *= 2;
    float *right = gan_calloc(size, sizeof *right);
    assert_non_null(right);
    tree_by_hand(k, way, o, of, from, left, dw);
    tree_by_hand(k, way, o, of, from + left, n - left, right);
    for (int64_t i = 0; i < size; i++) dw[i] += right[i];
    gan_free(right);
}

/* Promise 2. */
static void check_tree(const gan_kernels *k, gan_conv_way way, gan_conv_pass pass, operands *o)
{
    const int64_t n = w_floats(&o->c);
    char what[200];
    if (pass != GAN_CONV_DW) return;
    text_of(what, sizeof what, k, way, pass, &o->c);
    float *whole = gan_calloc(n, sizeof *whole), *by_hand = gan_calloc(n, sizeof *by_hand);
    assert_non_null(whole);
    assert_non_null(by_hand);
    for (int64_t shards = 2; shards <= o->c.N; shards++) {
        if (o->c.N % shards) continue;
        call(k, way, pass, &o->c, shards, o->x.at, o->w.at, o->y.at, NULL, whole);
        tree_by_hand(k, way, o, shards, 0, shards, by_hand);
        assert_same_bits(what, whole, by_hand, n);
    }
    gan_free(whole);
    gan_free(by_hand);
}

static void test_shards_merge_in_the_tree(void **state)
{
    (void)state;
    each_call(0, check_tree);
}

static void check_tail(const gan_kernels *k, gan_conv_way way, gan_conv_pass pass, operands *o)
{
    const int64_t n = result_floats(&o->c, pass), channels = pass == GAN_CONV_Y ? o->c.O : o->c.C;
    char what[200];
    if (pass == GAN_CONV_DW) return;
    text_of(what, sizeof what, k, way, pass, &o->c);
    edge bias = random_floats(channels, 9, -1, 1);
    float *fused = gan_calloc(n, sizeof *fused), *apart = gan_calloc(n, sizeof *apart);
    assert_non_null(fused);
    assert_non_null(apart);
    const gan_conv_tail tail = {bias.at, GAN_MAP_LEAKY_RELU, 0.2f, 0};
    call(k, way, pass, &o->c, 1, o->x.at, o->w.at, o->y.at, &tail, fused);
    call(k, way, pass, &o->c, 1, o->x.at, o->w.at, o->y.at, NULL, apart);
    for (int64_t i = 0; i < n; i++) apart[i] += ((float *)bias.at)[i % channels];
    k->map[GAN_MAP_LEAKY_RELU](n, apart, NULL, 0.2f, 0, apart);
    assert_same_bits(what, fused, apart, n);
    gan_free(fused);
    gan_free(apart);
    edge_free(bias);
}

static void test_tails(void **state)
{
    (void)state;
    each_call(0, check_tail);
}

static void check_avx(const gan_kernels *k, gan_conv_way way, gan_conv_pass pass, operands *o)
{
    const int64_t n = result_floats(&o->c, pass);
    const gan_kernels *avx512 = gan_kernels_named("avx512");
    char what[200];
    if (strcmp(k->name, "avx2") != 0 || !avx512) return;
    text_of(what, sizeof what, k, way, pass, &o->c);
    float *a = gan_calloc(n, sizeof *a), *b = gan_calloc(n, sizeof *b);
    assert_non_null(a);
    assert_non_null(b);
    call(k, way, pass, &o->c, o->c.N, o->x.at, o->w.at, o->y.at, NULL, a);
    call(avx512, way, pass, &o->c, o->c.N, o->x.at, o->w.at, o->y.at, NULL, b);
    assert_same_bits(what, a, b, n);
    gan_free(a);
    gan_free(b);
}

/* Transformed weights and DW are the same bits by any number of threads. */
static void check_threads(const gan_kernels *k, gan_conv_way way, gan_conv_pass pass, operands *o)
{
    const int64_t n = result_floats(&o->c, pass);
    char what[200];
    text_of(what, sizeof what, k, way, pass, &o->c);
    float *one = gan_calloc(n, sizeof *one), *many = gan_calloc(n, sizeof *many);
    assert_non_null(one);
    assert_non_null(many);
    for (int64_t shards = 1; shards <= (pass == GAN_CONV_DW ? o->c.N : 1); shards++) {
        if (o->c.N % shards != 0) continue;
        call(k, way, pass, &o->c, shards, o->x.at, o->w.at, o->y.at, NULL, one);
        call_by(3, k, way, pass, &o->c, shards, o->x.at, o->w.at, o->y.at, NULL, many);
        assert_same_bits(what, many, one, n);
    }
    gan_free(one);
    gan_free(many);
}

static void test_threads_give_the_same_bits(void **state)
{
    (void)state;
    each_call(1, check_threads);
}

static void test_avx2_and_avx512_agree(void **state)
{
    (void)state;
    each_call(1, check_avx);
}

/* Ranks hold N and shards in proportion; only DW may look at their quotient. */
static void test_choice(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES; i++) {
        for (int pass = 0; pass < GAN_CONV_PASSES; pass++) {
            gan_conv one = conv_of(&shapes[i]), many = one;
            one.N = 2;
            many.N = 64;
            gan_conv_way way = gan_conv_choose(&one, (gan_conv_pass)pass, 1, false);
            assert_true(gan_conv_applies(way, &one));
            assert_int_equal(gan_conv_choose(&many, (gan_conv_pass)pass, 32, false), way);
            if (pass != GAN_CONV_DW)
                assert_int_equal(gan_conv_choose(&many, (gan_conv_pass)pass, 1, false), way);
            assert_int_equal(gan_conv_choose(&many, (gan_conv_pass)pass, 32, true), GAN_CONV_DIRECT);
        }
    }
}

/* Layers of the networks that the choice was measured for. */
static void test_choice_of_known_layers(void **state)
{
    (void)state;
    const gan_conv first = {64, 64, 64, 3, 32, 32, 64, 4, 4, 2, 1, 1},
                   middle = {64, 16, 16, 128, 8, 8, 256, 4, 4, 2, 1, 1};
    const gan_conv body = {16, 32, 32, 64, 32, 32, 64, 3, 3, 1, 1, 1},
                   tiny = {64, 2, 2, 64, 2, 2, 64, 3, 3, 1, 1, 1};
    for (int pass = 0; pass < GAN_CONV_PASSES; pass++) {
        assert_int_equal(gan_conv_choose(&middle, (gan_conv_pass)pass, 16, false), GAN_CONV_WINOGRAD_4X4_2X2);
        assert_int_equal(gan_conv_choose(&body, (gan_conv_pass)pass, 16, false), GAN_CONV_WINOGRAD_4X4_3X3);
    }
    assert_int_equal(gan_conv_choose(&first, GAN_CONV_Y, 16, false), GAN_CONV_DIRECT);
    assert_int_equal(gan_conv_choose(&tiny, GAN_CONV_Y, 16, false), GAN_CONV_WINOGRAD_2X2_3X3);
    assert_int_equal(gan_conv_choose(&tiny, GAN_CONV_DW, 64, false), GAN_CONV_DIRECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_images_do_not_see_each_other),
        cmocka_unit_test(test_shards_merge_in_the_tree),
        cmocka_unit_test(test_tails),
        cmocka_unit_test(test_threads_give_the_same_bits),
        cmocka_unit_test(test_avx2_and_avx512_agree),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_choice_of_known_layers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
