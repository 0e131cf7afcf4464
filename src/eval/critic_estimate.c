/* What a Wasserstein critic holds the distance of data and samples to be: E D(x) - E D(G(z)), which training raises (Arjovsky et al. 2017,
 * equation 3). It is the distance times a factor, as long as the critic is at its best and its slope bounded. The metric
 * wasserstein_estimate is the same of one minibatch, which is noise to a large part; this is the mean over many samples. */
#include "density.h"

#include "gan/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static gan_status open(const gan_eval *e, const gan_measure *m, void **state)
{
    const gan_config *cfg = e->setup.cfg;
    gan_judge *judge = NULL;
    if (strcmp(gan_config_text(cfg, "gan", "loss"), "wasserstein") != 0)
        return gan__refuse(e, m, "wants a critic, gan.loss = wasserstein; %s: gan.loss = %s", gan_config_where(cfg, "gan", "loss"),
                           gan_config_text(cfg, "gan", "loss"));
    if (gan_config_int(cfg, "gan", "pack") > 1)
        return gan__refuse(e, m, "wants a critic of single samples; %s: gan.pack = %lld", gan_config_where(cfg, "gan", "pack"),
                           (long long)gan_config_int(cfg, "gan", "pack"));
    if (!e->setup.source)
        return gan__refuse(e, m, "wants real samples: of data.source = ring, grid or line, or while training (eval.metrics)");
    GAN_TRY(gan_judge_new(&judge, e->setup.model, e->setup.k, GAN_EVAL_BLOCK));
    *state = judge;
    return judge ? GAN_OK : gan__refuse(e, m, "wants a network called discriminator that judges samples and nothing else");
}

static gan_status judge_rows(gan_judge *judge, int64_t n, double *outputs)
{
    const float *l;
    GAN_TRY(gan_judge_logits(judge, &l));
    for (int64_t i = 0; i < n; i++) outputs[i] = (double)l[i];
    return GAN_OK;
}

/* Outputs [2n], of real samples and behind them of made ones, where this rank drew. */
static gan_status judge_own(gan_eval *e, gan_judge *judge, int64_t n, double *outputs)
{
    float *x = gan_judge_samples(judge);
    for (gan__rows r = {0}; gan__next_rows(e, n, &r);) {
        gan_source_read(e->setup.source, ((int64_t)1 << GAN__UNSEEN_AT) + r.first, r.n, x);
        GAN_TRY(judge_rows(judge, r.n, outputs + r.first));
        memcpy(x, r.x, (size_t)(r.n * e->drawn.floats) * sizeof *x);
        GAN_TRY(judge_rows(judge, r.n, outputs + n + r.first));
    }
    return GAN_OK;
}

/* The difference of means; its standard error. */
static void estimate(int64_t n, const double *outputs, double *values)
{
    double mean[2] = {0, 0}, variance = 0;
    for (int64_t i = 0; i < 2 * n; i++) mean[i / n] += outputs[i] / (double)n;
    for (int64_t i = 0; i < 2 * n; i++) variance += pow((outputs[i] - mean[i / n]) / (double)n, 2);
    values[0] = mean[0] - mean[1];
    values[1] = sqrt(variance);
}

static gan_status compute(gan_eval *e, void *state, int64_t n, double *values)
{
    double *outputs = gan_calloc(2 * n, sizeof *outputs);
    gan_status s = gan_comm_agree(e->setup.comm, outputs ? judge_own(e, state, n, outputs) : GAN_ENOMEM);
    if (s == GAN_OK) s = gan_comm_merge(e->setup.comm, outputs, 2 * n * (int64_t)sizeof *outputs);
    if (s == GAN_OK) estimate(n, outputs, values);
    gan_free(outputs);
    return s;
}

static void protocol(const gan_eval *e, const void *state, char *text, size_t size)
{
    (void)e, (void)state;
    snprintf(text, size, "E D(x) - E D(G(z)) over as many real samples");
}

static void close(void *state)
{
    gan_judge_free(state);
}

const gan_measure gan_measure_critic_estimate = {
    .name = "critic_estimate",
    .summary = "a critic's estimate of the Wasserstein distance, up to a factor (Arjovsky et al. 2017)",
    .needs = "gan.loss = wasserstein; real samples: data.source = ring, grid or line, or any data while training",
    .values = (const char *const[]){"critic_estimate", "critic_estimate_se", NULL},
    .samples = 10000,
    .open = open,
    .compute = compute,
    .protocol = protocol,
    .close = close,
};
