/* Building, differentiating and running graphs: every wrong form is refused with a text that names the layer, what nobody
 * reads is not run, metrics cost nothing in other steps, a value that is not finite is found with its layer, and
 * every allocation may fail once. Gradients themselves are in test_ops and test_gradients. */
#include "graph_test.h"
#include "live_test.h"

#include <time.h>
#include <unistd.h>

enum { SHARDS = 2, ROWS = 6, COLS = 5, UNITS = 4 };

static const char *const LAYER = "generator.dense1 (job.ini:12)";

static gan_graph *new_graph(void)
{
    gan_graph *g;
    OK(gan_graph_new(&g, SHARDS, 1));
    return g;
}

/* ---- forms -------------------------------------------------------------------------------------------------- */

static void test_forms(void **state)
{
    (void)state;
    gan_form a = form2(32, 784, GAN_SHARDED), b = a, w = form_weight(32, 784);
    char text[64], small[6];
    assert_int_equal(gan_form_floats(&a), 32 * 784);
    gan_form_text(&a, text, sizeof text);
    assert_string_equal(text, "[32,784] sharded");
    gan_form_text(&a, small, sizeof small);
    assert_string_equal(small, "[32,7");
    b.dist = GAN_PARTIAL;
    assert_true(gan_form_same_shape(&a, &b) && !gan_form_equal(&a, &b));
    assert_false(gan_form_same_shape(&a, &w));
    gan_form_text(&b, text, sizeof text);
    assert_string_equal(text, "[32,784] partial");
}

/* ---- errors of form ----------------------------------------------------------------------------------------- */

/* Values of all kinds to build wrong nodes from. */
typedef struct values {
    gan_id rows, rows2, narrow, shards, numbers, shard_numbers, image, five; /* SHARDED */
    gan_id weight, bias, matrix, scalar;                                     /* REPLICATED */
    gan_id partial, partial2, partial_rows, partial_weight;                  /* PARTIAL */
} values;

static float memory[ROWS * COLS * UNITS * 4];

static values make_values(gan_graph *g)
{
    gan_form image = {.n_dims = 3, .dims = {ROWS, COLS, 2}, .dist = GAN_SHARDED};
    gan_form five = {.n_dims = 5, .dims = {1, 1, 1, 1, COLS}};
    gan_form partial_weight = form_weight(COLS, UNITS);
    partial_weight.dist = GAN_PARTIAL;
    return (values){
        .rows = leaf(g, form2(ROWS, COLS, GAN_SHARDED), memory),
        .rows2 = leaf(g, form2(2 * ROWS, COLS, GAN_SHARDED), memory),
        .narrow = leaf(g, form2(ROWS, UNITS, GAN_SHARDED), memory),
        .shards = leaf(g, form2(SHARDS, COLS, GAN_SHARDED), memory),
        .numbers = leaf(g, form1(ROWS, GAN_SHARDED), memory),
        .shard_numbers = leaf(g, form1(SHARDS, GAN_SHARDED), memory),
        .image = leaf(g, image, memory),
        .five = leaf(g, five, memory),
        .weight = leaf(g, form_weight(COLS, UNITS), memory),
        .bias = leaf(g, form1(COLS, GAN_REPLICATED), memory),
        .matrix = leaf(g, form2(ROWS, COLS, GAN_REPLICATED), memory),
        .scalar = leaf(g, form1(1, GAN_REPLICATED), memory),
        .partial = leaf(g, form1(COLS, GAN_PARTIAL), memory),
        .partial2 = leaf(g, form1(UNITS, GAN_PARTIAL), memory),
        .partial_rows = leaf(g, form2(ROWS, COLS, GAN_PARTIAL), memory),
        .partial_weight = leaf(g, partial_weight, memory),
    };
}

static gan_status constant_of(gan_graph *g, int n_dims, int64_t a, gan_dist dist, gan_id *y)
{
    gan_form f = {.n_dims = n_dims, .dims = {a, COLS}, .dist = dist};
    return gan_add_constant(g, &f, 1, y);
}

static gan_status dropout_of(gan_graph *g, float keep, gan_id *y)
{
    gan_form f = form2(ROWS, COLS, GAN_SHARDED);
    return gan_add_dropout_mask(g, &f, keep, y);
}

