/* Contractions and sums of every kernel table of this machine. Proved:
 *  - values, against sums in double: |error| <= (terms + 4) * 2^-24 * sum |x||w|, the bound for any order of summation;
 *  - no operand is read or written beyond its end (operands end at an unmapped page), nor an output before its start;
 *  - promise 1 of kernels.h: rows in groups of 1 to 7 and in one call have the same bits;
 *  - promise 2: blocks of shards merged by hand, after a recursive definition of the tree that shares no code with the
 *    kernels' binary counter, have the bits of one call, for shard counts that are powers of two and that are not;
 *  - the avx2 and avx512 tables agree in every bit. */
#include "kernels_test.h"

typedef struct shape {
    int64_t N, K, M;
} shape;

/* Sizes around a vector, a panel and every block of the kernels, primes, and layers of real networks. */
static const shape shapes[] = {
    {1, 1, 1},     {2, 3, 1},     {1, 1, 16},    {1, 16, 1},    {3, 2, 15},   {4, 5, 17},    {7, 13, 31},
    {5, 16, 15},   {6, 15, 16},   {8, 17, 33},   {2, 48, 48},   {11, 8, 64},  {12, 9, 47},   {13, 31, 49},
    {1, 100, 256}, {32, 100, 40}, {32, 256, 1},  {31, 64, 113}, {16, 257, 7}, {3, 600, 50},  {2, 1024, 784},
    {193, 40, 18}, {400, 7, 33},  {389, 11, 10}, {64, 251, 96}, {9, 1, 2000}, {24, 513, 81}, {6, 253, 80},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static double w_at(const shape *s, const float *W, int64_t k, int64_t m)
{
    return (double)W[gan_panel_at(s->K, s->M, k, m)];
}

/* value and magnitude of one element of each contraction. */
typedef struct exact {
    double value, size;
} exact;

static exact exact_matmul(const shape *s, const float *x, const float *W, int64_t n, int64_t m)
{
    exact e = {0, 0};
    for (int64_t k = 0; k < s->K; k++) {
        double term = (double)x[n * s->K + k] * w_at(s, W, k, m);
        e.value += term;
        e.size += fabs(term);
    }
    return e;
}

static exact exact_nt(const shape *s, const float *dy, const float *W, int64_t n, int64_t k)
{
    exact e = {0, 0};
    for (int64_t m = 0; m < s->M; m++) {
        double term = (double)dy[n * s->M + m] * w_at(s, W, k, m);
        e.value += term;
        e.size += fabs(term);
    }
    return e;
}

static exact exact_tn(const shape *s, const float *x, const float *dy, int64_t k, int64_t m)
{
    exact e = {0, 0};
    for (int64_t n = 0; n < s->N; n++) {
        double term = (double)x[n * s->K + k] * (double)dy[n * s->M + m];
        e.value += term;
        e.size += fabs(term);
    }
    return e;
}

static void assert_within(const char *table, const char *op, const shape *s, int64_t i, int64_t j, float got,
                          exact e, int64_t terms)
{
    double bound = (double)(terms + 4) * 0x1p-24 * e.size;
    if (fabs((double)got - e.value) <= bound) return; /* false for NaN */
    fail_msg(
        "%s %s, N %lld K %lld M %lld, element (%lld,%lld): got %.9g, exact %.12g, bound on the error %.3g",
        table, op, (long long)s->N, (long long)s->K, (long long)s->M, (long long)i, (long long)j, (double)got,
        e.value, bound);
}

/* The operands of one shape, and results that start with `canary` floats a kernel must not touch. */
enum { CANARY = 16 };
typedef struct operands {
    edge x, dy, W, y, dx, dW, scratch;
} operands;

static edge output(int64_t n)
{
    edge e = floats(n + CANARY);
    for (int64_t i = 0; i < n + CANARY; i++) ((float *)e.at)[i] = -7.25f;
    e.at = (float *)e.at + CANARY;
    return e;
}

static void assert_canary(const char *table, const char *op, edge e)
{
    for (int i = 1; i <= CANARY; i++) {
        if (((float *)e.at)[-i] != -7.25f) fail_msg("%s %s wrote %d floats before its output", table, op, i);
    }
}

static operands operands_new(const shape *s)
{
    int64_t N = s->N, K = s->K, M = s->M, scratch = gan_matmul_scratch(N, K, M);
    return (operands){
        .x = random_floats(N * K, 1, -1, 1),
        .dy = random_floats(N * M, 2, -1, 1),
        .W = random_floats(K * M, 3, -1, 1),
        .y = output(N * M),
        .dx = output(N * K),
        .dW = output(K * M),
        .scratch = edge_new(scratch * (int64_t)sizeof(float), 64),
    };
}

static void operands_free(operands *o)
{
    edge all[] = {o->x, o->dy, o->W, o->y, o->dx, o->dW, o->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) edge_free(all[i]);
}

static void check_products(const gan_kernels *k, const shape *s)
{
    operands o = operands_new(s);
    const float *y = o.y.at, *dx = o.dx.at;
    k->matmul(s->N, s->K, s->M, o.x.at, o.W.at, o.y.at, o.scratch.at);
    k->matmul_nt(s->N, s->K, s->M, o.dy.at, o.W.at, o.dx.at, o.scratch.at);
    assert_canary(k->name, "matmul", o.y);
    assert_canary(k->name, "matmul_nt", o.dx);
    for (int64_t n = 0; n < s->N; n++) {
        for (int64_t m = 0; m < s->M; m++) {
            assert_within(k->name, "matmul", s, n, m, y[n * s->M + m], exact_matmul(s, o.x.at, o.W.at, n, m),
                          s->K);
        }
        for (int64_t i = 0; i < s->K; i++) {
            assert_within(k->name, "matmul_nt", s, n, i, dx[n * s->K + i], exact_nt(s, o.dy.at, o.W.at, n, i),
                          s->M);
        }
    }
    operands_free(&o);
}

static void check_weight_gradient(const gan_kernels *k, const shape *s, int64_t shards)
{
    operands o = operands_new(s);
    const float *dW = o.dW.at;
    k->matmul_tn(s->N, s->K, s->M, s->M, shards, o.x.at, o.dy.at, o.dW.at, o.scratch.at);
    assert_canary(k->name, "matmul_tn", o.dW);
    for (int64_t i = 0; i < s->K; i++) {
        for (int64_t m = 0; m < s->M; m++) {
            assert_within(k->name, "matmul_tn", s, i, m, dW[gan_panel_at(s->K, s->M, i, m)],
                          exact_tn(s, o.x.at, o.dy.at, i, m), s->N);
        }
    }
    operands_free(&o);
}

static void test_products(void **state)
{
    (void)state;
    for (int t = 0; t < gan_kernels_count(); t++) {
        for (int i = 0; i < SHAPES; i++) check_products(gan_kernels_get(t), &shapes[i]);
    }
}

static void test_weight_gradients(void **state)
{
    (void)state;
    for (int t = 0; t < gan_kernels_count(); t++) {
        for (int i = 0; i < SHAPES; i++) {
            check_weight_gradient(gan_kernels_get(t), &shapes[i], 1);
            check_weight_gradient(gan_kernels_get(t), &shapes[i], shapes[i].N);
            if (shapes[i].N % 2 == 0) check_weight_gradient(gan_kernels_get(t), &shapes[i], 2);
        }
    }
}

static void rows_in_groups(const gan_kernels *k, const shape *s, int64_t group)
{
    operands o = operands_new(s), one = operands_new(s);
    const float *x = o.x.at, *dy = o.dy.at;
    float *y = o.y.at, *dx = o.dx.at;
    char what[100];
    k->matmul(s->N, s->K, s->M, x, o.W.at, one.y.at, o.scratch.at);
    k->matmul_nt(s->N, s->K, s->M, dy, o.W.at, one.dx.at, o.scratch.at);
    for (int64_t n = 0; n < s->N; n += group) {
        int64_t rows = n + group <= s->N ? group : s->N - n;
        k->matmul(rows, s->K, s->M, x + n * s->K, o.W.at, y + n * s->M, o.scratch.at);
        k->matmul_nt(rows, s->K, s->M, dy + n * s->M, o.W.at, dx + n * s->K, o.scratch.at);
    }
    snprintf(what, sizeof what, "%s matmul, K %lld M %lld, in groups of %lld rows", k->name, (long long)s->K,
             (long long)s->M, (long long)group);
    assert_same_bits(what, o.y.at, one.y.at, s->N * s->M);
    snprintf(what, sizeof what, "%s matmul_nt, K %lld M %lld, in groups of %lld rows", k->name,
             (long long)s->K, (long long)s->M, (long long)group);
    assert_same_bits(what, o.dx.at, one.dx.at, s->N * s->K);
    operands_free(&o);
    operands_free(&one);
}

static void test_row_independence(void **state)
{
    (void)state;
    static const shape some[] = {{32, 100, 256}, {29, 301, 53}, {32, 256, 1},
                                 {23, 17, 16},   {17, 600, 15}, {210, 33, 65}};
    static const int64_t groups[] = {1, 2, 3, 4, 5, 6, 7, 16, 193};
    for (int t = 0; t < gan_kernels_count(); t++) {
        for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
            for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
                rows_in_groups(gan_kernels_get(t), &some[i], groups[g]);
            }
        }
    }
}

