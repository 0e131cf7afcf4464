/* Every op of src/ops, row by row of op_rows.h: its value against plain loops written in the test; its gradient, signed
 * and per element, against central differences of those loops; and its second derivatives (the gradient of a
 * weighted sum of the gradient, with respect to operands and incoming gradient) against differences of the first.
 *
 * The derivatives need double precision, so this file is built twice: test_ops_double with in_double.h checks all three
 * to 1e-6, test_ops in float the values, all derivatives of every SIMD kernel table against table "ref", and that threads
 * give the same bits. */
#include "op_rows.h"

#ifdef GAN_IN_DOUBLE_H
enum { IN_DOUBLE = 1 };
static const double VALUE_TOLERANCE = 1e-11;
#else
enum { IN_DOUBLE = 0 };
static const double VALUE_TOLERANCE = 2e-6;
#endif
static const double GRADIENT_TOLERANCE = 1e-6, TABLE_TOLERANCE = 2e-5;

static int64_t live_before;

/* ---- a row as a graph -------------------------------------------------------------------------------------- */

enum { MAX_GRADIENTS = 2 * 3 };

/* y = op(in), loss = total(y * r), dx[i] = its gradient by in[i]; curved[i] = total(dx[i] * v[i]) and dxx[i][k] its gradient
 * by in[k] and, last, by r. */
typedef struct row_graph {
    const op_row *row;
    gan_graph *g;
    gan_plan *plan;
    float *data[2], *r, *v[2];
    gan_id in[3], y, dx[2], dxx[2][3];
} row_graph;

static bool near_kink(const operand *o, const float *x, int64_t i)
{
    if (fabs((double)x[i]) < o->gap) return true;
    for (int64_t k = i / P * P; o->apart > 0 && k < i; k++)
        if (fabs((double)x[i] - (double)x[k]) < o->apart) return true;
    return false;
}

static float *operand_data(const operand *o, uint64_t *seed)
{
    int64_t n = gan_form_floats(&o->form);
    float *x = test_floats(n);
    for (int64_t i = 0; i < n; i++) do
            test_fill(seed, x + i, 1, o->lo, o->hi);
        while (near_kink(o, x, i));
    return x;
}

static gan_id weights_like(gan_graph *g, gan_id y, uint64_t *seed, float **data)
{
    gan_form f = *gan_graph_form(g, y);
    if (f.dist == GAN_PARTIAL) f.dist = GAN_REPLICATED;
    *data = test_floats(gan_form_floats(&f));
    test_fill(seed, *data, gan_form_floats(&f), -1, 1);
    return leaf(g, f, *data);
}

static void differentiate_twice(row_graph *t, uint64_t *seed)
{
    int n = t->row->n_in;
    t->in[n] = weights_like(t->g, t->y, seed, &t->r);
    gan_id loss = weighted_total(t->g, t->y, t->in[n]);
    OK(gan_graph_grad(t->g, loss, t->in, n, t->dx));
    for (int i = 0; i < n; i++) {
        if (t->dx[i] == GAN_NONE) continue;
        gan_id v = weights_like(t->g, t->dx[i], seed, &t->v[i]);
        gan_id curved = weighted_total(t->g, t->dx[i], v);
        OK(gan_graph_grad(t->g, curved, t->in, n + 1, t->dxx[i]));
    }
}

/* threads: that run it, every kernel by all that can be shared. */
static row_graph row_open(const op_row *row, int threads)
{
    row_graph t = {.row = row, .dx = {GAN_NONE, GAN_NONE}};
    uint64_t seed = 12345;
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 3; k++) t.dxx[i][k] = GAN_NONE;
    OK(gan_graph_new(&t.g, S, 1));
    gan_graph_set_threads(t.g, threads, 0);
    for (int i = 0; i < row->n_in; i++) {
        t.data[i] = operand_data(&row->in[i], &seed);
        t.in[i] = leaf(t.g, row->in[i].form, t.data[i]);
    }
    OK(row->build(t.g, t.in, &t.y));
    if (strcmp(gan_graph_node(t.g, t.y)->op->name, row->op) != 0)
        fail_msg("the row of %s builds %s", row->op, gan_graph_node(t.g, t.y)->op->name);
    if (gan_graph_node(t.g, t.y)->n_in) differentiate_twice(&t, &seed);
    gan_id keep[3 + 2 * 3];
    int n_keep = 0;
    keep[n_keep++] = t.y;
    for (int i = 0; i < row->n_in; i++) {
        if (t.dx[i] != GAN_NONE) keep[n_keep++] = t.dx[i];
        for (int k = 0; k <= row->n_in; k++)
            if (t.dxx[i][k] != GAN_NONE) keep[n_keep++] = t.dxx[i][k];
    }
    OK(gan_plan_build(&t.plan, t.g, keep, n_keep));
    return t;
}

