/* Convolutions as their definition says. One set of loops serves all ways, with u = w. */
#include "../conv_sizes.h"
#include "ref.h"

#include <string.h>

/* The reference leaves all to the first thread. */
void gan__conv_weights_ref(gan_conv_way way, const gan_conv *c, gan_conv_pass pass, gan_part part, const float *w, float *u)
{
    if (part.i != 0 || gan_conv_weight_floats(way, c, pass) == 0) return;
    memcpy(u, w, (size_t)(gan__conv_taps(c) * c->O) * sizeof *u);
}

/* Number of the float x[n,h,w,ch], -1 outside the image. */
static int64_t x_at(const gan_conv *c, int64_t n, int64_t h, int64_t w, int64_t ch)
{
    return h < 0 || w < 0 || h >= c->H || w >= c->W ? -1 : ((n * c->H + h) * c->W + w) * c->C + ch;
}

/* Number of the float of x that w[k,.] meets in output pixel (oy,ox) of image n. */
static int64_t x_of(const gan_conv *c, int64_t n, int64_t oy, int64_t ox, int64_t k)
{
    int64_t tap = k / c->C;
    return x_at(c, n, oy * c->stride + tap / c->kw - c->pad_top, ox * c->stride + tap % c->kw - c->pad_left,
                k % c->C);
}

static void finish(int64_t pixels, int64_t channels, const gan_conv_tail *tail, float *y)
{
    if (!tail) return;
    for (int64_t i = 0; tail->bias && i < pixels * channels; i++) y[i] += tail->bias[i % channels];
    if (tail->map >= 0) gan__kernels_ref.map[tail->map](pixels * channels, y, NULL, tail->p, tail->q, y);
}

void gan__conv_y_ref(gan_conv_way way, const gan_conv *c, const float *x, const float *w,
                     const gan_conv_tail *tail, float *y, float *scratch)
{
    (void)way, (void)scratch;
    const int64_t K = gan__conv_taps(c), pixels = c->OH * c->OW;
    for (int64_t i = 0; i < c->N * pixels * c->O; i++) {
        const int64_t o = i % c->O, pixel = i / c->O % pixels, n = i / c->O / pixels;
        float sum = 0;
        for (int64_t k = 0; k < K; k++) {
            int64_t at = x_of(c, n, pixel / c->OW, pixel % c->OW, k);
            if (at >= 0) sum += x[at] * w[gan_panel_at(K, c->O, k, o)];
        }
        y[i] = sum;
    }
    finish(c->N * pixels, c->O, tail, y);
}

void gan__conv_dx_ref(gan_conv_way way, const gan_conv *c, const float *dy, const float *w,
                      const gan_conv_tail *tail, float *dx, float *scratch)
{
    (void)way, (void)scratch;
    const int64_t K = gan__conv_taps(c), pixels = c->N * c->OH * c->OW;
    memset(dx, 0, (size_t)(c->N * c->H * c->W * c->C) * sizeof *dx);
    for (int64_t i = 0; i < pixels; i++) {
        for (int64_t k = 0; k < K; k++) {
            int64_t at = x_of(c, i / c->OW / c->OH, i / c->OW % c->OH, i % c->OW, k);
            float sum = 0;
            for (int64_t o = 0; o < c->O; o++) sum += dy[i * c->O + o] * w[gan_panel_at(K, c->O, k, o)];
            if (at >= 0) dx[at] += sum;
        }
    }
    finish(c->N * c->H * c->W, c->C, tail, dx);
}

/* Sum over the pixels of images [n0, n1). */
static float sum_dw(const gan_conv *c, int64_t k, int64_t o, int64_t n0, int64_t n1, const float *x,
                    const float *dy)
{
    float sum = 0;
    for (int64_t i = n0 * c->OH * c->OW; i < n1 * c->OH * c->OW; i++) {
        int64_t at = x_of(c, i / c->OW / c->OH, i / c->OW % c->OH, i % c->OW, k);
        if (at >= 0) sum += x[at] * dy[i * c->O + o];
    }
    return sum;
}

void gan__conv_dw_ref(gan_conv_way way, const gan_conv *c, int64_t shards, gan_part part, const float *x, const float *dy,
                      float *dw, float *scratch)
{
    (void)way, (void)scratch;
    const int64_t K = gan__conv_taps(c), R = c->N / shards;
    for (int64_t k = 0; k < K && part.i == 0; k++) {
        for (int64_t o = 0; o < c->O; o++) {
            gan__tree t = {0};
            for (int64_t s = 0; s < shards; s++)
                gan__tree_add(&t, sum_dw(c, k, o, s * R, (s + 1) * R, x, dy));
            dw[gan_panel_at(K, c->O, k, o)] = gan__tree_total(&t);
        }
    }
}
