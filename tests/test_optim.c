/* Optimizers as a step program uses them: update nodes on ranges of an arena, executed by a plan, against loops in double
 * precision written here from the papers' formulas: SGD, momentum with its ramp, Adam with both bias corrections,
 * RMSProp; weight decay, clipping by the norm of the whole network, several updates a step, moving averages, batch
 * statistics, and what happens to a gradient that is not finite. Schedules against values worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "gan/system.h"

#include <math.h>

enum { STEPS = 12 };

/* ---- schedules ------------------------------------------------------------------------------------------------ */

typedef struct schedule_row {
    gan_schedule_kind kind;
    double base, factor;
    int64_t steps, warmup;
    int64_t step;
    double rate;
} schedule_row;

/* clang-format off */
static const schedule_row schedule_rows[] = {
    {GAN_SCHEDULE_CONSTANT,    0.5,  0,    0, 0,           0, 0.5},
    {GAN_SCHEDULE_CONSTANT,    0.5,  0.1, 10, 0, INT64_C(1000000), 0.5},
    {GAN_SCHEDULE_LINEAR,      2,    0,   10, 0,           0, 2},
    {GAN_SCHEDULE_LINEAR,      2,    0,   10, 0,           5, 1},
    {GAN_SCHEDULE_LINEAR,      2,    0,   10, 0,           9, 0.2},
    {GAN_SCHEDULE_LINEAR,      2,    0,   10, 0,          10, 0},
    {GAN_SCHEDULE_LINEAR,      2,    0,   10, 0,        1000, 0},
    {GAN_SCHEDULE_LINEAR,      2,    0.25, 8, 0,           4, 1.25},
    {GAN_SCHEDULE_LINEAR,      2,    0.25, 8, 0,          99, 0.5},
    {GAN_SCHEDULE_COSINE,      4,    0,   12, 0,           0, 4},
    {GAN_SCHEDULE_COSINE,      4,    0,   12, 0,           4, 3},      /* (1 + cos 60 degrees) / 2 = 3/4 */
    {GAN_SCHEDULE_COSINE,      4,    0,   12, 0,           6, 2},
    {GAN_SCHEDULE_COSINE,      4,    0,   12, 0,           8, 1},
    {GAN_SCHEDULE_COSINE,      4,    0,   12, 0,          12, 0},
    {GAN_SCHEDULE_COSINE,      4,    0.5, 12, 0,           6, 3},
    {GAN_SCHEDULE_COSINE,      4,    0.5, 12, 0,          50, 2},
    {GAN_SCHEDULE_STEP,        1,    0.5, 10, 0,           9, 1},
    {GAN_SCHEDULE_STEP,        1,    0.5, 10, 0,          10, 0.5},
    {GAN_SCHEDULE_STEP,        1,    0.5, 10, 0,          39, 0.125},
    {GAN_SCHEDULE_EXPONENTIAL, 1,    0.25, 4, 0,           2, 0.5},
    {GAN_SCHEDULE_EXPONENTIAL, 1,    0.25, 4, 0,           8, 0.0625},
    {GAN_SCHEDULE_CONSTANT,    1,    0,    0, 4,           0, 0.2},    /* rises to the full rate after 4 steps */
    {GAN_SCHEDULE_CONSTANT,    1,    0,    0, 4,           3, 0.8},
    {GAN_SCHEDULE_CONSTANT,    1,    0,    0, 4,           4, 1},
    {GAN_SCHEDULE_LINEAR,      1,    0,   10, 4,           2, 0.48},   /* 3/5 of 1 - 2/10 */
    {GAN_SCHEDULE_STEP,        8,    0.5,  2, 3,           2, 3},      /* 3/4 of 8/2 */
};
/* clang-format on */

