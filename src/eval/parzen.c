/* Parzen window log-likelihood by the protocol of Goodfellow et al. 2014 (their goodfeli/adversarial, parzen_ll.py): 10,000 samples, each
 * a Gaussian of one width; the width is the one of logspace(-1, 0, 10) under which 1000 validation rows are likeliest; the result is the
 * mean log-density of the test rows in nats, with its standard error. Values run from 0 to 1 whatever range the job trains in, since
 * a density depends on the unit. Of the dataset file the last rows are the test set, those before them the validation set. */
#include "measure.h"
#include "window.h"

#include "gan/dims.h"
#include "gan/mem.h"
#include "gan/stall.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIGMAS = 10 };

typedef struct parzen {
    gan_rows *rows;
    int64_t tests, validations; /* validations are rows first .. ; tests come next, up to the end */
    int64_t first;
    bool trained_on;            /* the job's own data */
    float *x;                   /* [GAN__WINDOW_ROWS, floats] */
} parzen;

/* ---- the file ------------------------------------------------------------------------------------------------ */

static void close(void *state)
{
    parzen *p = state;
    if (!p) return;
    gan_rows_close(p->rows);
    gan_free(p->x);
    gan_free(p);
}

static gan_status check_shape(const gan_eval *e, const gan_measure *m, const parzen *p)
{
    const gan_source_info *info = gan_rows_describe(p->rows);
    const gan_sample_shape *wanted = &e->setup.model->data;
    char got[128], want[128];
    gan_dims_text(info->n_dims, info->dims, got, sizeof got);
    gan_dims_text(wanted->n_dims, wanted->dims, want, sizeof want);
    if (strcmp(got, want) != 0)
        return gan__refuse(e, m, "compares with rows of %s, which have the shape %s; samples are %s", e->setup.data, got, want);
    if (info->n < 2)
        return gan__refuse(e, m, "wants at least one row to choose the width and one to test; %s has %lld", e->setup.data,
                           (long long)info->n);
    return GAN_OK;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static gan_status open_rows(const gan_eval *e, const gan_measure *m, parzen *p)
{
    const gan_config *cfg = e->setup.cfg;
    const int64_t pad = gan_config_int(cfg, "data", "pad");
    GAN_TRY(gan_rows_open(&p->rows, e->setup.k, e->setup.data, 0, 1));
    if (pad) GAN_TRY(gan_rows_frame(p->rows, pad));
    GAN_TRY(check_shape(e, m, p));
    const int64_t n = gan_rows_describe(p->rows)->n;
    p->validations = smaller(gan_config_int(cfg, "eval", "validation_rows"), n / 2);
    p->tests = smaller(gan_config_int(cfg, "eval", "test_rows"), n - p->validations);
    p->first = n - p->tests - p->validations;
    p->trained_on = strcmp(e->setup.data, gan_config_text(cfg, "data", "file")) == 0;
    p->x = gan_calloc(GAN__WINDOW_ROWS * gan_rows_describe(p->rows)->features, sizeof *p->x);
    return p->x ? GAN_OK : GAN_ENOMEM;
}

static gan_status open(const gan_eval *e, const gan_measure *m, void **state)
{
    if (*e->setup.data == '\0')
        return gan__refuse(e, m, "compares with real samples: name a dataset file by --data, or the job's eval.data");
    parzen *p = *state = gan_calloc(1, sizeof *p);
    return p ? open_rows(e, m, p) : GAN_ENOMEM;
}

/* ---- the estimate -------------------------------------------------------------------------------------------- */

/* The samples, on the scale of the rows. */
static gan_status open_window(gan_eval *e, int64_t n, gan__window *w)
{
    const gan_config *cfg = e->setup.cfg;
    const double lo = gan_config_real(cfg, "data", "low"), hi = gan_config_real(cfg, "data", "high");
    const int64_t floats = e->drawn.floats;
    float *x;
    GAN_TRY(gan__all_rows(e, n, &x));
    e->setup.k->map[GAN_MAP_AFFINE](n * floats, x, NULL, (float)(1 / (hi - lo)), (float)(-lo / (hi - lo)), x);
    gan_status s = gan__window_open(w, e->setup.k, n, floats, x);
    gan_free(x);
    return gan_comm_agree(e->setup.comm, s);
}

/* This rank's part of log_p [n, n_sigmas], the log-densities of rows first .. first+n-1; zeros elsewhere. */
static gan_status own_log_densities(gan_eval *e, parzen *p, gan__window *w, gan_span rows, int n_sigmas, const double *sigmas,
                                    double *log_p)
{
    const gan_comm *c = e->setup.comm;
    const int64_t step = GAN__WINDOW_ROWS * (c ? c->size : 1);
    for (int64_t at = rows.from + GAN__WINDOW_ROWS * (c ? c->rank : 0); at < rows.to; at += step) {
        const int64_t n = smaller(GAN__WINDOW_ROWS, rows.to - at);
        GAN_TRY(gan_rows_read(p->rows, at, n, p->x));
        gan__window_log(w, n, p->x, n_sigmas, sigmas, log_p + (at - rows.from) * n_sigmas);
        if (c) gan_stall_look(c);
    }
    return GAN_OK;
}

/* Collective: all of log_p on all ranks; to be freed. */
static gan_status log_densities(gan_eval *e, parzen *p, gan__window *w, gan_span rows, int n_sigmas, const double *sigmas,
                                double **log_p)
{
    const int64_t n = (rows.to - rows.from) * n_sigmas;
    *log_p = gan_calloc(n, sizeof **log_p);
    gan_status s = *log_p ? own_log_densities(e, p, w, rows, n_sigmas, sigmas, *log_p) : GAN_ENOMEM;
    s = gan_comm_agree(e->setup.comm, s);
    return s == GAN_OK ? gan_comm_merge(e->setup.comm, *log_p, n * (int64_t)sizeof **log_p) : s;
}

static double mean(const double *x, int64_t n, int64_t stride)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i * stride];
    return sum / (double)n;
}

