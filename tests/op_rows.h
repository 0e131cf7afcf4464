/* One row or more for every op of src/ops/ops.def: operands, how it is built, and what it must compute, written down
 * here a second time as plain loops over plain arrays. Operands keep away from kinks: `gap` is the distance of every
 * element of operand 0 from 0, `apart` that of neighbouring elements of a group from each other. */
#ifndef GAN_OP_ROWS_H
#define GAN_OP_ROWS_H

#include "graph_test.h"

/* Sizes that divide nothing: three shards, two weight panels of which one is narrow. */
enum { S = 3, R = 2, B = S * R, K = 5, M = 18, U = 4, P = 3 };

typedef struct operand {
    gan_form form;
    double lo, hi, gap, apart;
} operand;

typedef struct op_row {
    const char *op, *variant; /* name of the op, what is special of the row */
    int n_in;
    operand in[2];
    gan_form out;
    gan_status (*build)(gan_graph *g, const gan_id *in, gan_id *y);
    double (*map)(double a, double b);                  /* elementwise: the function */
    void (*formula)(const float *const *in, double *y); /* else: the whole value */
} op_row;

#define SHARDED2(a, b)                                                                                       \
    {                                                                                                        \
        .n_dims = 2, .dims = {a, b}, .dist = GAN_SHARDED                                                     \
    }
#define SHARDED1(a)                                                                                          \
    {                                                                                                        \
        .n_dims = 1, .dims = {a}, .dist = GAN_SHARDED                                                        \
    }
#define REPLICATED2(a, b)                                                                                    \
    {                                                                                                        \
        .n_dims = 2, .dims = { a, b }                                                                        \
    }
#define REPLICATED1(a)                                                                                       \
    {                                                                                                        \
        .n_dims = 1, .dims = { a }                                                                           \
    }
#define PARTIAL2(a, b)                                                                                       \
    {                                                                                                        \
        .n_dims = 2, .dims = {a, b}, .dist = GAN_PARTIAL                                                     \
    }
#define PARTIAL1(a)                                                                                          \
    {                                                                                                        \
        .n_dims = 1, .dims = {a}, .dist = GAN_PARTIAL                                                        \
    }
#define WEIGHT(k, m)                                                                                         \
    {                                                                                                        \
        .n_dims = 2, .dims = {k, m}, .panel = true                                                           \
    }
#define PARTIAL_WEIGHT(k, m)                                                                                 \
    {                                                                                                        \
        .n_dims = 2, .dims = {k, m}, .dist = GAN_PARTIAL, .panel = true                                      \
    }

/* ---- elementwise ------------------------------------------------------------------------------------------- */

static const float SLOPE = 0.2f, SCALE = -1.75f, SHIFT = 0.625f;

#define MAP1(name, value)                                                                                    \
    static double name##_value(double a, double b)                                                           \
    {                                                                                                        \
        (void)b;                                                                                             \
        return value;                                                                                        \
    }
#define MAP2(name, value)                                                                                    \
    static double name##_value(double a, double b)                                                           \
    {                                                                                                        \
        return value;                                                                                        \
    }
#define BUILD1(name, ...)                                                                                    \
    static gan_status name##_build(gan_graph *g, const gan_id *in, gan_id *y)                                \
    {                                                                                                        \
        return gan_add_##name(g, in[0], __VA_ARGS__);                                                        \
    }
#define BUILD2(name, ...)                                                                                    \
    static gan_status name##_build(gan_graph *g, const gan_id *in, gan_id *y)                                \
    {                                                                                                        \
        return gan_add_##name(g, in[0], in[1], __VA_ARGS__);                                                 \
    }

/* clang-format off */
MAP2(add, a + b)                                    BUILD2(add, y)
MAP2(sub, a - b)                                    BUILD2(sub, y)
MAP2(mul, a * b)                                    BUILD2(mul, y)
MAP2(div, a / b)                                    BUILD2(div, y)
MAP1(affine, (double)SCALE * a + (double)SHIFT)     BUILD1(affine, SCALE, SHIFT, y)
MAP1(relu, a > 0 ? a : 0)                           BUILD1(relu, y)
MAP1(leaky_relu, a > 0 ? a : (double)SLOPE * a)     BUILD1(leaky_relu, SLOPE, y)
MAP1(leaky_mask, a > 0 ? 1 : (double)SLOPE)         BUILD1(leaky_mask, SLOPE, y)
MAP1(tanh, (exp(2 * a) - 1) / (exp(2 * a) + 1))     BUILD1(tanh, y)
MAP1(sigmoid, 1 / (1 + exp(-a)))                    BUILD1(sigmoid, y)
MAP1(softplus, log(1 + exp(a)))                     BUILD1(softplus, y)
MAP1(exp, pow(2.718281828459045, a))                BUILD1(exp, y)
MAP1(log, log10(a) * 2.302585092994046)             BUILD1(log, y)
MAP1(sqrt, pow(a, 0.5))                             BUILD1(sqrt, y)
MAP1(reciprocal, 1 / a)                             BUILD1(reciprocal, y)
MAP1(square, a * a)                                 BUILD1(square, y)
MAP1(abs, a < 0 ? -a : a)                           BUILD1(abs, y)
MAP1(sign, a < 0 ? -1 : a > 0)                      BUILD1(sign, y)
    /* clang-format on */

    static gan_status
    scale_build(gan_graph *g, const gan_id *in, gan_id *y) /* what PARTIAL values may have */
{
    return gan_add_affine(g, in[0], SCALE, 0, y);
}
MAP1(scale, (double)SCALE *a)

static gan_status square_by_mul_build(gan_graph *g, const gan_id *in, gan_id *y) /* one input twice */
{
    return gan_add_mul(g, in[0], in[0], y);
}

/* ---- contractions ------------------------------------------------------------------------------------------ */

/* The panel layout of gan/kernels.h: panels of 16 columns, each [K][width]. */
static int64_t panel_place(int64_t rows, int64_t cols, int64_t k, int64_t m)
{
    int64_t at = 0;
    while (m >= 16) at += 16 * rows, m -= 16, cols -= 16;
    return at + k * (cols < 16 ? cols : 16) + m;
}