static void schedules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof schedule_rows / sizeof schedule_rows[0]; i++) {
        const schedule_row *r = &schedule_rows[i];
        gan_schedule s = {r->kind, r->base, r->factor, r->steps, r->warmup};
        double rate = gan_schedule_rate(&s, r->step);
        if (!(fabs(rate - r->rate) <= 1e-12))
            fail_msg("row %d, step %lld: rate %.15g, wanted %.15g", (int)i, (long long)r->step, rate,
                     r->rate);
    }
}

/* ---- a network with an optimizer and update nodes ----------------------------------------------------------------- */

/* 70 inputs: the first layer alone is longer than a block of GAN_UPDATE_BLOCK floats. */
static const char job_format[] =
    "[train]\nsystem = gan\nsteps = 1\n[data]\nsource = ring\n"
    "[discriminator]\nlayers = dense 1\n"
    "[generator]\nlayers = %s\n%s\n";
#define LAYERS "dense 80 bias=no, batch_norm momentum=0.75, dense 3"

typedef struct rig {
    gan_config *cfg;
    gan_network *net;
    gan_optimizer *o;
    gan_graph *g;
    gan_plan *plan;
    gan_run run;
    int updates;             /* of a step */
    int64_t blocks[3][64];   /* where the blocks of each range begin, and it ends */
    float *heals, zero;      /* the place of the gradient that is 0 from the second update on; may be NULL */
    double *w, *m, *v, *ema; /* the same in double, by plain loops */
} rig;

/* Two ranges of trained floats and one of states, as buckets would cut them; with clipping all norms come first. */
static void add_update(rig *r, int range, int64_t from, int64_t to, gan_id *before, gan_id *last)
{
    gan_update_nodes n;
    gan_blocks blocks = {r->blocks[range], 0};
    for (int64_t at = from; at < to; at += GAN_UPDATE_BLOCK) r->blocks[range][blocks.n++] = at;
    assert_true(blocks.n < 64);
    r->blocks[range][blocks.n] = to;
    EXPECT_OK(gan_add_update(r->g, r->o, blocks, -1, &n));
    assert_int_equal(n.done, n.update); /* one rank: nobody to wait for */
    if (n.norm != GAN_NONE && *last != GAN_NONE) EXPECT_OK(gan_graph_after(r->g, n.first, *last));
    before[0] = n.update, before[1] = n.norm;
}

static void heal(rig *r, gan_id *last)
{
    const gan_form one = {.n_dims = 1, .dims = {1}};
    gan_id zero, store;
    EXPECT_OK(gan_add_param(r->g, &one, &r->zero, NULL, 0, &zero));
    EXPECT_OK(gan_add_store(r->g, zero, r->heals, &store));
    EXPECT_OK(gan_graph_after(r->g, store, *last));
    *last = store;
}

static void build_updates(rig *r)
{
    int64_t half = r->net->params[0].floats, trained = r->net->trained_floats;
    gan_id last = GAN_NONE;
    for (int u = 0; u < r->updates; u++) {
        gan_id nodes[3][2];
        if (u == 1 && r->heals) heal(r, &last);
        gan_optimizer_begin_update(r->o);
        add_update(r, 0, half, trained, nodes[0], &last);
        add_update(r, 1, 0, half, nodes[1], &last);
        add_update(r, 2, trained, r->net->arena_floats, nodes[2], &last);
        for (int i = 0; i < 3; i++)
            for (int k = 0; k < 3; k++)
                if (nodes[k][1] != GAN_NONE) EXPECT_OK(gan_graph_after(r->g, nodes[i][0], nodes[k][1]));
        for (int i = 0; i < 3 && last != GAN_NONE; i++) EXPECT_OK(gan_graph_after(r->g, nodes[i][0], last));
        for (int i = 1; i < 3; i++) EXPECT_OK(gan_graph_after(r->g, nodes[i][0], nodes[i - 1][0]));
        last = nodes[2][0];
    }
}

static double *copy_in_double(const float *x, int64_t n)
{
    double *y = calloc((size_t)n, sizeof *y);
    assert_non_null(y);
    for (int64_t i = 0; x && i < n; i++) y[i] = (double)x[i];
    return y;
}

