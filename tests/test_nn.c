/* Networks from layer descriptions: the shapes and parameters that each kind of layer declares, the texts of everything that
 * can be wrong with its arguments, the distribution of initial weights (against the papers' formulas: Glorot and Bengio
 * 2010, He et al. 2015) and their independence of other layers, the arena's layout. Values are in test_layers.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nn_test.h"

#include <math.h>

static const gan_sample_shape vector70 = {1, {70}}, image = {3, {4, 6, 2}};

/* ---- shapes and parameters ---------------------------------------------------------------------------------------- */

typedef struct shape_row {
    const char *layers;
    const gan_sample_shape *in;
    gan_sample_shape out;
    const char *params; /* "dense1/weight 70x5 dense1/bias 5"; states in brackets */
    int64_t trained;
    bool couples;
} shape_row;

/* clang-format off */
static const shape_row shape_rows[] = {
    {"dense 5", &vector70, {1, {5}}, "dense1/weight 70x5 dense1/bias 5", 355, false},
    {"dense 5 bias=no", &vector70, {1, {5}}, "dense1/weight 70x5", 350, false},
    {"dense units=5 bias=no", &image, {1, {5}}, "dense1/weight 48x5", 240, false},
    {"dense 5 he_normal 2 no", &vector70, {1, {5}}, "dense1/weight 70x5", 350, false},
    {"maxout 4", &vector70, {1, {4}}, "maxout1/weight 70x20 maxout1/bias 20", 1420, false},
    {"maxout 4 3", &vector70, {1, {4}}, "maxout1/weight 70x12 maxout1/bias 12", 852, false},
    {"maxout pieces=2 units=4", &vector70, {1, {4}}, "maxout1/weight 70x8 maxout1/bias 8", 568, false},
    {"relu", &image, {3, {4, 6, 2}}, "", 0, false},
    {"leaky_relu", &image, {3, {4, 6, 2}}, "", 0, false},
    {"leaky_relu 0.1", &vector70, {1, {70}}, "", 0, false},
    {"scale 0.25", &image, {3, {4, 6, 2}}, "", 0, false},
    {"tanh", &vector70, {1, {70}}, "", 0, false},
    {"sigmoid", &vector70, {1, {70}}, "", 0, false},
    {"softplus", &vector70, {1, {70}}, "", 0, false},
    {"dropout 0.3", &image, {3, {4, 6, 2}}, "", 0, false},
    {"batch_norm", &vector70, {1, {70}},
     "batch_norm1/gamma 70 batch_norm1/beta 70 [batch_norm1/running_mean 70] [batch_norm1/running_variance 70]", 140, true},
    {"batch_norm shard", &vector70, {1, {70}},
     "batch_norm1/gamma 70 batch_norm1/beta 70 [batch_norm1/running_mean 70] [batch_norm1/running_variance 70]", 140, true},
    {"batch_norm", &image, {3, {4, 6, 2}},
     "batch_norm1/gamma 2 batch_norm1/beta 2 [batch_norm1/running_mean 2] [batch_norm1/running_variance 2]", 4, true},
    {"virtual_batch_norm", &image, {3, {4, 6, 2}},
     "virtual_batch_norm1/gamma 2 virtual_batch_norm1/beta 2 [virtual_batch_norm1/reference_mean 2] [virtual_batch_norm1/reference_variance 2]", 4, false},
    {"instance_norm", &image, {3, {4, 6, 2}}, "instance_norm1/gamma 2 instance_norm1/beta 2", 4, false},
    {"layer_norm", &image, {3, {4, 6, 2}}, "layer_norm1/gamma 2 layer_norm1/beta 2", 4, false},
    {"layer_norm", &vector70, {1, {70}}, "layer_norm1/gamma 70 layer_norm1/beta 70", 140, false},
    {"minibatch_discrimination 6", &vector70, {1, {76}}, "minibatch_discrimination1/weight 70x30", 2100, true},
    {"minibatch_discrimination 4 dims=2 scope=shard", &image, {1, {52}}, "minibatch_discrimination1/weight 48x8", 384, true},
    {"max_pool", &image, {3, {2, 3, 2}}, "", 0, false},
    {"max_pool 3 1", &image, {3, {2, 4, 2}}, "", 0, false},
    {"avg_pool 3 stride=2 padding=1", &image, {3, {2, 3, 2}}, "", 0, false},
    {"upsample", &image, {3, {8, 12, 2}}, "", 0, false},
    {"upsample 3 bilinear", &image, {3, {12, 18, 2}}, "", 0, false},
    {"conv 5 3", &image, {3, {2, 4, 5}}, "conv1/weight 18x5 conv1/bias 5", 95, false},
    {"conv 5 3 padding=1 bias=no", &image, {3, {4, 6, 5}}, "conv1/weight 18x5", 90, false},
    {"conv 5 4 2 1 bias=no", &image, {3, {2, 3, 5}}, "conv1/weight 32x5", 160, false},
    {"conv 5 3 2", &image, {3, {1, 2, 5}}, "conv1/weight 18x5 conv1/bias 5", 95, false},
    {"conv_transpose 5 4 2 1 bias=no", &image, {3, {8, 12, 5}}, "conv_transpose1/weight 80x2", 160, false},
    {"conv_transpose 5 4", &image, {3, {7, 9, 5}}, "conv_transpose1/weight 80x2 conv_transpose1/bias 5", 165, false},
    {"dense 5 spectral=yes", &vector70, {1, {5}}, "dense1/weight 70x5 dense1/bias 5 [dense1/spectral_u 5]", 355, false},
    {"conv 5 4 2 1 bias=no spectral=yes", &image, {3, {2, 3, 5}}, "conv1/weight 32x5 [conv1/spectral_u 5]", 160, false},
    {"conv_transpose 5 4 spectral=yes", &image, {3, {7, 9, 5}},
     "conv_transpose1/weight 80x2 conv_transpose1/bias 5 [conv_transpose1/spectral_u 2]", 165, false},
    {"reshape 7 5 2", &vector70, {3, {7, 5, 2}}, "", 0, false},
    {"reshape 7 5 2, flatten", &vector70, {1, {70}}, "", 0, false},
    {"flatten", &image, {1, {48}}, "", 0, false},
    {"dense 8, relu, dense 8, relu, maxout 3 2, dense 1", &vector70, {1, {1}},
     "dense1/weight 70x8 dense1/bias 8 dense2/weight 8x8 dense2/bias 8 maxout1/weight 8x6 maxout1/bias 6 "
     "dense3/weight 3x1 dense3/bias 1", 568 + 72 + 54 + 4, false},
};
/* clang-format on */

