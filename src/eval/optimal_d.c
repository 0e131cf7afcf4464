/* How far the discriminator is from the best one for its generator, D*(x) = p(x) / (p(x) + q(x)): the mean of |D - D*| over as many samples
 * of the data as of the generator. */
#include "density.h"

#include <math.h>

static double probability(double logit)
{
    return 1 / (1 + exp(-logit));
}

static gan_status compute(gan_eval *e, void *state, int64_t n, double *values)
{
    gan__contest c;
    gan_status s = gan__contest_open(&c, e, state, n);
    double sum = 0;
    for (int64_t i = 0; i < n && s == GAN_OK; i++)
        sum += fabs(probability(c.real[i]) - probability(c.best_real[i])) + fabs(probability(c.fake[i]) - probability(c.best_fake[i]));
    if (s == GAN_OK) values[0] = sum / (double)(2 * n);
    gan__contest_close(&c);
    return s;
}

static void protocol(const gan_eval *e, const void *state, char *text, size_t size)
{
    (void)state;
    gan__density_protocol(e, "mean |D - D*|, D* = p/(p+q)", text, size);
}

static void close(void *state)
{
    gan_judge_free(state);
}

const gan_measure gan_measure_optimal_d = {
    .name = "optimal_d",
    .summary = "mean distance of D to the best one, p/(p+q) (Goodfellow et al. 2014, proposition 1)",
    .needs = "data.source = ring, grid or line; a D that gives probabilities",
    .values = (const char *const[]){"optimal_d", NULL},
    .samples = 10000,
    .open = gan__needs_odds,
    .compute = compute,
    .protocol = protocol,
    .close = close,
};
