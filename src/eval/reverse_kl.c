/* KL(modes of the samples || modes of the data), in nats: how unevenly the modes are visited.
 *
 * PacGAN's table 1, by its code: only samples of high quality are counted, the data's modes are equally probable, so it is log(modes)
 * minus the entropy of the counts, from 0 to log(modes). NaN where no sample is of high quality. */
#include "measure.h"

#include <stdio.h>

static gan_status compute(gan_eval *e, void *state, int64_t n, double *values)
{
    (void)state;
    const gan__tally *t;
    gan_mixture m = {0};
    gan_source_mixture(e->setup.source, &m);
    GAN_TRY(gan__tally_take(e, n, &t));
    values[0] = gan__kl_to_uniform(t->counts, m.n_modes);
    return GAN_OK;
}

static void protocol(const gan_eval *e, const void *state, char *text, size_t size)
{
    (void)e, (void)state;
    snprintf(text, size, "KL(modes of the samples within 3 std || equal shares), nats");
}

const gan_measure gan_measure_reverse_kl = {
    .name = "reverse_kl",
    .summary = "KL(modes of the samples || modes of the data) in nats, over samples within 3 std of a mode (PacGAN)",
    .needs = "data.source = ring, grid or line",
    .values = (const char *const[]){"reverse_kl", NULL},
    .samples = 2500,
    .open = gan__needs_mixture,
    .compute = compute,
    .protocol = protocol,
};