/* The parameters as a text like that of the table. */
static void params_text(const gan_network *net, char *text, size_t room)
{
    size_t at = 0;
    text[0] = '\0';
    for (int i = 0; i < net->n_params; i++) {
        const gan_param *p = &net->params[i];
        char dims[64];
        if (p->n_dims == 2)
            snprintf(dims, sizeof dims, "%dx%d", (int)p->dims[0], (int)p->dims[1]);
        else
            snprintf(dims, sizeof dims, "%d", (int)p->dims[0]);
        at += (size_t)snprintf(text + at, room - at, "%s%s%s %s%s", i ? " " : "", p->state ? "[" : "",
                               p->name, dims, p->state ? "]" : "");
    }
}

static void check_shapes(const shape_row *row)
{
    char params[512];
    small_net n = net_open(row->layers, "", *row->in);
    params_text(n.net, params, sizeof params);
    if (strcmp(params, row->params) != 0) fail_msg("%s: has %s, wanted %s", row->layers, params, row->params);
    if (n.net->out.n_dims != row->out.n_dims ||
        gan_sample_floats(&n.net->out) != gan_sample_floats(&row->out) ||
        memcmp(n.net->out.dims, row->out.dims, (size_t)row->out.n_dims * sizeof row->out.dims[0]) != 0)
        fail_msg("%s: another shape", row->layers);
    if (gan_network_trained(n.net) != row->trained)
        fail_msg("%s: %d trained, wanted %d", row->layers, (int)gan_network_trained(n.net),
                 (int)row->trained);
    assert_int_equal(n.net->couples, row->couples);
    net_close(&n);
}

static void shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shape_rows / sizeof shape_rows[0]; i++) check_shapes(&shape_rows[i]);
}

