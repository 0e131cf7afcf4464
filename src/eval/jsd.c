/* The Jensen-Shannon divergence of data and samples, in nats: 0 for a perfect generator, log 2 where they have nothing in common. */
#include "density.h"

static gan_status compute(gan_eval *e, void *state, int64_t n, double *values)
{
    gan__contest c;
    (void)state;
    gan_status s = gan__contest_open(&c, e, NULL, n);
    if (s == GAN_OK) values[0] = gan__contest_jsd(&c, &values[1]);
    gan__contest_close(&c);
    return s;
}

static void protocol(const gan_eval *e, const void *state, char *text, size_t size)
{
    (void)state;
    gan__density_protocol(e, "JSD(p of the data || q of the samples), nats", text, size);
}

const gan_measure gan_measure_jsd = {
    .name = "jsd",
    .summary = "Jensen-Shannon divergence of data and samples, nats (Goodfellow et al. 2014)",
    .needs = "data.source = ring, grid or line",
    .values = (const char *const[]){"jsd", "jsd_se", NULL},
    .samples = 10000,
    .open = gan__needs_density,
    .compute = compute,
    .protocol = protocol,
};