static void matmul_formula(const float *const *in, double *y)
{
    for (int n = 0; n < B; n++)
        for (int m = 0; m < M; m++) {
            y[n * M + m] = 0;
            for (int k = 0; k < K; k++)
                y[n * M + m] += (double)in[0][n * K + k] * (double)in[1][panel_place(K, M, k, m)];
        }
}

static void matmul_nt_formula(const float *const *in, double *y)
{
    for (int n = 0; n < B; n++)
        for (int k = 0; k < K; k++) {
            y[n * K + k] = 0;
            for (int m = 0; m < M; m++)
                y[n * K + k] += (double)in[0][n * M + m] * (double)in[1][panel_place(K, M, k, m)];
        }
}

static void matmul_tn_formula(const float *const *in, double *y)
{
    for (int k = 0; k < K; k++)
        for (int m = 0; m < M; m++) {
            double sum = 0;
            for (int n = 0; n < B; n++) sum += (double)in[0][n * K + k] * (double)in[1][n * M + m];
            y[panel_place(K, M, k, m)] = sum;
        }
}

BUILD2(matmul, y)
BUILD2(matmul_nt, y)
BUILD2(matmul_tn, y)

/* x^T y - (p x)^T y^2, which becomes one product of joined rows. */
static gan_status difference_of_products_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    gan_id x, dy, first;
    OK(gan_add_matmul_tn(g, in[0], in[1], &first));
    OK(gan_add_affine(g, in[0], SCALE, 0, &x));
    OK(gan_add_square(g, in[1], &dy));
    OK(gan_add_matmul_tn(g, x, dy, y));
    return gan_add_sub(g, first, *y, y);
}

static void difference_of_products_formula(const float *const *in, double *y)
{
    for (int k = 0; k < K; k++)
        for (int m = 0; m < M; m++) {
            double sum = 0;
            for (int n = 0; n < B; n++) {
                double x = (double)in[0][n * K + k], dy = (double)in[1][n * M + m];
                sum += x * dy - (double)SCALE * x * dy * dy;
            }
            y[panel_place(K, M, k, m)] = sum;
        }
}

static gan_status scaled_product_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    OK(gan_add_matmul_tn(g, in[0], in[1], y));
    return gan_add_affine(g, *y, SCALE, 0, y);
}

static void scaled_product_formula(const float *const *in, double *y)
{
    matmul_tn_formula(in, y);
    for (int i = 0; i < K * M; i++) y[i] *= (double)SCALE;
}

/* ---- sums and expansions ----------------------------------------------------------------------------------- */

static void shard_sum_formula(const float *const *in, double *y)
{
    for (int i = 0; i < S * K; i++) y[i] = 0;
    for (int n = 0; n < B; n++)
        for (int k = 0; k < K; k++) y[n / R * K + k] += (double)in[0][n * K + k];
}

static void shard_expand_formula(const float *const *in, double *y)
{
    for (int n = 0; n < B; n++)
        for (int k = 0; k < K; k++) y[n * K + k] = (double)in[0][n / R * K + k];
}

static void tree_sum_formula(const float *const *in, double *y)
{
    for (int k = 0; k < K; k++) {
        y[k] = 0;
        for (int s = 0; s < S; s++) y[k] += (double)in[0][s * K + k];
    }
}

/* Functions of sums, which become sums of functions. */
static gan_status difference_of_sums_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    gan_id a;
    OK(gan_add_tree_sum(g, in[0], &a));
    OK(gan_add_tree_sum(g, in[1], y));
    return gan_add_sub(g, a, *y, y);
}

static void difference_of_sums_formula(const float *const *in, double *y)
{
    double a[K];
    tree_sum_formula(in, a);
    tree_sum_formula(in + 1, y);
    for (int k = 0; k < K; k++) y[k] = a[k] - y[k];
}

static gan_status quotient_of_sum_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    OK(gan_add_tree_sum(g, in[0], y));
    return gan_add_div(g, *y, in[1], y);
}

static void quotient_of_sum_formula(const float *const *in, double *y)
{
    tree_sum_formula(in, y);
    for (int k = 0; k < K; k++) y[k] /= (double)in[1][k];
}

static gan_status product_with_sum_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    OK(gan_add_tree_sum(g, in[1], y));
    return gan_add_mul(g, in[0], *y, y);
}

static void product_with_sum_formula(const float *const *in, double *y)
{
    tree_sum_formula(in + 1, y);
    for (int k = 0; k < K; k++) y[k] *= (double)in[0][k];
}

static void tree_sum_numbers_formula(const float *const *in, double *y)
{
    y[0] = 0;
    for (int s = 0; s < S; s++) y[0] += (double)in[0][s];
}

static void expand_rows_formula(const float *const *in, double *y)
{
    for (int i = 0; i < B * K; i++) y[i] = (double)in[0][i % K];
}

static void sum_cols_formula(const float *const *in, double *y)
{
    for (int n = 0; n < B; n++) {
        y[n] = 0;
        for (int k = 0; k < K; k++) y[n] += (double)in[0][n * K + k];
    }
}

static void sum_cols_numbers_formula(const float *const *in, double *y)
{
    for (int n = 0; n < B; n++) y[n] = (double)in[0][n];
}

static void expand_cols_formula(const float *const *in, double *y)
{
    for (int i = 0; i < B * K; i++) y[i] = (double)in[0][i / K];
}

static void same_formula(const float *const *in, double *y) /* [B,K] as it is */
{
    for (int i = 0; i < B * K; i++) y[i] = (double)in[0][i];
}

BUILD1(shard_sum, y)
BUILD1(shard_expand, B, y)
BUILD1(tree_sum, y)
BUILD1(expand_rows, B, y)
BUILD1(all_sum, y)
BUILD1(one_rank, y)
BUILD1(whole_gradient, y)
BUILD1(place_rows, y)
BUILD1(own_rows, y)
BUILD1(sum_cols, y)
BUILD1(expand_cols, K, y)

/* ---- shape ------------------------------------------------------------------------------------------------- */