/* The tree by its recursive definition: of n leaves the first 2^i, the largest such power below n, form the left
 * subtree. leaf [n][size] is used up; the result is in its first row. */
static void merge_by_hand(int64_t n, int64_t size, float *leaf)
{
    if (n == 1) return;
    int64_t left = 1;
    while (2 * left < n) left *= 2;
    merge_by_hand(left, size, leaf);
    merge_by_hand(n - left, size, leaf + left * size);
    for (int64_t i = 0; i < size; i++) leaf[i] += leaf[left * size + i];
}

/* One call over all shards against `parts` calls over equal runs of them. */
static void shards_in_parts(const gan_kernels *k, const shape *s, int64_t shards, int64_t parts)
{
    operands o = operands_new(s);
    int64_t size = s->K * s->M, rows = s->N / parts;
    edge part = floats(parts * size);
    char what[120];
    k->matmul_tn(s->N, s->K, s->M, s->M, shards, o.x.at, o.dy.at, o.dW.at, o.scratch.at);
    for (int64_t i = 0; i < parts; i++) {
        k->matmul_tn(rows, s->K, s->M, s->M, shards / parts, (float *)o.x.at + i * rows * s->K,
                     (float *)o.dy.at + i * rows * s->M, (float *)part.at + i * size, o.scratch.at);
    }
    merge_by_hand(parts, size, part.at);
    snprintf(what, sizeof what, "%s matmul_tn, N %lld K %lld M %lld, %lld shards in %lld parts", k->name,
             (long long)s->N, (long long)s->K, (long long)s->M, (long long)shards, (long long)parts);
    assert_same_bits(what, o.dW.at, part.at, size);
    edge_free(part);
    operands_free(&o);
}

