/* Unrolled GANs in double precision (tests/in_double.h): the gradient of G in the step program of the system, three updates of D
 * ahead, against central differences of what happens when D really makes these updates.
 *
 * The independent source is a second program, written here: the same networks, the same samples and noise, and gan_step_update,
 * whose kernels share no line with the nodes of optim/unroll.c. It is run three times, so that D moves, and once more for the
 * losses; and all this from the start for each parameter of G, a little to either side. So what is differentiated is the true
 * dependence of the game on G through D's updates; moments are no zeros and Adam is in its ninth update. Everything is smooth:
 * no kinks. Updates of the program under test are withheld (gan_run.diagnose), for G is differentiated with D where it is. */
#include "graph_test.h"
#include "live_test.h"

#include "gan/system.h"

enum { BATCH = 8, SHARDS = 4, AHEAD = 3, Z = 3, X = 2 * 8 * 8, STEP = 7, REAL = 0, FAKE, GENERATOR };

typedef struct row {
    const char *name, *data, *generator, *discriminator, *keys; /* shape "2" or "8 8 2"; layers; more lines */
    bool minimax;
} row;

#define DENSE_G "dense 5, batch_norm, tanh, dense 2"
#define DENSE_D "dense 6, tanh, dense 4, softplus, dense 1"

static const row rows[] = {
    {"sgd", "2", DENSE_G, DENSE_D, "optimizer = sgd\nlearning_rate = 0.3\nweight_decay = 0.05\n", true},
    {"momentum", "2", DENSE_G, DENSE_D, "optimizer = momentum\nlearning_rate = 0.2\nmomentum = 0.8\nweight_decay = 0.05\n", true},
    {"adam", "2", DENSE_G, DENSE_D, "learning_rate = 0.05\nbeta1 = 0.5\nweight_decay = 0.05\n", true},
    {"adam, not saturating", "2", DENSE_G, DENSE_D, "learning_rate = 0.05\nbeta1 = 0.8\nschedule = linear\nschedule_steps = 1000000000\n", false},
    {"rmsprop", "2", DENSE_G, DENSE_D, "optimizer = rmsprop\nlearning_rate = 0.03\nepsilon = 1e-4\n", true},
    {"adam, batch norm", "2", DENSE_G, "dense 6, batch_norm, tanh, dense 4, batch_norm shard, tanh, dense 1", "learning_rate = 0.02\n", true},
    {"adam, virtual batch norm", "2", DENSE_G, "dense 6, virtual_batch_norm, tanh, dense 4, tanh, dense 1", "learning_rate = 0.02\n", true},
    {"momentum, convolutions", "8 8 2", "dense 4, tanh, dense 128", "conv 3 4 2 1 bias=no, batch_norm, tanh, conv 17 3 1 1, softplus, dense 1",
     "optimizer = momentum\nlearning_rate = 0.05\n", true},
};

/* ---- samples: this file is the source of data -------------------------------------------------------------------- */

static float samples[BATCH * X];
static int64_t features; /* of one */

void gan_source_read(const gan_source *s, int64_t first, int64_t n, float *x)
{
    (void)s, (void)first;
    assert_int_equal(n, BATCH);
    memcpy(x, samples, (size_t)(n * features) * sizeof *x);
}

void gan_source_read_condition(const gan_source *s, int64_t first, int64_t n, float *c)
{
    (void)s, (void)first, (void)n, (void)c;
    fail_msg("nothing here is conditional");
}

/* ---- the second program -------------------------------------------------------------------------------------------- */

static float noise[BATCH * Z];

/* Cross-entropy of D's outputs with a target, the mean over the batch; recorded under a name. */
static gan_status loss_part(gan_step *s, const char *name, gan_id logits, float target, gan_id *loss)
{
    GAN_TRY(gan_add_bce_logits(s->graph, logits, target, BATCH, loss));
    return gan_step_metric(s, name, *loss);
}

