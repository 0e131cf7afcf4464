/* What the convolutions of one instruction set share. */
#ifndef GAN_KERNELS_SIMD_CONV_H
#define GAN_KERNELS_SIMD_CONV_H

#include "../conv_sizes.h"
#include "simd.h"

/* Bias and map of a block of result pixels, while they are in a cache; tail may be NULL. */
void GAN_NAME(conv_tail)(int64_t pixels, int64_t channels, const gan_conv_tail *tail, float *y);

/* As in gan/conv.h, for GAN_CONV_DIRECT ... */
void GAN_NAME(direct_weights)(const gan_conv *c, gan_part part, const float *w, float *u);
void GAN_NAME(direct_y)(const gan_conv *c, const float *x, const float *w, const gan_conv_tail *tail,
                        float *y, float *scratch);
void GAN_NAME(direct_dx)(const gan_conv *c, const float *dy, const float *u, const gan_conv_tail *tail,
                         float *dx, float *scratch);
void GAN_NAME(direct_dw)(const gan_conv *c, int64_t shards, gan_part part, const float *x, const float *dy, float *dw,
                         float *scratch);

/* ... and for Winograd's ways. */
gan_conv_weights_fn GAN_NAME(winograd_weights);
gan_conv_y_fn GAN_NAME(winograd_y);
gan_conv_dx_fn GAN_NAME(winograd_dx);
gan_conv_dw_fn GAN_NAME(winograd_dw);

#endif
