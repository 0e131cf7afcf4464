/* The discriminator's opinion of given samples: it alone, in sampling mode, as a small graph of its own on one rank. What it gives is brought
 * to 0..1 by the meaning that the loss gives to it. */
#include "game.h"

#include "gan/mem.h"

#include <math.h>
#include <string.h>

struct gan_judge {
    const gan_kernels *k;
    gan_graph *graph;
    gan_plan *plan;
    const gan__loss *loss;
    float *x, *p; /* [n, data], [n] */
    int64_t n;
    gan_id logits;
};

/* A network of that name that judges a sample, or a pack of them, and nothing else; NULL: there is none. */
static gan_network *find(const gan_model *m)
{
    for (int i = 0; i < m->n_nets; i++) {
        gan_network *net = m->nets[i];
        const int64_t floats = gan_sample_floats(&m->data) * gan_config_int(m->cfg, "gan", "pack");
        if (strcmp(net->name, "discriminator") == 0 && !net->conditional && gan_sample_floats(&net->in) == floats) return net;
    }
    return NULL;
}

/* A pack of copies of each sample. */
static gan_status copies(gan_graph *g, gan_id x, int64_t pack, gan_id *y)
{
    const int axis = gan_graph_form(g, x)->n_dims - 1;
    *y = x;
    for (int64_t k = 1; k < pack; k++) GAN_TRY(gan_add_concat(g, *y, x, axis, y));
    return GAN_OK;
}

static gan_status build(gan_judge *j, const gan_model *m, gan_network *net)
{
    gan_form form = {.n_dims = m->data.n_dims + 1, .dims = {j->n}, .dist = GAN_SHARDED};
    gan_id x;
    for (int i = 0; i < m->data.n_dims; i++) form.dims[i + 1] = m->data.dims[i];
    j->x = gan_calloc(gan_form_floats(&form), sizeof *j->x);
    j->p = gan_calloc(j->n, sizeof *j->p);
    if (!j->x || !j->p) return GAN_ENOMEM;
    GAN_TRY(gan_graph_new(&j->graph, 1, 1));
    GAN_TRY(gan_add_param(j->graph, &form, j->x, NULL, 0, &x));
    GAN_TRY(copies(j->graph, x, gan_config_int(m->cfg, "gan", "pack"), &x));
    GAN_TRY(gan_network_bind(net, j->graph, net->ema ? net->ema : net->w, -1));
    GAN_TRY(gan_network_apply(net, j->graph, x, GAN_SAMPLING, &j->logits));
    return gan_plan_build(&j->plan, j->graph, &j->logits, 1);
}

gan_status gan_judge_new(gan_judge **out, gan_model *m, const gan_kernels *k, int64_t n)
{
    gan_network *net = find(m);
    *out = NULL;
    if (!net) return GAN_OK;
    gan_judge *j = gan_calloc(1, sizeof *j);
    if (!j) return GAN_ENOMEM;
    j->k = k, j->n = n, j->loss = gan__losses[gan_config_choice(m->cfg, "gan", "loss")];
    gan_status s = build(j, m, net);
    if (s == GAN_OK) *out = j;
    else gan_judge_free(j);
    return s;
}

float *gan_judge_samples(gan_judge *j)
{
    return j->x;
}

/* A critic's outputs have no zero: the lowest becomes 0 and the highest 1. */
static void stretch(int64_t n, const float *l, float *p)
{
    float low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < n; i++) low = fminf(low, l[i]), high = fmaxf(high, l[i]);
    for (int64_t i = 0; i < n; i++) p[i] = high > low ? (l[i] - low) / (high - low) : 0.5f;
}

gan_status gan_judge_logits(gan_judge *j, const float **l)
{
    gan_run run = {.k = j->k};
    GAN_TRY(gan_exec(j->plan, &run, NULL));
    *l = gan_plan_value(j->plan, j->logits);
    return GAN_OK;
}

gan_status gan_judge_compute(gan_judge *j, const float **p)
{
    const float *l;
    GAN_TRY(gan_judge_logits(j, &l));
    if (j->loss->distance) stretch(j->n, l, j->p);
    else if (j->loss->targets && !j->loss->probability)
        for (int64_t i = 0; i < j->n; i++) j->p[i] = fminf(fmaxf(l[i], 0), 1);
    else
        for (int64_t i = 0; i < j->n; i++) j->p[i] = 1 / (1 + expf(-l[i]));
    *p = j->p;
    return GAN_OK;
}

void gan_judge_free(gan_judge *j)
{
    if (!j) return;
    gan_plan_free(j->plan);
    gan_graph_free(j->graph);
    gan_free(j->x);
    gan_free(j->p);
    gan_free(j);
}
