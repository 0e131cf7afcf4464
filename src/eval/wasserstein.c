/* The Wasserstein-1 (earth mover's) distance between generated and real samples, exactly: the least mean distance over all ways to pair
 * as many of both. A finite number of samples lies apart from as many others of the same distribution too: wasserstein_floor is that
 * distance between real samples, below which a generator cannot be told from the data.
 *
 * What Arjovsky et al. 2017 say of a critic's estimate (metric wasserstein_estimate) can so be tried: that it goes with the distance. */
#include "measure.h"

#include "assignment.h"
#include "density.h"

#include "gan/mem.h"

#include <math.h>
#include <stdio.h>

enum { MOST = 4096 }; /* samples in the plane */

typedef struct distance {
    double floor; /* NaN: not known yet */
} distance;

static gan_status open(const gan_eval *e, const gan_measure *m, void **state)
{
    gan_mixture mixture;
    const long long n = e->setup.samples;
    distance *d = NULL;
    if (!gan_source_mixture(e->setup.source, &mixture))
        return gan__refuse(e, m, "wants data of few dimensions, data.source = ring, grid or line; this job's is %s",
                           gan_config_text(e->setup.cfg, "data", "source"));
    if (n > MOST && mixture.dims > 1)
        return gan__refuse(e, m, "pairs n samples in some n^3 steps: at most %d, not %lld; give no number for %lld", MOST, n,
                           (long long)m->samples);
    if (!(d = *state = gan_calloc(1, sizeof *d))) return GAN_ENOMEM;
    d->floor = NAN;
    return GAN_OK;
}

/* Real samples: n to compare with, and once as many others, to compare those with. */
static gan_status measure(const gan_eval *e, distance *d, int64_t n, const float *made, float *real, double *values)
{
    const int64_t floats = e->drawn.floats;
    gan_source_read(e->setup.source, (int64_t)1 << GAN__UNSEEN_AT, 2 * n, real);
    GAN_TRY(gan__assignment(e->setup.comm, n, floats, made, real, &values[0]));
    if (isnan(d->floor)) GAN_TRY(gan__assignment(e->setup.comm, n, floats, real + n * floats, real, &d->floor));
    values[1] = d->floor;
    return GAN_OK;
}

static gan_status compute(gan_eval *e, void *state, int64_t n, double *values)
{
    float *made, *real = gan_calloc(2 * n * e->drawn.floats, sizeof *real);
    gan_status s = gan_comm_agree(e->setup.comm, real ? GAN_OK : GAN_ENOMEM);
    if (s == GAN_OK) s = gan__all_rows(e, n, &made);
    if (s == GAN_OK) {
        s = gan_comm_agree(e->setup.comm, measure(e, state, n, made, real, values));
        gan_free(made);
    }
    gan_free(real);
    return s;
}

static void protocol(const gan_eval *e, const void *state, char *text, size_t size)
{
    (void)e, (void)state;
    snprintf(text, size, "W1 by optimal assignment to as many unseen real samples; floor: real to real");
}

const gan_measure gan_measure_wasserstein = {
    .name = "wasserstein",
    .summary = "Wasserstein-1 distance of samples to data, exact by optimal assignment, and of data to itself",
    .needs = "data.source = ring, grid or line",
    .values = (const char *const[]){"wasserstein", "wasserstein_floor", NULL},
    .samples = 512,
    .open = open,
    .compute = compute,
    .protocol = protocol,
    .close = gan_free,
};