static gan_status reshape_to(gan_graph *g, gan_id x, int n_dims, int64_t a, int64_t b, gan_id *y)
{
    int64_t dims[8] = {a, b, 1, 1, 1, 1, 1, 1};
    return gan_add_reshape(g, x, n_dims, dims, y);
}

/* X(call, op that refuses it, part of the text) */
#define WRONG_FORMS(X)                                                                                       \
    X(gan_add_add(g, v.rows, v.narrow, &y), "add", "one shape")                                              \
    X(gan_add_sub(g, v.rows, v.matrix, &y), "sub", "lie on the ranks in one way")                            \
    X(gan_add_add(g, v.partial, v.bias, &y), "add", "all_sum")                                               \
    X(gan_add_mul(g, v.partial, v.partial, &y), "mul", "all_sum")                                            \
    X(gan_add_mul(g, v.rows, v.partial_rows, &y), "mul", "all_sum")                                          \
    X(gan_add_mul(g, v.partial_rows, v.rows, &y), "mul", "all_sum")                                          \
    X(gan_add_div(g, v.bias, v.partial, &y), "div", "all_sum")                                               \
    X(gan_add_div(g, v.partial_rows, v.rows, &y), "div", "all_sum")                                          \
    X(gan_add_affine(g, v.partial, 2, 1, &y), "affine", "all_sum")                                           \
    X(gan_add_relu(g, v.partial, &y), "relu", "all_sum")                                                     \
    X(gan_add_tanh(g, v.partial, &y), "tanh", "all_sum")                                                     \
    X(gan_add_leaky_relu(g, v.rows, -0.5f, &y), "leaky_relu", "slope -0.5")                                  \
    X(gan_add_matmul(g, v.narrow, v.weight, &y), "matmul", "the same k")                                     \
    X(gan_add_matmul(g, v.rows, v.matrix, &y), "matmul", "a weight")                                         \
    X(gan_add_matmul(g, v.rows, v.partial_weight, &y), "matmul", "a weight")                                 \
    X(gan_add_matmul(g, v.image, v.weight, &y), "matmul", "x [n,k]")                                         \
    X(gan_add_matmul(g, v.partial_rows, v.partial_weight, &y), "matmul", "a weight")                         \
    X(gan_add_matmul_nt(g, v.rows, v.weight, &y), "matmul_nt", "the same m")                                 \
    X(gan_add_matmul_tn(g, v.rows, v.rows2, &y), "matmul_tn", "the same n")                                  \
    X(gan_add_matmul_tn(g, v.matrix, v.rows, &y), "matmul_tn", "both sharded or neither")                    \
    X(gan_add_matmul_tn(g, v.partial_rows, v.partial_rows, &y), "matmul_tn", "both sharded or neither")      \
    X(gan_add_shard_sum(g, v.matrix, &y), "shard_sum", "sharded")                                            \
    X(gan_add_shard_expand(g, v.rows, ROWS, &y), "shard_expand", "one row a shard")                          \
    X(gan_add_shard_expand(g, v.shards, 3, &y), "shard_expand", "not a multiple of 2 shards")                \
    X(gan_add_shard_expand(g, v.shards, 0, &y), "shard_expand", "below 1")                                   \
    X(gan_add_tree_sum(g, v.rows, &y), "tree_sum", "one row a shard")                                        \
    X(gan_add_tree_sum(g, v.bias, &y), "tree_sum", "sharded")                                                \
    X(gan_add_expand_rows(g, v.rows, ROWS, &y), "expand_rows", "replicated")                                 \
    X(gan_add_expand_rows(g, v.weight, ROWS, &y), "expand_rows", "replicated")                               \
    X(gan_add_expand_rows(g, v.five, ROWS, &y), "expand_rows", "replicated")                                 \
    X(gan_add_expand_rows(g, v.bias, 3, &y), "expand_rows", "not a multiple of 2 shards")                    \
    X(gan_add_all_sum(g, v.bias, &y), "all_sum", "partial")                                                  \
    X(gan_add_one_rank(g, v.rows, &y), "one_rank", "replicated")                                             \
    X(gan_add_whole_gradient(g, v.partial, &y), "whole_gradient", "replicated")                              \
    X(gan_add_sum_cols(g, v.weight, &y), "sum_cols", "weight matrix")                                        \
    X(gan_add_expand_cols(g, v.rows, COLS, &y), "expand_cols", "one number a row")                           \
    X(gan_add_expand_cols(g, v.numbers, 0, &y), "expand_cols", "below 1")                                    \
    X(reshape_to(g, v.rows, 2, ROWS, COLS + 1, &y), "reshape", "as many elements")                           \
    X(reshape_to(g, v.rows, 2, COLS, ROWS, &y), "reshape", "and whole shards")                    \
    X(reshape_to(g, v.weight, 1, COLS *UNITS, 1, &y), "reshape", "as many elements")                         \
    X(reshape_to(g, v.rows, 0, ROWS, COLS, &y), "reshape", "0 dimensions")                                   \
    X(reshape_to(g, v.rows, 8, ROWS, COLS, &y), "reshape", "8 dimensions")                                   \
    X(gan_add_slice(g, v.rows, 2, 0, 1, &y), "slice", "no axis 2")                                           \
    X(gan_add_slice(g, v.rows, -1, 0, 1, &y), "slice", "no axis -1")                                         \
    X(gan_add_slice(g, v.weight, 0, 0, 1, &y), "slice", "no axis 0")                                         \
    X(gan_add_slice(g, v.rows, 1, 2, 2, &y), "slice", "2..2 is not a range of 0..5")                         \
    X(gan_add_slice(g, v.rows, 0, 0, 4, &y), "slice", "0..4 is not a range of 0..3")                         \
    X(gan_add_pad(g, v.rows, 1, 1, COLS, &y), "pad", "5 elements at 1 do not fit into 5")                    \
    X(gan_add_pad(g, v.weight, 0, 0, 9, &y), "pad", "no axis 0")                                             \
    X(gan_add_concat(g, v.rows, v.narrow, 0, &y), "concat", "all axes but 0")                                \
    X(gan_add_concat(g, v.rows, v.matrix, 1, &y), "concat", "all axes but 1")                                \
    X(gan_add_concat(g, v.rows, v.rows, 2, &y), "concat", "all axes but 2")                                  \
    X(gan_add_concat(g, v.weight, v.weight, 0, &y), "concat", "all axes but 0")                              \
    X(gan_add_group_pick(g, v.rows, v.rows, 2, &y), "group_pick", "units * 2")                               \
    X(gan_add_group_pick(g, v.rows, v.rows, 0, &y), "group_pick", "units * 0")                               \
    X(gan_add_group_pick(g, v.rows, v.narrow, 1, &y), "group_pick", "units * 1")                             \
    X(gan_add_group_pick(g, v.partial_rows, v.partial_rows, 1, &y), "group_pick", "units * 1")               \
    X(gan_add_group_spread(g, v.narrow, v.narrow, 2, &y), "group_spread", "units * 2")                       \
    X(gan_add_group_spread(g, v.partial_rows, v.partial_rows, 1, &y), "group_spread", "units * 1")           \
    X(constant_of(g, 2, 3, GAN_SHARDED, &y), "constant", "not a multiple of 2 shards")                       \
    X(constant_of(g, 2, 0, GAN_REPLICATED, &y), "constant", "below 1")                                       \
    X(constant_of(g, 0, 1, GAN_REPLICATED, &y), "constant", "0 dimensions")                                  \
    X(constant_of(g, 6, 1, GAN_REPLICATED, &y), "constant", "6 dimensions")                                  \
    X(dropout_of(g, 0, &y), "dropout_mask", "keeping 0")                                                     \
    X(dropout_of(g, 1.5f, &y), "dropout_mask", "keeping 1.5")

