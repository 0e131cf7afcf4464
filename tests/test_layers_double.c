/* Layers in double precision (tests/in_double.h), in training: the gradient of a loss by inputs and parameters, and the gradient of a
 * weighted sum of all these gradients, which is what a gradient penalty needs, element by element against central
 * differences of what the graph itself computes (test_layers.c says that it computes the right thing). Batch norm in both scopes
 * and convolutions, each alone and one behind the other. Spectral normalisation holds its vectors, so it has a test of its
 * own, test_spectral.c. */
#include "graph_test.h"
#include "live_test.h"

#include "gan/nn.h"

enum { B = 4, SHARDS = 2, H = 4, W = 4, C = 2, K = 3, MAX_WRT = 16, X = B * H * W * C };

typedef struct layer_row {
    const char *layers;
    bool image; /* x is [B,H,W,C], else [B,H*W*C] */
} layer_row;

static const layer_row rows[] = {
    {"batch_norm", true},
    {"batch_norm shard", true},
    {"batch_norm", false},
    {"batch_norm shard", false},
    {"instance_norm", true},
    {"layer_norm", true},
    {"dense 5", false},
    {"maxout 3 2", false},
    {"conv 3 3 1 1", true},
    {"conv 3 4 2 1", true},
    {"conv 3 3 2", true},
    {"conv_transpose 3 4 2 1", true},
    {"conv_transpose 3 3", true},
    {"dense 5, tanh, minibatch_discrimination 3 2, dense 4", false},
    {"dense 5, tanh, minibatch_discrimination 3 2 scope=shard, dense 4", true},
    {"avg_pool 3 2 1", true},
    {"max_pool 2", true},
    {"upsample 2 bilinear", true},
    {"upsample 2", true},
    {"dense 6, relu, dense 3", false},
    {"dense 6, leaky_relu 0.2, dense 3", false},
    {"dense 6, sigmoid, dense 3", false},
    {"dense 6, dropout 0.3, softplus, dense 3", false},
    {"dense 4, scale 0.5, softplus", false},
    {"flatten, dense 8, reshape 2 2 2, tanh, conv 3 2", true},
    {"condition 2", false},
    {"condition 2", true},
    {"planes", true},
    {"projection", true},
    {"condition 3, tanh, planes, dense 4, softplus, projection", false},
    {"condition 1, conv 3 4 2 1, tanh, planes, conv 2 2, softplus, projection", true},
    {"conv 3 3 1 1 bias=no, batch_norm, softplus, conv_transpose 2 4 2 1 bias=no, batch_norm, tanh", true},
    {"conv 3 4 2 1 bias=no, batch_norm shard, softplus, dense 6, batch_norm shard, tanh, dense 1", true},
};

/* ---- a network and its derivatives --------------------------------------------------------------------------------- */

/* value[0] = total(r y^2), value[1] = the sum over wrt of total(v gradient); gradient[i][k] of value[i] by wrt[k]. */
typedef struct trial {
    const layer_row *row;
    gan_config *cfg;
    gan_network *net;
    gan_graph *g;
    gan_plan *plan;
    float x[X], c[B * K], *r, *v[MAX_WRT];
    int n_wrt;
    gan_id wrt[MAX_WRT], value[2], gradient[2][MAX_WRT];
    float *data[MAX_WRT];
} trial;

static const char *const *one_network(const char *system, const char *const **names, const gan_default **defaults)
{
    static const char *const systems[] = {"gan", NULL}, *const networks[] = {"generator", NULL};
    (void)system, (void)defaults;
    if (names) *names = systems;
    return networks;
}

static void open_network(trial *t)
{
    char job[512];
    const gan_sample_shape image = {3, {H, W, C}, K}, row = {1, {H * W * C}, K};
    snprintf(job, sizeof job, "[train]\nsteps = 1\n[data]\nsource = ring\n[generator]\nlayers = %s\n", t->row->layers);
    OK(gan_config_parse(&t->cfg, "job.ini", job, (int64_t)strlen(job), NULL, 0, one_network));
    OK(gan_network_new(&t->net, t->cfg, "generator", t->row->image ? &image : &row));
    OK(gan_network_alloc(t->net));
}

static void add_condition(trial *t, uint64_t *seed)
{
    if (!t->net->conditional) return;
    test_fill(seed, t->c, B * K, -1, 1);
    t->data[t->n_wrt] = t->c;
    t->net->condition = t->wrt[t->n_wrt++] = leaf(t->g, form2(B, K, GAN_SHARDED), t->c);
}