/* heals: offset in the gradient arena, -1: none. */
static void rig_open_with(rig *r, const char *layers, const char *keys, int updates, const gan_kernels *k, int64_t heals)
{
    char job[1024];
    snprintf(job, sizeof job, job_format, layers, keys);
    *r = (rig){.updates = updates, .run = {.k = k}};
    gan_sample_shape in = {1, {70}};
    EXPECT_OK(gan_config_parse(&r->cfg, "job.ini", job, (int64_t)strlen(job), NULL, 0, gan_system_networks));
    EXPECT_OK(gan_network_new(&r->net, r->cfg, "generator", &in));
    EXPECT_OK(gan_network_alloc(r->net));
    if (heals >= 0) r->heals = r->net->grad + heals;
    EXPECT_OK(gan_network_init(r->net, 3));
    EXPECT_OK(gan_optimizer_new(&r->o, r->cfg, r->net));
    EXPECT_OK(gan_optimizer_alloc(r->o));
    EXPECT_OK(gan_graph_new(&r->g, 1, 1));
    build_updates(r);
    EXPECT_OK(gan_plan_build(&r->plan, r->g, NULL, 0));
    int64_t n = r->net->arena_floats;
    r->w = copy_in_double(r->net->w, n), r->ema = copy_in_double(r->net->w, n);
    r->m = copy_in_double(NULL, n), r->v = copy_in_double(NULL, n);
}

static void rig_open(rig *r, const char *keys, int updates, const gan_kernels *k)
{
    rig_open_with(r, LAYERS, keys, updates, k, -1);
}

static void rig_close(rig *r)
{
    gan_plan_free(r->plan);
    gan_graph_free(r->g);
    gan_optimizer_free(r->o);
    gan_network_free(r->net);
    gan_config_free(r->cfg);
    free(r->w);
    free(r->m);
    free(r->v);
    free(r->ema);
}

/* A gradient for the step; the arena's gaps stay 0. */
static void fill_gradient(const rig *r, int64_t step, float size)
{
    for (int i = 0; i < r->net->n_params; i++) {
        const gan_param *p = &r->net->params[i];
        gan_rng at = {.seed = 5, .purpose = GAN_RNG_TEST, .stream = (uint64_t)i, .step = (uint64_t)step};
        gan_rng_uniform(&at, 0, p->floats, -size, size, r->net->grad + p->offset);
    }
}

static double plain_norm(const rig *r)
{
    double squares = 0;
    for (int64_t i = 0; i < r->net->trained_floats; i++)
        squares += (double)r->net->grad[i] * (double)r->net->grad[i];
    return sqrt(squares);
}

static void close_to(const char *what, int64_t i, double got, double wanted, double bound)
{
    if (!(fabs(got - wanted) <= bound))
        fail_msg("%s[%d]: got %.9g, plain loop %.9g", what, (int)i, got, wanted);
}

static void compare_weights(const rig *r, double bound)
{
    for (int64_t i = 0; i < r->net->trained_floats; i++)
        close_to("w", i, (double)r->net->w[i], r->w[i], bound);
}

/* ---- rules ----------------------------------------------------------------------------------------------------- */

/* What a plain loop does to one weight. t counts updates from 1. */
typedef struct plain {
    double rate, beta1, beta2, epsilon, momentum, momentum_final, decay, clip;
    int64_t ramp;
} plain;
typedef void plain_rule(const plain *p, int64_t step, int64_t t, double g, double *w, double *m, double *v);

static void plain_sgd(const plain *p, int64_t step, int64_t t, double g, double *w, double *m, double *v)
{
    (void)step, (void)t, (void)m, (void)v;
    *w -= p->rate * g;
}

static void plain_momentum(const plain *p, int64_t step, int64_t t, double g, double *w, double *m, double *v)
{
    (void)t, (void)v;
    double done = p->ramp == 0 ? 0 : step >= p->ramp ? 1 : (double)step / (double)p->ramp;
    *m = (p->momentum * (1 - done) + p->momentum_final * done) * *m + g;
    *w -= p->rate * *m;
}

