/* Latents: rows of numbers that a generator makes samples of. All functions are local and deterministic.
 *
 * z_i, the noise of sample i, is a function of seed and i alone, so "sample 7" is the same in every picture of a run; what
 * is between samples, and arithmetic with them, is computed from these rows. Where a function promises a row "to the bit",
 * the sample made of it has the bits of the one that was named. */
#ifndef GAN_LATENT_H
#define GAN_LATENT_H

#include "gan/config.h"

typedef struct gan_noise { /* the distribution of z, and the seed of the fixed noise */
    int64_t size;          /* numbers in z */
    bool normal;           /* N(0,1), else U(-1,1) */
    uint64_t seed;
} gan_noise;
gan_noise gan_noise_of(const gan_config *cfg, uint64_t seed); /* keys of [noise] */

/* z [n,size]: the noise of samples first .. first+n-1. */
void gan_latent_fixed(const gan_noise *noise, int64_t first, int64_t n, float *z);

/* The way from a to b [size] in n >= 2 equal steps, z [n,size]; first and last row are a and b to the bit. linear: on the
 * straight line. slerp: on the arc between their directions (Shoemake 1985; for latents: White, "Sampling Generative
 * Networks", 2016), which keeps the length where a and b are equally long; where they are parallel within 1e-4, or opposite,
 * there is no one arc and the way is linear. z may not overlap a and b. */
void gan_latent_linear(int64_t size, const float *a, const float *b, int64_t n, float *z);
void gan_latent_slerp(int64_t size, const float *a, const float *b, int64_t n, float *z);

/* z [size]: the mean of the noise of samples[n], n >= 1; of one sample: it, to the bit. GAN_ENOMEM. */
gan_status gan_latent_mean(const gan_noise *noise, const int64_t *samples, int64_t n, float *z);
/* z [size] = sum of factor[i] * rows[i]; rows [n,size]. */
void gan_latent_sum(int64_t size, const double *factor, const float *rows, int64_t n, float *z);
/* z [n,size]: a [size] plus uniform noise in [-radius, radius) of each coordinate, as in the DCGAN paper, figure 7. */
void gan_latent_neighbours(const gan_noise *noise, const float *a, float radius, int64_t n, float *z);

/* Row i of z [n,size] is a [size] with t_i added to coordinate `axis`, t from -span to span in n equal steps; n >= 2. With an
 * odd n the middle row is a to the bit. grid: z [n*n,size], axis[0] goes with the columns, axis[1] with the rows. */
void gan_latent_sweep(int64_t size, const float *a, int64_t axis, double span, int64_t n, float *z);
void gan_latent_grid(int64_t size, const float *a, const int64_t axis[2], double span, int64_t n, float *z);

/* c [n,classes], one-hot: samples first .. first+n-1, of which `repeat` neighbours are of one class, then as many of the next. */
void gan_latent_classes(int64_t classes, int64_t first, int64_t n, int64_t repeat, float *c);

#endif
