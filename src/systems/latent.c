/* Latents: fixed noise, ways between its rows, and arithmetic with them. Sums are taken in double and rounded once. */
#include "gan/latent.h"

#include "gan/mem.h"
#include "gan/rng.h"

#include <math.h>
#include <string.h>

enum { FIXED, NEIGHBOURS }; /* streams of GAN_RNG_SAMPLES */

gan_noise gan_noise_of(const gan_config *cfg, uint64_t seed)
{
    return (gan_noise){.size = gan_config_int(cfg, "noise", "size"),
                       .normal = gan_config_choice(cfg, "noise", "distribution") == 0,
                       .seed = seed};
}

void gan_latent_fixed(const gan_noise *noise, int64_t first, int64_t n, float *z)
{
    for (int64_t i = first; i < first + n; i++, z += noise->size) {
        gan_rng at = {.seed = noise->seed, .purpose = GAN_RNG_SAMPLES, .stream = FIXED, .sample = (uint64_t)i};
        if (noise->normal) gan_rng_normal(&at, 0, noise->size, 0, 1, z);
        else gan_rng_uniform(&at, 0, noise->size, -1, 1, z);
    }
}

/* ---- ways -------------------------------------------------------------------------------------------------- */

static void copy(int64_t size, const float *from, float *to)
{
    memcpy(to, from, (size_t)size * sizeof *to);
}

static void blend(int64_t size, double p, const float *a, double q, const float *b, float *z)
{
    for (int64_t j = 0; j < size; j++) z[j] = (float)(p * (double)a[j] + q * (double)b[j]);
}

void gan_latent_linear(int64_t size, const float *a, const float *b, int64_t n, float *z)
{
    for (int64_t i = 1; i < n - 1; i++) {
        double t = (double)i / (double)(n - 1);
        blend(size, 1 - t, a, t, b, z + i * size);
    }
    copy(size, a, z);
    copy(size, b, z + (n - 1) * size);
}

static double dot(int64_t size, const float *a, const float *b)
{
    double sum = 0;
    for (int64_t j = 0; j < size; j++) sum += (double)a[j] * (double)b[j];
    return sum;
}

void gan_latent_slerp(int64_t size, const float *a, const float *b, int64_t n, float *z)
{
    double lengths = sqrt(dot(size, a, a)) * sqrt(dot(size, b, b));
    double cosine = lengths > 0 ? dot(size, a, b) / lengths : 1;
    double angle = acos(fmax(-1, fmin(1, cosine))), sine = sin(angle);
    gan_latent_linear(size, a, b, n, z); /* the ends, and what is left where there is no arc */
    if (sine < 1e-4) return;
    for (int64_t i = 1; i < n - 1; i++) {
        double t = (double)i / (double)(n - 1);
        blend(size, sin((1 - t) * angle) / sine, a, sin(t * angle) / sine, b, z + i * size);
    }
}

/* ---- arithmetic -------------------------------------------------------------------------------------------- */

gan_status gan_latent_mean(const gan_noise *noise, const int64_t *samples, int64_t n, float *z)
{
    double *sum = gan_calloc(noise->size, sizeof *sum);
    if (!sum) return GAN_ENOMEM;
    for (int64_t i = 0; i < n; i++) {
        gan_latent_fixed(noise, samples[i], 1, z);
        for (int64_t j = 0; j < noise->size; j++) sum[j] += (double)z[j];
    }
    for (int64_t j = 0; j < noise->size; j++) z[j] = (float)(sum[j] / (double)n);
    gan_free(sum);
    return GAN_OK;
}

void gan_latent_sum(int64_t size, const double *factor, const float *rows, int64_t n, float *z)
{
    for (int64_t j = 0; j < size; j++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += factor[i] * (double)rows[i * size + j];
        z[j] = (float)sum;
    }
}

void gan_latent_neighbours(const gan_noise *noise, const float *a, float radius, int64_t n, float *z)
{
    for (int64_t i = 0; i < n; i++, z += noise->size) {
        gan_rng at = {.seed = noise->seed, .purpose = GAN_RNG_SAMPLES, .stream = NEIGHBOURS, .sample = (uint64_t)i};
        gan_rng_uniform(&at, 0, noise->size, -radius, radius, z);
        blend(noise->size, 1, a, 1, z, z);
    }
}

/* ---- sweeps ------------------------------------------------------------------------------------------------ */

/* -span .. span; exactly 0 in the middle. */
static double offset(double span, int64_t i, int64_t n)
{
    return span * (double)(2 * i - (n - 1)) / (double)(n - 1);
}

void gan_latent_sweep(int64_t size, const float *a, int64_t axis, double span, int64_t n, float *z)
{
    for (int64_t i = 0; i < n; i++, z += size) {
        copy(size, a, z);
        z[axis] = (float)((double)a[axis] + offset(span, i, n));
    }
}

void gan_latent_grid(int64_t size, const float *a, const int64_t axis[2], double span, int64_t n, float *z)
{
    for (int64_t i = 0; i < n; i++, z += n * size) {
        gan_latent_sweep(size, a, axis[0], span, n, z);
        for (int64_t k = 0; k < n; k++)
            z[k * size + axis[1]] = (float)((double)a[axis[1]] + offset(span, i, n));
    }
}

/* ---- conditions -------------------------------------------------------------------------------------------- */

void gan_latent_classes(int64_t classes, int64_t first, int64_t n, int64_t repeat, float *c)
{
    memset(c, 0, (size_t)(n * classes) * sizeof *c);
    for (int64_t i = 0; i < n; i++) c[i * classes + (first + i) / repeat % classes] = 1;
}