/* Trained parameters first, then states; each at a multiple of 16 floats; nothing overlaps; gaps are 0. */
static void arena_layout(void **state)
{
    (void)state;
    small_net n = net_open("dense 19, batch_norm, maxout 3 7, batch_norm shard, dense 17 bias=no",
                           "ema = 0.5", vector70);
    const gan_network *net = n.net;
    unsigned char *used = calloc((size_t)net->arena_floats, 1);
    assert_non_null(used);
    for (int i = 0; i < net->n_params; i++) {
        const gan_param *p = &net->params[i];
        assert_int_equal(p->offset % 16, 0);
        assert_true(p->state ? p->offset >= net->trained_floats
                             : p->offset + p->floats <= net->trained_floats);
        assert_true(p->offset + p->floats <= net->arena_floats);
        for (int64_t k = 0; k < p->floats; k++) assert_int_equal(used[p->offset + k]++, 0);
    }
    for (int64_t k = 0; k < net->arena_floats; k++) {
        if (!used[k]) assert_true(net->w[k] == 0);
        assert_true(net->ema[k] == net->w[k] && net->grad[k] == 0);
    }
    free(used);
    net_close(&n);
}

/* Widths around the panel's 16: packing and unpacking are inverse, and place W[k,m] where the kernels look for it. */
static void packing(void **state)
{
    static const int widths[] = {1, 2, 15, 16, 17, 31, 32, 33, 50};
    (void)state;
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        char layers[64];
        snprintf(layers, sizeof layers, "dense %d", widths[i]);
        small_net n = net_open(layers, "", vector70);
        const gan_param *p = &n.net->params[0];
        float plain[70 * 50], again[70 * 50];
        for (int k = 0; k < p->floats; k++) plain[k] = (float)k + 0.5f;
        gan_param_pack(p, plain, n.net->w);
        for (int64_t k = 0; k < 70; k++)
            for (int64_t m = 0; m < widths[i]; m++)
                assert_true(n.net->w[p->offset + gan_panel_at(70, widths[i], k, m)] ==
                            plain[k * widths[i] + m]);
        gan_param_unpack(p, n.net->w, again);
        assert_memory_equal(plain, again, (size_t)p->floats * sizeof *plain);
        net_close(&n);
    }
}

/* ---- what can be wrong ---------------------------------------------------------------------------------------------- */

typedef struct error_row {
    const char *layers;
    gan_status status;
    const char *parts[4];
} error_row;

/* clang-format off */
static const error_row error_rows[] = {
    {"dens 5", GAN_ECONFIG, {"job.ini:6: generator: unknown layer \"dens\"; did you mean dense?", "--layers"}},
    {"leakyrelu 0.2", GAN_ECONFIG, {"\"leakyrelu\"", "did you mean leaky_relu?"}},
    {"convolution 64", GAN_ECONFIG, {"unknown layer \"convolution\";", "gan_mpi config --layers"}},
    {"dense 5, dense", GAN_ECONFIG, {"job.ini:6: generator: dense", "argument units is missing", "outputs"}},
    {"maxout", GAN_ECONFIG, {"maxout", "units is missing"}},
    {"reshape 7 5", GAN_ECONFIG, {"reshape", "channels is missing"}},
    {"dense 5 units=6", GAN_ECONFIG, {"dense: argument units is given twice"}},
    {"dense units=6 5", GAN_ECONFIG, {"dense: argument units is given twice"}},
    {"dense 5 normal 0.1 no no 3", GAN_ECONFIG, {"takes at most 5 arguments", "\"3\" is one too many"}},
    {"relu 3", GAN_ECONFIG, {"relu takes no arguments, got \"3\""}},
    {"relu slope=3", GAN_ECONFIG, {"relu takes no arguments, got \"slope\""}},
    {"dense 5 unit=6", GAN_ECONFIG, {"dense has no argument \"unit\"", "did you mean units?"}},
    {"dropout p=0.5", GAN_ECONFIG, {"dropout has no argument \"p\"", "did you mean rate?"}},
    {"dense 0", GAN_ECONFIG, {"job.ini:6: generator: dense units: \"0\" is out of range", "1 to 1e9"}},
    {"dense -3", GAN_ECONFIG, {"out of range", "1 to 1e9"}},
    {"dense many", GAN_ECONFIG, {"\"many\"", "not a whole number"}},
    {"dense 2.5", GAN_ECONFIG, {"\"2.5\"", "not a whole number"}},
    {"dense 5 init=xavier_unifrom", GAN_ECONFIG, {"\"xavier_unifrom\"", "did you mean xavier_uniform"}},
    {"dense 5 bias=maybe", GAN_ECONFIG, {"\"maybe\"", "neither yes nor no"}},
    {"dense 5 init_scale=-1", GAN_ECONFIG, {"\"-1\"", "out of range"}},
    {"dropout 1", GAN_ECONFIG, {"dropout", "out of range", "0 to 0.99"}},
    {"leaky_relu 2", GAN_ECONFIG, {"leaky_relu", "out of range", "0 to 1"}},
    {"batch_norm global", GAN_ECONFIG, {"\"global\"", "batch", "shard"}},
    {"batch_norm epsilon=0", GAN_ECONFIG, {"epsilon", "out of range"}},
    {"dense 50, reshape 7 5 2", GAN_ESHAPE, {"generator.reshape1 (job.ini:6)", "got 50", "7x5x2 has 70 values, not 50"}},
    {"dense 500000000", GAN_ESHAPE, {"generator.dense1 (job.ini:6)", "got 70", "70 inputs x 500000000 outputs are more weights than 2147483647"}},
    {"max_pool", GAN_ESHAPE, {"generator.max_pool1 (job.ini:6)", "got 70", "wanted an image"}},
    {"reshape 7 5 2, avg_pool 6", GAN_ESHAPE, {"generator.avg_pool1", "got 7x5x2", "a window of 6 pixels is larger"}},
    {"reshape 7 5 2, max_pool 3 padding=2", GAN_ESHAPE, {"generator.max_pool1", "padding is at most half of the kernel, 1"}},
    {"upsample", GAN_ESHAPE, {"generator.upsample1", "wanted an image"}},
    {"instance_norm", GAN_ESHAPE, {"generator.instance_norm1", "wanted an image"}},
    {"conv 4 3", GAN_ESHAPE, {"generator.conv1 (job.ini:6)", "got 70", "wanted an image", "reshape H W C"}},
    {"reshape 7 5 2, conv 4 8", GAN_ESHAPE, {"generator.conv1", "got 7x5x2", "a kernel of 8x8 is larger than the image with its padding, 7x5", "with its padding, 7"}},
    {"reshape 7 5 2, conv_transpose 4 2 1 5", GAN_ESHAPE, {"generator.conv_transpose1", "(7 - 1) * 1 - 2 * 5 + 2 pixels"}},
    {"conv 4", GAN_ECONFIG, {"conv", "kernel is missing"}},
    {"maxout 5000000 1000", GAN_ESHAPE, {"generator.maxout1", "units * pieces is too large"}},
};
/* clang-format on */