static void test_tree_of_weight_gradients(void **state)
{
    (void)state;
    static const shape sizes[] = {{0, 21, 53}, {0, 256, 1}, {0, 1, 96}, {0, 13, 16}};
    for (int t = 0; t < gan_kernels_count(); t++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            for (int64_t rows = 1; rows <= 5; rows++) {
                for (int64_t shards = 2; shards <= 16; shards *= 2) {
                    shape s = {rows * shards, sizes[i].K, sizes[i].M};
                    for (int64_t parts = 2; parts <= shards; parts *= 2) {
                        shards_in_parts(gan_kernels_get(t), &s, shards, parts);
                    }
                }
                for (int64_t shards = 3; shards <= 37;
                     shards += 2) { /* single shards: no multiply-add to differ in */
                    shape s = {rows * shards, sizes[i].K, sizes[i].M};
                    shards_in_parts(gan_kernels_get(t), &s, shards, shards);
                }
            }
        }
    }
}

static void test_sum_tree(void **state)
{
    (void)state;
    static const int64_t columns[] = {1, 3, 16, 17, 70, 129};
    for (int t = 0; t < gan_kernels_count(); t++) {
        const gan_kernels *k = gan_kernels_get(t);
        for (int64_t S = 1; S <= 40; S++) {
            for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
                int64_t C = columns[i];
                edge x = random_floats(S * C, 4, -1, 1), y = output(C), scratch = floats(64 * C);
                char what[80];
                k->sum_tree(S, C, x.at, y.at, scratch.at);
                assert_canary(k->name, "sum_tree", y);
                merge_by_hand(S, C, x.at);
                snprintf(what, sizeof what, "%s sum_tree, S %lld C %lld", k->name, (long long)S,
                         (long long)C);
                assert_same_bits(what, y.at, x.at, C);
                edge_free(x), edge_free(y), edge_free(scratch);
            }
        }
    }
}

