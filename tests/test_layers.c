/* Values of layers in a graph, on random inputs and weights, against their formulas written here as plain loops in double:
 * in training (shards, batch statistics) and when sampling (running statistics, no dropout). Names, shapes and
 * parameters are in test_nn.c, derivatives of all that layers are made of in test_ops.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nn_test.h"

#include <math.h>

enum { B = 6, SHARDS = 2, H = 4, W = 6, C = 3, K = 4, MAX = B * 2 * H * 2 * W * 5 };

static const gan_sample_shape image = {3, {H, W, C}, K}, row = {1, {H * W * C}, K};
static float condition[B * K]; /* of the samples, as attributes are: any numbers */

typedef struct layer_row layer_row;
struct layer_row {
    const char *layers;
    const gan_sample_shape *in;
    gan_mode mode;
    void (*formula)(const layer_row *r, const gan_network *net, const double *x, double *y); /* [B, floats] both */
    double p; /* of the formula */
};

/* ---- formulas ---------------------------------------------------------------------------------------------------- */

static void leaky(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    (void)net;
    for (int i = 0; i < B * H * W * C; i++) y[i] = x[i] > 0 ? x[i] : r->p * x[i];
}

static void times(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    (void)net;
    for (int i = 0; i < B * H * W * C; i++) y[i] = r->p * x[i];
}

static void bounded(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    (void)r, (void)net;
    for (int i = 0; i < B * H * W * C; i++) y[i] = tanh(x[i]);
}

static void dense5(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    (void)r;
    float *w = param_values(net, "dense1/weight"), *b = param_values(net, "dense1/bias");
    for (int n = 0; n < B; n++)
        for (int m = 0; m < 5; m++) {
            y[n * 5 + m] = (double)b[m];
            for (int k = 0; k < H * W * C; k++) y[n * 5 + m] += x[n * H * W * C + k] * (double)w[k * 5 + m];
        }
    free(w), free(b);
}

static void maxout2(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    (void)r;
    float *w = param_values(net, "maxout1/weight"), *b = param_values(net, "maxout1/bias");
    for (int n = 0; n < B; n++)
        for (int u = 0; u < 2; u++) {
            y[n * 2 + u] = -1e300;
            for (int p = 0; p < 3; p++) {
                double sum = (double)b[u * 3 + p];
                for (int k = 0; k < H * W * C; k++) sum += x[n * H * W * C + k] * (double)w[k * 6 + u * 3 + p];
                y[n * 2 + u] = fmax(y[n * 2 + u], sum);
            }
        }
    free(w), free(b);
}

/* y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, with mean and variance of all elements of one class. */
typedef int class_fn(const layer_row *r, int i);

static void normalised(const layer_row *r, const gan_network *net, const char *name, int channels, class_fn *class_of,
                       const double *x, double *y)
{
    char role[64];
    snprintf(role, sizeof role, "%s/gamma", name);
    float *gamma = param_values(net, role);
    snprintf(role, sizeof role, "%s/beta", name);
    float *beta = param_values(net, role);
    for (int i = 0; i < B * H * W * C; i++) {
        double mean = 0, variance = 0, n = 0;
        for (int k = 0; k < B * H * W * C; k++)
            if (class_of(r, k) == class_of(r, i)) mean += x[k], n++;
        mean /= n;
        for (int k = 0; k < B * H * W * C; k++)
            if (class_of(r, k) == class_of(r, i)) variance += (x[k] - mean) * (x[k] - mean) / n;
        y[i] = (x[i] - mean) / sqrt(variance + 1e-5) * (double)gamma[i % channels] + (double)beta[i % channels];
    }
    free(gamma), free(beta);
}

static int by_channel(const layer_row *r, int i) /* r->p: shards with statistics of their own */
{
    return i / (B * H * W * C / (int)r->p) * C + i % C;
}

static int by_feature(const layer_row *r, int i)
{
    return i / (B * H * W * C / (int)r->p) * H * W * C + i % (H * W * C);
}

static int by_image_and_channel(const layer_row *r, int i)
{
    (void)r;
    return i / (H * W * C) * C + i % C;
}

static int by_sample(const layer_row *r, int i)
{
    (void)r;
    return i / (H * W * C);
}

static void batch_norm_image(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    normalised(r, net, "batch_norm1", C, by_channel, x, y);
}