static void errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof error_rows / sizeof error_rows[0]; i++) {
        const error_row *row = &error_rows[i];
        const char *parts[5] = {row->parts[0], row->parts[1], row->parts[2], row->parts[3], NULL};
        gan_config *cfg = config_with(row->layers, "");
        gan_network *net;
        print_message("%s\n", row->layers);
        gan_status s = gan_network_new(&net, cfg, "generator", &vector70);
        assert_null(net);
        expect_failure(s, row->status, parts);
        gan_config_free(cfg);
    }
}

static void memory_fails(void **state)
{
    (void)state;
    gan_config *cfg = config_with("dense 8 spectral=yes, batch_norm, maxout 4, dropout 0.1", "ema = 0.9");
    gan_status s = GAN_ENOMEM;
    int64_t k;
    for (k = 1; s != GAN_OK; k++) {
        gan_network *net;
        gan_mem_fail_at(k);
        s = gan_network_new(&net, cfg, "generator", &vector70);
        assert_true((s == GAN_OK) == (net != NULL));
        if (net) s = gan_network_alloc(net);
        if (s == GAN_OK) s = gan_network_init(net, 1);
        gan_network_free(net);
        if (s != GAN_OK) EXPECT_FAILURE(s, GAN_ENOMEM, "memory");
    }
    gan_mem_fail_at(0);
    assert_true(k > 20);
    gan_config_free(cfg);
}

/* ---- initial values --------------------------------------------------------------------------------------------------- */

typedef struct init_row {
    const char *layer, *keys;
    bool normal;
    double spread; /* standard deviation, or half width */
} init_row;

/* Of a weight matrix [70, 400]. Glorot: variance 2 / (in + out); He: 2 / in; a uniform of half width a has variance a^2/3. */
/* clang-format off */
static const init_row init_rows[] = {
    {"dense 400", "", false, 0.1129865},                                    /* sqrt(6 / 470) */
    {"dense 400", "init = xavier_normal", true, 0.0652328},                 /* sqrt(2 / 470) */
    {"dense 400", "init = he_normal", true, 0.1690309},                     /* sqrt(2 / 70) */
    {"dense 400", "init = he_uniform", false, 0.2927700},                   /* sqrt(6 / 70) */
    {"dense 400", "init = normal", true, 0.02},
    {"dense 400", "init = uniform", false, 0.05},
    {"dense 400", "init = normal\ninit_scale = 0.5", true, 0.5},
    {"dense 400", "init = he_normal\ninit_scale = 0.5", true, 0.08451543},
    {"dense 400 init=uniform", "init = normal", false, 0.05},               /* the layer's own counts */
    {"dense 400 init=uniform init_scale=0.3", "init_scale = 7", false, 0.3},
    {"dense 400 init_scale=3", "init = normal\ninit_scale = 7", true, 3},
    {"maxout 80 5 init=normal", "", true, 0.02},
    {"maxout 80 5", "init = he_uniform", false, 0.2927700},
};
/* clang-format on */

