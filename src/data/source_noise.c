/* Images of noise, of any shape: for timing a job, or trying it, without data. Drawn as they are read, as mixtures are. */
#include "source.h"

#include "gan/mem.h"
#include "gan/rng.h"

#include <stdio.h>
#include <string.h>

static void noise_read(const gan_source *s, int64_t first, int64_t n, float *x)
{
    gan_rng at = {.seed = s->seed, .purpose = GAN_RNG_MIXTURE};
    for (int64_t i = 0; i < n; i++, x += s->info.features) {
        at.sample = (uint64_t)(first + i);
        gan_rng_uniform(&at, 0, s->info.features, s->info.lo, s->info.hi, x);
    }
}

static void noise_close(gan_source *s)
{
    gan_free(s);
}

static const gan_source_kind noise_kind = {.read = noise_read, .close = noise_close};

gan_status gan_source_open_noise(gan_source **out, uint64_t seed, int64_t n, const int64_t dims[3], float lo, float hi)
{
    gan_source *s = *out = gan_calloc(1, sizeof *s);
    if (!s) return GAN_ENOMEM;
    *s = (gan_source){.kind = &noise_kind, .info = {.n = n, .n_dims = 3, .lo = lo, .hi = hi}, .seed = seed};
    memcpy(s->info.dims, dims, 3 * sizeof *dims);
    s->info.features = dims[0] * dims[1] * dims[2];
    snprintf(s->info.name, sizeof s->info.name, "noise");
    return GAN_OK;
}