static gan_status reshape_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    const int64_t dims[3] = {B, 1, K};
    return gan_add_reshape(g, in[0], 3, dims, y);
}

static gan_status join_rows_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    const int64_t dims[2] = {S, R * K};
    return gan_add_reshape(g, in[0], 2, dims, y);
}

static gan_status slice_cols_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    return gan_add_slice(g, in[0], 1, 1, 4, y);
}

static void slice_cols_formula(const float *const *in, double *y)
{
    for (int n = 0; n < B; n++)
        for (int k = 1; k < 4; k++) y[n * 3 + k - 1] = (double)in[0][n * K + k];
}

static gan_status slice_rows_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    return gan_add_slice(g, in[0], 0, 1, 2, y);
}

static void slice_shards_formula(const float *const *in, double *y) /* the second row of each shard */
{
    for (int s = 0; s < S; s++)
        for (int k = 0; k < K; k++) y[s * K + k] = (double)in[0][(s * R + 1) * K + k];
}

static void slice_rows_formula(const float *const *in, double *y) /* the second row */
{
    for (int k = 0; k < K; k++) y[k] = (double)in[0][K + k];
}

static gan_status pad_cols_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    return gan_add_pad(g, in[0], 1, 2, K + 3, y);
}

static void pad_cols_formula(const float *const *in, double *y)
{
    for (int n = 0; n < B; n++)
        for (int k = 0; k < K + 3; k++)
            y[n * (K + 3) + k] = k >= 2 && k < K + 2 ? (double)in[0][n * K + k - 2] : 0;
}

static gan_status pad_rows_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    return gan_add_pad(g, in[0], 0, 1, R + 1, y);
}

static void pad_shards_formula(const float *const *in, double *y) /* a row of zeros before each shard */
{
    for (int s = 0; s < S; s++)
        for (int r = 0; r < R + 1; r++)
            for (int k = 0; k < K; k++)
                y[(s * (R + 1) + r) * K + k] = r ? (double)in[0][(s * R + r - 1) * K + k] : 0;
}

static gan_status concat_cols_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    return gan_add_concat(g, in[0], in[1], 1, y);
}

static void concat_cols_formula(const float *const *in, double *y)
{
    for (int n = 0; n < B; n++)
        for (int k = 0; k < K + U; k++)
            y[n * (K + U) + k] = (double)(k < K ? in[0][n * K + k] : in[1][n * U + k - K]);
}

static gan_status concat_rows_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    return gan_add_concat(g, in[0], in[1], 0, y);
}

static void concat_shards_formula(const float *const *in,
                                  double *y) /* R rows of a, 1 row of b, shard by shard */
{
    for (int s = 0; s < S; s++)
        for (int r = 0; r < R + 1; r++)
            for (int k = 0; k < K; k++)
                y[(s * (R + 1) + r) * K + k] =
                    (double)(r < R ? in[0][(s * R + r) * K + k] : in[1][s * K + k]);
}

/* ---- images ------------------------------------------------------------------------------------------------ */

/* Images of H x W, windows of KH x KW at stride 2 with a pixel of padding: they overlap and hang over the edges. */
enum { H = 5, W = 6, C = 2, KH = 3, KW = 4, STRIDE = 2, PAD = 1, WH = 3, WW = 3, ZH = 8, ZW = 4 };

#define IMAGES(h, w)                                                                                         \
    {                                                                                                        \
        .n_dims = 4, .dims = {S, h, w, C}, .dist = GAN_SHARDED                                               \
    }

BUILD1(window_sum, KH, KW, STRIDE, PAD, y)
BUILD1(window_spread, H, W, KH, KW, STRIDE, PAD, y)
BUILD2(max_pick, KH, KW, STRIDE, PAD, y)
BUILD2(max_spread, KH, KW, STRIDE, PAD, y)

static gan_status max_pool_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    return gan_add_max_pick(g, in[0], in[0], KH, KW, STRIDE, PAD, y);
}

static int64_t pixel(int h, int w, int c)
{
    return (h * W + w) * C + c;
}

static bool inside(int i, int k, int n)
{
    int at = i * STRIDE - PAD + k;
    return at >= 0 && at < n;
}

/* f(window, pixel) for all pairs, as offsets into [S,WH,WW,C] and [S,H,W,C]. */
#define EACH_PIXEL_OF_WINDOWS(statement)                                                                     \
    for (int n = 0; n < S; n++)                                                                              \
        for (int t = 0; t < WH * WW * C; t++)                                                                \
            for (int k = 0; k < KH * KW; k++) {                                                              \
                int i = t / (WW * C), j = t / C % WW, c = t % C, a = k / KW, b = k % KW;             \
                if (!inside(i, a, H) || !inside(j, b, W)) continue;                                          \
                int64_t at = n * H * W * C + pixel(i * STRIDE - PAD + a, j * STRIDE - PAD + b, c);           \
                int64_t to = n * WH * WW * C + t;                                                            \
                statement;                                                                                   \
            }

/* ---- convolutions of such images: the kernel and stride that a row is about, and O channels of the result. */
typedef struct conv_case {
    int kh, kw, stride, pad, O;
} conv_case;

static const conv_case conv_odd = {KH, KW, STRIDE, PAD, M}, conv_4x4 = {4, 4, 2, 1, 3}, conv_3x3 = {3, 3, 1, 1, 3},
                       conv_1x1 = {1, 1, 1, 0, 3};

/* Sizes of the results: OH x OW of the case. */
enum { OH4 = 2, OW4 = 3 };

static int conv_size(int n, int kernel, const conv_case *k)
{
    return (n + 2 * k->pad - kernel) / k->stride + 1;
}

/* f(x place, w place, y place) for all terms of the sum. */
typedef void conv_term(void *user, int64_t x, int64_t w, int64_t y);

