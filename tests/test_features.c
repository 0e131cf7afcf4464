/* A network as feature extractor: parts against the outputs of networks that end there (same names, so same weights), pooled by
 * loops written here; that a sample's features do not depend on its company; which layers are taken for a convolution's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nn_test.h"

#include "gan/features.h"

#include <math.h>

enum { B = 5, H = 14, W = 11, C = 2, MAX_LAYERS = 16, MAX = 4096 };

static const gan_sample_shape image = {3, {H, W, C}};

static const char layers_text[] = "conv 3 3, leaky_relu 0.2, " /* 12 x 9 x 3 */
                                  "conv 4 4 2 1 bias=no, batch_norm, leaky_relu 0.2, dropout 0.5, " /* 6 x 4 x 4 */
                                  "conv 5 3 2 1, " /* 3 x 2 x 5 */
                                  "dense 6, tanh, dense 1";

/* ---- the other way ----------------------------------------------------------------------------------------- */

/* out [B, layer's floats] of layer number `last`, from a network that ends with it. */
static void output_of(int last, const float *x, float *out)
{
    char text[sizeof layers_text];
    strcpy(text, layers_text);
    char *end = text;
    for (int i = 0; i <= last && end; i++) end = strchr(i ? end + 1 : end, ',');
    if (end) *end = '\0';
    small_net n = net_open(text, "", image);
    gan_graph *g;
    gan_plan *p;
    gan_id y;
    gan_form f = {.n_dims = 4, .dims = {B, H, W, C}, .dist = GAN_SHARDED};
    gan_run run = {.k = gan_kernels_get(0)};
    EXPECT_OK(gan_graph_new(&g, 1, 1));
    EXPECT_OK(gan_add_param(g, &f, (float *)(uintptr_t)x, NULL, 0, &y));
    EXPECT_OK(gan_network_bind(n.net, g, n.net->w, -1));
    EXPECT_OK(gan_network_apply(n.net, g, y, GAN_SAMPLING, &y));
    EXPECT_OK(gan_plan_build(&p, g, &y, 1));
    EXPECT_OK(gan_exec(p, &run, NULL));
    memcpy(out, gan_plan_value(p, y), (size_t)(B * gan_sample_floats(&n.net->out)) * sizeof *out);
    gan_plan_free(p);
    gan_graph_free(g);
    net_close(&n);
}

static int grid(int pixels)
{
    return pixels < 4 ? pixels : 4;
}

/* The pooled value of cell (i, j) and channel c: over all pixels that lie in it, by their edges in exact fractions. */
static float pooled(const float *x, int h, int w, int channels, int i, int j, int c)
{
    float most = -INFINITY;
    for (int y = 0; y < h; y++)
        for (int z = 0; z < w; z++) {
            bool in_row = (y + 1) * grid(h) > i * h && y * grid(h) < (i + 1) * h;
            bool in_column = (z + 1) * grid(w) > j * w && z * grid(w) < (j + 1) * w;
            if (in_row && in_column) most = fmaxf(most, x[(y * w + z) * channels + c]);
        }
    return most;
}

static void fill(float *x, int64_t n)
{
    gan_rng_normal(&(gan_rng){.seed = 3, .purpose = GAN_RNG_TEST}, 0, n, 0, 1, x);
}

/* ---- tests ------------------------------------------------------------------------------------------------- */

static void test_parts(void **state)
{
    (void)state;
    static const int layers[] = {5, 0, 6, 8};
    static const int shapes[][3] = {{6, 4, 4}, {12, 9, 3}, {3, 2, 5}, {1, 1, 6}};
    static float x[B * H * W * C], got[B * MAX], plain[B * MAX];
    small_net n = net_open(layers_text, "", image);
    gan_features *f;
    fill(x, B * H * W * C);
    EXPECT_OK(gan_features_new(&f, n.net, gan_kernels_get(0), layers, 4, B));
    const int64_t size = gan_features_size(f);
    assert_int_equal(size, 16 * 4 + 16 * 3 + 6 * 5 + 6);
    memcpy(gan_features_input(f), x, sizeof x);
    EXPECT_OK(gan_features_compute(f, B, got));
    for (int l = 0, at = 0; l < 4; l++) {
        const int h = shapes[l][0], w = shapes[l][1], c = shapes[l][2];
        const gan_sample_shape s = gan_features_shape(f, l);
        assert_int_equal(gan_sample_floats(&s), grid(h) * grid(w) * c);
        output_of(layers[l], x, plain);
        for (int b = 0; b < B; b++)
            for (int i = 0; i < grid(h) * grid(w) * c; i++) {
                float wanted = pooled(plain + b * h * w * c, h, w, c, i / c / grid(w), i / c % grid(w), i % c);
                if (got[b * size + at + i] != wanted)
                    fail_msg("layer %d, sample %d, %d: %g, wanted %g", l, b, i, (double)got[b * size + at + i], (double)wanted);
            }
        at += grid(h) * grid(w) * c;
    }
    gan_features_free(f);
    net_close(&n);
}

