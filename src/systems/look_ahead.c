/* Looking ahead: a network as further updates would make it, in nodes. Nothing in memory changes: its weights are bound to what
 * optim/unroll.c computes from the present ones, and gradients flow through that. Each update ahead sums as many
 * floats as the network has over ranks while all wait, and as many again where its gradient comes back. */
#include "buckets.h"

#include "gan/mem.h"

#include <string.h>

struct gan_look_ahead {
    int net, updates;
    gan_id *leaf, *stat;  /* of the network as it is [n_params] */
    gan_id *w;            /* weights ahead, by parameter; net->leaf shows them to the layers */
    gan_id (*moments)[GAN_MAX_MOMENTS];
    gan_id *grad;
};

static gan_status check(const gan_step *s, const gan_network *net)
{
    const gan_config *cfg = s->model->cfg;
    GAN_TRY(gan_optimizer_check_unrolled(cfg, net->name));
    if (net->n_spectral > 0)
        return GAN_FAIL(GAN_ECONFIG, "%s: updates of %s are unrolled, and its %s has spectral=yes, which cannot be: remove that",
                        gan_config_where(cfg, net->name, "layers"), net->name, net->params[net->spectral[0].weight].name);
    if (gan_config_bool(cfg, "parallel", "sharded_update"))
        return GAN_FAIL(GAN_ECONFIG, "%s: updates of %s are unrolled, which needs its moments on every node: set "
                        "parallel.sharded_update = no", gan_config_where(cfg, "parallel", "sharded_update"), net->name);
    return GAN_OK;
}

/* What is read of memory is read after the parameter's latest update. */
static gan_status read_moments(gan_step *s, int net, int param, gan_id *moments)
{
    const gan_optimizer *o = s->model->opts[net];
    const struct gan_buckets *b = s->buckets[net];
    const int64_t at = s->model->nets[net]->params[param].offset;
    GAN_TRY(gan_optimizer_moments(s->graph, o, param, moments));
    for (int i = 0; b && i < b->n; i++)
        for (int k = 0; k < gan_optimizer_arrays(o); k++)
            if (at >= b->list[i].offset && at < b->list[i].offset + b->list[i].n && b->list[i].updated != GAN_NONE)
                GAN_TRY(gan_graph_after(s->graph, moments[k], b->list[i].updated));
    return GAN_OK;
}

static gan_status begin(gan_step *s, gan_look_ahead *a)
{
    const gan_network *net = s->model->nets[a->net];
    const int n = net->n_params;
    GAN_TRY(check(s, net));
    a->leaf = gan_calloc(n, sizeof *a->leaf);
    a->stat = gan_calloc(n, sizeof *a->stat);
    a->w = gan_calloc(n, sizeof *a->w);
    a->moments = gan_calloc(n, sizeof *a->moments);
    a->grad = gan_calloc(n, sizeof *a->grad);
    if (!a->leaf || !a->stat || !a->w || !a->moments || !a->grad) return GAN_ENOMEM;
    memcpy(a->leaf, net->leaf, (size_t)n * sizeof *a->leaf);
    memcpy(a->stat, net->stat, (size_t)n * sizeof *a->stat);
    memcpy(a->w, net->leaf, (size_t)n * sizeof *a->w);
    for (int i = 0; i < n; i++)
        if (!net->params[i].state) GAN_TRY(read_moments(s, a->net, i, a->moments[i]));
    s->looked_ahead[a->net] = true;
    return GAN_OK;
}

static void free_ahead(gan_look_ahead *a)
{
    gan_free(a->leaf);
    gan_free(a->stat);
    gan_free(a->w);
    gan_free(a->moments);
    gan_free(a->grad);
    gan_free(a);
}

gan_status gan_step_look_ahead(gan_step *s, int net, gan_look_ahead **out)
{
    gan_look_ahead *a = *out = gan_calloc(1, sizeof *a);
    if (!a) return GAN_ENOMEM;
    a->net = net;
    const gan_status status = begin(s, a);
    if (status == GAN_OK) return GAN_OK;
    free_ahead(a);
    *out = NULL;
    return status;
}

static gan_status update_param(gan_step *s, gan_look_ahead *a, int i)
{
    gan_network *net = s->model->nets[a->net];
    gan_id grad;
    if (net->params[i].state) return GAN_OK;
    if (a->grad[i] == GAN_NONE)
        return GAN_FAIL(GAN_ECONFIG, "%s.%s has no influence on the loss; remove the layer", net->name, net->params[i].name);
    GAN_TRY(gan_add_all_sum(s->graph, a->grad[i], &grad));
    GAN_TRY(gan_add_unrolled(s->graph, s->model->opts[a->net], a->updates, grad, &a->w[i], a->moments[i]));
    return gan_add_whole_gradient(s->graph, a->w[i], &net->leaf[i]);
}

gan_status gan_step_update_ahead(gan_step *s, gan_look_ahead *a, gan_id loss)
{
    gan_network *net = s->model->nets[a->net];
    if (s->rare != GAN_NONE)
        return GAN_FAIL(GAN_ECONFIG, "%s: updates of %s are unrolled, and part of its loss is there in some steps only: set penalty.every = 1",
                        gan_config_where(s->model->cfg, "penalty", "every"), net->name);
    GAN_TRY(gan_graph_grad(s->graph, loss, net->leaf, net->n_params, a->grad));
    for (int i = 0; i < net->n_params; i++) GAN_TRY(update_param(s, a, i));
    net->referred = false; /* what a reference batch gives depends on the weights */
    a->updates++;
    return GAN_OK;
}

void gan_step_look_back(gan_step *s, gan_look_ahead *a)
{
    if (!a) return;
    gan_network *net = s->model->nets[a->net];
    memcpy(net->leaf, a->leaf, (size_t)net->n_params * sizeof *net->leaf);
    memcpy(net->stat, a->stat, (size_t)net->n_params * sizeof *net->stat);
    net->referred = false;
    free_ahead(a);
}
