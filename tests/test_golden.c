/* Whole training steps against PyTorch: from the same initial weights and data, gan_mpi's step programs must give the
 * gradients of both phases, the metrics of ten steps, and the weights, batch statistics or singular vectors, and averages
 * after them.
 *
 * The independent source is golden/small_gans.h5, made by golden/make_golden.py with PyTorch in double precision; the
 * noise there is made anew as well, by numpy's Philox and Python's normal quantile. The file brings its own job texts.
 * Every case runs with every kernel table of this processor and with 1, 4 and 16 shards.
 *
 * Bounds. A float has 6e-8 of relative rounding and a gradient is a sum of some hundred products: a gradient's elements
 * must agree to 1e-5 of the array's largest (5e-6 was seen, in the generator, whose gradient comes after a step of the
 * discriminator), metrics, momentum and RMSProp weights after ten steps to 2e-5 absolutely (7e-6 was seen), norms to 2e-5 of the larger. Adam divides
 * by the root of its second moment, so where a gradient is near 0 its rounding error counts as much as the gradient:
 * weights must agree to a thousandth of all the ten steps, 1e-4 here (less than 3e-5 was seen). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "gan/system.h"

#include <hdf5.h>
#include <math.h>

#define GOLDEN "tests/golden/small_gans.h5"

enum { STEPS = 10, MAX_NOISE = 4 };
static const double GRADIENT = 1e-5, TEN_STEPS = 2e-5, ADAM_STEP = 1e-3;

static gan_comm *comm;
static hid_t golden;

/* ---- the golden file ----------------------------------------------------------------------------------------- */

typedef struct values {
    int64_t n;
    float *x;
} values;

static values read_values(hid_t from, const char *name)
{
    hid_t d = H5Dopen2(from, name, H5P_DEFAULT);
    if (d < 0) fail_msg("%s has no %s", GOLDEN, name);
    hid_t space = H5Dget_space(d);
    values v = {.n = H5Sget_simple_extent_npoints(space)};
    v.x = malloc((size_t)v.n * sizeof *v.x + 1);
    assert_non_null(v.x);
    assert_true(H5Dread(d, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, v.x) >= 0);
    H5Sclose(space);
    H5Dclose(d);
    return v;
}

static void read_job(hid_t group, char *text, size_t room)
{
    hid_t a = H5Aopen(group, "job", H5P_DEFAULT), type = H5Aget_type(a);
    size_t n = H5Tget_size(type);
    assert_true(a >= 0 && n < room);
    memset(text, 0, room);
    assert_true(H5Aread(a, type, text) >= 0);
    H5Tclose(type);
    H5Aclose(a);
}

/* The golden samples as a dataset file; its range is the one that the job asks for, so they are read unscaled. */
static void write_dataset(const char *path, const values *x, hsize_t rows)
{
    hsize_t dims[2] = {rows, (hsize_t)x->n / rows}, two = 2;
    const float range[2] = {-1, 1};
    hid_t f = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate_simple(2, dims, NULL), pair = H5Screate_simple(1, &two, NULL);
    hid_t d = H5Dcreate2(f, "images", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t a = H5Acreate2(d, "range", H5T_IEEE_F32LE, pair, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(d, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, x->x) >= 0);
    assert_true(H5Awrite(a, H5T_NATIVE_FLOAT, range) >= 0);
    H5Aclose(a);
    H5Dclose(d);
    H5Sclose(pair);
    H5Sclose(space);
    assert_true(H5Fclose(f) >= 0);
}

/* ---- a run of gan_mpi ---------------------------------------------------------------------------------------- */

typedef struct trial {
    char title[128]; /* "adam_minimax, avx2, 4 shards" */
    hid_t group;
    gan_config *cfg;
    gan_source *source;
    gan_model *model;
    gan_step *step;
    gan_plan *plan;
    gan_run run;
    gan_id noise[MAX_NOISE];
    int n_noise;
} trial;

static void find_noise(trial *t)
{
    t->n_noise = 0;
    for (gan_id i = 0; i < gan_graph_count(t->step->graph); i++)
        if (strcmp(gan_graph_node(t->step->graph, i)->op->name, "random") == 0) t->noise[t->n_noise++] = i;
    assert_true(t->n_noise > 0 && t->n_noise <= MAX_NOISE);
}

/* One network's arrays in the file stand one after the other in the order of declaration, states in an array of theirs. */
static void set_params(gan_network *net, bool states, const values *v)
{
    int64_t at = 0;
    for (int i = 0; i < net->n_params; i++) {
        const gan_param *p = &net->params[i];
        if (p->state != states) continue;
        assert_true(at + p->floats <= v->n);
        gan_param_pack(p, v->x + at, net->w);
        at += p->floats;
    }
    assert_int_equal(at, v->n);
    if (net->ema) memcpy(net->ema, net->w, (size_t)net->arena_floats * sizeof(float));
}

static values read_of(const trial *t, const char *what, int net)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%s", what, t->model->nets[net]->name);
    return read_values(t->group, name);
}