static void expect_refused(gan_status s, const char *call, const char *op, const char *part)
{
    char start[128];
    snprintf(start, sizeof start, "%s: %s: got ", LAYER, op);
    if (s != GAN_ESHAPE) fail_msg("%s: %s", call, gan_status_text(s));
    if (strncmp(gan_fail_text(), start, strlen(start)) != 0 || !strstr(gan_fail_text(), part))
        fail_msg("%s: the text is \"%s\", want \"%s...\" and \"%s\"", call, gan_fail_text(), start, part);
    gan_fail_clear();
}

static void test_wrong_forms(void **state)
{
    (void)state;
    gan_graph *g = new_graph();
    values v = make_values(g);
    gan_id y;
    int count = gan_graph_count(g);
    OK(gan_graph_set_layer(g, LAYER));
#define X(call, op, part) expect_refused(call, #call, op, part);
    WRONG_FORMS(X)
#undef X
    assert_int_equal(gan_graph_count(g), count); /* nothing is left of a refused node */
    gan_graph_free(g);
}

static void test_text_says_what_was_got(void **state)
{
    (void)state;
    gan_graph *g = new_graph();
    values v = make_values(g);
    gan_id y;
    assert_int_equal(gan_add_matmul(g, v.narrow, v.weight, &y), GAN_ESHAPE);
    assert_string_equal(
        gan_fail_text(),
        "matmul: got [6,4] sharded and [5,4]; wanted x [n,k] and a weight [k,m] with the same k");
    assert_int_equal(y, GAN_NONE);
    gan_graph_free(g);
}