static void row_close(row_graph *t)
{
    gan_plan_free(t->plan);
    gan_graph_free(t->g);
    for (int i = 0; i < 2; i++) gan_free(t->data[i]), gan_free(t->v[i]);
    gan_free(t->r);
}

static int64_t floats_of(const row_graph *t, gan_id id)
{
    return gan_form_floats(gan_graph_form(t->g, id));
}

/* ---- values ------------------------------------------------------------------------------------------------ */

static void expect_near(const op_row *row, const char *what, int64_t i, double got, double want,
                        double tolerance)
{
    if (fabs(got - want) <= tolerance * (1 + fabs(want))) return;
    fail_msg("%s (%s): %s, element %lld: got %.17g, want %.17g", row->op, row->variant, what, (long long)i,
             got, want);
}

static void formula(const row_graph *t, double *y)
{
    const op_row *row = t->row;
    const float *in[2] = {t->data[0], t->data[1]};
    if (row->formula) {
        row->formula(in, y);
        return;
    }
    for (int64_t i = 0; i < gan_form_floats(&row->out); i++)
        y[i] = row->map((double)in[0][i], row->n_in > 1 ? (double)in[1][i] : 0);
}

static void check_value(const row_graph *t)
{
    const op_row *row = t->row;
    int64_t n = floats_of(t, t->y);
    if (!gan_form_equal(gan_graph_form(t->g, t->y), &row->out)) {
        char got[128], want[128];
        gan_form_text(gan_graph_form(t->g, t->y), got, sizeof got);
        gan_form_text(&row->out, want, sizeof want);
        fail_msg("%s (%s): the form is %s, want %s", row->op, row->variant, got, want);
    }
    double *want = gan_calloc(n, sizeof *want);
    assert_non_null(want);
    formula(t, want);
    const float *got = gan_plan_value(t->plan, t->y);
    for (int64_t i = 0; i < n; i++) expect_near(row, "value", i, (double)got[i], want[i], VALUE_TOLERANCE);
    gan_free(want);
}

/* ---- first derivatives against the formula ------------------------------------------------------------------ */

static double loss_by_formula(const row_graph *t, double *y)
{
    double loss = 0;
    formula(t, y);
    for (int64_t i = 0; i < gan_form_floats(&t->row->out); i++) loss += y[i] * (double)t->r[i];
    return loss;
}

static void check_gradient(const row_graph *t)
{
    double *y = gan_calloc(gan_form_floats(&t->row->out), sizeof *y);
    assert_non_null(y);
    for (int k = 0; k < t->row->n_in; k++)
        for (int64_t i = 0; i < floats_of(t, t->in[k]); i++) {
            float x = t->data[k][i], h = (float)1e-5;
            t->data[k][i] = x + h;
            double above = loss_by_formula(t, y);
            t->data[k][i] = x - h;
            double below = loss_by_formula(t, y);
            t->data[k][i] = x;
            double got = t->dx[k] == GAN_NONE ? 0 : (double)gan_plan_value(t->plan, t->dx[k])[i];
            expect_near(t->row, k ? "gradient by operand 1" : "gradient by operand 0", i, got,
                        (above - below) / (2 * (double)h), GRADIENT_TOLERANCE);
        }
    gan_free(y);
}

/* ---- second derivatives against the first ------------------------------------------------------------------- */

static double weighted_gradient(const row_graph *t, int i)
{
    double sum = 0;
    run_plan(t->plan, &gan__kernels_ref);
    const float *dx = gan_plan_value(t->plan, t->dx[i]);
    for (int64_t k = 0; k < floats_of(t, t->dx[i]); k++) sum += (double)dx[k] * (double)t->v[i][k];
    return sum;
}

static void check_curvature(const row_graph *t, int i, int k)
{
    int64_t n = floats_of(t, t->in[k]);
    float *x = k < t->row->n_in ? t->data[k] : t->r;
    double *got = gan_calloc(n, sizeof *got);
    assert_non_null(got);
    run_plan(t->plan, &gan__kernels_ref);
    for (int64_t e = 0; e < n && t->dxx[i][k] != GAN_NONE; e++)
        got[e] = (double)gan_plan_value(t->plan, t->dxx[i][k])[e];
    for (int64_t e = 0; e < n; e++) {
        float old = x[e], h = (float)1e-5;
        x[e] = old + h;
        double above = weighted_gradient(t, i);
        x[e] = old - h;
        double below = weighted_gradient(t, i);
        x[e] = old;
        expect_near(t->row, "second derivative", e, got[e], (above - below) / (2 * (double)h),
                    GRADIENT_TOLERANCE);
    }
    gan_free(got);
}

/* ---- tables of kernels ------------------------------------------------------------------------------------- */