/* Leaves by which to differentiate: the input, its condition and all that is trained, with numbers around 0. */
static void make_leaves(trial *t, uint64_t *seed)
{
    gan_form f = form2(B, H * W * C, GAN_SHARDED);
    if (t->row->image) f = (gan_form){.n_dims = 4, .dims = {B, H, W, C}, .dist = GAN_SHARDED};
    test_fill(seed, t->x, X, -2, 2);
    OK(gan_network_bind(t->net, t->g, t->net->w, -1));
    t->wrt[0] = leaf(t->g, f, t->x), t->data[0] = t->x, t->n_wrt = 1;
    add_condition(t, seed);
    for (int i = 0; i < t->net->n_params; i++) {
        const gan_param *p = &t->net->params[i];
        if (p->state) continue;
        assert_true(t->n_wrt < MAX_WRT);
        t->data[t->n_wrt] = t->net->w + p->offset;
        test_fill(seed, t->data[t->n_wrt], p->floats, -1, 1);
        t->wrt[t->n_wrt++] = t->net->leaf[i];
    }
}

static gan_id numbers_like(gan_graph *g, gan_id x, uint64_t *seed, float **data)
{
    gan_form f = *gan_graph_form(g, x);
    if (f.dist == GAN_PARTIAL) f.dist = GAN_REPLICATED;
    *data = test_floats(gan_form_floats(&f));
    test_fill(seed, *data, gan_form_floats(&f), -1, 1);
    return leaf(g, f, *data);
}

static void trial_open(trial *t, const layer_row *row)
{
    gan_id y, keep[2 + 2 * MAX_WRT], sum = GAN_NONE;
    uint64_t seed = 31;
    int n_keep = 0;
    *t = (trial){.row = row};
    open_network(t);
    OK(gan_graph_new(&t->g, SHARDS, 1));
    make_leaves(t, &seed);
    OK(gan_network_apply(t->net, t->g, t->wrt[0], GAN_TRAINING, &y));
    OK(gan_add_square(t->g, y, &y));
    t->value[0] = weighted_total(t->g, y, numbers_like(t->g, y, &seed, &t->r));
    OK(gan_graph_grad(t->g, t->value[0], t->wrt, t->n_wrt, t->gradient[0]));
    for (int k = 0; k < t->n_wrt; k++) {
        const gan_id d = t->gradient[0][k];
        y = weighted_total(t->g, d, numbers_like(t->g, d, &seed, &t->v[k]));
        if (sum != GAN_NONE) OK(gan_add_add(t->g, sum, y, &y));
        sum = y;
    }
    t->value[1] = sum;
    OK(gan_graph_grad(t->g, sum, t->wrt, t->n_wrt, t->gradient[1]));
    for (int i = 0; i < 2; i++) {
        keep[n_keep++] = t->value[i];
        for (int k = 0; k < t->n_wrt; k++)
            if (t->gradient[i][k] != GAN_NONE) keep[n_keep++] = t->gradient[i][k];
    }
    OK(gan_plan_build(&t->plan, t->g, keep, n_keep));
}

static void trial_close(trial *t)
{
    gan_plan_free(t->plan);
    gan_graph_free(t->g);
    gan_network_free(t->net);
    gan_config_free(t->cfg);
    gan_free(t->r);
    for (int k = 0; k < t->n_wrt; k++) gan_free(t->v[k]);
}

/* ---- differences ----------------------------------------------------------------------------------------------------- */

static void values_at(const trial *t, float *x, double at, double values[2])
{
    const float old = *x;
    *x = at;
    run_plan(t->plan, &gan__kernels_ref);
    for (int i = 0; i < 2; i++) values[i] = gan_plan_value(t->plan, t->value[i])[0];
    *x = old;
}

static void check_wrt(const trial *t, int k, const double *const got[2])
{
    const double h = 1e-5;
    for (int64_t e = 0; e < gan_form_floats(gan_graph_form(t->g, t->wrt[k])); e++) {
        double above[2], below[2];
        values_at(t, t->data[k] + e, t->data[k][e] + h, above);
        values_at(t, t->data[k] + e, t->data[k][e] - h, below);
        for (int i = 0; i < 2; i++) {
            const double want = (above[i] - below[i]) / (2 * h), is = got[i] ? got[i][e] : 0;
            if (!(fabs(is - want) <= 1e-6 * (1 + fabs(want))))
                fail_msg("%s, %s, by operand %d, element %d: got %.12g, want %.12g", t->row->layers,
                         i ? "gradient of weighted gradients" : "gradient", k, (int)e, is, want);
        }
    }
}

static double *copy_of(const trial *t, gan_id id)
{
    if (id == GAN_NONE) return NULL;
    const int64_t n = gan_form_floats(gan_graph_form(t->g, id));
    return memcpy(test_floats(n), gan_plan_value(t->plan, id), (size_t)n * sizeof(double));
}

static void check_row(const layer_row *row)
{
    static trial t;
    trial_open(&t, row);
    for (int k = 0; k < t.n_wrt; k++) {
        run_plan(t.plan, &gan__kernels_ref);
        double *first = copy_of(&t, t.gradient[0][k]), *second = copy_of(&t, t.gradient[1][k]);
        check_wrt(&t, k, (const double *const[]){first, second});
        gan_free(first);
        gan_free(second);
    }
    trial_close(&t);
}

static void test_derivatives(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_row(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_derivatives, setup, teardown)};
    return cmocka_run_group_tests_name("layers in double", tests, NULL, NULL);
}