/* r ascending from 0: that is one order, so all tables have the bits of the oracle. */
static void test_sum_rows(void **state)
{
    (void)state;
    static const shape sizes[] = {{1, 1, 1},  {3, 2, 1},    {16, 2, 784}, {5, 7, 63},
                                  {2, 9, 64}, {1, 33, 130}, {4, 3, 17}};
    for (int t = 0; t < gan_kernels_count(); t++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            int64_t S = sizes[i].N, R = sizes[i].K, C = sizes[i].M;
            edge x = random_floats(S * R * C, 5, -1, 1), y = output(S * C), want = floats(S * C);
            gan_kernels_get(t)->sum_rows(S, R, C, x.at, y.at);
            gan_kernels_get(0)->sum_rows(S, R, C, x.at, want.at);
            assert_canary(gan_kernels_get(t)->name, "sum_rows", y);
            assert_same_bits("sum_rows", y.at, want.at, S * C);
            edge_free(x), edge_free(y), edge_free(want);
        }
    }
}

static void check_sum_cols(const gan_kernels *k, int64_t N, int64_t C)
{
    edge x = random_floats(N * C, 6, -1, 1), y = output(N), row = output(1);
    k->sum_cols(N, C, x.at, y.at);
    assert_canary(k->name, "sum_cols", y);
    for (int64_t n = 0; n < N; n++) {
        const float *at = (float *)x.at + n * C;
        exact e = {0, 0};
        for (int64_t c = 0; c < C; c++) e.value += (double)at[c], e.size += fabs((double)at[c]);
        assert_within(k->name, "sum_cols", &(shape){N, 0, C}, n, 0, ((float *)y.at)[n], e, C);
        k->sum_cols(1, C, at, row.at);
        assert_same_bits("sum_cols of one row", row.at, (float *)y.at + n, 1);
    }
    edge_free(x), edge_free(y), edge_free(row);
}

static void test_sum_cols(void **state)
{
    (void)state;
    for (int t = 0; t < gan_kernels_count(); t++) {
        for (int64_t C = 1; C <= 70; C++) check_sum_cols(gan_kernels_get(t), 5, C);
        check_sum_cols(gan_kernels_get(t), 32, 784);
        check_sum_cols(gan_kernels_get(t), 1, 5000);
    }
}