static gan_status build_real_updates(gan_step *s)
{
    gan_id x, z, fake, on_x, on_fake, real, on_fakes, unused;
    const gan_form f = form2(BATCH, Z, GAN_SHARDED);
    GAN_TRY(gan_step_data(s, &x));
    GAN_TRY(gan_add_param(s->graph, &f, noise, NULL, 0, &z));
    GAN_TRY(gan_step_apply(s, 0, z, &fake));
    GAN_TRY(gan_step_as_data(s, fake, &fake));
    GAN_TRY(gan_step_apply_pair(s, 1, x, fake, &on_x, &on_fake));
    GAN_TRY(loss_part(s, "real", on_x, 1, &real));
    GAN_TRY(loss_part(s, "fake", on_fake, 0, &on_fakes));
    GAN_TRY(loss_part(s, "generator", on_fake, 1, &unused));
    GAN_TRY(gan_add_add(s->graph, real, on_fakes, &real));
    return gan_step_update(s, 1, real);
}

/* ---- a model and its program ----------------------------------------------------------------------------------------- */

typedef struct game {
    gan_model *model;
    gan_step *step;
    gan_plan *plan;
} game;

static gan_config *read_job(const row *r, int ahead)
{
    char job[2048];
    gan_config *cfg;
    snprintf(job, sizeof job,
             "[train]\nsystem = unrolled\nbatch = %d\nsteps = 1\n[unrolled]\nsteps = %d\n[gan]\nloss = %s\nfresh_noise = no\n"
             "[noise]\nsize = %d\n[data]\nsource = ring\n[generator]\nlayers = %s\n[discriminator]\nlayers = %s\n%s",
             BATCH, ahead, r->minimax ? "minimax" : "non_saturating", Z, r->generator, r->discriminator, r->keys);
    OK(gan_config_parse(&cfg, "job.ini", job, (int64_t)strlen(job), NULL, 0, gan_system_networks));
    return cfg;
}

/* build: NULL for the system's own. */
static void open_game(game *g, const row *r, const gan_config *cfg, const gan_system *other)
{
    const gan_sample_shape two = {1, {2}}, image = {3, {8, 8, 2}};
    OK(gan_model_new(&g->model, cfg, *r->data == '2' ? &two : &image));
    OK(gan_model_alloc(g->model));
    if (other) g->model->system = other;
    OK(gan_step_new(&g->step, g->model, NULL, BATCH, SHARDS, 1));
    OK(gan_plan_build(&g->plan, g->step->graph, NULL, 0));
}

static void close_game(game *g)
{
    gan_plan_free(g->plan);
    gan_step_free(g->step);
    gan_model_free(g->model);
}

/* Weights around 0, moments of about the size of a gradient and its square. */
static void fill_model(gan_model *m)
{
    uint64_t seed = 5;
    for (int i = 0; i < 2; i++) {
        gan_network *net = m->nets[i];
        for (int k = 0; k < net->n_params; k++) {
            const gan_param *p = &net->params[k];
            test_fill(&seed, net->w + p->offset, p->floats, -0.8, 0.8);
            for (int a = 0; a < gan_optimizer_arrays(m->opts[i]); a++) {
                float *moment = gan_optimizer_array(m->opts[i], a) + p->offset;
                const bool square = strcmp(gan_optimizer_array_name(m->opts[i], a), "moment2") == 0 ||
                                    strcmp(gan_optimizer_array_name(m->opts[i], a), "mean_square") == 0;
                test_fill(&seed, moment, p->floats, square ? 0.01 : -0.1, 0.1);
            }
        }
    }
}

static void copy_model(gan_model *to, const gan_model *from)
{
    for (int i = 0; i < 2; i++) {
        const size_t bytes = (size_t)from->nets[i]->arena_floats * sizeof(float);
        memcpy(to->nets[i]->w, from->nets[i]->w, bytes);
        for (int a = 0; a < gan_optimizer_arrays(from->opts[i]); a++)
            memcpy(gan_optimizer_array(to->opts[i], a), gan_optimizer_array(from->opts[i], a), bytes);
    }
}

static void run(const game *g, int64_t step, bool update)
{
    gan_run r = test_run(&gan__kernels_ref);
    r.step = step;
    r.metrics = true;
    r.diagnose = !update;
    OK(gan_exec(g->plan, &r, NULL));
}