static void batch_norm_row(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    normalised(r, net, "batch_norm1", H * W * C, by_feature, x, y);
}

static void instance_norm(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    normalised(r, net, "instance_norm1", C, by_image_and_channel, x, y);
}

static void layer_norm(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    normalised(r, net, "layer_norm1", C, by_sample, x, y);
}

static void batch_norm_sampling(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    (void)r;
    float *gamma = param_values(net, "batch_norm1/gamma"), *beta = param_values(net, "batch_norm1/beta");
    float *mean = param_values(net, "batch_norm1/running_mean");
    float *variance = param_values(net, "batch_norm1/running_variance");
    for (int i = 0; i < B * H * W * C; i++) {
        int c = i % C;
        y[i] = (x[i] - (double)mean[c]) / sqrt((double)variance[c] + 1e-5) * (double)gamma[c] + (double)beta[c];
    }
    free(gamma), free(beta), free(mean), free(variance);
}

/* Of a reference batch of RN samples and the sample itself; r->p > 0: the reference is what it is applied to, else the states tell of it. */
static void virtual_norm(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    enum { RN = B };
    const int channels = net->in.n_dims == 3 ? C : H * W * C, pixels = H * W * C / channels;
    float *gamma = param_values(net, "virtual_batch_norm1/gamma"), *beta = param_values(net, "virtual_batch_norm1/beta");
    float *means = param_values(net, "virtual_batch_norm1/reference_mean");
    float *variances = param_values(net, "virtual_batch_norm1/reference_variance");
    for (int i = 0; i < B * H * W * C; i++) {
        const int c = i % channels, sample = i / (H * W * C);
        double mean = (double)means[c], square = (double)variances[c] + mean * mean, own = 0, own_square = 0;
        for (int k = 0; k < pixels; k++) {
            const double v = x[sample * H * W * C + k * channels + c];
            own += v / pixels, own_square += v * v / pixels;
        }
        if (r->p > 0) mean = square = 0;
        for (int k = c; r->p > 0 && k < B * H * W * C; k += channels) mean += x[k] / (B * pixels), square += x[k] * x[k] / (B * pixels);
        mean = (RN * mean + own) / (RN + 1), square = (RN * square + own_square) / (RN + 1);
        y[i] = (x[i] - mean) / sqrt(square - mean * mean + 1e-5) * (double)gamma[c] + (double)beta[c];
    }
    free(gamma), free(beta), free(means), free(variances);
}

/* 4 kernels of 3 dimensions; r->p: groups that are compared among themselves, 0: every sample is alone. */
static void minibatch(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    enum { F = H * W * C, KERNELS = 4, DIMS = 3 };
    float *w = param_values(net, "minibatch_discrimination1/weight");
    const int group = r->p > 0 ? B / (int)r->p : 1;
    for (int n = 0; n < B; n++)
        for (int b = 0; b < F + KERNELS; b++) {
            double o = 0;
            for (int j = n / group * group; b >= F && j < n / group * group + group; j++) {
                double distance = 0;
                for (int c = 0; c < DIMS; c++) {
                    double d = 0;
                    for (int f = 0; f < F; f++) d += (x[n * F + f] - x[j * F + f]) * (double)w[(f * DIMS + c) * KERNELS + b - F];
                    distance += fabs(d);
                }
                o += j != n ? exp(-distance) : 0;
            }
            y[n * (F + KERNELS) + b] = b < F ? x[n * F + b] : o;
        }
    free(w);
}

/* Weights [kernel][kernel][C][5] of conv; of conv_transpose [kernel][kernel][5][C]. */
static void conv5(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    const int kernel = (int)r->p, stride = kernel == 4 ? 2 : 1, OH = H / stride, OW = W / stride;
    float *w = param_values(net, "conv1/weight"), *b = param_values(net, "conv1/bias");
    for (int i = 0; i < B * OH * OW * 5; i++) {
        int n = i / (OH * OW * 5), oh = i / (OW * 5) % OH, ow = i / 5 % OW, o = i % 5;
        y[i] = (double)b[o];
        for (int t = 0; t < kernel * kernel * C; t++) {
            int h = oh * stride - 1 + t / (kernel * C), v = ow * stride - 1 + t / C % kernel;
            if (h < 0 || v < 0 || h >= H || v >= W) continue;
            y[i] += x[((n * H + h) * W + v) * C + t % C] * (double)w[t * 5 + o];
        }
    }
    free(w), free(b);
}