static void test_sum_squares(void **state)
{
    (void)state;
    static const int64_t sizes[] = {0, 1, 5, 31, 32, 33, 64, 100, 4095, 4096, 4097, 10000};
    for (int t = 0; t < gan_kernels_count(); t++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            int64_t n = sizes[i];
            edge x = random_floats(n, 7, -1e20f, 1e20f);
            double got = gan_kernels_get(t)->sum_squares(n, x.at), want = 0;
            for (int64_t j = 0; j < n; j++) want += (double)((float *)x.at)[j] * (double)((float *)x.at)[j];
            if (fabs(got - want) > 1e-12 * want) {
                fail_msg("%s sum_squares of %lld: %.17g, expected %.17g", gan_kernels_get(t)->name,
                         (long long)n, got, want);
            }
            if (n > 0) {
                ((float *)x.at)[n / 2] = NAN;
                assert_true(isnan(gan_kernels_get(t)->sum_squares(n, x.at)));
                ((float *)x.at)[n / 2] = INFINITY;
                assert_true(isinf(gan_kernels_get(t)->sum_squares(n, x.at)));
            }
            edge_free(x);
        }
    }
}

static void same_products(const gan_kernels *a, const gan_kernels *b, const shape *s, int64_t shards)
{
    operands p = operands_new(s), q = operands_new(s);
    a->matmul(s->N, s->K, s->M, p.x.at, p.W.at, p.y.at, p.scratch.at);
    b->matmul(s->N, s->K, s->M, p.x.at, p.W.at, q.y.at, q.scratch.at);
    assert_same_bits("avx2 and avx512 matmul", p.y.at, q.y.at, s->N * s->M);
    a->matmul_nt(s->N, s->K, s->M, p.dy.at, p.W.at, p.dx.at, p.scratch.at);
    b->matmul_nt(s->N, s->K, s->M, p.dy.at, p.W.at, q.dx.at, q.scratch.at);
    assert_same_bits("avx2 and avx512 matmul_nt", p.dx.at, q.dx.at, s->N * s->K);
    a->matmul_tn(s->N, s->K, s->M, s->M, shards, p.x.at, p.dy.at, p.dW.at, p.scratch.at);
    b->matmul_tn(s->N, s->K, s->M, s->M, shards, p.x.at, p.dy.at, q.dW.at, q.scratch.at);
    assert_same_bits("avx2 and avx512 matmul_tn", p.dW.at, q.dW.at, s->K * s->M);
    a->sum_cols(s->N, s->K, p.x.at, p.y.at);
    b->sum_cols(s->N, s->K, p.x.at, q.y.at);
    assert_same_bits("avx2 and avx512 sum_cols", p.y.at, q.y.at, s->N);
    double one = a->sum_squares(s->N * s->K, p.x.at), two = b->sum_squares(s->N * s->K, p.x.at);
    if (one != two) fail_msg("sum_squares: avx2 %.17g, avx512 %.17g", one, two);
    operands_free(&p);
    operands_free(&q);
}

static void test_avx2_and_avx512_agree(void **state)
{
    (void)state;
    const gan_kernels *a = gan_kernels_named("avx2"), *b = gan_kernels_named("avx512");
    if (!a || !b) skip();
    for (int i = 0; i < SHAPES; i++) {
        same_products(a, b, &shapes[i], 1);
        same_products(a, b, &shapes[i], shapes[i].N);
    }
}

static void test_tables(void **state)
{
    (void)state;
    int n = gan_kernels_count();
    assert_in_range(n, 2, 4);
    assert_string_equal(gan_kernels_get(0)->name, "ref");
    for (int i = 0; i < n; i++) {
        const gan_kernels *k = gan_kernels_get(i);
        assert_ptr_equal(gan_kernels_named(k->name), k);
        for (int m = 0; m < GAN_MAP_COUNT; m++) assert_non_null(k->map[m]);
    }
    assert_null(gan_kernels_get(n));
    assert_null(gan_kernels_get(-1));
    assert_null(gan_kernels_named("none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_weight_gradients),
        cmocka_unit_test(test_row_independence),
        cmocka_unit_test(test_tree_of_weight_gradients),
        cmocka_unit_test(test_sum_tree),
        cmocka_unit_test(test_sum_rows),
        cmocka_unit_test(test_sum_cols),
        cmocka_unit_test(test_sum_squares),
        cmocka_unit_test(test_avx2_and_avx512_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