static void conv_terms(const conv_case *k, conv_term *term, void *user)
{
    const int oh = conv_size(H, k->kh, k), ow = conv_size(W, k->kw, k), taps = k->kh * k->kw * C;
    for (int i = 0; i < S * oh * ow * k->O; i++)
        for (int t = 0; t < taps; t++) {
            int n = i / (oh * ow * k->O), h = i / (ow * k->O) % oh * k->stride + t / (k->kw * C) - k->pad;
            int w = i / k->O % ow * k->stride + t / C % k->kw - k->pad;
            if (h < 0 || h >= H || w < 0 || w >= W) continue;
            term(user, n * H * W * C + pixel(h, w, t % C), panel_place(taps, k->O, t, i % k->O), i);
        }
}

typedef struct conv_sum {
    const float *const *in;
    double *y;
} conv_sum;

static void term_of_y(void *user, int64_t x, int64_t w, int64_t y)
{
    conv_sum *s = user;
    s->y[y] += (double)s->in[0][x] * (double)s->in[1][w];
}

static void term_of_dx(void *user, int64_t x, int64_t w, int64_t y)
{
    conv_sum *s = user;
    s->y[x] += (double)s->in[0][y] * (double)s->in[1][w];
}

static void term_of_dw(void *user, int64_t x, int64_t w, int64_t y)
{
    conv_sum *s = user;
    s->y[w] += (double)s->in[0][x] * (double)s->in[1][y];
}

#define CONV_ROW(name, floats_y)                                                                             \
    static gan_status name##_build(gan_graph *g, const gan_id *in, gan_id *y)                                \
    {                                                                                                        \
        const gan_window k = {name.kh, name.kw, name.stride, name.pad};                                      \
        return gan_add_conv(g, in[0], in[1], &k, y);                                                         \
    }                                                                                                        \
    static gan_status name##_dx_build(gan_graph *g, const gan_id *in, gan_id *y)                             \
    {                                                                                                        \
        const gan_window k = {name.kh, name.kw, name.stride, name.pad};                                      \
        return gan_add_conv_dx(g, in[0], in[1], &k, H, W, y);                                                \
    }                                                                                                        \
    static gan_status name##_dw_build(gan_graph *g, const gan_id *in, gan_id *y)                             \
    {                                                                                                        \
        const gan_window k = {name.kh, name.kw, name.stride, name.pad};                                      \
        return gan_add_conv_dw(g, in[0], in[1], &k, y);                                                      \
    }                                                                                                        \
    static void name##_formula(const float *const *in, double *y)                                            \
    {                                                                                                        \
        for (int i = 0; i < (floats_y); i++) y[i] = 0;                                                       \
        conv_terms(&name, term_of_y, &(conv_sum){in, y});                                                    \
    }                                                                                                        \
    static void name##_dx_formula(const float *const *in, double *y)                                         \
    {                                                                                                        \
        for (int i = 0; i < S * H * W * C; i++) y[i] = 0;                                                    \
        conv_terms(&name, term_of_dx, &(conv_sum){in, y});                                                   \
    }                                                                                                        \
    static void name##_dw_formula(const float *const *in, double *y)                                         \
    {                                                                                                        \
        for (int i = 0; i < name.kh * name.kw * C * name.O; i++) y[i] = 0;                                   \
        conv_terms(&name, term_of_dw, &(conv_sum){in, y});                                                   \
    }

CONV_ROW(conv_odd, S *WH *WW *M)
CONV_ROW(conv_4x4, S *OH4 *OW4 * 3)
CONV_ROW(conv_3x3, S *H *W * 3)
CONV_ROW(conv_1x1, S *H *W * 3)

/* x * y - (p x) * y^2 as weight gradients, which becomes one over joined images. */
static gan_status difference_of_gradients_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    const gan_window k = {3, 3, 1, 1};
    gan_id x, dy, first;
    OK(gan_add_conv_dw(g, in[0], in[1], &k, &first));
    OK(gan_add_affine(g, in[0], SCALE, 0, &x));
    OK(gan_add_square(g, in[1], &dy));
    OK(gan_add_conv_dw(g, x, dy, &k, y));
    return gan_add_sub(g, first, *y, y);
}

static void term_of_difference(void *user, int64_t x, int64_t w, int64_t y)
{
    conv_sum *s = user;
    double dy = (double)s->in[1][y];
    s->y[w] += (double)s->in[0][x] * (dy - (double)SCALE * dy * dy);
}

static void difference_of_gradients_formula(const float *const *in, double *y)
{
    for (int i = 0; i < 9 * C * 3; i++) y[i] = 0;
    conv_terms(&conv_3x3, term_of_difference, &(conv_sum){in, y});
}

#define MAPS(h, w, o)                                                                                        \
    {                                                                                                        \
        .n_dims = 4, .dims = {S, h, w, o}, .dist = GAN_SHARDED                                               \
    }

static void window_sum_formula(const float *const *in, double *y)
{
    for (int i = 0; i < S * WH * WW * C; i++) y[i] = 0;
    EACH_PIXEL_OF_WINDOWS(y[to] += (double)in[0][at])
}

static void window_spread_formula(const float *const *in, double *y)
{
    for (int i = 0; i < S * H * W * C; i++) y[i] = 0;
    EACH_PIXEL_OF_WINDOWS(y[at] += (double)in[0][to])
}

static void best_places(const float *x, int64_t *best)
{
    for (int i = 0; i < S * WH * WW * C; i++) best[i] = -1;
    EACH_PIXEL_OF_WINDOWS(if (best[to] < 0 || x[at] > x[best[to]]) best[to] = at)
}

static void max_pick_formula(const float *const *in, double *y)
{
    int64_t best[S * WH * WW * C];
    best_places(in[0], best);
    for (int i = 0; i < S * WH * WW * C; i++) y[i] = (double)in[1][best[i]];
}

static void max_pool_formula(const float *const *in, double *y)
{
    const float *const twice[] = {in[0], in[0]};
    max_pick_formula(twice, y);
}

static void max_spread_formula(const float *const *in, double *y)
{
    int64_t best[S * WH * WW * C];
    best_places(in[0], best);
    for (int i = 0; i < S * H * W * C; i++) y[i] = 0;
    for (int i = 0; i < S * WH * WW * C; i++) y[best[i]] += (double)in[1][i];
}

