/* Counter-based random numbers: Philox 4x64-10 (Salmon et al., SC 2011; library Random123).
 *
 * A number is a pure function of (seed, purpose, stream, step, sample, element). There is no state, so nothing
 * has to be saved, handed on or kept in step; and the rank is never in the key, so any number of ranks draws the
 * same numbers for the same global sample. */
#ifndef GAN_RNG_H
#define GAN_RNG_H

#include <stdint.h>

/* What the numbers are for. The values are part of the reproducible behaviour: append only. */
typedef enum gan_rng_purpose {
    GAN_RNG_INIT = 1, /* initial weights: stream = parameter number, sample = 0 */
    GAN_RNG_NOISE,    /* z: stream = noise node of the step */
    GAN_RNG_DROPOUT,  /* masks: stream = mask node of the step */
    GAN_RNG_SHUFFLE,  /* epoch permutations: step = epoch */
    GAN_RNG_MIXTURE,  /* synthetic data: sample = position in the stream of samples */
    GAN_RNG_SAMPLES,  /* the fixed noise of sample grids */
    GAN_RNG_PENALTY,  /* points of gradient penalties: stream = random node of the step */
    GAN_RNG_TEST,
    GAN_RNG_REFERENCE /* the noise of the fixed reference batch: step and stream = 0 */
} gan_rng_purpose;

typedef struct gan_rng {
    uint64_t seed;
    gan_rng_purpose purpose;
    uint64_t stream, step, sample;
} gan_rng;

/* Four 64-bit words for the given block of this place. */
void gan_rng_bits(const gan_rng *at, uint64_t block, uint64_t out[4]);

/* out[0..n): element first+i is the same whatever n and first are. uniform: in [lo, hi), 24 random bits each. */
void gan_rng_uniform(const gan_rng *at, int64_t first, int64_t n, float lo, float hi, float *out);

/* Normal by inverting the distribution function (Wichura 1988, AS 241), one uniform of 53 bits per value. */
void gan_rng_normal(const gan_rng *at, int64_t first, int64_t n, float mean, float std, float *out);

#endif
