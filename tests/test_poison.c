/* gan_exec_poisoned finds what it is for. Faults are planted that a plain run gets away with, since the memory still holds what
 * it held: a kernel that adds to a result nobody cleared, one that uses old scratch, one that looks at a value behind its last
 * reader. And a value placed over one that is needed later. Without a fault the bits are those of gan_exec, and in the end all
 * is NaN but what is kept. That the plan of the DCGAN has no such fault is shown in mpi_poison.c. */
#include "graph_test.h"
#include "live_test.h"

#include "../src/graph/plan.h"

enum { N = 40 };

/* ---- ops with faults ---------------------------------------------------------------------------------------------- */

static gan_status same_form(gan_graph *g, gan_node *y)
{
    y->form = *gan_graph_form(g, y->in[0]);
    return GAN_OK;
}

static int64_t some_scratch(const gan_graph *g, const gan_node *y)
{
    (void)g, (void)y;
    return N;
}

/* y = 2 x, and not as it should be. */
static gan_status add_to_result(const gan_call *c)
{
    for (int i = 0; i < N; i++) c->out[i] = 0 * c->out[i] + 2 * c->in[0][i];
    return GAN_OK;
}

static gan_status use_old_scratch(const gan_call *c)
{
    for (int i = 0; i < N; i++) c->out[i] = 2 * c->in[0][i] + 0 * c->scratch[i];
    return GAN_OK;
}

/* p.call.user: the memory of a value that has no reader any more. */
static gan_status look_back(const gan_call *c)
{
    const float *const *old = c->y->p.call.user;
    for (int i = 0; i < N; i++) c->out[i] = 2 * c->in[0][i] + (*old ? 0 * (*old)[i] : 0);
    return GAN_OK;
}

static gan_status sound(const gan_call *c)
{
    for (int i = 0; i < N; i++) c->scratch[i] = 2 * c->in[0][i];
    memcpy(c->out, c->scratch, N * sizeof *c->out);
    return GAN_OK;
}

/* ---- a small program ---------------------------------------------------------------------------------------------- */

/* a = tanh(x) W, b = op(a), c = b W, and out = a + c is kept: a lives over b. */
typedef struct program {
    float x[N], W[N * N];
    gan_graph *g;
    gan_plan *p;
    gan_id tanh, a, b, c, out;
    const float *old;
} program;

static void program_open(program *t, const gan_op *op)
{
    uint64_t seed = 9;
    test_fill(&seed, t->x, N, -1, 1);
    test_fill(&seed, t->W, N * N, -0.2, 0.2);
    t->old = NULL;
    OK(gan_graph_new(&t->g, 1, 1));
    gan_id x = leaf(t->g, form2(1, N, GAN_SHARDED), t->x), W = leaf(t->g, form_weight(N, N), t->W);
    OK(gan_add_tanh(t->g, x, &t->tanh));
    OK(gan_add_matmul(t->g, t->tanh, W, &t->a));
    gan_node node = {.op = op, .n_in = 1, .in = {t->a}, .p = {.call = {&t->old, 0}}};
    OK(gan_graph_add(t->g, &node, &t->b));
    OK(gan_add_matmul(t->g, t->b, W, &t->c));
    OK(gan_add_add(t->g, t->a, t->c, &t->out));
    OK(gan_plan_build(&t->p, t->g, &t->out, 1));
}

static void program_close(program *t)
{
    gan_plan_free(t->p);
    gan_graph_free(t->g);
}

/* Whether the poisoned run gives the bits of the plain one. */
static bool agrees(const program *t)
{
    float plain[N];
    const gan_run run = test_run(&gan__kernels_ref);
    OK(gan_exec(t->p, &run, NULL));
    memcpy(plain, gan_plan_value(t->p, t->out), sizeof plain);
    OK(gan_exec_poisoned(t->p, &run, &t->out, 1));
    return memcmp(plain, gan_plan_value(t->p, t->out), sizeof plain) == 0;
}

