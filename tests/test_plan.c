/* The passes between graph and program: fusion, order, memory.
 *
 * Random graphs are planned twice: as usual, and with every value kept, which forbids fusion, sharing and direct stores;
 * the results must have the same bits. Lifetimes are worked out again from the order of execution, and no two values that
 * are needed at one time may overlap. The order is checked against its definition, edge by edge. */
#include "graph_test.h"
#include "live_test.h"

#include "../src/graph/plan.h"

#include <time.h>

enum { SHARDS = 2, MAX_VALUES = 400, MAX_STORES = 16, STORE_FLOATS = 4096 };

/* ---- random graphs ------------------------------------------------------------------------------------------ */

typedef struct random_graph {
    gan_graph *g;
    uint64_t seed;
    int64_t rows, cols;
    gan_id full[MAX_VALUES]; /* [rows,cols] SHARDED, to choose operands from */
    int n_full;
    gan_id row, column, weight;
    float *data;
    float (*stored)[STORE_FLOATS]; /* [MAX_STORES] */
    gan_id store[MAX_STORES];
    int n_stores;
} random_graph;

static gan_id any(random_graph *r)
{
    int64_t recent = r->n_full < 6 ? r->n_full : 6, i = test_random_int(&r->seed, 3);
    return r
        ->full[i ? r->n_full - 1 - test_random_int(&r->seed, recent) : test_random_int(&r->seed, r->n_full)];
}

static void unary(random_graph *r, gan_id a, gan_id *y)
{
    gan_graph *g = r->g;
    switch (test_random_int(&r->seed, 9)) {
    case 0: OK(gan_add_tanh(g, a, y)); return;
    case 1: OK(gan_add_affine(g, a, 0.5f, 0.25f, y)); return;
    case 2: OK(gan_add_relu(g, a, y)); return;
    case 3: OK(gan_add_leaky_relu(g, a, 0.2f, y)); return;
    case 4: OK(gan_add_sigmoid(g, a, y)); return;
    case 5: OK(gan_add_softplus(g, a, y)); return;
    case 6: OK(gan_add_abs(g, a, y)); return;
    case 7: OK(gan_add_leaky_mask(g, a, 0.1f, y)); return;
    default: OK(gan_add_sign(g, a, y)); return;
    }
}

static void binary(random_graph *r, gan_id a, gan_id b, gan_id *y)
{
    switch (test_random_int(&r->seed, 3)) {
    case 0: OK(gan_add_add(r->g, a, b, y)); return;
    case 1: OK(gan_add_sub(r->g, a, b, y)); return;
    default: OK(gan_add_mul(r->g, a, b, y)); return;
    }
}

/* Another [rows,cols] by way of something that is not elementwise. */
static void detour(random_graph *r, gan_id a, gan_id *y)
{
    gan_graph *g = r->g;
    const int64_t flat[2] = {r->rows, r->cols}, image[3] = {r->rows, 1, r->cols};
    switch (test_random_int(&r->seed, 5)) {
    case 0:
        OK(gan_add_matmul(g, a, r->weight, y));
        OK(gan_add_tanh(g, *y, y));
        return;
    case 1:
        OK(gan_add_reshape(g, a, 3, image, y));
        OK(gan_add_tanh(g, *y, y));
        OK(gan_add_reshape(g, *y, 2, flat, y));
        return;
    case 2:
        OK(gan_add_sum_cols(g, a, y));
        OK(gan_add_tanh(g, *y, y));
        OK(gan_add_expand_cols(g, *y, r->cols, y));
        return;
    case 3:
        OK(gan_add_shard_sum(g, a, y));
        OK(gan_add_tanh(g, *y, y));
        OK(gan_add_shard_expand(g, *y, r->rows, y));
        return;
    default:
        OK(gan_add_sum_batch(g, a, y));
        OK(gan_add_all_sum(g, *y, y));
        OK(gan_add_tanh(g, *y, y));
        OK(gan_add_expand_rows(g, *y, r->rows, y));
        return;
    }
}

