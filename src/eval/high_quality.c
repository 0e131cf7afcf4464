/* The share of samples that are of high quality: of some mode at all. */
#include "measure.h"

#include <stdio.h>

static gan_status compute(gan_eval *e, void *state, int64_t n, double *values)
{
    (void)state;
    const gan__tally *t;
    GAN_TRY(gan__tally_take(e, n, &t));
    values[0] = (double)t->good / (double)n;
    return GAN_OK;
}

static void protocol(const gan_eval *e, const void *state, char *text, size_t size)
{
    (void)e, (void)state;
    snprintf(text, size, "share within 3 std of the nearest mode");
}

const gan_measure gan_measure_high_quality = {
    .name = "high_quality",
    .summary = "share of samples within 3 std of the nearest mode of a mixture (VEEGAN, PacGAN)",
    .needs = "data.source = ring, grid or line",
    .values = (const char *const[]){"high_quality", NULL},
    .samples = 2500,
    .open = gan__needs_mixture,
    .compute = compute,
    .protocol = protocol,
};
