/* Whole training steps against PyTorch: from the same initial weights and data, gan_mpi's step programs must give the
 * gradients of the first step, the metrics of all, and the weights, batch statistics or singular vectors, and averages
 * after them.
 *
 * The independent source are the files golden/NAME.h5, made by golden/make_NAME.py with PyTorch in double precision; the
 * noise there is made anew as well, by numpy's Philox and Python's normal quantile. A file brings its own job texts, and what
 * of the above it has is compared (golden/README.md). Every case runs with every kernel table of this processor, and with the best
 * one with 1, 4 and 16 shards, or those that it names.
 *
 * Bounds. A float has 6e-8 of relative rounding and a gradient is a sum of some hundred products: a gradient's elements
 * must agree to 1e-5 of the array's largest (5e-6 was seen, in the generator, whose gradient comes after a step of the
 * discriminator) or, where products of size 1 cancel, to 1e-7 (4e-8 was seen in the bias of a last layer), metrics, momentum and RMSProp weights after ten steps to 2e-5 absolutely (7e-6 was seen), norms to 2e-5 of the larger. Adam divides
 * by the root of its second moment, so where a gradient is near 0 its rounding error counts as much as the gradient:
 * weights must agree to a thousandth of all the steps, 1e-4 here (less than 3e-5 was seen). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "gan/system.h"

#include <glob.h>
#include <hdf5.h>
#include <math.h>

#define GOLDEN "tests/golden/*.h5"

enum { MAX_NOISE = 16, MAX_CASES = 128, NAME = 96 };
static const double GRADIENT = 1e-5, CANCELLED = 1e-7, TEN_STEPS = 2e-5, ADAM_STEP = 1e-3;

static gan_comm *comm;

/* A case: a group of one of the files. */
typedef struct golden_case {
    const char *path;
    char name[NAME];
} golden_case;

static golden_case cases[MAX_CASES];
static int n_cases;

/* ---- the golden file ----------------------------------------------------------------------------------------- */

typedef struct values {
    int64_t n, rows; /* numbers in all; first dimension */
    int n_dims;
    hsize_t dims[GAN_MAX_DIMS];
    float *x;
} values;

static bool has(hid_t group, const char *name)
{
    return H5Lexists(group, name, H5P_DEFAULT) > 0;
}

static values read_values(hid_t from, const char *name)
{
    hid_t d = H5Dopen2(from, name, H5P_DEFAULT);
    if (d < 0) fail_msg("a golden file has no %s", name);
    hid_t space = H5Dget_space(d);
    values v = {.n = H5Sget_simple_extent_npoints(space)};
    v.n_dims = H5Sget_simple_extent_dims(space, v.dims, NULL);
    v.rows = (int64_t)v.dims[0];
    v.x = malloc((size_t)v.n * sizeof *v.x + 1);
    assert_non_null(v.x);
    assert_true(H5Dread(d, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, v.x) >= 0);
    H5Sclose(space);
    H5Dclose(d);
    return v;
}

/* An attribute's text; `fallback` where there is none. */
static void read_text(hid_t group, const char *name, const char *fallback, char *text, size_t room)
{
    memset(text, 0, room);
    strncpy(text, fallback, room - 1);
    if (H5Aexists(group, name) <= 0) return;
    memset(text, 0, room);
    hid_t a = H5Aopen(group, name, H5P_DEFAULT), type = H5Aget_type(a);
    size_t n = H5Tget_size(type);
    assert_true(a >= 0 && n < room);
    assert_true(H5Aread(a, type, text) >= 0);
    H5Tclose(type);
    H5Aclose(a);
}

/* So that the stream's first epoch has the golden samples in their order. */
static void permute_back(values *x, uint64_t seed)
{
    const int64_t floats = x->n / x->rows;
    float *rows = malloc((size_t)x->n * sizeof *rows);
    assert_non_null(rows);
    for (int64_t i = 0; i < x->rows; i++)
        memcpy(rows + floats * gan_permute(seed, 0, x->rows, i), x->x + floats * i, (size_t)floats * sizeof *rows);
    free(x->x);
    x->x = rows;
}

/* The golden samples as a dataset file; its range is the one that the job asks for, so they are read unscaled. */
static void write_dataset(const char *path, const values *x)
{
    hsize_t two = 2;
    const float range[2] = {-1, 1};
    hid_t f = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate_simple(x->n_dims, x->dims, NULL), pair = H5Screate_simple(1, &two, NULL);
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
    char title[160]; /* "adam_minimax, avx2, 4 shards" */
    hid_t file, group;
    int64_t steps;
    gan_config *cfg;
    gan_source *source;
    gan_model *model;
    gan_step *step;
    gan_plan *plan;
    gan_run run;
    gan_id noise[MAX_NOISE];
    int n_noise;
} trial;