/* 28000 values: mean, standard deviation and kurtosis within five standard errors; a uniform fills its range and stays inside. */
static void check_init(const init_row *row)
{
    small_net n = net_open(row->layer, row->keys, vector70);
    float *w = param_values(n.net, n.net->params[0].name);
    double count = (double)n.net->params[0].floats, std = row->normal ? row->spread : row->spread / sqrt(3);
    double mean = 0, square = 0, fourth = 0, most = 0;
    for (int64_t i = 0; i < n.net->params[0].floats; i++) {
        double x = (double)w[i] / std;
        mean += x / count, square += x * x / count, fourth += x * x * x * x / count,
            most = fmax(most, fabs(x));
    }
    double kurtosis = row->normal ? 3 : 1.8, error = sqrt(1 / count);
    if (fabs(mean) > 5 * error || fabs(square - 1) > 5 * error * sqrt(kurtosis - 1) ||
        fabs(fourth - kurtosis) > 5 * error * (row->normal ? sqrt(96) : 2.4))
        fail_msg("%s %s: mean %g, variance %g, kurtosis %g of the wanted deviation %g", row->layer, row->keys,
                 mean, square, fourth, std);
    if (!row->normal && !(most <= sqrt(3) * (1 + 1e-6) && most > sqrt(3) * 0.999))
        fail_msg("reaches %g", most);
    if (row->normal && !(most > 3.5 && most < 6)) fail_msg("reaches %g", most);
    for (int64_t i = 0; i < n.net->params[1].floats; i++)
        assert_true(n.net->w[n.net->params[1].offset + i] == 0); /* biases */
    free(w);
    net_close(&n);
}

static void initial_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof init_rows / sizeof init_rows[0]; i++) check_init(&init_rows[i]);
}

/* Products of all rows, or columns where those are fewer: gain^2 with themselves, 0 with each other; and not the same in all places. */
static void check_orthogonal(const char *layer, int64_t vectors, int64_t n, int64_t next, int64_t step)
{
    small_net net = net_open(layer, "init = orthogonal\ninit_scale = 1.5", vector70);
    float *w = param_values(net.net, net.net->params[0].name);
    for (int64_t a = 0; a < vectors; a++)
        for (int64_t b = 0; b < vectors; b++) {
            double product = 0;
            for (int64_t i = 0; i < n; i++) product += (double)w[a * next + i * step] * (double)w[b * next + i * step];
            if (fabs(product - (a == b ? 2.25 : 0)) > 1e-5) fail_msg("%s: %g of %d and %d", layer, product, (int)a, (int)b);
        }
    assert_true(fabsf(w[0] - w[1]) > 1e-4f && fabsf(w[0] - w[n]) > 1e-4f);
    free(w);
    net_close(&net);
}

static void initial_orthogonal(void **state)
{
    (void)state;
    check_orthogonal("dense 400", 70, 400, 400, 1);
    check_orthogonal("dense 30", 30, 70, 1, 30);
    check_orthogonal("dense 70", 70, 70, 1, 70);
}

static void initial_states(void **state)
{
    static const struct {
        const char *name;
        float value;
    } rows[] = {{"batch_norm1/gamma", 1},
                {"batch_norm1/beta", 0},
                {"batch_norm1/running_mean", 0},
                {"batch_norm1/running_variance", 1}};
    (void)state;
    small_net n = net_open("batch_norm", "", vector70);
    for (int i = 0; i < 4; i++) {
        float *x = param_values(n.net, rows[i].name);
        for (int k = 0; k < 70; k++) assert_true(x[k] == rows[i].value);
        free(x);
    }
    net_close(&n);
}