static void plain_adam(const plain *p, int64_t step, int64_t t, double g, double *w, double *m, double *v)
{
    (void)step;
    *m = p->beta1 * *m + (1 - p->beta1) * g;
    *v = p->beta2 * *v + (1 - p->beta2) * g * g;
    double m_hat = *m / (1 - pow(p->beta1, (double)t)), v_hat = *v / (1 - pow(p->beta2, (double)t));
    *w -= p->rate * m_hat / (sqrt(v_hat) + p->epsilon);
}

static void plain_rmsprop(const plain *p, int64_t step, int64_t t, double g, double *w, double *m, double *v)
{
    (void)step, (void)t, (void)m;
    *v = p->beta2 * *v + (1 - p->beta2) * g * g;
    *w -= p->rate * g / (sqrt(*v) + p->epsilon);
}

static void plain_update(const rig *r, const plain *p, plain_rule *rule, int64_t step, int64_t t)
{
    double norm = plain_norm(r), scale = p->clip > 0 && norm > p->clip ? p->clip / norm : 1;
    for (int64_t i = 0; i < r->net->trained_floats; i++) {
        double g = scale * (double)r->net->grad[i] + p->decay * r->w[i];
        rule(p, step, t, g, &r->w[i], &r->m[i], &r->v[i]);
    }
}

typedef struct rule_row {
    const char *name, *keys;
    plain_rule *rule;
    plain p;
    int updates;
} rule_row;

/* clang-format off */
static const rule_row rule_rows[] = {
    {"sgd", "optimizer = sgd\nlearning_rate = 0.1", plain_sgd, {.rate = 0.1}, 1},
    {"sgd, decay, clipping", "optimizer = sgd\nlearning_rate = 0.1\nweight_decay = 0.01\nclip_norm = 2", plain_sgd,
     {.rate = 0.1, .decay = 0.01, .clip = 2}, 2},
    {"sgd, clipping that is never reached", "optimizer = sgd\nlearning_rate = 0.1\nclip_norm = 1000", plain_sgd,
     {.rate = 0.1, .clip = 1000}, 1},
    {"momentum", "optimizer = momentum\nlearning_rate = 0.05\nmomentum = 0.8", plain_momentum,
     {.rate = 0.05, .momentum = 0.8}, 1},
    {"momentum, ramp", "optimizer = momentum\nlearning_rate = 0.05\nmomentum = 0.5\nmomentum_final = 0.7\nmomentum_steps = 6",
     plain_momentum, {.rate = 0.05, .momentum = 0.5, .momentum_final = 0.7, .ramp = 6}, 1},
    {"momentum, ramp, clipping, two updates",
     "optimizer = momentum\nlearning_rate = 0.05\nmomentum = 0.5\nmomentum_final = 0.7\nmomentum_steps = 6\nclip_norm = 1",
     plain_momentum, {.rate = 0.05, .momentum = 0.5, .momentum_final = 0.7, .ramp = 6, .clip = 1}, 2},
    {"adam", "optimizer = adam\nlearning_rate = 0.01\nbeta1 = 0.5\nbeta2 = 0.99", plain_adam,
     {.rate = 0.01, .beta1 = 0.5, .beta2 = 0.99, .epsilon = 1e-8}, 1},
    {"adam, large epsilon, decay, three updates",
     "optimizer = adam\nlearning_rate = 0.01\nbeta1 = 0.9\nbeta2 = 0.999\nepsilon = 0.1\nweight_decay = 0.1", plain_adam,
     {.rate = 0.01, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 0.1, .decay = 0.1}, 3},
    {"adam without a first moment", "optimizer = adam\nlearning_rate = 0.01\nbeta1 = 0\nbeta2 = 0.9\nclip_norm = 5", plain_adam,
     {.rate = 0.01, .beta1 = 0, .beta2 = 0.9, .epsilon = 1e-8, .clip = 5}, 1},
    {"rmsprop", "optimizer = rmsprop\nlearning_rate = 0.01\nbeta2 = 0.9\nepsilon = 1e-3", plain_rmsprop,
     {.rate = 0.01, .beta2 = 0.9, .epsilon = 1e-3}, 1},
    {"rmsprop, decay, clipping", "optimizer = rmsprop\nlearning_rate = 0.01\nbeta2 = 0.9\nepsilon = 1e-3\nweight_decay = 0.05\nclip_norm = 3",
     plain_rmsprop, {.rate = 0.01, .beta2 = 0.9, .epsilon = 1e-3, .decay = 0.05, .clip = 3}, 2},
};
/* clang-format on */