static void expect_internal(gan_status s, const char *part)
{
    if (s != GAN_EINTERNAL || !strstr(gan_fail_text(), part))
        fail_msg("%s: \"%s\", want an internal error with \"%s\"", gan_status_text(s), gan_fail_text(), part);
    gan_fail_clear();
}

static void test_ids_that_are_no_nodes(void **state)
{
    (void)state;
    gan_graph *g = new_graph();
    values v = make_values(g);
    gan_id y, loss, none = GAN_NONE, far = 1000;
    gan_plan *p;
    OK(add_total(g, v.rows, &loss));
    expect_internal(gan_add_relu(g, GAN_NONE, &y), "relu: input 0");
    expect_internal(gan_add_add(g, v.partial, GAN_NONE, &y), "add: input 1");
    expect_internal(gan_add_add(g, v.rows, far, &y), "add: input 1");
    expect_internal(gan_graph_grad(g, loss, &none, 1, &y), "differentiated");
    expect_internal(gan_graph_grad(g, far, &v.rows, 1, &y), "differentiated");
    expect_internal(gan_plan_build(&p, g, &none, 1), "kept");
    gan_graph_free(g);
}

/* ---- gradients that cannot be --------------------------------------------------------------------------------- */

static gan_status wrong_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)y;
    return gan_add_sum_cols(g, dy, &dx[0]); /* not the form of the input */
}

static gan_status same_form(gan_graph *g, gan_node *y)
{
    y->form = *gan_graph_form(g, y->in[0]);
    return GAN_OK;
}

static gan_status copy_forward(const gan_call *c)
{
    memcpy(c->out, c->in[0], (size_t)gan_form_floats(&c->y->form) * sizeof *c->out);
    return GAN_OK;
}

static void test_refused_gradients(void **state)
{
    (void)state;
    static const gan_op hard = {.name = "hard", .infer = same_form, .forward = copy_forward};
    static const gan_op wrong = {
        .name = "wrong", .infer = same_form, .forward = copy_forward, .backward = wrong_backward};
    gan_graph *g = new_graph();
    values v = make_values(g);
    gan_id y, loss, dx;
    OK(gan_graph_set_layer(g, LAYER));
    gan_node node = {.op = &hard, .n_in = 1, .in = {v.rows}};
    OK(gan_graph_add(g, &node, &y));
    OK(add_total(g, y, &loss));
    expect_internal(gan_graph_grad(g, loss, &v.rows, 1, &dx),
                    "generator.dense1 (job.ini:12): hard has no gradient rule");
    OK(gan_graph_grad(g, loss, &v.narrow, 1, &dx)); /* not on the way: no matter */
    assert_int_equal(dx, GAN_NONE);
    node.op = &wrong;
    OK(gan_graph_add(g, &node, &y));
    OK(add_total(g, y, &loss));
    expect_internal(gan_graph_grad(g, loss, &v.rows, 1, &dx), "gradient rule of wrong: [6] sharded");
    expect_internal(gan_graph_grad(g, v.rows, &v.rows, 1, &dx), "scalar loss");
    OK(gan_graph_grad(g, loss, &loss, 1, &dx));
    assert_string_equal(gan_graph_node(g, dx)->op->name, "constant");
    gan_graph_free(g);
}

