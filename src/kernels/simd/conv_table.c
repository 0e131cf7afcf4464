/* Which file computes which way, and what all ways end with. */
#include "conv.h"

static void add_bias(int64_t pixels, int64_t channels, const float *bias, float *y)
{
    for (int64_t i = 0; i < pixels; i++, y += channels) {
        int64_t j = 0;
        for (; j + LANES <= channels; j += LANES) vf_store(y + j, vf_load(y + j) + vf_load(bias + j));
        for (; j < channels; j++) y[j] += bias[j];
    }
}

void GAN_NAME(conv_tail)(int64_t pixels, int64_t channels, const gan_conv_tail *tail, float *y)
{
    if (!tail) return;
    if (tail->bias) add_bias(pixels, channels, tail->bias, y);
    if (tail->map >= 0) GAN_NAME(kernels).map[tail->map](pixels * channels, y, NULL, tail->p, tail->q, y);
}

void GAN_NAME(conv_weights)(gan_conv_way way, const gan_conv *c, gan_conv_pass pass, gan_part part, const float *w,
                            float *u)
{
    if (gan_conv_weight_floats(way, c, pass) == 0) return;
    if (way == GAN_CONV_DIRECT) {
        GAN_NAME(direct_weights)(c, part, w, u);
    } else {
        GAN_NAME(winograd_weights)(way, c, pass, part, w, u);
    }
}

void GAN_NAME(conv_y)(gan_conv_way way, const gan_conv *c, const float *x, const float *u,
                      const gan_conv_tail *tail, float *y, float *scratch)
{
    if (way == GAN_CONV_DIRECT) {
        GAN_NAME(direct_y)(c, x, u, tail, y, scratch);
    } else {
        GAN_NAME(winograd_y)(way, c, x, u, tail, y, scratch);
    }
}

void GAN_NAME(conv_dx)(gan_conv_way way, const gan_conv *c, const float *dy, const float *u,
                       const gan_conv_tail *tail, float *dx, float *scratch)
{
    if (way == GAN_CONV_DIRECT) {
        GAN_NAME(direct_dx)(c, dy, u, tail, dx, scratch);
    } else {
        GAN_NAME(winograd_dx)(way, c, dy, u, tail, dx, scratch);
    }
}

void GAN_NAME(conv_dw)(gan_conv_way way, const gan_conv *c, int64_t shards, gan_part part, const float *x,
                       const float *dy, float *dw, float *scratch)
{
    if (way == GAN_CONV_DIRECT) {
        GAN_NAME(direct_dw)(c, shards, part, x, dy, dw, scratch);
    } else {
        GAN_NAME(winograd_dw)(way, c, shards, part, x, dy, dw, scratch);
    }
}