static void transposed5(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    const int kernel = (int)r->p, stride = 2, OH = 2 * H, OW = 2 * W;
    float *w = param_values(net, "conv_transpose1/weight"), *b = param_values(net, "conv_transpose1/bias");
    for (int i = 0; i < B * OH * OW * 5; i++) y[i] = (double)b[i % 5];
    for (int i = 0; i < B * H * W * C; i++)
        for (int t = 0; t < kernel * kernel * 5; t++) {
            int n = i / (H * W * C), h = i / (W * C) % H * stride - 1 + t / (kernel * 5);
            int v = i / C % W * stride - 1 + t / 5 % kernel;
            if (h < 0 || v < 0 || h >= OH || v >= OW) continue;
            y[((n * OH + h) * OW + v) * 5 + t % 5] += x[i] * (double)w[t * C + i % C];
        }
    free(w), free(b);
}

/* The largest singular value of a layer's weight [rows, cols] as its state u tells: after an iteration in training. */
static double sigma_of(const gan_network *net, const char *layer, int rows, int cols, gan_mode mode)
{
    char role[64];
    snprintf(role, sizeof role, "%s/weight", layer);
    float *w = param_values(net, role);
    snprintf(role, sizeof role, "%s/spectral_u", layer);
    float *u = param_values(net, role);
    double v[H * W * C + 16], vw[16], squares = 0, dot = 0;
    for (int k = 0; k < rows; k++) {
        v[k] = 0;
        for (int m = 0; m < cols; m++) v[k] += (double)w[k * cols + m] * (double)u[m];
        squares += v[k] * v[k];
    }
    for (int m = 0; m < cols; m++) {
        vw[m] = 0;
        for (int k = 0; k < rows; k++) vw[m] += v[k] / sqrt(squares) * (double)w[k * cols + m];
        dot += vw[m] * (double)u[m];
    }
    squares = 0;
    for (int m = 0; m < cols; m++) squares += vw[m] * vw[m];
    free(w), free(u);
    return mode == GAN_TRAINING ? sqrt(squares) : dot;
}

/* What the formula of the plain layer gives, without its bias [5], over sigma. */
static void divide(const layer_row *r, const gan_network *net, const char *layer, int rows, int cols, double *y)
{
    char role[64];
    snprintf(role, sizeof role, "%s/bias", layer);
    float *b = param_values(net, role);
    const double sigma = sigma_of(net, layer, rows, cols, r->mode);
    for (int64_t i = 0; i < B * gan_sample_floats(&net->out); i++)
        y[i] = (y[i] - (double)b[i % 5]) / sigma + (double)b[i % 5];
    free(b);
}

static void dense5_spectral(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    dense5(r, net, x, y);
    divide(r, net, "dense1", H * W * C, 5, y);
}

static void conv5_spectral(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    conv5(r, net, x, y);
    divide(r, net, "conv1", (int)(r->p * r->p) * C, 5, y);
}

static void transposed5_spectral(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    transposed5(r, net, x, y);
    divide(r, net, "conv_transpose1", (int)(r->p * r->p) * 5, C, y);
}

static double pixel(const double *x, int n, int h, int w, int c)
{
    return h < 0 || w < 0 || h >= H || w >= W ? NAN : x[((n * H + h) * W + w) * C + c];
}

/* Windows of 3 at stride 2 with a pixel of padding: 2 x 3 of them. */
static void pooled(bool largest, const double *x, double *y)
{
    for (int i = 0; i < B * 2 * 3 * C; i++) {
        int n = i / (2 * 3 * C), oh = i / (3 * C) % 2, ow = i / C % 3, c = i % C;
        double sum = 0, most = -1e300;
        for (int k = 0; k < 9; k++) {
            double v = pixel(x, n, 2 * oh - 1 + k / 3, 2 * ow - 1 + k % 3, c);
            if (isnan(v)) continue;
            sum += v;
            most = fmax(most, v);
        }
        y[i] = largest ? most : sum / 9;
    }
}

static void max_pool(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    (void)r, (void)net;
    pooled(true, x, y);
}

static void avg_pool(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    (void)r, (void)net;
    pooled(false, x, y);
}