static void grow(random_graph *r)
{
    gan_id b, *y = &r->full[r->n_full];
    switch (test_random_int(&r->seed, 8)) {
    case 0:
    case 1: unary(r, any(r), y); break;
    case 2:
    case 3:
    case 4: binary(r, any(r), any(r), y); break;
    case 5:
        OK(gan_add_expand_rows(r->g, r->row, r->rows, &b));
        binary(r, any(r), b, y);
        break;
    case 6:
        OK(gan_add_expand_cols(r->g, r->column, r->cols, &b));
        binary(r, b, any(r), y);
        break;
    default: detour(r, any(r), y); break;
    }
    if (test_random_int(&r->seed, 3) == 0) OK(gan_add_tanh(r->g, *y, y)); /* keeps numbers small */
    r->n_full++;
    if (r->n_stores < MAX_STORES && test_random_int(&r->seed, 12) == 0) {
        OK(gan_add_store(r->g, *y, r->stored[r->n_stores], &r->store[r->n_stores]));
        r->n_stores++;
    }
}

static float *leaf_data(random_graph *r, int64_t at, int64_t n)
{
    test_fill(&r->seed, r->data + at, n, -1, 1);
    return r->data + at;
}

static random_graph random_graph_new(uint64_t seed, int steps)
{
    static const int64_t sizes[] = {1, 3, 7, 16, 40, 1030};
    random_graph r = {.seed = seed * 7919 + 1};
    r.rows = SHARDS * (1 + test_random_int(&r.seed, 5));
    r.cols = sizes[test_random_int(&r.seed, steps > 100 ? 5 : 6)];
    if (r.rows * r.cols > STORE_FLOATS) r.rows = SHARDS;
    int64_t n = r.rows * r.cols;
    r.data = test_floats(2 * n + r.cols + r.rows + r.cols * r.cols);
    r.stored = gan_calloc(MAX_STORES, sizeof *r.stored);
    assert_non_null(r.stored);
    OK(gan_graph_new(&r.g, SHARDS, 1));
    r.full[r.n_full++] = leaf(r.g, form2(r.rows, r.cols, GAN_SHARDED), leaf_data(&r, 0, n));
    r.full[r.n_full++] = leaf(r.g, form2(r.rows, r.cols, GAN_SHARDED), leaf_data(&r, n, n));
    r.row = leaf(r.g, form1(r.cols, GAN_REPLICATED), leaf_data(&r, 2 * n, r.cols));
    r.column = leaf(r.g, form1(r.rows, GAN_SHARDED), leaf_data(&r, 2 * n + r.cols, r.rows));
    r.weight =
        leaf(r.g, form_weight(r.cols, r.cols), leaf_data(&r, 2 * n + r.cols + r.rows, r.cols * r.cols));
    for (int i = 0; i < steps; i++) grow(&r);
    return r;
}

static void random_graph_free(random_graph *r)
{
    gan_graph_free(r->g);
    gan_free(r->data);
    gan_free(r->stored);
}

/* ---- the same bits ------------------------------------------------------------------------------------------ */

static gan_plan *plan_keeping_all(gan_graph *g)
{
    gan_plan *p;
    int n = gan_graph_count(g);
    gan_id *keep = gan_calloc(n, sizeof *keep);
    assert_non_null(keep);
    for (int i = 0; i < n; i++) keep[i] = i;
    OK(gan_plan_build(&p, g, keep, n));
    assert_int_equal(gan_plan_describe(p)->n_inplace, 0);
    gan_free(keep);
    return p;
}

static void expect_same_bits(const char *what, uint64_t seed, const float *got, const float *want, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (memcmp(&got[i], &want[i], sizeof got[i]) != 0)
            fail_msg("graph %d, %s, element %lld: %.9g, with all values kept %.9g", (int)seed, what,
                     (long long)i, (double)got[i], (double)want[i]);
}

static int compare_plans(uint64_t seed, const gan_kernels *k)
{
    int steps = 5 + (int)(seed % 60);
    random_graph r = random_graph_new(seed, steps), all = random_graph_new(seed, steps);
    gan_id last = r.full[r.n_full - 1], middle = r.full[r.n_full / 2], keep[2] = {last, middle};
    gan_plan *p, *q = plan_keeping_all(all.g);
    int64_t n = r.rows * r.cols;
    OK(gan_plan_build(&p, r.g, keep, 2));
    for (int again = 0; again < 2; again++) { /* the second step starts from memory in use */
        run_plan(p, k);
        run_plan(q, k);
        expect_same_bits("last", seed, gan_plan_value(p, last), gan_plan_value(q, last), n);
        expect_same_bits("middle", seed, gan_plan_value(p, middle), gan_plan_value(q, middle), n);
        for (int i = 0; i < r.n_stores; i++) expect_same_bits("stored", seed, r.stored[i], all.stored[i], n);
    }
    int fused = gan_plan_describe(p)->n_fused;
    gan_plan_free(p);
    gan_plan_free(q);
    random_graph_free(&r);
    random_graph_free(&all);
    return fused;
}