/* The likeliest width, the first of several. */
static gan_status choose_sigma(gan_eval *e, parzen *p, gan__window *w, double *sigma)
{
    double sigmas[SIGMAS], best = -INFINITY, *log_p;
    for (int i = 0; i < SIGMAS; i++) sigmas[i] = pow(10, -1 + (double)i / (SIGMAS - 1));
    gan_status s = log_densities(e, p, w, (gan_span){p->first, p->first + p->validations}, SIGMAS, sigmas, &log_p);
    for (int i = 0; i < SIGMAS && s == GAN_OK; i++) {
        const double m = mean(log_p + i, p->validations, SIGMAS);
        if (m > best) best = m, *sigma = sigmas[i];
    }
    gan_free(log_p);
    return s;
}

static gan_status estimate(gan_eval *e, parzen *p, gan__window *w, double *values)
{
    double sigma = NAN, variance = 0, *log_p;
    const gan_span tests = {p->first + p->validations, p->first + p->validations + p->tests};
    GAN_TRY(choose_sigma(e, p, w, &sigma));
    gan_status s = log_densities(e, p, w, tests, 1, &sigma, &log_p);
    if (s == GAN_OK) {
        values[0] = mean(log_p, p->tests, 1);
        for (int64_t i = 0; i < p->tests; i++) variance += (log_p[i] - values[0]) * (log_p[i] - values[0]) / (double)p->tests;
        values[1] = sqrt(variance / (double)p->tests);
        values[2] = sigma;
    }
    gan_free(log_p);
    return s;
}

static gan_status compute(gan_eval *e, void *state, int64_t n, double *values)
{
    gan__window w = {0};
    gan_status s = open_window(e, n, &w);
    if (s == GAN_OK) s = estimate(e, state, &w, values);
    gan__window_close(&w);
    return s;
}

static void protocol(const gan_eval *e, const void *state, char *text, size_t size)
{
    const parzen *p = state;
    const long long test = p->first + p->validations;
    snprintf(text, size,
             "mean log-density, nats, of rows %lld..%lld of %s%s; values 0..1, Gaussian windows, width of logspace(-1,0,%d) by rows "
             "%lld..%lld",
             test, test + p->tests - 1, e->setup.data, p->trained_on ? ", which the run was trained on" : "", SIGMAS, (long long)p->first,
             test - 1);
}

const gan_measure gan_measure_parzen = {
    .name = "parzen",
    .summary = "Parzen window log-likelihood of test data (Goodfellow et al. 2014)",
    .needs = "a dataset file, --data or eval.data",
    .values = (const char *const[]){"parzen", "parzen_se", "parzen_sigma", NULL},
    .samples = 10000,
    .open = open,
    .compute = compute,
    .protocol = protocol,
    .close = close,
};