static void nearest(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    (void)r, (void)net;
    for (int i = 0; i < B * 4 * H * W * C; i++)
        y[i] = pixel(x, i / (4 * H * W * C), i / (2 * W * C) % (2 * H) / 2, i / C % (2 * W) / 2, i % C);
}

/* Doubling by pixel centres: 3/4 of the nearest row and 1/4 of the next, the edges repeated. */
static void bilinear(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    (void)r, (void)net;
    for (int i = 0; i < B * 4 * H * W * C; i++) {
        int n = i / (4 * H * W * C), oh = i / (2 * W * C) % (2 * H), ow = i / C % (2 * W), c = i % C;
        int h = oh / 2, w = ow / 2, h2 = h + (oh % 2 ? 1 : -1), w2 = w + (ow % 2 ? 1 : -1);
        if (h2 < 0 || h2 >= H) h2 = h;
        if (w2 < 0 || w2 >= W) w2 = w;
        y[i] = 0.5625 * pixel(x, n, h, w, c) + 0.1875 * (pixel(x, n, h2, w, c) + pixel(x, n, h, w2, c)) +
               0.0625 * pixel(x, n, h2, w2, c);
    }
}

static void same(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    (void)r, (void)net;
    for (int i = 0; i < B * H * W * C; i++) y[i] = x[i];
}

/* Sample n's condition times weight [K, columns], column m. */
static double embedded(const float *weight, int columns, int n, int m)
{
    double sum = 0;
    for (int k = 0; k < K; k++) sum += (double)condition[n * K + k] * (double)weight[k * columns + m];
    return sum;
}

/* To each pixel of an image, or to a row as one, `more` further numbers: added(n, pixel, which). */
static void appended(const layer_row *r, const double *x, double *y, int more, double (*added)(const float *const p[2], int n, int pixel, int u),
                     const float *const p[2])
{
    const int pixels = r->in->n_dims == 3 ? H * W : 1, own = H * W * C / pixels;
    for (int i = 0; i < B * pixels * (own + more); i++) {
        const int n = i / (pixels * (own + more)), at = i / (own + more) % pixels, u = i % (own + more);
        y[i] = u < own ? x[(n * pixels + at) * own + u] : added(p, n, at, u - own);
    }
}

/* p: weight and bias of a dense layer that gives two numbers a row, or a pixel. */
static double of_row(const float *const p[2], int n, int pixel, int u)
{
    return embedded(p[0], 2, n, pixel * 2 + u) + (double)p[1][pixel * 2 + u];
}

static double of_pixel(const float *const p[2], int n, int pixel, int u)
{
    return embedded(p[0], H * W * 2, n, pixel * 2 + u) + (double)p[1][pixel * 2 + u];
}

static void condition2(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    float *w = param_values(net, "condition1/weight"), *b = param_values(net, "condition1/bias");
    appended(r, x, y, 2, r->in->n_dims == 3 ? of_pixel : of_row, (const float *const[]){w, b});
    free(w), free(b);
}

static double plane(const float *const p[2], int n, int pixel, int u)
{
    (void)p, (void)pixel;
    return (double)condition[n * K + u];
}

static void planes(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    (void)net;
    appended(r, x, y, K, plane, NULL);
}

static void projection(const layer_row *r, const gan_network *net, const double *x, double *y)
{
    (void)r;
    float *w = param_values(net, "projection1/weight"), *b = param_values(net, "projection1/bias");
    float *v = param_values(net, "projection1/embedding");
    for (int n = 0; n < B; n++) {
        y[n] = (double)b[0];
        for (int f = 0; f < H * W * C; f++) y[n] += x[n * H * W * C + f] * ((double)w[f] + embedded(v, H * W * C, n, f));
    }
    free(w), free(b), free(v);
}