/* Weights are of size 1 and move by less: 12 to 36 updates in float stay within 1e-5. */
static void run_rule(const rule_row *row, const gan_kernels *k)
{
    rig r;
    rig_open(&r, row->keys, row->updates, k);
    for (r.run.step = 0; r.run.step < STEPS; r.run.step++) {
        fill_gradient(&r, r.run.step, 0.3f);
        EXPECT_OK(gan_exec(r.plan, &r.run, NULL));
        for (int u = 0; u < row->updates; u++)
            plain_update(&r, &row->p, row->rule, r.run.step, r.run.step * row->updates + u + 1);
        double norm = gan_optimizer_gradient_norm(r.o);
        close_to("norm before clipping", 0, norm, plain_norm(&r), 1e-5 * norm);
        compare_weights(&r, 1e-5);
    }
    rig_close(&r);
}

static void rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rule_rows / sizeof rule_rows[0]; i++)
        for (int t = 0; t < gan_kernels_count(); t++) {
            print_message("%s, kernels %s\n", rule_rows[i].name, gan_kernels_get(t)->name);
            run_rule(&rule_rows[i], gan_kernels_get(t));
        }
}

/* The rate of the schedule reaches the weights. */
static void rule_follows_schedule(void **state)
{
    (void)state;
    rig r;
    plain p = {0};
    rig_open(
        &r,
        "optimizer = sgd\nlearning_rate = 0.1\nschedule = linear\nschedule_steps = 8\nschedule_factor = 0.5\n"
        "warmup_steps = 2",
        1, gan_kernels_get(0));
    for (r.run.step = 0; r.run.step < STEPS; r.run.step++) {
        double step = (double)r.run.step, warm = step < 2 ? (step + 1) / 3 : 1;
        p.rate = 0.1 * warm * (step < 8 ? 1 - 0.5 * step / 8 : 0.5);
        close_to("rate", r.run.step, gan_optimizer_rate(r.o, r.run.step), p.rate, 1e-15);
        fill_gradient(&r, r.run.step, 0.3f);
        EXPECT_OK(gan_exec(r.plan, &r.run, NULL));
        plain_update(&r, &p, plain_sgd, r.run.step, 1);
    }
    compare_weights(&r, 1e-5);
    rig_close(&r);
}

/* ---- averages and batch statistics ------------------------------------------------------------------------------------ */

/* Weights are averaged once per update; batch statistics move by their own momentum and are copied. The statistic
 * stands in the gradient arena and must not count in the norm. */
static void averages_and_statistics(void **state)
{
    (void)state;
    rig r;
    const plain p = {.rate = 0.1};
    rig_open(&r, "optimizer = sgd\nlearning_rate = 0.1\nema = 0.9", 1, gan_kernels_get(0));
    const gan_network *net = r.net;
    for (r.run.step = 0; r.run.step < STEPS; r.run.step++) {
        fill_gradient(&r, r.run.step, 1);
        EXPECT_OK(gan_exec(r.plan, &r.run, NULL));
        plain_update(&r, &p, plain_sgd, r.run.step, 1);
        for (int64_t i = 0; i < net->trained_floats; i++) r.ema[i] = 0.9 * r.ema[i] + 0.1 * r.w[i];
        for (int64_t i = net->trained_floats; i < net->arena_floats; i++)
            r.w[i] = 0.75 * r.w[i] + 0.25 * (double)net->grad[i];
        close_to("norm", 0, gan_optimizer_gradient_norm(r.o), plain_norm(&r), 1e-4);
    }
    for (int64_t i = 0; i < net->trained_floats; i++) close_to("ema", i, (double)net->ema[i], r.ema[i], 1e-5);
    for (int64_t i = net->trained_floats; i < net->arena_floats; i++) {
        close_to("state", i, (double)net->w[i], r.w[i], 1e-5);
        assert_true(net->ema[i] == net->w[i]);
    }
    rig_close(&r);
}