/* ---- layers, phases ------------------------------------------------------------------------------------------- */

static void test_labels(void **state)
{
    (void)state;
    gan_graph *g = new_graph();
    values v = make_values(g);
    int d, again;
    gan_id y, loss, dx;
    char layer[] = "discriminator.dense1";
    OK(gan_graph_phase_begin(g, "D", &d));
    OK(gan_graph_set_layer(g, layer));
    OK(gan_add_tanh(g, v.rows, &y));
    layer[0] = 'X'; /* the text is copied */
    OK(gan_graph_set_layer(g, ""));
    OK(gan_graph_phase_begin(g, "G", &again));
    OK(add_total(g, y, &loss));
    OK(gan_graph_grad(g, loss, &v.rows, 1, &dx));
    assert_string_equal(gan_graph_node(g, y)->layer, "discriminator.dense1");
    assert_string_equal(gan_graph_node(g, loss)->layer, "");
    assert_string_equal(gan_graph_node(g, dx)->layer, "discriminator.dense1"); /* of what it differentiates */
    assert_int_equal(gan_graph_node(g, y)->phase, d);
    assert_int_equal(gan_graph_node(g, dx)->phase, again);
    OK(gan_graph_phase_begin(g, "D", &again));
    assert_int_equal(again, d);
    assert_int_equal(gan_graph_phases(g), 3);
    assert_string_equal(gan_graph_phase_name(g, d), "D");
    gan_graph_free(g);
}

/* ---- what runs ------------------------------------------------------------------------------------------------ */

/* An op that counts its runs. */
static gan_status count_forward(const gan_call *c)
{
    ++*(int *)c->y->p.call.user;
    return copy_forward(c);
}

static const gan_op op_count = {.name = "count", .infer = same_form, .forward = count_forward};

static gan_id add_count(gan_graph *g, gan_id x, int *runs)
{
    gan_id y;
    gan_node node = {.op = &op_count, .n_in = 1, .in = {x}, .p = {.call = {runs, 0}}};
    OK(gan_graph_add(g, &node, &y));
    return y;
}

static int count_of(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)); text += strlen(part)) n++;
    return n;
}

static char *printed(const gan_plan *p)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    gan_plan_print(p, f);
    fclose(f);
    return text;
}

static void test_dead_nodes(void **state)
{
    (void)state;
    gan_graph *g = new_graph();
    values v = make_values(g);
    gan_id y, loss, grads[2];
    const gan_id wrt[2] = {v.weight, v.rows};
    gan_plan *p;
    int runs = 0;
    OK(gan_add_matmul(g, v.rows, v.weight, &y));
    OK(gan_add_square(g, y, &loss));
    OK(add_total(g, loss, &loss));
    OK(gan_graph_grad(g, loss, wrt, 2, grads));
    add_count(g, grads[1], &runs);
    OK(gan_plan_build(&p, g, grads, 1)); /* the weight's gradient alone */
    run_plan(p, &gan__kernels_ref);
    assert_int_equal(runs, 0);
    char *text = printed(p);
    assert_non_null(strstr(text, " matmul_tn "));
    assert_null(strstr(text, " matmul_nt ")); /* the gradient of the rows */
    assert_null(strstr(text, " total "));     /* the loss itself */
    free(text);
    const double product = 2.0 * ROWS * COLS * UNITS; /* x W and x^T dy */
    const gan_plan_info *info = gan_plan_describe(p);
    if (info->flop < 2 * product || info->flop > 2.5 * product)
        fail_msg("%g flop, want %g and a few for the square", info->flop, 2 * product);
    gan_plan_free(p);
    gan_graph_free(g);
}