static void test_same_bits(void **state)
{
    (void)state;
    for (int i = 0; i < gan_kernels_count(); i++) {
        int fused = 0;
        for (uint64_t seed = 0; seed < 200; seed++) fused += compare_plans(seed, gan_kernels_get(i));
        assert_true(fused > 500);
    }
}

/* ---- memory ------------------------------------------------------------------------------------------------- */

typedef struct lifetime {
    gan_id id;
    const float *from, *to;
    int begin, end; /* positions; end: the last read, of the value or an alias of it */
} lifetime;

static gan_id source_of(const gan_graph *g, gan_id x)
{
    while (gan_graph_node(g, x)->op->alias) x = gan_graph_node(g, x)->in[0];
    return x;
}

static int lifetimes(const gan_plan *p, const gan_id *keep, int n_keep, lifetime *lives)
{
    int n = 0;
    for (int i = 0; i < p->n_order; i++) {
        const gan_node *node = gan_graph_node(p->g, p->order[i]);
        for (int v = 0; v < n; v++) {
            for (int k = 0; k < node->n_in; k++)
                if (source_of(p->g, node->in[k]) == lives[v].id) lives[v].end = i;
            for (int k = 0; k < n_keep; k++)
                if (source_of(p->g, keep[k]) == lives[v].id) lives[v].end = p->n_order;
        }
        const float *at = p->at[p->order[i]];
        bool planned = at >= p->memory && at < p->end;
        if (node->op->alias || !planned) continue;
        lives[n++] = (lifetime){p->order[i], at, at + gan_form_floats(&node->form), i, i};
    }
    return n;
}

/* b takes over a's memory: reads it as a whole, last of all, through an operand that its op allows. */
static bool in_place(const gan_plan *p, const lifetime *a, const lifetime *b)
{
    const gan_node *node = gan_graph_node(p->g, b->id);
    if (a->end != b->begin || a->from != b->from || a->to != b->to) return false;
    for (int k = 0; k < node->n_in; k++)
        if (source_of(p->g, node->in[k]) == a->id && (node->op->inplace >> k & 1)) return true;
    return false;
}

/* A kernel's scratch lies apart from everything that lives while it runs. */
static void check_scratch(const gan_plan *p, const lifetime *lives, int n)
{
    for (int i = 0; i < p->n_order; i++) {
        const gan_node *node = gan_graph_node(p->g, p->order[i]);
        int64_t floats = node->op->scratch ? node->op->scratch(p->g, node) : 0;
        const float *from = p->scratch_at[p->order[i]], *to = from + floats;
        if (floats > 0) assert_true(from >= p->memory && to <= p->end && (uintptr_t)from % 64 == 0);
        for (int v = 0; v < n && floats > 0; v++)
            if (lives[v].begin <= i && i <= lives[v].end && from < lives[v].to && lives[v].from < to)
                fail_msg("scratch of %d and value %d overlap", p->order[i], lives[v].id);
    }
}

static int check_lifetimes(const gan_plan *p, const gan_id *keep, int n_keep)
{
    static lifetime lives[4096];
    int n = lifetimes(p, keep, n_keep, lives), shared = 0;
    check_scratch(p, lives, n);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++) {
            const lifetime *a = &lives[k], *b = &lives[i];
            if (a->from >= b->to || b->from >= a->to || a->end < b->begin) continue;
            if (!in_place(p, a, b))
                fail_msg("values %d (positions %d to %d) and %d (%d to %d) overlap", a->id, a->begin, a->end,
                         b->id, b->begin, b->end);
            shared++;
        }
    return shared;
}