/* u of spectral normalisation: a direction, of length 1, another for another seed or layer. */
static void initial_directions(void **state)
{
    (void)state;
    small_net a = net_open("dense 30 spectral=yes", "", vector70), b = net_open("dense 30 spectral=yes", "", vector70);
    small_net c = net_open("dense 70, dense 30 spectral=yes, dense 1 spectral=yes", "", vector70);
    EXPECT_OK(gan_network_init(b.net, 12));
    float *u[] = {param_values(a.net, "dense1/spectral_u"), param_values(b.net, "dense1/spectral_u"),
                  param_values(c.net, "dense2/spectral_u"), param_values(c.net, "dense3/spectral_u")};
    double squares = 0;
    for (int i = 0; i < 30; i++) {
        squares += (double)u[0][i] * (double)u[0][i];
        assert_true(u[0][i] != u[1][i] && u[0][i] != u[2][i]);
    }
    assert_true(fabs(squares - 1) < 1e-6);
    assert_true(fabs((double)u[3][0]) == 1);
    for (int i = 0; i < 4; i++) free(u[i]);
    net_close(&a), net_close(&b), net_close(&c);
}

/* How many of the first 70x8 weights are the same in two networks. */
static int same_weights(const small_net *a, const char *in_a, const small_net *b, const char *in_b)
{
    float *x = param_values(a->net, in_a), *y = param_values(b->net, in_b);
    int same = 0;
    for (int i = 0; i < 70 * 8; i++) same += x[i] == y[i];
    free(x);
    free(y);
    return same;
}

/* A weight is a function of seed, network, layer name and place: not of other layers, their number or the panel layout. */
static void independence(void **state)
{
    (void)state;
    small_net a = net_open("dense 8", "", vector70);
    small_net b =
        net_open("dropout 0.2, batch_norm, dense 8, relu, dense 30, maxout 70 2", "ema = 0.9", vector70);
    small_net c = net_open("dense 70, dense 8", "", vector70);
    small_net d = {.cfg = config_with("dense 8", "")};
    EXPECT_OK(gan_network_new(&d.net, d.cfg, "discriminator", &vector70));
    EXPECT_OK(gan_network_alloc(d.net));
    EXPECT_OK(gan_network_init(d.net, 11));
    assert_int_equal(same_weights(&a, "dense1/weight", &b, "dense1/weight"), 70 * 8);
    assert_int_equal(same_weights(&a, "dense1/weight", &c, "dense2/weight"), 0); /* another name */
    assert_int_equal(same_weights(&a, "dense1/weight", &d, "dense1/weight"), 0); /* another network */
    EXPECT_OK(gan_network_init(b.net, 12));
    assert_int_equal(same_weights(&a, "dense1/weight", &b, "dense1/weight"), 0); /* another seed */
    EXPECT_OK(gan_network_init(b.net, 11));
    assert_int_equal(same_weights(&a, "dense1/weight", &b, "dense1/weight"), 70 * 8);
    net_close(&a);
    net_close(&b);
    net_close(&c);
    net_close(&d);
}

/* ---- for people --------------------------------------------------------------------------------------------------------- */

static void printing(void **state)
{
    static const char *const layers[] = {
#define GAN_LAYER(sym) #sym,
#include "../src/nn/layers.def"
#undef GAN_LAYER
    };
    char text[16384] = "\n";
    (void)state;
    FILE *f = fmemopen(text + 1, sizeof text - 2, "w");
    assert_non_null(f);
    gan_layers_manual(f);
    fclose(f);
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        char line[64];
        snprintf(line, sizeof line, "\n%s", layers[i]);
        if (!strstr(text, line)) fail_msg("the manual has no layer %s", layers[i]);
    }
    small_net n = net_open("dense 8, batch_norm, relu, dense 3", "", vector70);
    f = fmemopen(memset(text, 0, sizeof text), sizeof text - 1, "w");
    assert_non_null(f);
    gan_network_print(n.net, f);
    fclose(f);
    static const char *const parts[] = {"generator: 611 parameters, input 70", "generator.dense1 (job.ini:6)",
                                        "generator.batch_norm1 (job.ini:6)", "generator.dense2 (job.ini:6)"};
    for (int i = 0; i < 4; i++)
        if (!strstr(text, parts[i])) fail_msg("no \"%s\" in:\n%s", parts[i], text);
    net_close(&n);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_before, scratch_after)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(shapes),         TEST(arena_layout), TEST(packing),
                                       TEST(errors),         TEST(memory_fails), TEST(initial_values), TEST(initial_orthogonal),
                                       TEST(initial_states), TEST(initial_directions), TEST(independence),
                                       TEST(printing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
