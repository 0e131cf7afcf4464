/* Modes of stacked images: each channel of a sample is an image of its own, a classifier of a run of ours says of which class, and the
 * tuple of classes is the sample's mode. With the ten digits in three channels there are 1000.
 *
 * Metz et al. (2017) and Lin et al. (PacGAN, 2018, table 2): modes that at least one of 26,000 samples is of, and KL(modes of the samples ||
 * uniform) in nats (fjxmlzn/PacGAN, stacked_MNIST_experiments, log_metrics). Another classifier gives other numbers: it is named, with
 * the digest of its checkpoint. */
#include "measure.h"

#include "gan/dims.h"
#include "gan/features.h"
#include "gan/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_MODES = 10000000 };

typedef struct stacked {
    gan_features *classifier; /* its last layer: logits */
    int64_t pixels, channels, classes, modes;
    float p, q; /* value for the classifier = p * value of a sample + q */
    float *logits;    /* [GAN_EVAL_BLOCK, classes] */
    int64_t *of_rows; /* [GAN_EVAL_BLOCK] modes */
    int64_t *counts;  /* [modes] */
} stacked;

/* ---- opening ------------------------------------------------------------------------------------------------- */

static void close(void *state)
{
    stacked *s = state;
    if (!s) return;
    gan_features_free(s->classifier);
    gan_free(s->logits);
    gan_free(s->of_rows);
    gan_free(s->counts);
    gan_free(s);
}

/* Samples [H,W,C] and a classifier of [H,W,1], of whose classes there are not too many. */
static gan_status check_shapes(const gan_eval *e, const gan_measure *m)
{
    const gan_sample_shape *x = &e->setup.model->data;
    const gan_network *net = e->setup.classifier->net;
    char has[128], takes[128];
    gan_dims_text(x->n_dims, x->dims, has, sizeof has);
    gan_dims_text(net->in.n_dims, net->in.dims, takes, sizeof takes);
    if (x->n_dims != 3 || net->in.n_dims != 3 || net->in.dims[0] != x->dims[0] || net->in.dims[1] != x->dims[1] || net->in.dims[2] != 1)
        return gan__refuse(e, m, "wants a classifier of one channel of a sample; samples are %s, and that of %s takes %s", has,
                           e->setup.classifier->name, takes);
    if (pow((double)gan_sample_floats(&net->out), (double)x->dims[2]) > MAX_MODES)
        return gan__refuse(e, m, "cannot count %lld classes in %lld channels, more than %d modes", (long long)gan_sample_floats(&net->out),
                           (long long)x->dims[2], MAX_MODES);
    return GAN_OK;
}

static void set_sizes(const gan_eval *e, stacked *s)
{
    const gan_sample_shape *x = &e->setup.model->data;
    const gan_labeller *l = e->setup.classifier;
    const double low = gan_config_real(e->setup.cfg, "data", "low"), high = gan_config_real(e->setup.cfg, "data", "high");
    const double p = ((double)l->high - (double)l->low) / (high - low);
    s->pixels = x->dims[0] * x->dims[1];
    s->channels = x->dims[2];
    s->classes = gan_sample_floats(&l->net->out);
    s->modes = 1;
    for (int64_t c = 0; c < s->channels; c++) s->modes *= s->classes;
    s->p = (float)p;
    s->q = (float)((double)l->low - p * low);
}

static gan_status open(const gan_eval *e, const gan_measure *m, void **state)
{
    const gan_labeller *l = e->setup.classifier;
    if (!l)
        return gan__refuse(e, m, "labels samples with a classifier: train one (system = classifier) and name its run by --classifier, "
                                 "or the job's eval.classifier");
    GAN_TRY(check_shapes(e, m));
    stacked *s = *state = gan_calloc(1, sizeof *s);
    if (!s) return GAN_ENOMEM;
    set_sizes(e, s);
    s->logits = gan_calloc(GAN_EVAL_BLOCK * s->classes, sizeof *s->logits);
    s->of_rows = gan_calloc(GAN_EVAL_BLOCK, sizeof *s->of_rows);
    s->counts = gan_calloc(s->modes, sizeof *s->counts);
    if (!s->logits || !s->of_rows || !s->counts) return GAN_ENOMEM;
    return gan_features_new(&s->classifier, l->net, e->setup.k, (const int[]){l->net->n_layers - 1}, 1, GAN_EVAL_BLOCK);
}

/* ---- counting ------------------------------------------------------------------------------------------------ */

/* The classifier's input: one channel of each sample, in its range. */
static void pick_channel(const stacked *s, const gan__rows *r, int64_t channel)
{
    float *to = gan_features_input(s->classifier);
    for (int64_t i = 0; i < r->n * s->pixels; i++) to[i] = s->p * r->x[i * s->channels + channel] + s->q;
}

/* The largest logit, the first of several. */
static gan_status label(const stacked *s, const float *logits, int64_t *class)
{
    *class = 0;
    for (int64_t k = 0; k < s->classes; k++) {
        if (!isfinite(logits[k])) return GAN_FAIL(GAN_ENUMERIC, "the classifier gives a value that is not finite: train it anew");
        if (logits[k] > logits[*class]) *class = k;
    }
    return GAN_OK;
}

static gan_status count_rows(stacked *s, const gan__rows *r)
{
    memset(s->of_rows, 0, GAN_EVAL_BLOCK * sizeof *s->of_rows);
    for (int64_t c = 0; c < s->channels; c++) {
        pick_channel(s, r, c);
        GAN_TRY(gan_features_compute(s->classifier, r->n, s->logits));
        for (int64_t i = 0; i < r->n; i++) {
            int64_t class;
            GAN_TRY(label(s, s->logits + i * s->classes, &class));
            s->of_rows[i] = s->of_rows[i] * s->classes + class;
        }
    }
    for (int64_t i = 0; i < r->n; i++) s->counts[s->of_rows[i]]++;
    return GAN_OK;
}

static gan_status compute(gan_eval *e, void *state, int64_t n, double *values)
{
    stacked *s = state;
    gan_status status = GAN_OK;
    memset(s->counts, 0, (size_t)s->modes * sizeof *s->counts);
    for (gan__rows r = {0}; status == GAN_OK && gan__next_rows(e, n, &r);) status = count_rows(s, &r);
    GAN_TRY(gan_comm_agree(e->setup.comm, status));
    GAN_TRY(gan_comm_sum(e->setup.comm, s->counts, s->modes));
    values[0] = 0;
    for (int64_t k = 0; k < s->modes; k++) values[0] += s->counts[k] > 0;
    values[1] = gan__kl_to_uniform(s->counts, s->modes);
    return GAN_OK;
}

static void protocol(const gan_eval *e, const void *state, char *text, size_t size)
{
    const stacked *s = state;
    snprintf(text, size, "of %lld (%lld classes in %lld channels) that are seen, and KL(modes of the samples || equal shares), nats; labels by %s",
             (long long)s->modes, (long long)s->classes, (long long)s->channels, e->setup.classifier->name);
}

const gan_measure gan_measure_stacked_modes = {
    .name = "stacked_modes",
    .summary = "tuples of the channels' classes that are seen, such as 1000 of stacked MNIST (Metz, VEEGAN, PacGAN)",
    .needs = "images and a classifier of one channel, --classifier or eval.classifier",
    .values = (const char *const[]){"stacked_modes", "stacked_kl", NULL},
    .samples = 26000,
    .open = open,
    .compute = compute,
    .protocol = protocol,
    .close = close,
};