static void test_lifetimes(void **state)
{
    (void)state;
    int inplace = 0;
    int64_t planned = 0, unplanned = 0;
    for (uint64_t seed = 0; seed < 300; seed++) {
        random_graph r = random_graph_new(seed, 5 + (int)(seed % 150));
        gan_id keep[2] = {r.full[r.n_full - 1], r.full[r.n_full / 3]};
        gan_plan *p;
        OK(gan_plan_build(&p, r.g, keep, 2));
        assert_int_equal(check_lifetimes(p, keep, 2), gan_plan_describe(p)->n_inplace);
        inplace += gan_plan_describe(p)->n_inplace;
        planned += gan_plan_describe(p)->activation_bytes - gan_plan_describe(p)->scratch_bytes;
        unplanned += gan_plan_describe(p)->unplanned_bytes;
        gan_plan_free(p);
        random_graph_free(&r);
    }
    print_message("in place: %d; activations: %lld bytes, without reuse %lld\n", inplace, (long long)planned,
                  (long long)unplanned);
    assert_true(inplace > 300 && planned < unplanned / 2);
}

/* A chain needs two buffers, however long it is; with elementwise ends in place. */
static void test_chain(void **state)
{
    (void)state;
    enum { ROWS = 8, COLS = 32, LAYERS = 10 };
    float x[ROWS * COLS] = {0}, w[COLS * COLS] = {0};
    gan_graph *g;
    gan_plan *p;
    gan_id y, W;
    OK(gan_graph_new(&g, SHARDS, 1));
    y = leaf(g, form2(ROWS, COLS, GAN_SHARDED), x);
    W = leaf(g, form_weight(COLS, COLS), w);
    for (int i = 0; i < LAYERS; i++) {
        OK(gan_add_matmul(g, y, W, &y));
        OK(gan_add_relu(g, y, &y));
    }
    OK(gan_plan_build(&p, g, &y, 1));
    const gan_plan_info *info = gan_plan_describe(p);
    assert_int_equal(info->n_inplace, LAYERS);
    assert_int_equal(info->activation_bytes - info->scratch_bytes, 2 * (int64_t)sizeof x);
    assert_int_equal(info->unplanned_bytes, 2 * LAYERS * (int64_t)sizeof x);
    gan_plan_free(p);
    gan_graph_free(g);
}

/* In place only for the last reader, not through a kept value, and not into a parameter. */
static void test_not_in_place(void **state)
{
    (void)state;
    enum { N = 64 };
    float x[N] = {0};
    gan_graph *g;
    gan_plan *p;
    gan_id in, a, b, c, d, t;
    const int64_t square[2] = {8, 8};
    OK(gan_graph_new(&g, 1, 1));
    in = leaf(g, form1(N, GAN_REPLICATED), x);
    OK(add_fill(g, leaf(g, form1(1, GAN_REPLICATED), x), gan_graph_form(g, in), &a));
    OK(gan_add_relu(g, in, &b)); /* not into the parameter */
    OK(add_total(g, b, &t));
    OK(gan_add_tanh(g, a, &c)); /* a is read by d, through an alias, later */
    OK(add_total(g, c, &t));
    OK(gan_add_reshape(g, a, 2, square, &d));
    OK(gan_add_abs(g, d, &d));
    OK(add_total(g, d, &t));
    gan_id keep[] = {b, c, d};
    OK(gan_plan_build(&p, g, keep, 3));
    assert_ptr_not_equal(gan_plan_value(p, b), x);
    assert_ptr_not_equal(gan_plan_value(p, c), gan_plan_value(p, a));
    assert_ptr_equal(gan_plan_value(p, d), gan_plan_value(p, a));
    gan_plan_free(p);
    gan_graph_free(g);
}

/* ---- small ops of the test ------------------------------------------------------------------------------------ */

static gan_status same_form(gan_graph *g, gan_node *y)
{
    y->form = y->n_in ? *gan_graph_form(g, y->in[0]) : form1(1, GAN_REPLICATED);
    return GAN_OK;
}

/* Adds 1 to each of `index` floats at `user`: an update of a parameter. */
static gan_status increment_forward(const gan_call *c)
{
    float *w = c->y->p.call.user;
    for (int i = 0; i < c->y->p.call.index; i++) w[i] += 1;
    return GAN_OK;
}

static const gan_op op_increment = {
    .name = "increment", .effect = true, .infer = same_form, .forward = increment_forward};

