/* Tails (src/graph/tail.c): a convolution that adds the bias and applies the function behind it has the bits of doing so
 * afterwards, on every kernel table and with threads; and the nodes are left alone where somebody else reads the convolution's
 * result, or where its operands are overwritten before the map would run. */
#include "graph_test.h"

enum { N = 6, H = 9, W = 7, C = 5, O = 19, K = 3, X = N * H * W * C, Y = N * H * W * O, WEIGHT = K * K * C * O };

/* y = f(conv(x, w) + b) or, `transposed`, x = f(conv_dx(y, w)). */
typedef struct net {
    bool transposed, bias, map, through_pixels;
} net;

static const net nets[] = {
    {false, true, true, true},   {false, true, false, true}, {false, false, true, false},
    {true, false, true, false},  {true, true, true, true},   {false, false, true, true},
};

typedef struct values {
    float x[Y], w[WEIGHT], b[O];
} values;

/* Also the ids of the convolution and of the result. */
static void build(gan_graph *g, const net *t, values *v, gan_id *conv, gan_id *y)
{
    const gan_window k = {K, K, 1, 1};
    const int64_t channels = t->transposed ? C : O;
    gan_id w = leaf(g, form_weight(K * K * C, O), v->w), b, x;
    gan_form form = {.n_dims = 4, .dims = {N, H, W, t->transposed ? O : C}, .dist = GAN_SHARDED};
    x = leaf(g, form, v->x);
    OK(t->transposed ? gan_add_conv_dx(g, x, w, &k, H, W, conv) : gan_add_conv(g, x, w, &k, conv));
    *y = *conv;
    if (t->through_pixels) OK(gan_add_reshape(g, *y, 2, (int64_t[]){N * H * W, channels}, y));
    if (t->bias) {
        OK(gan_add_expand_rows(g, leaf(g, form1(channels, GAN_REPLICATED), v->b), N * H * W, &b));
        OK(gan_add_add(g, *y, b, y));
    }
    if (t->map) OK(gan_add_leaky_relu(g, *y, 0.2f, y));
}

static values *values_new(void)
{
    values *v = gan_calloc(1, sizeof *v);
    uint64_t seed = 5;
    assert_non_null(v);
    test_fill(&seed, v->x, Y, -1, 1);
    test_fill(&seed, v->w, WEIGHT, -1, 1);
    test_fill(&seed, v->b, O, -1, 1);
    return v;
}

/* The result; the convolution's own is kept too, if so. Tells whether there was a tail. */
static bool run(const net *t, values *v, const gan_kernels *k, bool keep_conv, int threads, float *result)
{
    gan_graph *g;
    gan_plan *p;
    gan_id keep[2];
    OK(gan_graph_new(&g, 2, 1));
    gan_graph_set_threads(g, threads, 0);
    build(g, t, v, &keep[1], &keep[0]);
    OK(gan_plan_build(&p, g, keep, keep_conv ? 2 : 1));
    run_plan(p, k);
    memcpy(result, gan_plan_value(p, keep[0]), (size_t)(t->transposed ? X : Y) * sizeof *result);
    const bool tail = gan_graph_node(g, keep[0])->tail.is;
    gan_plan_free(p);
    gan_graph_free(g);
    return tail;
}

static void test_bits(void **state)
{
    (void)state;
    values *v = values_new();
    float *with = test_floats(Y), *without = test_floats(Y);
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        for (int table = 0; table < gan_kernels_count(); table++) {
            const gan_kernels *k = gan_kernels_get(table);
            const size_t bytes = (size_t)(nets[i].transposed ? X : Y) * sizeof *with;
            assert_false(run(&nets[i], v, k, true, 1, without));
            for (int threads = 1; threads <= 3; threads += 2) {
                assert_true(run(&nets[i], v, k, false, threads, with));
                if (memcmp(with, without, bytes) != 0)
                    fail_msg("net %d, %s, %d threads: a tail changes bits", (int)i, k->name, threads);
            }
        }
    gan_free(with);
    gan_free(without);
    gan_free(v);
}

static gan_status nothing(const gan_call *c)
{
    (void)c;
    return GAN_OK;
}

static gan_status as_given(gan_graph *g, gan_node *y)
{
    (void)g;
    y->form = form1(1, GAN_REPLICATED);
    return GAN_OK;
}

static const gan_op op_overwrite = {.name = "overwrite", .effect = true, .infer = as_given, .forward = nothing};

/* An update of w between the convolution and the map: the map's node may not become the convolution. */
static void test_overwritten_weights(void **state)
{
    (void)state;
    values *v = values_new();
    const gan_window k = {K, K, 1, 1};
    const gan_form form = {.n_dims = 4, .dims = {N, H, W, C}, .dist = GAN_SHARDED};
    for (int overwritten = 0; overwritten < 2; overwritten++) {
        gan_graph *g;
        gan_plan *p;
        gan_id w, conv, y, update;
        gan_node node = {.op = &op_overwrite};
        OK(gan_graph_new(&g, 2, 1));
        w = leaf(g, form_weight(K * K * C, O), v->w);
        OK(gan_add_conv(g, leaf(g, form, v->x), w, &k, &conv));
        OK(gan_graph_add(g, &node, &update));
        if (overwritten) gan_graph_node(g, w)->p.param.superseded_by = update;
        OK(gan_add_leaky_relu(g, conv, 0.2f, &y));
        OK(gan_plan_build(&p, g, &y, 1));
        assert_int_equal(gan_graph_node(g, y)->tail.is, !overwritten);
        gan_plan_free(p);
        gan_graph_free(g);
    }
    gan_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bits), cmocka_unit_test(test_overwritten_weights)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