/* clang-format off */
static const layer_row rows[] = {
    {"leaky_relu 0.3", &image, GAN_TRAINING, leaky, 0.3},
    {"relu", &row, GAN_TRAINING, leaky, 0},
    {"scale 0.25", &image, GAN_TRAINING, times, 0.25},
    {"tanh", &image, GAN_TRAINING, bounded, 0},
    {"dense 5", &image, GAN_TRAINING, dense5, 0},
    {"maxout 2 3", &row, GAN_TRAINING, maxout2, 0},
    {"dropout 0.4", &image, GAN_SAMPLING, same, 0},
    {"reshape 6 4 3, flatten", &image, GAN_TRAINING, same, 0},
    {"batch_norm", &image, GAN_TRAINING, batch_norm_image, 1},
    {"batch_norm shard", &image, GAN_TRAINING, batch_norm_image, SHARDS},
    {"batch_norm", &row, GAN_TRAINING, batch_norm_row, 1},
    {"batch_norm shard", &row, GAN_TRAINING, batch_norm_row, SHARDS},
    {"batch_norm", &image, GAN_SAMPLING, batch_norm_sampling, 0},
    {"instance_norm", &image, GAN_TRAINING, instance_norm, 0},
    {"instance_norm", &image, GAN_SAMPLING, instance_norm, 0},
    {"layer_norm", &image, GAN_TRAINING, layer_norm, 0},
    {"virtual_batch_norm", &image, GAN_TRAINING, virtual_norm, 1},
    {"virtual_batch_norm", &row, GAN_TRAINING, virtual_norm, 1},
    {"virtual_batch_norm", &image, GAN_SAMPLING, virtual_norm, 0},
    {"virtual_batch_norm", &row, GAN_SAMPLING, virtual_norm, 0},
    {"minibatch_discrimination 4 3", &image, GAN_TRAINING, minibatch, 1},
    {"minibatch_discrimination 4 3 shard", &row, GAN_TRAINING, minibatch, SHARDS},
    {"minibatch_discrimination 4 3", &row, GAN_SAMPLING, minibatch, 0},
    {"conv 5 3 1 1", &image, GAN_TRAINING, conv5, 3},
    {"conv 5 4 2 1", &image, GAN_TRAINING, conv5, 4},
    {"conv_transpose 5 4 2 1", &image, GAN_TRAINING, transposed5, 4},
    {"dense 5 spectral=yes", &image, GAN_TRAINING, dense5_spectral, 0},
    {"dense 5 spectral=yes", &row, GAN_SAMPLING, dense5_spectral, 0},
    {"conv 5 3 1 1 spectral=yes", &image, GAN_TRAINING, conv5_spectral, 3},
    {"conv 5 4 2 1 spectral=yes", &image, GAN_TRAINING, conv5_spectral, 4},
    {"conv 5 4 2 1 spectral=yes", &image, GAN_SAMPLING, conv5_spectral, 4},
    {"conv_transpose 5 4 2 1 spectral=yes", &image, GAN_TRAINING, transposed5_spectral, 4},
    {"conv_transpose 5 4 2 1 spectral=yes", &image, GAN_SAMPLING, transposed5_spectral, 4},
    {"max_pool 3 2 1", &image, GAN_TRAINING, max_pool, 0},
    {"avg_pool 3 2 1", &image, GAN_TRAINING, avg_pool, 0},
    {"upsample", &image, GAN_TRAINING, nearest, 0},
    {"upsample 2 bilinear", &image, GAN_TRAINING, bilinear, 0},
    {"condition 2", &row, GAN_TRAINING, condition2, 0},
    {"condition 2", &image, GAN_TRAINING, condition2, 0},
    {"condition 2", &image, GAN_SAMPLING, condition2, 0},
    {"planes", &row, GAN_TRAINING, planes, 0},
    {"planes", &image, GAN_TRAINING, planes, 0},
    {"projection", &row, GAN_TRAINING, projection, 0},
    {"projection", &image, GAN_TRAINING, projection, 0},
};
/* clang-format on */

/* ---- running ----------------------------------------------------------------------------------------------------- */

static void randomise(gan_network *net, uint64_t seed)
{
    gan_rng at = {.seed = seed, .purpose = GAN_RNG_TEST};
    for (int i = 0; i < net->n_params; i++) {
        float *w = net->w + net->params[i].offset;
        at.stream = (uint64_t)i;
        gan_rng_uniform(&at, 0, net->params[i].floats, 0.25f, 1.25f, w); /* variances must be positive */
    }
}

/* A batch as the reference of what follows. */
static void refer(gan_network *net, gan_graph *g, gan_id x)
{
    gan_id y;
    net->reference_rows = B;
    net->referring = true;
    EXPECT_OK(gan_network_apply(net, g, x, GAN_TRAINING, &y));
    net->referring = false;
    net->referred = true;
}