static gan_id add_increment(gan_graph *g, float *w, int n)
{
    gan_id y;
    gan_node node = {.op = &op_increment, .p = {.call = {w, n}}};
    OK(gan_graph_add(g, &node, &y));
    return y;
}

static gan_status reverse_forward(const gan_call *c)
{
    int64_t n = gan_form_floats(&c->y->form);
    for (int64_t i = 0; i < n; i++) c->out[i] = c->in[0][n - 1 - i];
    return GAN_OK;
}

static const gan_op op_reverse = {.name = "reverse", .infer = same_form, .forward = reverse_forward};

static gan_id add_reverse(gan_graph *g, gan_id x)
{
    gan_id y;
    gan_node node = {.op = &op_reverse, .n_in = 1, .in = {x}};
    OK(gan_graph_add(g, &node, &y));
    return y;
}

static void supersede(gan_graph *g, gan_id param, gan_id update)
{
    gan_graph_node(g, param)->p.param.superseded_by = update;
}

static void expect_values(const char *what, const float *got, const float *want, int n)
{
    for (int i = 0; i < n; i++)
        if (got[i] != want[i]) fail_msg("%s[%d] is %g, want %g", what, i, (double)got[i], (double)want[i]);
}

/* ---- what fusion must leave alone ----------------------------------------------------------------------------- */

/* after - before of an update: the parameter's old value must be read before it, though its reader has one reader only,
 * which runs later. */
static void test_fusion_keeps_versions_apart(void **state)
{
    (void)state;
    float w[4] = {1, 2, 3, 4}, differences[2][4] = {{0}}, want[4] = {3, 3, 3, 3};
    for (int expanded = 0; expanded < 2; expanded++) {
        gan_graph *g;
        gan_plan *p;
        gan_id old, new, before, after, y;
        OK(gan_graph_new(&g, 1, 1));
        old = leaf(g, form1(4, GAN_REPLICATED), w);
        before = old;
        if (expanded)
            OK(gan_add_expand_rows(g, before, 1, &before));
        else
            OK(gan_add_affine(g, before, 3, 0, &before));
        supersede(g, old, add_increment(g, w, 4));
        new = leaf(g, form1(4, GAN_REPLICATED), w);
        OK(gan_graph_after(g, new, gan_graph_node(g, old)->p.param.superseded_by));
        after = new;
        if (expanded)
            OK(gan_add_expand_rows(g, after, 1, &after));
        else
            OK(gan_add_affine(g, after, 3, 0, &after));
        OK(gan_add_sub(g, after, before, &y));
        OK(gan_add_store(g, y, differences[expanded], &y));
        OK(gan_plan_build(&p, g, NULL, 0));
        run_plan(p, &gan__kernels_ref);
        gan_plan_free(p);
        gan_graph_free(g);
        if (expanded)
            for (int i = 0; i < 4; i++) want[i] = 1;
        expect_values(expanded ? "difference of rows" : "difference", differences[expanded], want, 4);
    }
}

/* A reader that an edge puts behind a writer stays there. */
static void test_fusion_keeps_edges(void **state)
{
    (void)state;
    float arena[4] = {1, 2, 3, 4}, other[4] = {10, 10, 10, 10}, out[4], want[4] = {12, 13, 14, 15};
    gan_graph *g;
    gan_plan *p;
    gan_id a, b, y, writer;
    OK(gan_graph_new(&g, 1, 1));
    a = leaf(g, form1(4, GAN_REPLICATED), arena);
    b = leaf(g, form1(4, GAN_REPLICATED), other);
    OK(gan_add_relu(g, a, &a));
    OK(gan_add_add(g, a, b, &y));
    OK(gan_add_store(g, y, out, &y));
    writer = add_increment(g, arena, 4);
    OK(gan_graph_after(g, a, writer));
    OK(gan_plan_build(&p, g, NULL, 0));
    run_plan(p, &gan__kernels_ref);
    expect_values("out", out, want, 4);
    gan_plan_free(p);
    gan_graph_free(g);
}

/* ---- stores --------------------------------------------------------------------------------------------------- */