static void set_from(const trial *t, const char *what, int net, bool states)
{
    values v = read_of(t, what, net);
    set_params(t->model->nets[net], states, &v);
    free(v.x);
}

static void trial_open(trial *t, const char *name, const gan_kernels *k, int64_t shards)
{
    char job[2048];
    *t = (trial){.group = H5Gopen2(golden, name, H5P_DEFAULT)};
    snprintf(t->title, sizeof t->title, "%s, %s, %d shards", name, k->name, (int)shards);
    values x = read_values(t->group, "data");
    write_dataset(scratch("data.h5"), &x, 16);
    free(x.x);
    read_job(t->group, job, sizeof job);
    EXPECT_OK(gan_config_parse(&t->cfg, name, job, (int64_t)strlen(job), NULL, 0, gan_system_networks));
    uint64_t seed = (uint64_t)gan_config_int(t->cfg, "run", "seed");
    int64_t batch = gan_config_int(t->cfg, "train", "batch");
    EXPECT_OK(gan_source_open_file(&t->source, comm, k, scratch("data.h5"), -1, 1, seed));
    const gan_source_info *info = gan_source_describe(t->source);
    assert_int_equal(info->n, batch); /* else the order of reading would matter */
    gan_sample_shape shape = {1, {info->features}};
    EXPECT_OK(gan_model_new(&t->model, t->cfg, &shape));
    EXPECT_OK(gan_model_alloc(t->model));
    for (int i = 0; i < t->model->n_nets; i++) {
        set_from(t, "initial", i, false);
        if (t->model->nets[i]->n_spectral) set_from(t, "initial_states", i, true);
    }
    EXPECT_OK(gan_step_new(&t->step, t->model, t->source, batch, shards, 1));
    find_noise(t);
    EXPECT_OK(gan_plan_build(&t->plan, t->step->graph, t->noise, t->n_noise));
    t->run = (gan_run){.k = k, .seed = seed, .metrics = true};
}

static void trial_close(trial *t)
{
    gan_plan_free(t->plan);
    gan_step_free(t->step);
    gan_model_free(t->model);
    gan_source_close(t->source);
    gan_config_free(t->cfg);
    H5Gclose(t->group);
}

/* ---- comparing ----------------------------------------------------------------------------------------------- */

static double largest(const float *x, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++) most = fmax(most, fabs((double)x[i]));
    return most;
}

/* Each element within `bound`. */
static void compare(const trial *t, const char *what, const float *got, const float *wanted, int64_t n,
                    double bound)
{
    for (int64_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)wanted[i]) <= bound))
            fail_msg("%s, step %d: %s[%d]: got %.9g, PyTorch has %.9g (bound %.2g)", t->title,
                     (int)t->run.step + (t->run.step < STEPS), what, (int)i, (double)got[i],
                     (double)wanted[i], bound);
}

/* An arena's trained parameters (or its states) against the file's array. absolute 0: a part of the largest element. */
static void compare_arena(const trial *t, const char *what, int net, bool states, const float *arena,
                          double absolute)
{
    const gan_network *network = t->model->nets[net];
    values v = read_of(t, what, net);
    int64_t at = 0;
    for (int i = 0; i < network->n_params; i++) {
        const gan_param *p = &network->params[i];
        if (p->state != states) continue;
        char name[128];
        float *plain = malloc((size_t)p->floats * sizeof *plain);
        snprintf(name, sizeof name, "%s %s/%s", what, network->name, p->name);
        assert_true(plain && at + p->floats <= v.n);
        gan_param_unpack(p, arena, plain);
        compare(t, name, plain, v.x + at, p->floats,
                absolute > 0 ? absolute : GRADIENT * largest(v.x + at, p->floats));
        free(plain);
        at += p->floats;
    }
    assert_int_equal(at, v.n);
    free(v.x);
}