static void test_metrics(void **state)
{
    (void)state;
    gan_graph *g = new_graph();
    values v = make_values(g);
    gan_id shared, metric, work, store;
    gan_plan *p;
    int in_both = 0, in_metric = 0, in_work = 0;
    float kept = -1, measured = -1;
    memory[0] = 3;
    shared = add_count(g, v.scalar, &in_both);
    metric = add_count(g, shared, &in_metric);
    work = add_count(g, shared, &in_work);
    OK(gan_add_store(g, work, &kept, &store));
    gan_graph_set_when(g, GAN_IN_METRICS);
    OK(gan_add_store(g, metric, &measured, &store));
    OK(gan_plan_build(&p, g, NULL, 0));
    gan_run run = test_run(&gan__kernels_ref);
    OK(gan_exec(p, &run, NULL));
    assert_true(kept == 3 && measured == -1);
    assert_true(in_both == 1 && in_metric == 0 && in_work == 1);
    run.metrics = true;
    OK(gan_exec(p, &run, NULL));
    assert_true(measured == 3);
    assert_true(in_both == 2 && in_metric == 1 && in_work == 2);
    gan_plan_free(p);
    gan_graph_free(g);
}

/* Two stores to one number, of which each step runs one: what both need runs always, the rest in its steps. */
static void test_interval(void **state)
{
    (void)state;
    gan_graph *g = new_graph();
    values v = make_values(g);
    gan_id shared, often, sum, store;
    gan_plan *p;
    int in_all = 0, in_nth = 0, in_others = 0, made = 0;
    float kept = -1;
    memory[0] = 3;
    shared = add_count(g, v.scalar, &in_all);
    often = add_count(g, shared, &in_others);
    OK(gan_add_add(g, shared, add_count(g, shared, &in_nth), &sum));
    OK(gan_graph_set_interval(g, 3));
    gan_graph_set_when(g, GAN_IN_OTHERS);
    OK(gan_add_store(g, often, &kept, &store));
    gan_graph_set_when(g, GAN_IN_NTH);
    OK(gan_add_store(g, sum, &kept, &store));
    OK(gan_plan_build(&p, g, NULL, 0));
    gan_run run = test_run(&gan__kernels_ref);
    for (run.step = 0; run.step < 7; run.step++) {
        kept = -1;
        OK(gan_exec(p, &run, NULL));
        made += run.step % 3 == 0;
        assert_true(kept == (run.step % 3 == 0 ? 6 : 3));
        assert_int_equal(in_all, run.step + 1);
        assert_int_equal(in_nth, made);
        assert_int_equal(in_others, run.step + 1 - made);
    }
    double calls = 0;
    for (int i = 0; i < gan_plan_describe(p)->n_nodes; i++) calls += gan_plan_share(p, i);
    assert_true(fabs(calls - (1 + 2 * (2 / 3.0) + 3 / 3.0)) < 1e-12); /* shared; often, its store; the other one, sum, store */
    char *text = printed(p);
    assert_int_equal(count_of(text, "(every N-th step)"), 3);
    assert_int_equal(count_of(text, "(other steps)"), 2);
    free(text);
    assert_int_equal(gan_graph_set_interval(g, 4), GAN_EINTERNAL);
    gan_fail_clear();
    gan_plan_free(p);
    gan_graph_free(g);
}

/* ---- times and diagnosis --------------------------------------------------------------------------------------- */

static gan_status sleep_forward(const gan_call *c)
{
    struct timespec t = {0, c->y->p.call.index * 1000000};
    nanosleep(&t, NULL);
    return copy_forward(c);
}

static void test_times(void **state)
{
    (void)state;
    static const gan_op work = {.name = "work", .infer = same_form, .forward = sleep_forward};
    static const gan_op wait = {.name = "wait", .infer = same_form, .forward = sleep_forward, .waits = true};
    gan_graph *g = new_graph();
    values v = make_values(g);
    gan_phase_time t[3] = {{0}};
    gan_plan *p;
    gan_id y;
    int d, e;
    OK(gan_graph_phase_begin(g, "D", &d));
    gan_node node = {.op = &work, .n_in = 1, .in = {v.scalar}, .p = {.call = {NULL, 20}}};
    OK(gan_graph_add(g, &node, &y));
    OK(gan_graph_phase_begin(g, "E", &e));
    node = (gan_node){.op = &wait, .n_in = 1, .in = {y}, .p = {.call = {NULL, 30}}};
    OK(gan_graph_add(g, &node, &y));
    OK(gan_plan_build(&p, g, &y, 1));
    gan_run run = test_run(&gan__kernels_ref);
    OK(gan_exec(p, &run, t));
    assert_true(t[d].compute_s >= 0.02 && t[d].exposed_s == 0);
    assert_true(t[e].exposed_s >= 0.03 && t[e].compute_s == 0);
    assert_true(t[0].compute_s == 0 && t[0].exposed_s == 0);
    gan_plan_free(p);
    gan_graph_free(g);
}

