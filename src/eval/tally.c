/* Which modes of a mixture the samples are of: the count that the literature's measures of mode collapse are made of.
 *
 * A sample is of high quality when it lies within 3 standard deviations of its nearest mode, and then counts for that mode (Srivastava
 * et al., VEEGAN, 2017, section 4.1; Lin et al., PacGAN, 2018, whose code, fjxmlzn/PacGAN, pacgan/extensions.py, MetricLogger, is
 * followed here: nearest in units of the standard deviation, "within" is less than). All samples that are farther away count for none. */
#include "measure.h"

#include "gan/mem.h"

#include <math.h>
#include <string.h>

static const double WITHIN = 3; /* standard deviations */

/* The nearest mode, the first of several; its squared distance. */
static int nearest(const gan_mixture *m, const float *x, double *distance)
{
    int best = 0;
    *distance = INFINITY;
    for (int k = 0; k < m->n_modes; k++) {
        const double dx = (double)x[0] - (double)m->centres[k][0], dy = m->dims > 1 ? (double)x[1] - (double)m->centres[k][1] : 0;
        const double d = dx * dx + dy * dy;
        if (d < *distance) *distance = d, best = k;
    }
    return best;
}

static void count_rows(const gan_mixture *m, const gan__rows *r, int64_t *counts)
{
    const double limit = WITHIN * WITHIN * (double)m->std * (double)m->std;
    for (int64_t i = 0; i < r->n; i++) {
        double distance;
        int mode = nearest(m, r->x + m->dims * i, &distance);
        counts[mode] += distance < limit;
    }
}

gan_status gan__needs_mixture(const gan_eval *e, const gan_measure *m, void **state)
{
    gan_mixture mixture;
    (void)state;
    if (gan_source_mixture(e->setup.source, &mixture)) return GAN_OK;
    return gan__refuse(e, m, "wants data whose modes are known, data.source = ring, grid or line; this job's is %s",
                       gan_config_text(e->setup.cfg, "data", "source"));
}

gan_status gan__tally_take(gan_eval *e, int64_t n, const gan__tally **out)
{
    gan__tally *t = &e->tally;
    gan_mixture m = {0};
    gan_source_mixture(e->setup.source, &m);
    *out = t;
    if (t->n == n) return GAN_OK;
    if (!t->counts) t->counts = gan_calloc(m.n_modes, sizeof *t->counts);
    GAN_TRY(gan_comm_agree(e->setup.comm, t->counts ? GAN_OK : GAN_ENOMEM));
    memset(t->counts, 0, (size_t)m.n_modes * sizeof *t->counts);
    for (gan__rows r = {0}; gan__next_rows(e, n, &r);) count_rows(&m, &r, t->counts);
    GAN_TRY(gan_comm_sum(e->setup.comm, t->counts, m.n_modes));
    t->n = n, t->good = 0;
    for (int k = 0; k < m.n_modes; k++) t->good += t->counts[k];
    return GAN_OK;
}

double gan__kl_to_uniform(const int64_t *counts, int64_t n)
{
    double sum = 0, kl = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)counts[i];
    for (int64_t i = 0; i < n; i++)
        if (counts[i]) kl += (double)counts[i] / sum * log((double)counts[i] / sum * (double)n);
    return sum > 0 ? kl : NAN;
}
