/* Modes covered: modes that at least one sample of high quality is of. */
#include "measure.h"

#include <stdio.h>

static gan_status compute(gan_eval *e, void *state, int64_t n, double *values)
{
    (void)state;
    const gan__tally *t;
    gan_mixture m = {0};
    gan_source_mixture(e->setup.source, &m);
    GAN_TRY(gan__tally_take(e, n, &t));
    values[0] = 0;
    for (int k = 0; k < m.n_modes; k++) values[0] += t->counts[k] > 0;
    return GAN_OK;
}

static void protocol(const gan_eval *e, const void *state, char *text, size_t size)
{
    (void)state;
    gan_mixture m = {0};
    gan_source_mixture(e->setup.source, &m);
    snprintf(text, size, "of %d, that are the nearest one of a sample within 3 std", m.n_modes);
}

const gan_measure gan_measure_modes = {
    .name = "modes",
    .summary = "modes of a mixture that have a sample within 3 std of them (VEEGAN, PacGAN)",
    .needs = "data.source = ring, grid or line",
    .values = (const char *const[]){"modes", NULL},
    .samples = 2500,
    .open = gan__needs_mixture,
    .compute = compute,
    .protocol = protocol,
};