/* w is overwritten by 2 w, and read by someone who comes after the product but before the store. */
static void test_store_waits_for_readers(void **state)
{
    (void)state;
    float w[4] = {1, 2, 3, 4}, reversed[4], doubled[4] = {2, 4, 6, 8}, want[4] = {4, 3, 2, 1};
    gan_graph *g;
    gan_plan *p;
    gan_id old, y, store;
    OK(gan_graph_new(&g, 1, 1));
    old = leaf(g, form1(4, GAN_REPLICATED), w);
    OK(gan_add_affine(g, old, 2, 0, &y));
    OK(gan_add_store(g, y, w, &store));
    supersede(g, old, store);
    y = add_reverse(g, old);
    OK(gan_add_store(g, y, reversed, &y));
    OK(gan_plan_build(&p, g, NULL, 0));
    run_plan(p, &gan__kernels_ref);
    expect_values("reversed", reversed, want, 4);
    expect_values("w", w, doubled, 4);
    gan_plan_free(p);
    gan_graph_free(g);
}

/* The producer itself reads what its store overwrites, in another order. */
static void test_store_over_operand(void **state)
{
    (void)state;
    float w[4] = {1, 2, 3, 4}, want[4] = {4, 3, 2, 1};
    gan_graph *g;
    gan_plan *p;
    gan_id old, store;
    OK(gan_graph_new(&g, 1, 1));
    old = leaf(g, form1(4, GAN_REPLICATED), w);
    OK(gan_add_store(g, add_reverse(g, old), w, &store));
    supersede(g, old, store);
    OK(gan_plan_build(&p, g, NULL, 0));
    run_plan(p, &gan__kernels_ref);
    expect_values("w", w, want, 4);
    gan_plan_free(p);
    gan_graph_free(g);
}

/* An edge that ends at the store: what stands there is still wanted. */
static void test_store_waits_for_edges(void **state)
{
    (void)state;
    float x[4] = {1, 2, 3, 4}, arena[4] = {0}, want[4] = {1, 1, 1, 1}, seen[4];
    gan_graph *g;
    gan_plan *p;
    gan_id y, store, writer, reader;
    OK(gan_graph_new(&g, 1, 1));
    y = add_reverse(g, leaf(g, form1(4, GAN_REPLICATED), x));
    OK(gan_add_store(g, y, arena, &store));
    writer = add_increment(g, arena, 4);
    reader = add_reverse(g, leaf(g, form1(4, GAN_REPLICATED), arena));
    OK(gan_graph_after(g, reader, writer));
    OK(gan_add_store(g, reader, seen, &reader));
    OK(gan_graph_after(g, store, reader));
    OK(gan_plan_build(&p, g, NULL, 0));
    run_plan(p, &gan__kernels_ref);
    expect_values("seen", seen, want, 4);
    expect_values("arena", arena, (float[]){4, 3, 2, 1}, 4);
    gan_plan_free(p);
    gan_graph_free(g);
}

/* Directly, also behind a reshape; by a copy where two targets or another reader want the value. */
static void test_direct_stores(void **state)
{
    (void)state;
    float x[4] = {1, 2, 3, 4}, to[5][4], want[4] = {4, 3, 2, 1};
    const int64_t square[2] = {2, 2};
    gan_graph *g;
    gan_plan *p;
    gan_id in, one, shaped, two, kept, store, alias;
    OK(gan_graph_new(&g, 1, 1));
    in = leaf(g, form1(4, GAN_REPLICATED), x);
    one = add_reverse(g, in), shaped = add_reverse(g, in), two = add_reverse(g, in),
    kept = add_reverse(g, in);
    OK(gan_add_reshape(g, shaped, 2, square, &alias));
    OK(gan_add_store(g, one, to[0], &store));
    OK(gan_add_store(g, alias, to[1], &store));
    OK(gan_add_store(g, two, to[2], &store));
    OK(gan_add_store(g, two, to[3], &store));
    OK(gan_add_store(g, kept, to[4], &store));
    OK(gan_plan_build(&p, g, &kept, 1));
    assert_ptr_equal(gan_plan_value(p, one), to[0]);
    assert_ptr_equal(gan_plan_value(p, shaped), to[1]);
    assert_ptr_not_equal(gan_plan_value(p, two), to[2]);
    assert_ptr_not_equal(gan_plan_value(p, two), to[3]);
    assert_ptr_not_equal(gan_plan_value(p, kept), to[4]);
    run_plan(p, &gan__kernels_ref);
    for (int i = 0; i < 5; i++) expect_values("stored", to[i], want, 4);
    assert_null(gan_graph_node(g, one)->fixed); /* decided by the plan, not in the graph */
    gan_plan_free(p);
    gan_graph_free(g);
}