static void give_condition(gan_network *net, gan_graph *g)
{
    const gan_form f = {.n_dims = 2, .dims = {B, K}, .dist = GAN_SHARDED};
    gan_rng_uniform(&(gan_rng){.seed = 6, .purpose = GAN_RNG_TEST}, 0, B * K, -1, 1, condition);
    if (net->conditional) EXPECT_OK(gan_add_param(g, &f, condition, NULL, 0, &net->condition));
}

static void check_row(const layer_row *r, const gan_kernels *k)
{
    static float x[MAX];
    static double exact[MAX], want[MAX];
    small_net n = net_open(r->layers, "", *r->in);
    gan_graph *g;
    gan_plan *p;
    gan_id in, y;
    gan_form f = {.n_dims = r->in->n_dims + 1, .dims = {B}, .dist = GAN_SHARDED};
    for (int i = 0; i < r->in->n_dims; i++) f.dims[i + 1] = r->in->dims[i];
    gan_rng_uniform(&(gan_rng){.seed = 5, .purpose = GAN_RNG_TEST}, 0, B * H * W * C, -2, 2, x);
    for (int i = 0; i < B * H * W * C; i++) exact[i] = (double)x[i];
    randomise(n.net, 9);
    EXPECT_OK(gan_graph_new(&g, SHARDS, 1));
    EXPECT_OK(gan_network_bind(n.net, g, n.net->w, -1));
    EXPECT_OK(gan_add_param(g, &f, x, NULL, 0, &in));
    give_condition(n.net, g);
    if (n.net->refers) refer(n.net, g, in);
    EXPECT_OK(gan_network_apply(n.net, g, in, r->mode, &y));
    EXPECT_OK(gan_plan_build(&p, g, &y, 1));
    EXPECT_OK(gan_exec(p, &(gan_run){.k = k}, NULL));
    int64_t floats = B * gan_sample_floats(&n.net->out);
    assert_int_equal(gan_form_floats(gan_graph_form(g, y)), floats);
    r->formula(r, n.net, exact, want);
    const float *got = gan_plan_value(p, y);
    for (int64_t i = 0; i < floats; i++)
        if (!(fabs((double)got[i] - want[i]) <= 2e-5 * (1 + fabs(want[i]))))
            fail_msg("%s (table %s), element %d: got %.9g, want %.9g", r->layers, k->name, (int)i, (double)got[i], want[i]);
    gan_plan_free(p);
    gan_graph_free(g);
    net_close(&n);
}

static void values(void **state)
{
    (void)state;
    for (int t = 0; t < gan_kernels_count(); t++)
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_row(&rows[i], gan_kernels_get(t));
}

/* Dropped features are 0, kept ones scaled up, about as many as the rate says; another step drops others. */
static void dropout(void **state)
{
    (void)state;
    static float x[B * H * W * C];
    float first[B * H * W * C];
    small_net n = net_open("dropout 0.25", "", image);
    gan_graph *g;
    gan_plan *p;
    gan_id in, y;
    const gan_form f = {.n_dims = 4, .dims = {B, H, W, C}, .dist = GAN_SHARDED};
    for (int i = 0; i < B * H * W * C; i++) x[i] = 3;
    EXPECT_OK(gan_graph_new(&g, SHARDS, 1));
    EXPECT_OK(gan_add_param(g, &f, x, NULL, 0, &in));
    EXPECT_OK(gan_network_apply(n.net, g, in, GAN_TRAINING, &y));
    EXPECT_OK(gan_plan_build(&p, g, &y, 1));
    int dropped = 0, moved = 0;
    for (int step = 0; step < 2; step++) {
        EXPECT_OK(gan_exec(p, &(gan_run){.k = gan_kernels_get(0), .seed = 3, .step = step}, NULL));
        const float *got = gan_plan_value(p, y);
        for (int i = 0; i < B * H * W * C; i++) {
            assert_true(got[i] == 0 || fabs((double)got[i] - 4) < 1e-6);
            dropped += got[i] == 0;
            moved += step && (got[i] == 0) != (first[i] == 0);
            if (step == 0) first[i] = got[i];
        }
    }
    assert_in_range(dropped, 2 * B * H * W * C / 6, 2 * B * H * W * C / 3); /* 8 standard deviations around a quarter */
    assert_in_range(moved, 50, B * H * W * C);
    gan_plan_free(p);
    gan_graph_free(g);
    net_close(&n);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_before, scratch_after)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(values), TEST(dropout)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