/* Draws of the noise alone: rows as long as z. */
static bool is_noise(const trial *t, gan_id i)
{
    const gan_node *n = gan_graph_node(t->step->graph, i);
    return strcmp(n->op->name, "random") == 0 && n->p.random.purpose == GAN_RNG_NOISE &&
           n->form.dims[1] == gan_config_int(t->cfg, "noise", "size");
}

static void find_noise(trial *t)
{
    t->n_noise = 0;
    for (gan_id i = 0; i < gan_graph_count(t->step->graph); i++)
        if (is_noise(t, i) && t->n_noise < MAX_NOISE) t->noise[t->n_noise++] = i;
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

/* The case's labels or attributes, beside the samples and in their order. */
static void write_condition(const trial *t, const char *path, const char *name, uint64_t seed)
{
    if (!has(t->group, name)) return;
    values c = read_values(t->group, name);
    permute_back(&c, seed);
    hid_t f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), space = H5Screate_simple(c.n_dims, c.dims, NULL);
    hid_t d = H5Dcreate2(f, name, c.n_dims == 1 ? H5T_STD_U8LE : H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(d, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, c.x) >= 0);
    H5Dclose(d);
    H5Sclose(space);
    assert_true(H5Fclose(f) >= 0);
    free(c.x);
}

static void open_data(trial *t, const gan_kernels *k, uint64_t seed)
{
    values x = read_values(t->group, "data");
    permute_back(&x, seed);
    write_dataset(scratch("data.h5"), &x);
    free(x.x);
    write_condition(t, scratch("data.h5"), "labels", seed);
    write_condition(t, scratch("data.h5"), "attributes", seed);
    EXPECT_OK(gan_source_open_conditioned(&t->source, comm, k, scratch("data.h5"), -1, 1, seed,
                                          (gan_condition_kind)gan_config_choice(t->cfg, "data", "condition")));
}

static void open_model(trial *t)
{
    const gan_source_info *info = gan_source_describe(t->source);
    gan_sample_shape shape = {.n_dims = info->n_dims, .condition = info->condition};
    for (int i = 0; i < info->n_dims; i++) shape.dims[i] = info->dims[i];
    EXPECT_OK(gan_model_new(&t->model, t->cfg, &shape));
    EXPECT_OK(gan_model_alloc(t->model));
    for (int i = 0; i < t->model->n_nets; i++) {
        set_from(t, "initial", i, false);
        if (t->model->nets[i]->n_spectral) set_from(t, "initial_states", i, true);
    }
}

static void trial_open(trial *t, const golden_case *c, const gan_kernels *k, int64_t shards)
{
    char job[4096];
    *t = (trial){.file = H5Fopen(c->path, H5F_ACC_RDONLY, H5P_DEFAULT)};
    t->group = H5Gopen2(t->file, c->name, H5P_DEFAULT);
    snprintf(t->title, sizeof t->title, "%s, %s, %d shards", c->name, k->name, (int)shards);
    read_text(t->group, "job", "", job, sizeof job);
    EXPECT_OK(gan_config_parse(&t->cfg, c->name, job, (int64_t)strlen(job), NULL, 0, gan_system_networks));
    t->steps = gan_config_int(t->cfg, "train", "steps");
    uint64_t seed = (uint64_t)gan_config_int(t->cfg, "run", "seed");
    open_data(t, k, seed);
    open_model(t);
    EXPECT_OK(gan_step_new(&t->step, t->model, t->source, gan_config_int(t->cfg, "train", "batch"), shards, 1));
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
    H5Fclose(t->file);
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
                     (int)t->run.step + (t->run.step < t->steps), what, (int)i, (double)got[i],
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
                absolute > 0 ? absolute : fmax(CANCELLED, GRADIENT * largest(v.x + at, p->floats)));
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
    if (!has(t->group, "noise")) return;
    values v = read_values(t->group, "noise");
    int64_t n = v.n / t->n_noise;
    assert_int_equal(v.rows, t->n_noise);
    for (int i = 0; i < t->n_noise; i++) /* the same double, rounded once: at most the last bit may differ */
        compare(t, "noise", gan_plan_value(t->plan, t->noise[i]), v.x + i * n, n, 3e-7);
    free(v.x);
}

static float metric(const trial *t, const char *name)
{
    for (int i = 0; i < t->step->n_metrics; i++)
        if (strcmp(t->step->metric_names[i], name) == 0) return t->step->metrics[i];
    fail_msg("%s: no metric %s", t->title, name);
    return 0;
}

/* Those that the file has, by name. */
static void compare_metrics(const trial *t)
{
    char names[512];
    read_text(t->group, "metric_names", "loss_d,d_real,d_fake,loss_g", names, sizeof names);
    values v = read_values(t->group, "metrics");
    int64_t at = t->run.step * v.n / v.rows;
    assert_int_equal(v.rows, t->steps);
    for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
        float got = metric(t, name);
        compare(t, name, &got, v.x + at++, 1, TEN_STEPS);
    }
    free(v.x);
}