static void compare_to_ref(const row_graph *t, const gan_kernels *k, gan_id id, const char *what)
{
    if (id == GAN_NONE) return;
    int64_t n = floats_of(t, id);
    float *want = test_floats(n);
    run_plan(t->plan, &gan__kernels_ref);
    memcpy(want, gan_plan_value(t->plan, id), (size_t)n * sizeof *want);
    run_plan(t->plan, k);
    for (int64_t i = 0; i < n; i++)
        expect_near(t->row, what, i, (double)gan_plan_value(t->plan, id)[i], (double)want[i],
                    TABLE_TOLERANCE);
    gan_free(want);
}

#ifndef GAN_IN_DOUBLE_H
/* Nodes have the same ids in both graphs. */
static void check_same_bits(const row_graph *t, const row_graph *by_threads, gan_id id, const char *what)
{
    if (id == GAN_NONE || memcmp(gan_plan_value(t->plan, id), gan_plan_value(by_threads->plan, id),
                                 (size_t)floats_of(t, id) * sizeof(float)) == 0)
        return;
    fail_msg("%s (%s), %s: node %d has other bits by %d threads", t->row->op, t->row->variant, what, id,
             gan_graph_threads(by_threads->g));
}

static void check_threads(const row_graph *t, int threads)
{
    row_graph crew = row_open(t->row, threads);
    for (int i = 0; i < gan_kernels_count(); i++) {
        const gan_kernels *k = gan_kernels_get(i);
        run_plan(t->plan, k);
        run_plan(crew.plan, k);
        check_same_bits(t, &crew, t->y, k->name);
        for (int a = 0; a < t->row->n_in; a++) {
            check_same_bits(t, &crew, t->dx[a], k->name);
            for (int b = 0; b <= t->row->n_in; b++) check_same_bits(t, &crew, t->dxx[a][b], k->name);
        }
    }
    row_close(&crew);
}

static void check_tables(const row_graph *t)
{
    check_threads(t, 2);
    check_threads(t, 5);
    for (int i = 1; i < gan_kernels_count(); i++) {
        const gan_kernels *k = gan_kernels_get(i);
        compare_to_ref(t, k, t->y, k->name);
        for (int a = 0; a < t->row->n_in; a++) {
            compare_to_ref(t, k, t->dx[a], k->name);
            for (int b = 0; b <= t->row->n_in; b++) compare_to_ref(t, k, t->dxx[a][b], k->name);
        }
    }
}
#else
static void check_tables(const row_graph *t)
{
    compare_to_ref(t, &gan__kernels_ref, t->y, "ref again");
}
#endif

static void test_row(void **state)
{
    row_graph t = row_open(*state, 1);
    run_plan(t.plan, &gan__kernels_ref);
    check_value(&t);
    if (IN_DOUBLE && gan_graph_node(t.g, t.y)->n_in) {
        check_gradient(&t);
        for (int i = 0; i < t.row->n_in; i++)
            for (int k = 0; k <= t.row->n_in && t.dx[i] != GAN_NONE; k++) check_curvature(&t, i, k);
    }
    check_tables(&t);
    row_close(&t);
}

/* ---- effects ----------------------------------------------------------------------------------------------- */

/* A store copies when its value is read elsewhere, and is written by the producer when it is not. */
static void test_store(void **state)
{
    (void)state;
    enum { N = 40 };
    float x[N], copied[N], direct[N];
    uint64_t seed = 3;
    gan_graph *g;
    gan_plan *p;
    gan_id a, kept, alone, store;
    test_fill(&seed, x, N, -1, 1);
    OK(gan_graph_new(&g, 1, 1));
    a = leaf(g, form1(N, GAN_REPLICATED), x);
    OK(gan_add_affine(g, a, 2, 1, &kept));
    OK(gan_add_affine(g, a, 3, 1, &alone));
    OK(gan_add_store(g, kept, copied, &store));
    OK(gan_add_store(g, alone, direct, &store));
    OK(gan_plan_build(&p, g, &kept, 1));
    run_plan(p, &gan__kernels_ref);
    assert_ptr_equal(gan_plan_value(p, alone), direct);
    assert_ptr_not_equal(gan_plan_value(p, kept), copied);
    for (int i = 0; i < N; i++) {
        if (copied[i] != 2 * x[i] + 1)
            fail_msg("copied[%d] is %g, want %g", i, (double)copied[i], (double)(2 * x[i] + 1));
        if (direct[i] != 3 * x[i] + 1)
            fail_msg("direct[%d] is %g, want %g", i, (double)direct[i], (double)(3 * x[i] + 1));
    }
    gan_plan_free(p);
    gan_graph_free(g);
}

static gan_status record_start(void *user, int number)
{
    strcat(user, number == 5 ? "start5 " : "start? ");
    return GAN_OK;
}