static gan_status update_forward(const gan_call *c)
{
    *(int *)c->y->p.call.user += !c->run->diagnose;
    return GAN_OK;
}

static void test_diagnose(void **state)
{
    (void)state;
    static const gan_op update = {
        .name = "update", .effect = true, .infer = same_form, .forward = update_forward};
    gan_graph *g = new_graph();
    values v = make_values(g);
    gan_run run = test_run(&gan__kernels_ref);
    gan_id a, y;
    gan_plan *p;
    int d, updates = 0;
    int64_t position;
    char text[128];
    memory[0] = 1;
    OK(gan_graph_phase_begin(g, "D", &d));
    OK(add_total(g, v.scalar, &a));
    OK(gan_graph_set_layer(g, LAYER));
    OK(gan_add_log(g, a, &y));
    OK(gan_graph_set_layer(g, "later"));
    OK(add_total(g, y, &y));
    gan_node node = {.op = &update, .n_in = 1, .in = {y}, .p = {.call = {&updates, 0}}};
    OK(gan_graph_add(g, &node, &y));
    OK(gan_plan_build(&p, g, NULL, 0));
    OK(gan_exec_diagnose(p, &run, &position, text, sizeof text));
    assert_true(position == INT64_MAX && text[0] == '\0');
    memory[0] = -1;
    OK(gan_exec_diagnose(p, &run, &position, text, sizeof text));
    assert_int_equal(position, 1);
    assert_string_equal(text, "phase D, generator.dense1 (job.ini:12), log");
    assert_int_equal(updates, 0);
    OK(gan_exec(p, &run, NULL));
    assert_int_equal(updates, 1);
    gan_plan_free(p);
    gan_graph_free(g);
}

static gan_status fail_forward(const gan_call *c)
{
    (void)c;
    return GAN_FAIL(GAN_EIO, "as the test wants it");
}

static void test_failing_kernel(void **state)
{
    (void)state;
    static const gan_op bad = {.name = "bad", .infer = same_form, .forward = fail_forward};
    gan_graph *g = new_graph();
    values v = make_values(g);
    gan_run run = test_run(&gan__kernels_ref);
    gan_plan *p;
    gan_id y;
    int runs = 0;
    gan_node node = {.op = &bad, .n_in = 1, .in = {v.scalar}};
    OK(gan_graph_add(g, &node, &y));
    y = add_count(g, y, &runs);
    OK(gan_plan_build(&p, g, &y, 1));
    assert_int_equal(gan_exec(p, &run, NULL), GAN_EIO);
    assert_int_equal(runs, 0);
    gan_plan_free(p);
    gan_graph_free(g);
}

/* ---- allocations that fail ------------------------------------------------------------------------------------ */

/* A program with layers, edges, second derivatives, fusion and stores; in plain statuses, for it must come back. */
static gan_status small_program(gan_graph *g, const float *x, float *w, float *to, gan_plan **p)
{
    gan_id in, W, y, loss, dx, dW, store, start;
    gan_form rows = form2(ROWS, COLS, GAN_SHARDED), weight = form_weight(COLS, COLS);
    int phase;
    GAN_TRY(gan_graph_phase_begin(g, "D", &phase));
    GAN_TRY(gan_graph_set_layer(g, LAYER));
    GAN_TRY(gan_add_param(g, &rows, (float *)(uintptr_t)x, NULL, 0, &in));
    GAN_TRY(gan_add_param(g, &weight, w, NULL, 0, &W));
    y = in;
    for (int i = 0; i < 6; i++) {
        GAN_TRY(gan_add_matmul(g, y, W, &y));
        GAN_TRY(gan_add_affine(g, y, 0.5f, 0.1f, &y));
        GAN_TRY(gan_add_tanh(g, y, &y));
    }
    GAN_TRY(gan_add_mean(g, y, ROWS, &loss));
    GAN_TRY(gan_graph_grad(g, loss, &in, 1, &dx));
    GAN_TRY(gan_add_square(g, dx, &dx));
    GAN_TRY(gan_add_mean(g, dx, ROWS, &loss));
    GAN_TRY(gan_graph_grad(g, loss, &W, 1, &dW));
    GAN_TRY(gan_add_store(g, dW, to, &store));
    GAN_TRY(gan_add_reduce_start(g, 0, &start));
    GAN_TRY(gan_graph_after(g, start, store));
    return gan_plan_build(p, g, &loss, 1);
}