static gan_status nearest_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    return gan_add_resize(g, in[0], ZH, ZW, false, y);
}

static gan_status bilinear_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    return gan_add_resize(g, in[0], ZH, ZW, true, y);
}

static gan_status nearest_adjoint_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    return gan_add_resize_adjoint(g, in[0], H, W, false, y);
}

static gan_status bilinear_adjoint_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    return gan_add_resize_adjoint(g, in[0], H, W, true, y);
}

/* Weight of source pixel s in pixel i of an axis resized from `in` to `out` pixels: a hat around the centre. */
static double hat(bool bilinear, int i, int s, int in, int out)
{
    double x = (i + 0.5) * in / out - 0.5;
    if (!bilinear) return s == (int)floor((double)i * in / out);
    x = x < 0 ? 0 : x > in - 1 ? in - 1 : x;
    return fmax(0, 1 - fabs(x - s));
}

static void resized(bool bilinear, bool adjoint, const float *x, double *y)
{
    for (int i = 0; i < S * C * (adjoint ? H * W : ZH * ZW); i++) y[i] = 0;
    for (int n = 0; n < S; n++)
        for (int t = 0; t < ZH * ZW * C; t++)
            for (int s = 0; s < H * W; s++) {
                int i = t / (ZW * C), j = t / C % ZW, c = t % C;
                double weight = hat(bilinear, i, s / W, H, ZH) * hat(bilinear, j, s % W, W, ZW);
                int at = (n * H * W + s) * C + c, to = n * ZH * ZW * C + t;
                y[adjoint ? at : to] += weight * (double)x[adjoint ? to : at];
            }
}

static void nearest_formula(const float *const *in, double *y)
{
    resized(false, false, in[0], y);
}

static void bilinear_formula(const float *const *in, double *y)
{
    resized(true, false, in[0], y);
}

static void nearest_adjoint_formula(const float *const *in, double *y)
{
    resized(false, true, in[0], y);
}

static void bilinear_adjoint_formula(const float *const *in, double *y)
{
    resized(true, true, in[0], y);
}

/* ---- groups ------------------------------------------------------------------------------------------------ */

BUILD2(group_pick, P, y)
BUILD2(group_spread, P, y)

static gan_status maxout_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    return gan_add_group_pick(g, in[0], in[0], P, y);
}

static int largest_of_three(const float *x)
{
    if (x[0] > x[1]) return x[0] > x[2] ? 0 : 2;
    return x[1] > x[2] ? 1 : 2;
}

static void maxout_formula(const float *const *in, double *y)
{
    for (int i = 0; i < B * U; i++)
        y[i] = fmax(fmax((double)in[0][3 * i], (double)in[0][3 * i + 1]), (double)in[0][3 * i + 2]);
}

static void group_pick_formula(const float *const *in, double *y)
{
    for (int i = 0; i < B * U; i++) y[i] = (double)in[1][3 * i + largest_of_three(in[0] + 3 * i)];
}

static void group_spread_formula(const float *const *in, double *y)
{
    for (int i = 0; i < B * U * P; i++)
        y[i] = i % 3 == largest_of_three(in[0] + i / 3 * 3) ? (double)in[1][i / 3] : 0;
}

/* ---- effects and leaves ------------------------------------------------------------------------------------ */

static gan_status param_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    (void)g;
    *y = in[0];
    return GAN_OK;
}

static gan_status constant_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    const gan_form f = SHARDED2(B, K);
    (void)in;
    return gan_add_constant(g, &f, 0.375f, y);
}

static void constant_formula(const float *const *in, double *y)
{
    (void)in;
    for (int i = 0; i < B * K; i++) y[i] = 0.375;
}

static gan_status random_normal_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    const gan_form f = SHARDED2(B, K);
    (void)in;
    return gan_add_random(g, &f, GAN_RNG_NOISE, true, 1.5f, 0.5f, y);
}

/* What the random ops promise: element i of row n by (seed, purpose, stream, step, n); test_run() has seed 7, step 3. */
static gan_rng random_place(gan_rng_purpose purpose, int row)
{
    return (gan_rng){.seed = 7, .purpose = purpose, .stream = 0, .step = 3, .sample = (uint64_t)row};
}

static void random_normal_formula(const float *const *in, double *y)
{
    (void)in;
    for (int i = 0; i < B * K; i++) {
        gan_rng at = random_place(GAN_RNG_NOISE, i / K);
        float x;
        gan_rng_normal(&at, i % K, 1, 1.5f, 0.5f, &x);
        y[i] = (double)x;
    }
}

static gan_status random_uniform_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    const gan_form f = REPLICATED2(B, K);
    (void)in;
    return gan_add_random(g, &f, GAN_RNG_TEST, false, -2, 3, y);
}

static void random_uniform_formula(const float *const *in, double *y)
{
    (void)in;
    for (int i = 0; i < B * K; i++) {
        gan_rng at = random_place(GAN_RNG_TEST, i / K);
        float x;
        gan_rng_uniform(&at, i % K, 1, -2, 3, &x);
        y[i] = (double)x;
    }
}

static gan_status dropout_mask_build(gan_graph *g, const gan_id *in, gan_id *y)
{
    const gan_form f = SHARDED2(B, K);
    (void)in;
    return gan_add_dropout_mask(g, &f, 0.75f, y);
}

static void dropout_mask_formula(const float *const *in, double *y)
{
    (void)in;
    for (int i = 0; i < B * K; i++) {
        gan_rng at = random_place(GAN_RNG_DROPOUT, i / K);
        float x;
        gan_rng_uniform(&at, i % K, 1, 0, 1, &x);
        y[i] = x < 0.75f ? 1 / 0.75 : 0;
    }
}

/* ---- the table --------------------------------------------------------------------------------------------- */

