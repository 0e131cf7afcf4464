/* Data against samples: what the discriminator says of each, and what the best one would say.
 *
 * Goodfellow et al. 2014, proposition 1: for a given G, the best D is D*(x) = p(x) / (p(x) + q(x)), so its logit is log p(x) / q(x); and
 * equation 5: the value of the game against it is -log 4 + 2 JSD(p || q). Means over samples of p and of q stand for expectations. */
#include "density.h"

#include "gan/mem.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- what can be compared ------------------------------------------------------------------------------------ */

/* Samples are floats: a mode narrower than a thousand of their steps at its place has no density to speak of. */
static gan_status check_resolved(const gan_eval *e, const gan_measure *m, const gan_mixture *mixture)
{
    float farthest = 0;
    for (int k = 0; k < mixture->n_modes; k++)
        for (int i = 0; i < mixture->dims; i++) farthest = fmaxf(farthest, fabsf(mixture->centres[k][i]));
    const float least = 1000 * FLT_EPSILON * farthest;
    if (mixture->std > least && mixture->std > 1e-15f) return GAN_OK;
    return gan__refuse(e, m, "wants modes that are wider than the steps between numbers there; data.std = %g, at least %.1g is needed",
                       (double)mixture->std, fmax((double)least, 1e-15));
}

gan_status gan__needs_density(const gan_eval *e, const gan_measure *m, void **state)
{
    gan_mixture mixture;
    (void)state;
    if (gan_source_mixture(e->setup.source, &mixture)) return check_resolved(e, m, &mixture);
    return gan__refuse(e, m, "wants data of known density, data.source = ring, grid or line; this job's is %s",
                       gan_config_text(e->setup.cfg, "data", "source"));
}

gan_status gan__needs_odds(const gan_eval *e, const gan_measure *m, void **state)
{
    const gan_config *cfg = e->setup.cfg;
    const char *loss = gan_config_text(cfg, "gan", "loss");
    const long long pack = gan_config_int(cfg, "gan", "pack");
    gan_judge *judge = NULL;
    GAN_TRY(gan__needs_density(e, m, state));
    if (pack > 1)
        return gan__refuse(e, m, "wants a discriminator of single samples; %s: gan.pack = %lld",
                           gan_config_where(cfg, "gan", "pack"), pack);
    if (strcmp(loss, "non_saturating") != 0 && strcmp(loss, "minimax") != 0)
        return gan__refuse(e, m, "wants a discriminator that gives probabilities, gan.loss = non_saturating or minimax; %s: gan.loss = %s",
                           gan_config_where(cfg, "gan", "loss"), loss);
    if (gan_config_real(cfg, "gan", "label_smoothing") > 0)
        return gan__refuse(e, m, "wants targets 0 and 1: with %s: gan.label_smoothing the best D is another one",
                           gan_config_where(cfg, "gan", "label_smoothing"));
    GAN_TRY(gan_judge_new(&judge, e->setup.model, e->setup.k, GAN_EVAL_BLOCK));
    *state = judge;
    return judge ? GAN_OK : gan__refuse(e, m, "wants a network called discriminator that judges samples and nothing else");
}

/* ---- the samples --------------------------------------------------------------------------------------------- */

typedef struct densities { /* p, and q by one of two ways */
    gan_mixture p;
    bool exact;
    gan__gaussian q;
    gan__cells cells;
} densities;

static gan_status open_densities(densities *d, gan_eval *e, int64_t n)
{
    *d = (densities){.exact = gan__is_affine(e)};
    gan_source_mixture(e->setup.source, &d->p);
    if (d->exact) return gan__gaussian_take(e, &d->q);
    GAN_TRY(gan_comm_agree(e->setup.comm, gan__cells_open(&d->cells, &d->p)));
    return gan__cells_count(&d->cells, e, n);
}

/* log p / q. Samples without a density lie where q is infinite, and data where it is 0. */
static double best_logit(const densities *d, const float *x, bool made)
{
    if (d->exact && !gan__gaussian_has_density(&d->q)) return made ? -INFINITY : INFINITY;
    if (d->exact) return gan__mixture_log(&d->p, x) - gan__gaussian_log(&d->q, x);
    const int64_t cell = gan__cells_of(&d->cells, x);
    const double p = d->cells.p[cell], q = (double)d->cells.counts[cell] / (double)d->cells.total;
    return p > 0 ? log(p / q) : -INFINITY;
}