/* ---- order ---------------------------------------------------------------------------------------------------- */

static gan_status nothing_forward(const gan_call *c)
{
    (void)c;
    return GAN_OK;
}

static const gan_op op_plain = {
    .name = "plain", .effect = true, .infer = same_form, .forward = nothing_forward};
static const gan_op op_eager = {
    .name = "eager", .effect = true, .eager = true, .infer = same_form, .forward = nothing_forward};
static const gan_op op_waits = {
    .name = "waits", .effect = true, .waits = true, .late = 1, .infer = same_form, .forward = nothing_forward};

enum { MAX_NODES = 120 };

typedef struct dag {
    gan_graph *g;
    int n;
    bool needs[MAX_NODES][MAX_NODES]; /* [after][before] */
} dag;

static gan_id add_any(dag *d, uint64_t *seed, float *w)
{
    static const gan_op *const ops[] = {&op_plain, &op_plain, &op_plain, &op_eager, &op_waits};
    gan_id y;
    int n = d->n, kind = (int)test_random_int(seed, 6);
    if (n == 0 || kind == 5) return leaf(d->g, form1(1, GAN_REPLICATED), w);
    gan_node node = {.op = ops[kind], .n_in = 1 + (int)test_random_int(seed, 3)};
    for (int k = 0; k < node.n_in; k++) node.in[k] = (gan_id)test_random_int(seed, n);
    OK(gan_graph_add(d->g, &node, &y));
    for (int k = 0; k < node.n_in; k++) d->needs[y][node.in[k]] = true;
    return y;
}

/* Nodes, then edges upwards, then updates that end parameters all of whose readers are older. */
static void random_dag(dag *d, uint64_t seed, float *w)
{
    *d = (dag){0};
    OK(gan_graph_new(&d->g, 1, 1));
    for (int n = 10 + (int)(seed % 100); d->n < n; d->n++) add_any(d, &seed, w);
    for (int i = 0; i < d->n / 4; i++) {
        gan_id a = (gan_id)test_random_int(&seed, d->n), b = (gan_id)test_random_int(&seed, d->n);
        if (a == b) continue;
        OK(gan_graph_after(d->g, a > b ? a : b, a > b ? b : a));
        d->needs[a > b ? a : b][a > b ? b : a] = true;
    }
    for (gan_id w_old = 0; w_old < d->n; w_old++) {
        const gan_node *node = gan_graph_node(d->g, w_old);
        gan_id last = w_old, update = GAN_NONE;
        for (gan_id y = 0; y < d->n; y++)
            if (d->needs[y][w_old]) last = y;
        for (gan_id y = last + 1; y < d->n && update == GAN_NONE; y++)
            if (!gan_graph_node(d->g, y)->op->is_param) update = y;
        if (!node->op->is_param || update == GAN_NONE) continue;
        supersede(d->g, w_old, update);
        for (gan_id y = 0; y < d->n; y++)
            for (int k = 0; k < gan_graph_node(d->g, y)->n_in; k++)
                if (gan_graph_node(d->g, y)->in[k] == w_old) d->needs[update][y] = true;
    }
}

/* The definition: of what may run, eager nodes first, waits last, otherwise in the order of building. */
static gan_id next_by_definition(const dag *d, const bool *live, const bool *done)
{
    gan_id best = GAN_NONE;
    int best_urgency = 3;
    for (gan_id y = 0; y < d->n; y++) {
        bool ready = live[y] && !done[y];
        for (gan_id x = 0; x < d->n; x++) ready &= !(d->needs[y][x] && live[x] && !done[x]);
        const gan_op *op = gan_graph_node(d->g, y)->op;
        int urgency = op->late ? 1 + op->late : op->eager ? 0 : 1;
        if (ready && urgency < best_urgency) best = y, best_urgency = urgency;
    }
    return best;
}