/* clang-format off */
#define ROWS {.form = SHARDED2(B, K), .lo = -2, .hi = 2}
#define AWAY {.form = SHARDED2(B, K), .lo = -2, .hi = 2, .gap = 0.1}
#define ABOVE {.form = SHARDED2(B, K), .lo = 0.5, .hi = 3}
#define GROUPS {.form = SHARDED2(B, U * P), .lo = -2, .hi = 2, .apart = 0.05}
#define ELEMENTWISE1(name, operand) {#name, "", 1, {operand}, SHARDED2(B, K), name##_build, .map = name##_value}
#define ELEMENTWISE2(name, a, b) {#name, "", 2, {a, b}, SHARDED2(B, K), name##_build, .map = name##_value}

static const op_row op_rows[] = {
    {"constant", "", 0, {{.lo = 0}}, SHARDED2(B, K), constant_build, .formula = constant_formula},
    {"param", "", 1, {ROWS}, SHARDED2(B, K), param_build, .formula = same_formula},
    {"random", "normal", 0, {{.lo = 0}}, SHARDED2(B, K), random_normal_build, .formula = random_normal_formula},
    {"random", "uniform", 0, {{.lo = 0}}, REPLICATED2(B, K), random_uniform_build, .formula = random_uniform_formula},
    {"dropout_mask", "", 0, {{.lo = 0}}, SHARDED2(B, K), dropout_mask_build, .formula = dropout_mask_formula},

    ELEMENTWISE2(add, ROWS, ROWS),
    ELEMENTWISE2(sub, ROWS, ROWS),
    ELEMENTWISE2(mul, ROWS, ROWS),
    ELEMENTWISE2(div, ROWS, ABOVE),
    ELEMENTWISE1(affine, ROWS),
    ELEMENTWISE1(relu, AWAY),
    ELEMENTWISE1(leaky_relu, AWAY),
    ELEMENTWISE1(leaky_mask, AWAY),
    ELEMENTWISE1(tanh, ROWS),
    ELEMENTWISE1(sigmoid, ROWS),
    ELEMENTWISE1(softplus, ROWS),
    ELEMENTWISE1(exp, ROWS),
    ELEMENTWISE1(log, ABOVE),
    ELEMENTWISE1(sqrt, ABOVE),
    ELEMENTWISE1(reciprocal, ABOVE),
    ELEMENTWISE1(square, ROWS),
    ELEMENTWISE1(abs, AWAY),
    ELEMENTWISE1(sign, AWAY),
    {"mul", "one input twice", 1, {ROWS}, SHARDED2(B, K), square_by_mul_build, .map = square_value},
    {"mul", "weights", 2, {{WEIGHT(K, M), -2, 2, 0, 0}, {WEIGHT(K, M), -2, 2, 0, 0}}, WEIGHT(K, M), mul_build, .map = mul_value},
    {"exp", "replicated", 1, {{REPLICATED1(K), -2, 2, 0, 0}}, REPLICATED1(K), exp_build, .map = exp_value},
    {"add", "partial", 2, {{PARTIAL1(K), -2, 2, 0, 0}, {PARTIAL1(K), -2, 2, 0, 0}}, PARTIAL1(K), add_build, .map = add_value},
    {"sub", "partial", 2, {{PARTIAL_WEIGHT(K, M), -2, 2, 0, 0}, {PARTIAL_WEIGHT(K, M), -2, 2, 0, 0}}, PARTIAL_WEIGHT(K, M), sub_build, .map = sub_value},
    {"mul", "partial by replicated", 2, {{PARTIAL1(K), -2, 2, 0, 0}, {REPLICATED1(K), -2, 2, 0, 0}}, PARTIAL1(K), mul_build, .map = mul_value},
    {"mul", "replicated by partial", 2, {{REPLICATED1(K), -2, 2, 0, 0}, {PARTIAL1(K), -2, 2, 0, 0}}, PARTIAL1(K), mul_build, .map = mul_value},
    {"div", "partial by replicated", 2, {{PARTIAL1(K), -2, 2, 0, 0}, {REPLICATED1(K), 0.5, 2, 0, 0}}, PARTIAL1(K), div_build, .map = div_value},
    {"affine", "partial", 1, {{PARTIAL1(K), -2, 2, 0, 0}}, PARTIAL1(K), scale_build, .map = scale_value},

    {"matmul", "", 2, {ROWS, {WEIGHT(K, M), -2, 2, 0, 0}}, SHARDED2(B, M), matmul_build, .formula = matmul_formula},
    {"matmul_nt", "", 2, {{SHARDED2(B, M), -2, 2, 0, 0}, {WEIGHT(K, M), -2, 2, 0, 0}}, SHARDED2(B, K), matmul_nt_build, .formula = matmul_nt_formula},
    {"matmul_tn", "", 2, {ROWS, {SHARDED2(B, M), -2, 2, 0, 0}}, PARTIAL_WEIGHT(K, M), matmul_tn_build, .formula = matmul_tn_formula},

    {"matmul", "replicated", 2, {{REPLICATED2(B, K), -2, 2, 0, 0}, {WEIGHT(K, M), -2, 2, 0, 0}}, REPLICATED2(B, M), matmul_build, .formula = matmul_formula},
    {"matmul", "partial", 2, {{PARTIAL2(B, K), -2, 2, 0, 0}, {WEIGHT(K, M), -2, 2, 0, 0}}, PARTIAL2(B, M), matmul_build, .formula = matmul_formula},
    {"matmul", "partial weights", 2, {{REPLICATED2(B, K), -2, 2, 0, 0}, {PARTIAL_WEIGHT(K, M), -2, 2, 0, 0}}, PARTIAL2(B, M), matmul_build, .formula = matmul_formula},
    {"matmul_nt", "replicated", 2, {{REPLICATED2(B, M), -2, 2, 0, 0}, {WEIGHT(K, M), -2, 2, 0, 0}}, REPLICATED2(B, K), matmul_nt_build, .formula = matmul_nt_formula},
    {"matmul_nt", "partial", 2, {{PARTIAL2(B, M), -2, 2, 0, 0}, {WEIGHT(K, M), -2, 2, 0, 0}}, PARTIAL2(B, K), matmul_nt_build, .formula = matmul_nt_formula},
    {"matmul_tn", "replicated", 2, {{REPLICATED2(B, K), -2, 2, 0, 0}, {REPLICATED2(B, M), -2, 2, 0, 0}}, WEIGHT(K, M), matmul_tn_build, .formula = matmul_tn_formula},
    {"matmul_tn", "partial", 2, {{REPLICATED2(B, K), -2, 2, 0, 0}, {PARTIAL2(B, M), -2, 2, 0, 0}}, PARTIAL_WEIGHT(K, M), matmul_tn_build, .formula = matmul_tn_formula},

    {"matmul_tn", "difference of two", 2, {ROWS, {SHARDED2(B, M), -2, 2, 0, 0}}, PARTIAL_WEIGHT(K, M), difference_of_products_build, .formula = difference_of_products_formula},
    {"matmul_tn", "scaled", 2, {ROWS, {SHARDED2(B, M), -2, 2, 0, 0}}, PARTIAL_WEIGHT(K, M), scaled_product_build, .formula = scaled_product_formula},

    {"shard_sum", "", 1, {ROWS}, SHARDED2(S, K), shard_sum_build, .formula = shard_sum_formula},
    {"shard_expand", "", 1, {{SHARDED2(S, K), -2, 2, 0, 0}}, SHARDED2(B, K), shard_expand_build, .formula = shard_expand_formula},
    {"tree_sum", "", 1, {{SHARDED2(S, K), -2, 2, 0, 0}}, PARTIAL1(K), tree_sum_build, .formula = tree_sum_formula},
    {"tree_sum", "numbers", 1, {{SHARDED1(S), -2, 2, 0, 0}}, PARTIAL1(1), tree_sum_build, .formula = tree_sum_numbers_formula},
    {"tree_sum", "difference of two", 2, {{SHARDED2(S, K), -2, 2, 0, 0}, {SHARDED2(S, K), -2, 2, 0, 0}}, PARTIAL1(K), difference_of_sums_build, .formula = difference_of_sums_formula},
    {"tree_sum", "by replicated", 2, {{SHARDED2(S, K), -2, 2, 0, 0}, {REPLICATED1(K), 0.5, 2, 0, 0}}, PARTIAL1(K), quotient_of_sum_build, .formula = quotient_of_sum_formula},
    {"tree_sum", "replicated times it", 2, {{REPLICATED1(K), -2, 2, 0, 0}, {SHARDED2(S, K), -2, 2, 0, 0}}, PARTIAL1(K), product_with_sum_build, .formula = product_with_sum_formula},
    {"expand_rows", "", 1, {{REPLICATED1(K), -2, 2, 0, 0}}, SHARDED2(B, K), expand_rows_build, .formula = expand_rows_formula},
    {"all_sum", "one rank", 1, {{PARTIAL2(B, K), -2, 2, 0, 0}}, REPLICATED2(B, K), all_sum_build, .formula = same_formula},
    {"one_rank", "rank 0", 1, {{REPLICATED2(B, K), -2, 2, 0, 0}}, PARTIAL2(B, K), one_rank_build, .formula = same_formula},
    {"whole_gradient", "", 1, {{REPLICATED2(B, K), -2, 2, 0, 0}}, REPLICATED2(B, K), whole_gradient_build, .formula = same_formula},
    {"place_rows", "one rank", 1, {{SHARDED2(B, K), -2, 2, 0, 0}}, PARTIAL2(B, K), place_rows_build, .formula = same_formula},
    {"own_rows", "one rank", 1, {{REPLICATED2(B, K), -2, 2, 0, 0}}, SHARDED2(B, K), own_rows_build, .formula = same_formula},
    {"sum_cols", "", 1, {ROWS}, SHARDED1(B), sum_cols_build, .formula = sum_cols_formula},
    {"sum_cols", "numbers", 1, {{SHARDED1(B), -2, 2, 0, 0}}, SHARDED1(B), sum_cols_build, .formula = sum_cols_numbers_formula},
    {"sum_cols", "images", 1, {{{.n_dims = 3, .dims = {B, 1, K}, .dist = GAN_SHARDED}, -2, 2, 0, 0}}, SHARDED1(B), sum_cols_build, .formula = sum_cols_formula},
    {"expand_cols", "", 1, {{SHARDED1(B), -2, 2, 0, 0}}, SHARDED2(B, K), expand_cols_build, .formula = expand_cols_formula},

    {"reshape", "rows become pixels", 1, {ROWS}, SHARDED2(S, R * K), join_rows_build, .formula = same_formula},
    {"reshape", "", 1, {ROWS}, {.n_dims = 3, .dims = {B, 1, K}, .dist = GAN_SHARDED}, reshape_build, .formula = same_formula},
    {"slice", "columns", 1, {ROWS}, SHARDED2(B, 3), slice_cols_build, .formula = slice_cols_formula},
    {"slice", "rows of each shard", 1, {ROWS}, SHARDED2(S, K), slice_rows_build, .formula = slice_shards_formula},
    {"slice", "rows, replicated", 1, {{REPLICATED2(B, K), -2, 2, 0, 0}}, REPLICATED2(1, K), slice_rows_build, .formula = slice_rows_formula},
    {"pad", "columns", 1, {ROWS}, SHARDED2(B, K + 3), pad_cols_build, .formula = pad_cols_formula},
    {"pad", "rows of each shard", 1, {ROWS}, SHARDED2(S * (R + 1), K), pad_rows_build, .formula = pad_shards_formula},
    {"concat", "columns", 2, {ROWS, {SHARDED2(B, U), -2, 2, 0, 0}}, SHARDED2(B, K + U), concat_cols_build, .formula = concat_cols_formula},
    {"concat", "rows of each shard", 2, {ROWS, {SHARDED2(S, K), -2, 2, 0, 0}}, SHARDED2(S * (R + 1), K), concat_rows_build, .formula = concat_shards_formula},

    {"group_pick", "", 2, {GROUPS, {SHARDED2(B, U * P), -2, 2, 0, 0}}, SHARDED2(B, U), group_pick_build, .formula = group_pick_formula},
    {"group_pick", "maxout", 1, {GROUPS}, SHARDED2(B, U), maxout_build, .formula = maxout_formula},
    {"group_pick", "maxout, replicated", 1, {{REPLICATED2(B, U * P), -2, 2, 0, 0.05}}, REPLICATED2(B, U), maxout_build, .formula = maxout_formula},
    {"group_spread", "", 2, {GROUPS, {SHARDED2(B, U), -2, 2, 0, 0}}, SHARDED2(B, U * P), group_spread_build, .formula = group_spread_formula},

    {"window_sum", "", 1, {{IMAGES(H, W), -2, 2, 0, 0}}, IMAGES(WH, WW), window_sum_build, .formula = window_sum_formula},
    {"window_spread", "", 1, {{IMAGES(WH, WW), -2, 2, 0, 0}}, IMAGES(H, W), window_spread_build, .formula = window_spread_formula},
    {"conv", "odd", 2, {{IMAGES(H, W), -2, 2, 0, 0}, {WEIGHT(KH * KW * C, M), -1, 1, 0, 0}}, MAPS(WH, WW, M), conv_odd_build, .formula = conv_odd_formula},
    {"conv_dx", "odd", 2, {{MAPS(WH, WW, M), -2, 2, 0, 0}, {WEIGHT(KH * KW * C, M), -1, 1, 0, 0}}, IMAGES(H, W), conv_odd_dx_build, .formula = conv_odd_dx_formula},
    {"conv_dw", "odd", 2, {{IMAGES(H, W), -2, 2, 0, 0}, {MAPS(WH, WW, M), -2, 2, 0, 0}}, PARTIAL_WEIGHT(KH * KW * C, M), conv_odd_dw_build, .formula = conv_odd_dw_formula},
    {"conv", "4x4, stride 2", 2, {{IMAGES(H, W), -2, 2, 0, 0}, {WEIGHT(16 * C, 3), -1, 1, 0, 0}}, MAPS(OH4, OW4, 3), conv_4x4_build, .formula = conv_4x4_formula},
    {"conv_dx", "4x4, stride 2", 2, {{MAPS(OH4, OW4, 3), -2, 2, 0, 0}, {WEIGHT(16 * C, 3), -1, 1, 0, 0}}, IMAGES(H, W), conv_4x4_dx_build, .formula = conv_4x4_dx_formula},
    {"conv_dw", "4x4, stride 2", 2, {{IMAGES(H, W), -2, 2, 0, 0}, {MAPS(OH4, OW4, 3), -2, 2, 0, 0}}, PARTIAL_WEIGHT(16 * C, 3), conv_4x4_dw_build, .formula = conv_4x4_dw_formula},
    {"conv", "3x3", 2, {{IMAGES(H, W), -2, 2, 0, 0}, {WEIGHT(9 * C, 3), -1, 1, 0, 0}}, MAPS(H, W, 3), conv_3x3_build, .formula = conv_3x3_formula},
    {"conv_dx", "3x3", 2, {{MAPS(H, W, 3), -2, 2, 0, 0}, {WEIGHT(9 * C, 3), -1, 1, 0, 0}}, IMAGES(H, W), conv_3x3_dx_build, .formula = conv_3x3_dx_formula},
    {"conv_dw", "3x3", 2, {{IMAGES(H, W), -2, 2, 0, 0}, {MAPS(H, W, 3), -2, 2, 0, 0}}, PARTIAL_WEIGHT(9 * C, 3), conv_3x3_dw_build, .formula = conv_3x3_dw_formula},
    {"conv", "1x1", 2, {{IMAGES(H, W), -2, 2, 0, 0}, {WEIGHT(C, 3), -1, 1, 0, 0}}, MAPS(H, W, 3), conv_1x1_build, .formula = conv_1x1_formula},
    {"conv_dx", "1x1", 2, {{MAPS(H, W, 3), -2, 2, 0, 0}, {WEIGHT(C, 3), -1, 1, 0, 0}}, IMAGES(H, W), conv_1x1_dx_build, .formula = conv_1x1_dx_formula},
    {"conv_dw", "1x1", 2, {{IMAGES(H, W), -2, 2, 0, 0}, {MAPS(H, W, 3), -2, 2, 0, 0}}, PARTIAL_WEIGHT(C, 3), conv_1x1_dw_build, .formula = conv_1x1_dw_formula},
    {"conv_dw", "difference of two", 2, {{IMAGES(H, W), -2, 2, 0, 0}, {MAPS(H, W, 3), -2, 2, 0, 0}}, PARTIAL_WEIGHT(9 * C, 3), difference_of_gradients_build, .formula = difference_of_gradients_formula},
    {"max_pick", "", 2, {{IMAGES(H, W), -2, 2, 0, 0}, {IMAGES(H, W), -2, 2, 0, 0}}, IMAGES(WH, WW), max_pick_build, .formula = max_pick_formula},
    {"max_pick", "max pooling", 1, {{IMAGES(H, W), -2, 2, 0, 0}}, IMAGES(WH, WW), max_pool_build, .formula = max_pool_formula},
    {"max_spread", "", 2, {{IMAGES(H, W), -2, 2, 0, 0}, {IMAGES(WH, WW), -2, 2, 0, 0}}, IMAGES(H, W), max_spread_build, .formula = max_spread_formula},
    {"resize", "nearest", 1, {{IMAGES(H, W), -2, 2, 0, 0}}, IMAGES(ZH, ZW), nearest_build, .formula = nearest_formula},
    {"resize", "bilinear", 1, {{IMAGES(H, W), -2, 2, 0, 0}}, IMAGES(ZH, ZW), bilinear_build, .formula = bilinear_formula},
    {"resize_adjoint", "nearest", 1, {{IMAGES(ZH, ZW), -2, 2, 0, 0}}, IMAGES(H, W), nearest_adjoint_build, .formula = nearest_adjoint_formula},
    {"resize_adjoint", "bilinear", 1, {{IMAGES(ZH, ZW), -2, 2, 0, 0}}, IMAGES(H, W), bilinear_adjoint_build, .formula = bilinear_adjoint_formula},
};
/* clang-format on */
enum { N_OP_ROWS = sizeof op_rows / sizeof op_rows[0] };

#endif