/* ---- singular values --------------------------------------------------------------------------------------------------- */

/* The gradient of the last parameter's weight gets the outer product: as if it had stood in the arena. A state of momentum 0 is
 * its statistic to the bit. */
static void check_outer(const char *layers, const char *keys)
{
    rig a, b;
    rig_open_with(&a, layers, keys, 2, gan_kernels_get(0), -1);
    rig_open_with(&b, layers, keys, 2, gan_kernels_get(0), -1);
    const gan_spectral *s = &a.net->spectral[0];
    const gan_param *p = &a.net->params[s->weight], *u = &a.net->params[s->u];
    const int64_t K = p->dims[0], M = p->dims[1];
    gan_rng_uniform(&(gan_rng){.seed = 6, .purpose = GAN_RNG_TEST}, 0, K + M, -1, 1, s->outer);
    for (a.run.step = b.run.step = 0; a.run.step < 2; b.run.step = ++a.run.step) {
        fill_gradient(&a, a.run.step, 0.3f);
        fill_gradient(&b, a.run.step, 0.3f);
        for (int64_t i = 0; i < K * M; i++)
            b.net->grad[p->offset + gan_panel_at(K, M, i / M, i % M)] += s->outer[i / M] * s->outer[K + i % M];
        EXPECT_OK(gan_exec(a.plan, &a.run, NULL));
        EXPECT_OK(gan_exec(b.plan, &b.run, NULL));
        assert_memory_equal(a.net->w, b.net->w, (size_t)a.net->arena_floats * sizeof(float));
        assert_true(gan_optimizer_gradient_norm(a.o) == gan_optimizer_gradient_norm(b.o));
        assert_memory_equal(a.net->w + u->offset, a.net->grad + u->offset, (size_t)u->floats * sizeof(float));
    }
    rig_close(&a), rig_close(&b);
}

/* Whole panels and a narrow one, blocks that end within a row of three. */
static void outer_products(void **state)
{
    (void)state;
    check_outer("dense 83 bias=no spectral=yes", "optimizer = sgd\nlearning_rate = 0.1");
    check_outer("dense 1500 bias=no, dense 3 spectral=yes", "optimizer = adam\nlearning_rate = 0.1\nclip_norm = 1");
}

/* ---- what is not finite ------------------------------------------------------------------------------------------------- */

/* A block with a bad element keeps weights, moments and average, and the norm says so; also when the step's second update
 * finds the element healed (then the block takes part in that one). */
static void bad_gradient(float bad, int64_t at, int updates)
{
    rig r;
    rig_open_with(&r, LAYERS, "optimizer = adam\nlearning_rate = 0.1\nema = 0.9", updates, gan_kernels_get(0), at);
    const gan_network *net = r.net;
    fill_gradient(&r, 0, 0.5f);
    net->grad[at] = bad;
    EXPECT_OK(gan_exec(r.plan, &r.run, NULL));
    if (isfinite(gan_optimizer_gradient_norm(r.o)))
        fail_msg("%g at %d of %d updates: norm %g", (double)bad, (int)at, updates,
                 gan_optimizer_gradient_norm(r.o));
    int64_t kept = 0;
    for (int64_t i = 0; i < net->arena_floats; i++) {
        assert_true(isfinite(net->w[i]) && isfinite(net->ema[i]));
        for (int a = 0; a < 2; a++) assert_true(isfinite(gan_optimizer_array(r.o, a)[i]));
        kept += (double)net->w[i] == r.w[i];
    }
    if (updates == 1) assert_true((double)net->w[at] == r.w[at] && kept >= 80 && kept < net->arena_floats);
    rig_close(&r);
}