static void test_kernels(void **state)
{
    static const struct {
        gan_op op;
        bool fine;
    } rows[] = {
        {{.name = "sound", .infer = same_form, .forward = sound, .scratch = some_scratch}, true},
        {{.name = "look_back", .infer = same_form, .forward = look_back}, true}, /* at nothing */
        {{.name = "add_to_result", .infer = same_form, .forward = add_to_result}, false},
        {{.name = "use_old_scratch", .infer = same_form, .forward = use_old_scratch, .scratch = some_scratch}, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        program t;
        program_open(&t, &rows[i].op);
        if (agrees(&t) != rows[i].fine) fail_msg("%s: %s", rows[i].op.name, rows[i].fine ? "refused" : "not found");
        program_close(&t);
    }
}

/* The tanh has its last reader before the op looks; the value a is needed later. */
static void test_dead_values(void **state)
{
    static const gan_op op = {.name = "look_back", .infer = same_form, .forward = look_back};
    (void)state;
    program t;
    program_open(&t, &op);
    t.old = gan_plan_value(t.p, t.a);
    assert_true(agrees(&t));
    t.old = gan_plan_value(t.p, t.tanh);
    assert_false(agrees(&t));
    program_close(&t);
}

/* The calls of node `from` are moved to the memory of node `to`. */
static void place_over(program *t, gan_id from, gan_id to)
{
    const float *old = t->p->at[from];
    for (int i = 0; i < t->p->n_calls; i++) {
        gan_call *c = &t->p->calls[i];
        if (c->out == old) c->out = t->p->at[to];
        for (int k = 0; k < c->y->n_in; k++)
            if (c->in[k] == old) c->in[k] = t->p->at[to];
    }
    t->p->at[from] = t->p->at[to];
}

/* b over the live a: the result is another one, poisoned or not. Over the dead tanh: fine. */
static void test_planted_overlap(void **state)
{
    static const gan_op op = {.name = "sound", .infer = same_form, .forward = sound, .scratch = some_scratch};
    (void)state;
    for (int fault = 0; fault < 2; fault++) {
        program t;
        float right[N];
        program_open(&t, &op);
        const gan_run run = test_run(&gan__kernels_ref);
        OK(gan_exec(t.p, &run, NULL));
        memcpy(right, gan_plan_value(t.p, t.out), sizeof right);
        place_over(&t, t.b, fault ? t.a : t.tanh);
        OK(gan_exec_poisoned(t.p, &run, &t.out, 1));
        assert_int_equal(memcmp(right, gan_plan_value(t.p, t.out), sizeof right) == 0, !fault);
        program_close(&t);
    }
}

/* In the end only the kept value is left. */
static void test_all_is_filled(void **state)
{
    static const gan_op op = {.name = "sound", .infer = same_form, .forward = sound, .scratch = some_scratch};
    (void)state;
    program t;
    program_open(&t, &op);
    const gan_run run = test_run(&gan__kernels_ref);
    OK(gan_exec_poisoned(t.p, &run, &t.out, 1));
    const float *out = gan_plan_value(t.p, t.out);
    assert_in_range(t.p->end - t.p->memory, 3 * N, 1000 * N);
    for (const float *x = t.p->memory; x < t.p->end; x++)
        assert_true(isnan((double)*x) == !(x >= out && x < out + N));
    program_close(&t);
}

static void test_memory_fails(void **state)
{
    static const gan_op op = {.name = "sound", .infer = same_form, .forward = sound, .scratch = some_scratch};
    (void)state;
    program t;
    program_open(&t, &op);
    const gan_run run = test_run(&gan__kernels_ref);
    gan_mem_fail_at(1);
    assert_int_equal(gan_exec_poisoned(t.p, &run, &t.out, 1), GAN_ENOMEM);
    gan_mem_fail_at(0);
    gan_fail_clear();
    program_close(&t);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_kernels), TEST(test_dead_values), TEST(test_planted_overlap),
                                       TEST(test_all_is_filled), TEST(test_memory_fails)};
    return cmocka_run_group_tests_name("poison", tests, NULL, NULL);
}
