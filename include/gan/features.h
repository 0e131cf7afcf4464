/* A network as feature extractor: Radford, Metz and Chintala 2016, section 5.1. Outputs of chosen layers are max-pooled to a
 * grid of 4x4, flattened, and stand one after the other. Local, on one rank. */
#ifndef GAN_FEATURES_H
#define GAN_FEATURES_H

#include "gan/nn.h"

enum { GAN_FEATURES_GRID = 4 };

typedef struct gan_features gan_features;

/* For blocks of up to `rows` samples. layers[n_layers]: indices of layers, in the order that their features are to have. The
 * network is borrowed, and runs as when sampling (running statistics, no dropout), with averaged weights where it has them. */
gan_status gan_features_new(gan_features **out, gan_network *net, const gan_kernels *k, const int *layers, int n_layers,
                            int64_t rows);
/* The part of one layer: an image's is [h,w,C] with h, w = 4, or its own size where that is less; of other shapes, as it is.
 * A cell of the grid is the maximum over pixels floor(i H / 4) .. ceil((i+1) H / 4) - 1, so that all pixels count; cells
 * share a row where 4 does not divide H. */
gan_sample_shape gan_features_shape(const gan_features *f, int part);
int64_t gan_features_size(const gan_features *f); /* of all parts */
/* Where the samples of a block go, [rows, net->in]; of f. */
float *gan_features_input(gan_features *f);
/* [rows, net->in.condition], zero at first: what the samples are conditioned on, for layers that depend on it; NULL where none of the
 * chosen ones does. */
float *gan_features_condition(gan_features *f);
/* out [n, size], of the first n rows of the input; row i depends on sample i alone, to the bit. */
gan_status gan_features_compute(gan_features *f, int64_t n, float *out);
void gan_features_free(gan_features *f); /* takes NULL */

#endif