static void compare_norms(const trial *t)
{
    const int n = t->model->n_nets;
    if (!has(t->group, "norms")) return;
    values v = read_values(t->group, "norms");
    const float *wanted = v.x + n * t->run.step;
    assert_int_equal(v.n, n * t->steps);
    for (int i = 0; i < n; i++) {
        float got = (float)gan_optimizer_gradient_norm(t->model->opts[i]);
        compare(t, "gradient norm", &got, wanted + i, 1, TEN_STEPS * fmax(1, largest(wanted, n)));
    }
    free(v.x);
}

/* How far weights may be off after the last step. */
static double weight_bound(const trial *t, int net)
{
    const char *name = t->model->nets[net]->name;
    bool adam = strcmp(gan_config_text(t->cfg, name, "optimizer"), "adam") == 0;
    return adam ? ADAM_STEP * gan_config_real(t->cfg, name, "learning_rate") * (double)t->steps : TEN_STEPS;
}

static bool has_of(const trial *t, const char *what, int net)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%s", what, t->model->nets[net]->name);
    return has(t->group, name);
}

static void compare_after(const trial *t)
{
    for (int i = 0; i < t->model->n_nets; i++) {
        const gan_network *net = t->model->nets[i];
        compare_arena(t, "final", i, false, net->w, weight_bound(t, i));
        if (has_of(t, "states", i)) compare_arena(t, "states", i, true, net->w, TEN_STEPS);
        if (net->ema) compare_arena(t, "average", i, false, net->ema, weight_bound(t, i));
    }
}

static void run_trial(const golden_case *c, const gan_kernels *k, int64_t shards)
{
    trial t;
    trial_open(&t, c, k, shards);
    for (t.run.step = 0; t.run.step < t.steps; t.run.step++) {
        EXPECT_OK(gan_exec(t.plan, &t.run, NULL));
        compare_metrics(&t);
        compare_norms(&t);
        if (t.run.step > 0) continue;
        compare_noise(&t);
        for (int i = 0; i < t.model->n_nets; i++) compare_gradient(&t, i);
    }
    compare_after(&t);
    trial_close(&t);
}

/* ---- the tests ------------------------------------------------------------------------------------------------ */

/* Attribute `shards`: "1,4" where a case cannot have all (packs, statistics over shards). */
static void case_agrees(void **state)
{
    const golden_case *c = *state;
    char shards[64];
    hid_t file = H5Fopen(c->path, H5F_ACC_RDONLY, H5P_DEFAULT), group = H5Gopen2(file, c->name, H5P_DEFAULT);
    read_text(group, "shards", "1,4,16", shards, sizeof shards);
    H5Gclose(group);
    H5Fclose(file);
    const int best = gan_kernels_count() - 1;
    for (int i = 0; i < best; i++) run_trial(c, gan_kernels_get(i), atoll(shards));
    for (char *n = shards; *n; n += strcspn(n, ","), n += *n == ',') run_trial(c, gan_kernels_get(best), atoll(n));
}

static herr_t add_case(hid_t file, const char *name, const H5L_info_t *info, void *path)
{
    (void)file, (void)info;
    assert_true(n_cases < MAX_CASES);
    cases[n_cases].path = path;
    snprintf(cases[n_cases++].name, NAME, "%s", name);
    return 0;
}

static void find_cases(const glob_t *files)
{
    for (size_t i = 0; i < files->gl_pathc; i++) {
        hid_t f = H5Fopen(files->gl_pathv[i], H5F_ACC_RDONLY, H5P_DEFAULT);
        assert_true(f >= 0 && H5Literate(f, H5_INDEX_NAME, H5_ITER_INC, NULL, add_case, files->gl_pathv[i]) >= 0);
        H5Fclose(f);
    }
}

static int group_setup(void **state)
{
    if (scratch_make(state) != 0 || MPI_Init(NULL, NULL) != MPI_SUCCESS) return -1;
    return gan_comm_open(&comm, MPI_COMM_WORLD) == GAN_OK ? 0 : -1;
}

static int group_teardown(void **state)
{
    gan_comm_close(comm);
    MPI_Finalize();
    return scratch_remove(state);
}

int main(void)
{
    struct CMUnitTest tests[MAX_CASES];
    glob_t files;
    if (glob(GOLDEN, 0, NULL, &files) != 0) {
        printf("no %s: run from the root of the repository\n", GOLDEN);
        return 1;
    }
    find_cases(&files);
    for (int i = 0; i < n_cases; i++)
        tests[i] = (struct CMUnitTest){cases[i].name, case_agrees, scratch_before, scratch_after, &cases[i]};
    int failures = _cmocka_run_group_tests("golden", tests, (size_t)n_cases, group_setup, group_teardown);
    globfree(&files);
    return failures;
}
