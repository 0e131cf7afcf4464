/* Mixtures of Gaussians in the plane, and on a line: what mode collapse is measured on (2D ring and grid of Srivastava et
 * al. 2017, setting of Lin et al. 2018). Samples are drawn as they are read, from the position in the stream,
 * so that an epoch is only a number of samples: none ever comes again. */
#include "source.h"

#include "gan/mem.h"
#include "gan/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct mixture {
    gan_source base;
    int n_modes;
    float std;
    float (*centres)[2]; /* [n_modes] */
} mixture;

/* 32 random bits times the number of modes: the top word is a mode, without division and out of range never. */
static int mode_of(const mixture *m, gan_rng *at, int64_t position)
{
    uint64_t bits[4];
    at->sample = (uint64_t)position;
    gan_rng_bits(at, 0, bits);
    return (int)((bits[0] >> 32) * (uint64_t)m->n_modes >> 32);
}

static void mixture_read(const gan_source *s, int64_t first, int64_t n, float *x)
{
    const mixture *m = (const mixture *)s;
    gan_rng at = {.seed = s->seed, .purpose = GAN_RNG_MIXTURE};
    const int dims = (int)s->info.features;
    for (int64_t i = 0; i < n; i++) {
        const float *centre = m->centres[mode_of(m, &at, first + i)];
        gan_rng_normal(&at, 1, dims, 0.0f, m->std, &x[dims * i]); /* from element 1: the mode has taken element 0 */
        for (int k = 0; k < dims; k++) x[dims * i + k] += centre[k];
    }
}

/* The class of a sample is its mode. */
static void mixture_condition(const gan_source *s, int64_t first, int64_t n, float *c)
{
    const mixture *m = (const mixture *)s;
    gan_rng at = {.seed = s->seed, .purpose = GAN_RNG_MIXTURE};
    memset(c, 0, (size_t)(n * m->n_modes) * sizeof *c);
    for (int64_t i = 0; i < n; i++, c += m->n_modes) c[mode_of(m, &at, first + i)] = 1;
}

static void mixture_close(gan_source *s)
{
    mixture *m = (mixture *)s;
    gan_free(m->centres);
    gan_free(m);
}

static const gan_source_kind mixture_kind = {.read = mixture_read, .read_condition = mixture_condition, .close = mixture_close};

static gan_status mixture_new(mixture **out, uint64_t seed, int64_t n, int dims, int n_modes, float std)
{
    if (n < 1 || n_modes < 1 || !(std >= 0) || !isfinite(std))
        return GAN_FAIL(GAN_EDATA,
                        "mixture: %lld samples an epoch, %d modes, standard deviation %g: numbers above 0 "
                        "are wanted",
                        (long long)n, n_modes, (double)std);
    mixture *m = gan_calloc(1, sizeof *m);
    if (!m) return GAN_ENOMEM;
    m->base = (gan_source){
        .kind = &mixture_kind,
        .info = {.n = n, .features = dims, .n_dims = 1, .dims = {dims}, .conditioned = GAN_CONDITION_LABELS, .condition = n_modes},
        .seed = seed};
    m->n_modes = n_modes;
    m->std = std;
    if ((m->centres = gan_calloc(n_modes, sizeof *m->centres))) {
        *out = m;
        return GAN_OK;
    }
    mixture_close(&m->base);
    return GAN_ENOMEM;
}

gan_status gan_source_open_ring(gan_source **out, uint64_t seed, int64_t n, int modes, float radius,
                                float std)
{
    mixture *m = NULL;
    *out = NULL;
    GAN_TRY(mixture_new(&m, seed, n, 2, modes, std));
    for (int k = 0; k < modes; k++) {
        double angle = 2 * 3.14159265358979323846 * k / modes;
        m->centres[k][0] = (float)(radius * cos(angle));
        m->centres[k][1] = (float)(radius * sin(angle));
    }
    snprintf(m->base.info.name, sizeof m->base.info.name, "ring of %d Gaussians, radius %g, std %g", modes,
             (double)radius, (double)std);
    *out = &m->base;
    return GAN_OK;
}

gan_status gan_source_open_grid(gan_source **out, uint64_t seed, int64_t n, int side, float step, float std)
{
    mixture *m = NULL;
    *out = NULL;
    int modes = side > 0 && side <= 10000 ? side * side : 0;
    GAN_TRY(mixture_new(&m, seed, n, 2, modes, std));
    for (int k = 0; k < modes; k++) {
        m->centres[k][0] = step * ((float)(k % side) - 0.5f * (float)(side - 1));
        m->centres[k][1] = step * ((float)(k / side) - 0.5f * (float)(side - 1));
    }
    snprintf(m->base.info.name, sizeof m->base.info.name, "grid of %d x %d Gaussians, step %g, std %g", side,
             side, (double)step, (double)std);
    *out = &m->base;
    return GAN_OK;
}

gan_status gan_source_open_line(gan_source **out, uint64_t seed, int64_t n, int modes, float step, float std)
{
    mixture *m = NULL;
    *out = NULL;
    GAN_TRY(mixture_new(&m, seed, n, 1, modes, std));
    for (int k = 0; k < modes; k++) m->centres[k][0] = step * ((float)k - 0.5f * (float)(modes - 1));
    snprintf(m->base.info.name, sizeof m->base.info.name, "line of %d Gaussians, step %g, std %g", modes, (double)step, (double)std);
    *out = &m->base;
    return GAN_OK;
}

gan_status gan_source_open_mixture(gan_source **out, const gan_config *c)
{
    const uint64_t seed = (uint64_t)gan_config_int(c, "run", "seed");
    const int64_t n = gan_config_int(c, "data", "samples");
    const float std = (float)gan_config_real(c, "data", "std");
    const char *kind = gan_config_text(c, "data", "source");
    *out = NULL;
    if (strcmp(kind, "ring") == 0)
        return gan_source_open_ring(out, seed, n, (int)gan_config_int(c, "data", "modes"),
                                    (float)gan_config_real(c, "data", "radius"), std > 0 ? std : 0.01f);
    if (strcmp(kind, "grid") == 0)
        return gan_source_open_grid(out, seed, n, (int)gan_config_int(c, "data", "side"),
                                    (float)gan_config_real(c, "data", "spacing"), std > 0 ? std : 0.05f);
    if (strcmp(kind, "line") == 0)
        return gan_source_open_line(out, seed, n, (int)gan_config_int(c, "data", "modes"),
                                    (float)gan_config_real(c, "data", "spacing"), std > 0 ? std : 0.05f);
    return GAN_OK;
}

bool gan_source_mixture(const gan_source *s, gan_mixture *out)
{
    if (!s || s->kind != &mixture_kind) return false;
    const mixture *m = (const mixture *)s;
    *out = (gan_mixture){m->n_modes, (int)s->info.features, m->std, (const float (*)[2])m->centres};
    return true;
}