static void test_order(void **state)
{
    (void)state;
    static dag d;
    float w[1] = {0};
    for (uint64_t seed = 0; seed < 300; seed++) {
        bool live[MAX_NODES] = {0}, done[MAX_NODES] = {0};
        gan_plan *p;
        random_dag(&d, seed, w);
        OK(gan_plan_build(&p, d.g, NULL, 0));
        for (int i = 0; i < p->n_order; i++) live[p->order[i]] = true;
        for (gan_id y = 0; y < d.n; y++) assert_true(live[y] || !gan_graph_node(d.g, y)->op->effect);
        for (int i = 0; i < p->n_order; i++) {
            gan_id want = next_by_definition(&d, live, done);
            if (p->order[i] != want)
                fail_msg("graph %d, position %d: node %d, want %d", (int)seed, i, p->order[i], want);
            done[want] = true;
        }
        gan_plan_free(p);
        gan_graph_free(d.g);
    }
}

static void test_cycle(void **state)
{
    (void)state;
    float w[4] = {0};
    gan_graph *g;
    gan_plan *p;
    gan_id a, b;
    OK(gan_graph_new(&g, 1, 1));
    a = add_increment(g, w, 4), b = add_increment(g, w, 4);
    OK(gan_graph_after(g, a, b));
    OK(gan_graph_after(g, b, a));
    assert_int_equal(gan_plan_build(&p, g, NULL, 0), GAN_EINTERNAL);
    assert_non_null(strstr(gan_fail_text(), "cycle"));
    assert_null(p);
    gan_fail_clear();
    gan_graph_free(g);
}

/* ---- always the same, and soon -------------------------------------------------------------------------------- */

static void test_deterministic(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        random_graph a = random_graph_new(seed, 80), b = random_graph_new(seed, 80);
        gan_plan *p, *q;
        OK(gan_plan_build(&p, a.g, &a.full[a.n_full - 1], 1));
        OK(gan_plan_build(&q, b.g, &b.full[b.n_full - 1], 1));
        assert_int_equal(p->n_order, q->n_order);
        assert_memory_equal(&p->info, &q->info, sizeof p->info);
        assert_memory_equal(p->order, q->order, (size_t)p->n_order * sizeof *p->order);
        for (int i = 0; i < p->n_order; i++) {
            gan_id id = p->order[i];
            if (p->at[id] >= p->memory && p->at[id] < p->end)
                assert_int_equal(p->at[id] - p->memory, q->at[id] - q->memory);
        }
        gan_plan_free(p);
        gan_plan_free(q);
        random_graph_free(&a);
        random_graph_free(&b);
    }
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A deep network with its gradients: more than 2000 nodes. */
static void test_large_graph(void **state)
{
    (void)state;
    enum { LAYERS = 250 };
    float x[8] = {0}, *w = test_floats(LAYERS * 32);
    gan_id W[LAYERS], grads[LAYERS], b, y;
    gan_graph *g;
    gan_plan *p;
    double start = seconds();
    OK(gan_graph_new(&g, 2, 1));
    y = leaf(g, form2(2, 4, GAN_SHARDED), x);
    for (int i = 0; i < LAYERS; i++) {
        W[i] = leaf(g, form_weight(4, 4), w + 32 * i);
        OK(gan_add_matmul(g, y, W[i], &y));
        OK(gan_add_expand_rows(g, leaf(g, form1(4, GAN_REPLICATED), w + 32 * i + 16), 2, &b));
        OK(gan_add_add(g, y, b, &y));
        OK(gan_add_tanh(g, y, &y));
    }
    OK(gan_add_mean(g, y, 2, &y));
    OK(gan_graph_grad(g, y, W, LAYERS, grads));
    double built = seconds();
    OK(gan_plan_build(&p, g, grads, LAYERS));
    double planned = seconds();
    print_message("%d nodes: built in %.4f s, planned in %.4f s\n", gan_graph_count(g), built - start,
                  planned - built);
    assert_true(gan_graph_count(g) > 2000);
    assert_true(planned - start < 1);
    gan_plan_free(p);
    gan_graph_free(g);
    gan_free(w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_same_bits),
        TEST(test_lifetimes),
        TEST(test_chain),
        TEST(test_not_in_place),
        TEST(test_fusion_keeps_versions_apart),
        TEST(test_fusion_keeps_edges),
        TEST(test_store_waits_for_readers),
        TEST(test_store_over_operand),
        TEST(test_store_waits_for_edges),
        TEST(test_direct_stores),
        TEST(test_order),
        TEST(test_cycle),
        TEST(test_deterministic),
        TEST(test_large_graph),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