/* The arena, and what flows through singular values. */
static void compare_gradient(const trial *t, int net)
{
    const gan_network *n = t->model->nets[net];
    float *grad = malloc((size_t)n->arena_floats * sizeof *grad);
    assert_non_null(grad);
    memcpy(grad, n->grad, (size_t)n->arena_floats * sizeof *grad);
    for (int i = 0; i < n->n_spectral; i++) {
        const gan_param *p = &n->params[n->spectral[i].weight];
        const float *v = n->spectral[i].outer, *u = v + p->dims[0];
        for (int64_t e = 0; e < p->floats; e++)
            grad[p->offset + gan_panel_at(p->dims[0], p->dims[1], e / p->dims[1], e % p->dims[1])] +=
                v[e / p->dims[1]] * u[e % p->dims[1]];
    }
    compare_arena(t, "gradient", net, false, grad, 0);
    free(grad);
}

static void compare_noise(const trial *t)
{
    values v = read_values(t->group, "noise");
    int64_t n = v.n / t->n_noise;
    for (int i = 0; i < t->n_noise; i++) /* the same double, rounded once: at most the last bit may differ */
        compare(t, "noise", gan_plan_value(t->plan, t->noise[i]), v.x + i * n, n, 3e-7);
    free(v.x);
}

static void compare_metrics(const trial *t, const values *metrics, const values *norms)
{
    int64_t step = t->run.step;
    float norm[2];
    assert_int_equal(t->step->n_metrics * STEPS, metrics->n);
    compare(t, "loss_d, d_real, d_fake, loss_g", t->step->metrics, metrics->x + step * t->step->n_metrics,
            t->step->n_metrics, TEN_STEPS);
    for (int i = 0; i < 2; i++) norm[i] = (float)gan_optimizer_gradient_norm(t->model->opts[i]);
    compare(t, "gradient norm", norm, norms->x + 2 * step, 2,
            TEN_STEPS * fmax(1, largest(norms->x + 2 * step, 2)));
}

/* How far weights may be off after the last step. */
static double weight_bound(const trial *t, int net)
{
    const char *name = t->model->nets[net]->name;
    bool adam = strcmp(gan_config_text(t->cfg, name, "optimizer"), "adam") == 0;
    return adam ? ADAM_STEP * gan_config_real(t->cfg, name, "learning_rate") * STEPS : TEN_STEPS;
}

static void run_trial(const char *name, const gan_kernels *k, int64_t shards)
{
    trial t;
    trial_open(&t, name, k, shards);
    values metrics = read_values(t.group, "metrics"), norms = read_values(t.group, "norms");
    for (t.run.step = 0; t.run.step < STEPS; t.run.step++) {
        EXPECT_OK(gan_exec(t.plan, &t.run, NULL));
        compare_metrics(&t, &metrics, &norms);
        if (t.run.step > 0) continue;
        compare_noise(&t);
        for (int i = 0; i < 2; i++) compare_gradient(&t, i);
    }
    for (int i = 0; i < 2; i++)
        compare_arena(&t, "final", i, false, t.model->nets[i]->w, weight_bound(&t, i));
    for (int i = 0; i < 2; i++)
        if (i == 0 || t.model->nets[i]->n_spectral)
            compare_arena(&t, "states", i, true, t.model->nets[i]->w, TEN_STEPS);
    if (t.model->nets[0]->ema)
        compare_arena(&t, "average", 0, false, t.model->nets[0]->ema, weight_bound(&t, 0));
    free(metrics.x);
    free(norms.x);
    trial_close(&t);
}

/* ---- the tests ------------------------------------------------------------------------------------------------ */

static void case_agrees(void **state)
{
    static const int64_t shards[] = {1, 4, 16};
    for (int i = 0; i < gan_kernels_count(); i++)
        for (int s = 0; s < 3; s++) run_trial(*state, gan_kernels_get(i), shards[s]);
}

static int group_setup(void **state)
{
    if (scratch_make(state) != 0 || MPI_Init(NULL, NULL) != MPI_SUCCESS) return -1;
    if (gan_comm_open(&comm, MPI_COMM_WORLD) != GAN_OK) return -1;
    if ((golden = H5Fopen(GOLDEN, H5F_ACC_RDONLY, H5P_DEFAULT)) < 0) return -1;
    return 0;
}

static int group_teardown(void **state)
{
    H5Fclose(golden);
    gan_comm_close(comm);
    MPI_Finalize();
    return scratch_remove(state);
}

#define CASE(sym)                                                                                            \
    {                                                                                                        \
#sym, case_agrees, scratch_before, scratch_after, #sym                                               \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(adam_non_saturating),     CASE(adam_minimax),
                                       CASE(momentum_non_saturating), CASE(momentum_minimax),
                                       CASE(rmsprop_three_d_steps),   CASE(batch_norm_and_maxout),
                                       CASE(dcgan),                   CASE(blocks_3x3),
                                       CASE(spectral)};
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