static gan_status judge_block(gan_judge *judge, const gan__rows *r, int dims, const float *x, double *logits)
{
    const float *l;
    if (!judge) return GAN_OK;
    memcpy(gan_judge_samples(judge), x, (size_t)(r->n * dims) * sizeof *x);
    GAN_TRY(gan_judge_logits(judge, &l));
    for (int64_t i = 0; i < r->n; i++) logits[i] = (double)l[i];
    return GAN_OK;
}

static gan_status take_block(gan__contest *c, const densities *d, gan_eval *e, gan_judge *judge, const gan__rows *r)
{
    float real[GAN_EVAL_BLOCK * 2];
    const int dims = d->p.dims;
    gan_source_read(e->setup.source, ((int64_t)1 << GAN__UNSEEN_AT) + r->first, r->n, real);
    for (int64_t i = 0; i < r->n; i++) {
        c->best_real[r->first + i] = best_logit(d, real + i * dims, false);
        c->best_fake[r->first + i] = best_logit(d, r->x + i * dims, true);
    }
    GAN_TRY(judge_block(judge, r, dims, real, c->real + r->first));
    return judge_block(judge, r, dims, r->x, c->fake + r->first);
}

static gan_status take_own(gan__contest *c, const densities *d, gan_eval *e, gan_judge *judge)
{
    if (!(c->best_real = gan_calloc(4 * c->n, sizeof *c->best_real))) return GAN_ENOMEM;
    c->best_fake = c->best_real + c->n, c->real = c->best_fake + c->n, c->fake = c->real + c->n;
    for (gan__rows r = {0}; gan__next_rows(e, c->n, &r);) GAN_TRY(take_block(c, d, e, judge, &r));
    return GAN_OK;
}

gan_status gan__contest_open(gan__contest *c, gan_eval *e, gan_judge *judge, int64_t n)
{
    densities d;
    *c = (gan__contest){.n = n};
    gan_status s = open_densities(&d, e, n);
    if (s == GAN_OK) s = gan_comm_agree(e->setup.comm, take_own(c, &d, e, judge));
    if (s == GAN_OK) s = gan_comm_merge(e->setup.comm, c->best_real, 4 * n * (int64_t)sizeof *c->best_real);
    gan__cells_close(&d.cells);
    return s;
}

void gan__contest_close(gan__contest *c)
{
    gan_free(c->best_real);
}

/* ---- what follows -------------------------------------------------------------------------------------------- */

double gan__softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* JSD = 1/2 E_p log 2 p/(p+q) + 1/2 E_q log 2 q/(p+q). */
double gan__contest_jsd(const gan__contest *c, double *se)
{
    double sum[2] = {0, 0}, squares[2] = {0, 0}, mean[2], variance = 0;
    const double n = (double)c->n;
    for (int64_t i = 0; i < c->n; i++) {
        const double t[2] = {log(2) - gan__softplus(-c->best_real[i]), log(2) - gan__softplus(c->best_fake[i])};
        for (int k = 0; k < 2; k++) sum[k] += t[k], squares[k] += t[k] * t[k];
    }
    for (int k = 0; k < 2; k++) {
        mean[k] = sum[k] / n;
        variance += fmax(squares[k] / n - mean[k] * mean[k], 0) / n;
    }
    *se = sqrt(variance) / 2;
    return (mean[0] + mean[1]) / 2;
}

void gan__density_protocol(const gan_eval *e, const char *what, char *text, size_t size)
{
    gan_mixture m = {0};
    gan_source_mixture(e->setup.source, &m);
    int n = snprintf(text, size, "%s; as many unseen real samples; q ", what);
    if (n < 0 || (size_t)n >= size) return;
    if (gan__is_affine(e)) snprintf(text + n, size - (size_t)n, "exact: the generator is affine, so a Gaussian");
    else snprintf(text + n, size - (size_t)n, "estimated: counts in cells %.3g wide", gan__cells_width(&m));
}