static void bad_gradients(void **state)
{
    (void)state;
    for (int updates = 1; updates <= 2; updates++) {
        bad_gradient(NAN, 0, updates);
        bad_gradient(INFINITY, 5000, updates);
        bad_gradient(-INFINITY, 70 * 80 + 3, updates);
        bad_gradient(NAN, 70 * 80 + 80 + 80 + 240 + 16 + 5, updates); /* a batch statistic */
    }
}

/* ---- making one -------------------------------------------------------------------------------------------------------- */

static void arrays(void **state)
{
    static const struct {
        const char *keys, *names[2];
        int n;
    } rows[] = {{"optimizer = sgd", {NULL, NULL}, 0},
                {"optimizer = momentum", {"velocity", NULL}, 1},
                {"optimizer = adam", {"moment1", "moment2"}, 2},
                {"optimizer = rmsprop", {"mean_square", NULL}, 1}};
    (void)state;
    for (int i = 0; i < 4; i++) {
        rig r;
        rig_open(&r, rows[i].keys, 1, gan_kernels_get(0));
        assert_int_equal(gan_optimizer_arrays(r.o), rows[i].n);
        for (int a = 0; a < rows[i].n; a++) {
            assert_string_equal(gan_optimizer_array_name(r.o, a), rows[i].names[a]);
            for (int64_t k = 0; k < r.net->arena_floats; k++)
                assert_true(gan_optimizer_array(r.o, a)[k] == 0);
        }
        rig_close(&r);
    }
}

static gan_status make(const char *keys)
{
    char job[1024];
    gan_config *cfg;
    gan_network *net;
    gan_optimizer *o = NULL;
    gan_sample_shape in = {1, {70}};
    snprintf(job, sizeof job, job_format, LAYERS, keys);
    EXPECT_OK(gan_config_parse(&cfg, "job.ini", job, (int64_t)strlen(job), NULL, 0, gan_system_networks));
    EXPECT_OK(gan_network_new(&net, cfg, "generator", &in));
    gan_status s = gan_optimizer_new(&o, cfg, net);
    assert_true((s == GAN_OK) == (o != NULL));
    gan_optimizer_free(o);
    gan_network_free(net);
    gan_config_free(cfg);
    return s;
}

static void schedule_needs_steps(void **state)
{
    (void)state;
    EXPECT_FAILURE(make("schedule = cosine"), GAN_ECONFIG, "job.ini:10", "generator.schedule = cosine",
                   "generator.schedule_steps");
    EXPECT_OK(make("schedule = cosine\nschedule_steps = 10"));
}

static void memory_fails(void **state)
{
    (void)state;
    rig r;
    rig_open(&r, "optimizer = adam", 1, gan_kernels_get(0));
    for (int64_t k = 1;; k++) {
        gan_optimizer *o;
        gan_mem_fail_at(k);
        gan_status s = gan_optimizer_new(&o, r.cfg, r.net);
        if (s == GAN_OK) s = gan_optimizer_alloc(o);
        bool fired = gan_mem_fail_at(0) == 0;
        gan_optimizer_free(o);
        if (!fired) {
            assert_int_equal(s, GAN_OK);
            assert_true(k > 2); /* itself and its moments */
            break;
        }
        EXPECT_FAILURE(s, GAN_ENOMEM, "memory");
    }
    rig_close(&r);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_before, scratch_after)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(schedules),     TEST(rules),  TEST(rule_follows_schedule), TEST(averages_and_statistics),
        TEST(outer_products), TEST(bad_gradients), TEST(arrays), TEST(schedule_needs_steps),  TEST(memory_fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