static void test_company(void **state)
{
    (void)state;
    static const int layers[] = {1, 5};
    static float x[B * H * W * C], all[B * MAX], one[MAX];
    small_net n = net_open(layers_text, "", image);
    gan_features *f, *single;
    fill(x, B * H * W * C);
    const gan_kernels *k = gan_kernels_get(gan_kernels_count() - 1);
    EXPECT_OK(gan_features_new(&f, n.net, k, layers, 2, B));
    EXPECT_OK(gan_features_new(&single, n.net, k, layers, 2, 1));
    const int64_t size = gan_features_size(f);
    memcpy(gan_features_input(f), x, sizeof x);
    EXPECT_OK(gan_features_compute(f, B, all));
    for (int b = 0; b < B; b++) {
        memcpy(gan_features_input(single), x + b * H * W * C, H * W * C * sizeof *x);
        EXPECT_OK(gan_features_compute(single, 1, one));
        assert_memory_equal(one, all + b * size, (size_t)size * sizeof *one);
    }
    all[2 * size] = 77;
    EXPECT_OK(gan_features_compute(f, 2, all)); /* a block that is not full */
    assert_true(all[2 * size] == 77);
    gan_features_free(f);
    gan_features_free(single);
    net_close(&n);
}

/* Views of the input count as well, and averaged weights are taken where there are any. */
static void test_views_and_averages(void **state)
{
    (void)state;
    static const int layers[] = {0, 1};
    gan_sample_shape in = {1, {6}};
    small_net n = net_open("reshape 1 2 3, dense 1 bias=no", "ema = 0.9", in);
    gan_features *f;
    for (int i = 0; i < n.net->arena_floats; i++) n.net->ema[i] = 2 * n.net->w[i];
    float *w = param_values(n.net, "dense1/weight");
    EXPECT_OK(gan_features_new(&f, n.net, gan_kernels_get(0), layers, 2, 1));
    assert_int_equal(gan_features_size(f), 6 + 1);
    for (int i = 0; i < 6; i++) gan_features_input(f)[i] = (float)(i + 1);
    float out[7];
    EXPECT_OK(gan_features_compute(f, 1, out));
    double wanted = 0;
    for (int i = 0; i < 6; i++) {
        assert_true(out[i] == (float)(i + 1));
        wanted += 2 * (double)w[i] * (i + 1);
    }
    if (fabs((double)out[6] - wanted) > 1e-5) fail_msg("%g, wanted %g", (double)out[6], wanted);
    free(w);
    gan_features_free(f);
    net_close(&n);
}

static void test_layers_of_convolutions(void **state)
{
    (void)state;
    int layers[MAX_LAYERS];
    small_net n = net_open(layers_text, "", image);
    assert_int_equal(gan_network_conv_outputs(n.net, layers), 3);
    assert_int_equal(layers[0], 1);
    assert_int_equal(layers[1], 5);
    assert_int_equal(layers[2], 6);
    assert_int_equal(gan_network_layer(n.net, "leaky_relu2"), 4);
    assert_int_equal(gan_network_layer(n.net, "leaky_relu3"), -1);
    assert_string_equal(gan_network_layer_name(n.net, 5), "dropout1");
    assert_int_equal(gan_network_layer_shape(n.net, 6)->dims[2], 5);
    net_close(&n);
    n = net_open("conv 4 4 2 1, relu, conv 1 5", "", image); /* the last is the verdict */
    assert_int_equal(gan_network_conv_outputs(n.net, layers), 1);
    assert_int_equal(layers[0], 1);
    net_close(&n);
    n = net_open("dense 4, relu, dense 1", "", image);
    assert_int_equal(gan_network_conv_outputs(n.net, layers), 0);
    net_close(&n);
}

static void test_no_memory(void **state)
{
    (void)state;
    static const int layers[] = {1, 5};
    small_net n = net_open(layers_text, "", image);
    for (int64_t k = 1, left = 0; left == 0; k++) {
        gan_features *f;
        gan_mem_fail_at(k);
        gan_status s = gan_features_new(&f, n.net, gan_kernels_get(0), layers, 2, B);
        left = gan_mem_fail_at(0);
        if (s != GAN_OK) EXPECT_FAILURE(s, GAN_ENOMEM, "no memory");
        assert_true(left || !f);
        gan_features_free(f);
    }
    net_close(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parts, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_company, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_views_and_averages, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_layers_of_convolutions, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_no_memory, scratch_before, scratch_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