static gan_status record_wait(void *user, int number)
{
    strcat(user, number == 5 ? "wait5 " : "wait? ");
    return GAN_OK;
}

static gan_status record_nothing(void *user)
{
    (void)user;
    return GAN_OK;
}

static void test_reduce(void **state)
{
    (void)state;
    char calls[64] = "";
    gan_collectives comm = {.user = calls, .start = record_start, .wait = record_wait, .progress = record_nothing};
    gan_run run = test_run(&gan__kernels_ref);
    gan_graph *g;
    gan_plan *p;
    gan_id start, wait;
    OK(gan_graph_new(&g, 1, 2));
    OK(gan_add_reduce_start(g, 5, &start));
    OK(gan_add_reduce_wait(g, 5, start, true, &wait));
    OK(gan_plan_build(&p, g, NULL, 0));
    OK(gan_exec(p, &run, NULL));
    assert_string_equal(calls, "");
    run.comm = &comm;
    OK(gan_exec(p, &run, NULL));
    assert_string_equal(calls, "start5 wait5 ");
    gan_plan_free(p);
    gan_graph_free(g);
}

/* y = a * stop(a): the same value as a^2, half of its gradient. */
static void test_stop(void **state)
{
    (void)state;
    enum { N = 20 };
    float x[N];
    uint64_t seed = 4;
    gan_graph *g;
    gan_plan *p;
    gan_id a, keep[3];
    test_fill(&seed, x, N, -1, 1);
    OK(gan_graph_new(&g, 1, 1));
    a = leaf(g, form1(N, GAN_REPLICATED), x);
    OK(gan_add_stop(g, a, &keep[0]));
    OK(gan_add_mul(g, a, keep[0], &keep[1]));
    OK(add_total(g, keep[1], &keep[2]));
    OK(gan_graph_grad(g, keep[2], &a, 1, &keep[0]));
    OK(gan_plan_build(&p, g, keep, 2));
    run_plan(p, &gan__kernels_ref);
    for (int i = 0; i < N; i++) {
        assert_true(gan_plan_value(p, keep[1])[i] == x[i] * x[i]);
        assert_true(gan_plan_value(p, keep[0])[i] == x[i]);
    }
    gan_plan_free(p);
    gan_graph_free(g);
}

/* Ranks other than 0 add nothing to a value that all of them have, not even to -0. */
static void test_one_rank(void **state)
{
    (void)state;
    float x[3] = {-0.0f, 0, 2};
    gan_graph *g;
    gan_plan *p;
    gan_id y;
    OK(gan_graph_new(&g, 1, 2));
    OK(gan_add_one_rank(g, leaf(g, form1(3, GAN_REPLICATED), x), &y));
    OK(gan_plan_build(&p, g, &y, 1));
    gan_run run = test_run(&gan__kernels_ref);
    run.rank = 1;
    OK(gan_exec(p, &run, NULL));
    for (int i = 0; i < 3; i++) {
        float sum = x[i] + gan_plan_value(p, y)[i];
        assert_memory_equal(&sum, &x[i], sizeof sum);
    }
    gan_plan_free(p);
    gan_graph_free(g);
}

/* ---- the list ---------------------------------------------------------------------------------------------- */

/* Ops with a test of their own, or of another file. */
static const char *const others[] = {"store", "reduce_start", "reduce_wait", "stop", "conv_weights"};

static bool has_row(const char *op)
{
    for (int i = 0; i < N_OP_ROWS; i++)
        if (strcmp(op_rows[i].op, op) == 0) return true;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(others[i], op) == 0) return true;
    return false;
}

static void test_every_op_has_a_row(void **state)
{
    (void)state;
    int missing = 0;
    for (int i = 0; i < gan_ops_count; i++) {
        if (has_row(gan_ops[i]->name)) continue;
        print_error("op %s has no row in tests/op_rows.h\n", gan_ops[i]->name);
        missing++;
    }
    assert_int_equal(missing, 0);
    assert_int_equal(gan_mem_live(), live_before);
}

int main(void)
{
    static char names[N_OP_ROWS][80];
    struct CMUnitTest tests[N_OP_ROWS + 5];
    int n = 0;
    live_before = gan_mem_live();
    for (; n < N_OP_ROWS; n++) {
        snprintf(names[n], sizeof names[n], "%s%s%s", op_rows[n].op, *op_rows[n].variant ? ", " : "",
                 op_rows[n].variant);
        tests[n] = (struct CMUnitTest){names[n], test_row, NULL, NULL, (void *)(uintptr_t)&op_rows[n]};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_store);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_reduce);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_stop);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_one_rank);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_every_op_has_a_row);
    return _cmocka_run_group_tests("ops", tests, (size_t)n, NULL, NULL);
}