/* The noise that the program under test draws: the first stream, in this step. */
static void draw_noise(void)
{
    const gan_form f = form2(BATCH, Z, GAN_SHARDED);
    gan_run r = test_run(&gan__kernels_ref);
    gan_graph *g;
    gan_plan *p;
    gan_id z;
    r.step = STEP;
    OK(gan_graph_new(&g, SHARDS, 1));
    OK(gan_add_random(g, &f, GAN_RNG_NOISE, true, 0, 1, &z));
    OK(gan_plan_build(&p, g, &z, 1));
    OK(gan_exec(p, &r, NULL));
    memcpy(noise, gan_plan_value(p, z), sizeof noise);
    gan_plan_free(p);
    gan_graph_free(g);
}

/* ---- the comparison -------------------------------------------------------------------------------------------------- */

/* What G minimises when D has made its updates. The one of STEP counts as made, so they are those of the next steps. */
static double loss_after_updates(const game *real, const row *r)
{
    for (int j = 0; j < AHEAD; j++) run(real, STEP + 1 + j, true);
    run(real, STEP + 1 + AHEAD, false);
    const float *loss = real->step->metrics;
    return (double)(r->minimax ? -loss[FAKE] : loss[GENERATOR]) - (double)loss[REAL];
}

static double difference(const game *real, const gan_model *from, const row *r, int64_t at)
{
    const double h = 1e-5;
    double loss[2];
    for (int side = 0; side < 2; side++) {
        copy_model(real->model, from);
        real->model->nets[0]->w[at] += side ? h : -h;
        loss[side] = loss_after_updates(real, r);
    }
    return (loss[1] - loss[0]) / (2 * h);
}

/* Largest deviation from differences, and the largest of those, over all parameters of G or every 7th of many. */
static void compare(const game *ahead, const game *real, const row *r)
{
    const gan_network *net = ahead->model->nets[0];
    double largest = 0, off = 0;
    for (int k = 0; k < net->n_params; k++)
        for (int64_t i = 0; i < net->params[k].floats && !net->params[k].state; i += net->params[k].floats > 64 ? 7 : 1) {
            const int64_t at = net->params[k].offset + i;
            const double want = difference(real, ahead->model, r, at), got = net->grad[at];
            largest = fmax(largest, fabs(want));
            off = fmax(off, fabs(want - got));
        }
    if (!(largest > 1e-4 && off <= 1e-6 * largest)) fail_msg("%s: gradients up to %g, %g off the differences", r->name, largest, off);
}

/* How much of the gradient comes through the updates: without them it must be another. */
static void differs_from_plain(const game *ahead, const row *r)
{
    const gan_network *net = ahead->model->nets[0];
    gan_config *cfg = read_job(r, 0);
    game plain;
    double most = 0, largest = 0;
    open_game(&plain, r, cfg, NULL);
    copy_model(plain.model, ahead->model);
    run(&plain, STEP, false);
    for (int64_t i = 0; i < net->trained_floats; i++) {
        most = fmax(most, fabs((double)plain.model->nets[0]->grad[i] - (double)net->grad[i]));
        largest = fmax(largest, fabs((double)net->grad[i]));
    }
    if (!(most > 1e-3 * largest)) fail_msg("%s: gradients up to %g, and without updates at most %g off", r->name, largest, most);
    close_game(&plain);
    gan_config_free(cfg);
}

static void test_row(void **state)
{
    static const gan_system second = {.name = "real updates", .build = build_real_updates};
    const row *r = *state;
    uint64_t seed = 11;
    gan_config *cfg = read_job(r, AHEAD);
    game ahead, real;
    features = *r->data == '2' ? 2 : X;
    test_fill(&seed, samples, BATCH * features, -1, 1);
    draw_noise();
    open_game(&ahead, r, cfg, NULL);
    open_game(&real, r, cfg, &second);
    fill_model(ahead.model);
    run(&ahead, STEP, false);
    compare(&ahead, &real, r);
    differs_from_plain(&ahead, r);
    close_game(&ahead);
    close_game(&real);
    gan_config_free(cfg);
}

int main(void)
{
    enum { N = sizeof rows / sizeof rows[0] };
    struct CMUnitTest tests[N];
    for (int i = 0; i < N; i++) tests[i] = (struct CMUnitTest){rows[i].name, test_row, setup, teardown, (void *)(uintptr_t)&rows[i]};
    return _cmocka_run_group_tests("unrolled, differences", tests, N, NULL, NULL);
}