static gan_status build_all(const float *x, float *w, float *to)
{
    gan_graph *g;
    gan_plan *p = NULL;
    GAN_TRY(gan_graph_new(&g, SHARDS, 1));
    gan_status s = small_program(g, x, w, to, &p);
    if (s == GAN_OK) run_plan(p, &gan__kernels_ref);
    gan_plan_free(p);
    gan_graph_free(g);
    return s;
}

static void test_each_allocation_fails_once(void **state)
{
    (void)state;
    float x[ROWS * COLS], w[COLS * COLS], to[COLS * COLS];
    uint64_t seed = 9;
    int failures = 0;
    test_fill(&seed, x, ROWS * COLS, -1, 1);
    test_fill(&seed, w, COLS * COLS, -1, 1);
    for (int64_t k = 1;; k++) {
        gan_mem_fail_at(k);
        gan_status s = build_all(x, w, to);
        bool fired = gan_mem_fail_at(0) == 0;
        if (!fired) {
            OK(s);
            break;
        }
        if (s != GAN_ENOMEM)
            fail_msg("allocation %lld failed, and the status was: %s", (long long)k, gan_status_text(s));
        assert_int_equal(gan_mem_live(), live_before);
        gan_fail_clear();
        failures++;
    }
    assert_true(failures > 30);
}

/* ---- pictures of it ------------------------------------------------------------------------------------------- */

static char *contents(const char *path)
{
    static char text[1 << 16];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void test_dump(void **state)
{
    (void)state;
    gan_graph *g = new_graph();
    float x[ROWS * COLS] = {0}, w[COLS * COLS] = {0}, to[COLS * COLS];
    gan_plan *p;
    gan_id y, store;
    char folder[128], path[160];
    OK(small_program(g, x, w, to, &p));
    gan_plan_free(p);
    OK(gan_graph_set_layer(g, "a \"quoted\" layer in C:\\jobs"));
    OK(gan_add_param(g, &(gan_form){.n_dims = 1, .dims = {4}}, x, NULL, 0, &y));
    OK(gan_add_relu(g, y, &y));
    OK(gan_add_store(g, y, to, &store));
    OK(gan_plan_build(&p, g, NULL, 0));
    char *text = printed(p);
    assert_non_null(strstr(text, LAYER));
    assert_non_null(strstr(text, "fused:"));
    int lines = count_of(text, "\n") - 1;
    free(text);
    snprintf(folder, sizeof folder, "%s/gan_test_graph_XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/step.dot", folder);
    OK(gan_plan_dot(p, path));
    text = contents(path);
    assert_int_equal(count_of(text, "[label="), lines);
    assert_non_null(strstr(text, "a \\\"quoted\\\" layer in C:\\\\jobs"));
    remove(path);
    assert_int_equal(gan_plan_dot(p, folder), GAN_EIO);
    assert_non_null(strstr(gan_fail_text(), folder));
    gan_fail_clear();
    rmdir(folder);
    gan_plan_free(p);
    gan_graph_free(g);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_forms),
        TEST(test_wrong_forms),
        TEST(test_text_says_what_was_got),
        TEST(test_ids_that_are_no_nodes),
        TEST(test_refused_gradients),
        TEST(test_labels),
        TEST(test_dead_nodes),
        TEST(test_metrics),
        TEST(test_interval),
        TEST(test_times),
        TEST(test_diagnose),
        TEST(test_failing_kernel),
        TEST(test_each_allocation_fails_once),
        TEST(test_dump),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
