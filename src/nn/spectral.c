/* Spectral normalisation (Miyato et al. 2018): a layer with the argument `spectral` uses its weight divided by an estimate of
 * its largest singular value (ops/spectral.c), whose state u goes on by one iteration with each update of the network.
 *
 * The result is divided instead of the weight: x (W / sigma) = (x W) / sigma. So the weight stays what the products and
 * transforms read, and the gradient by W is one product, summed over shards in the tree, as without. What flows through sigma
 * is a number times v u', of which every rank has its own summand; added to the weight's gradient before the sum over
 * ranks it would round differently on each number of ranks. So sigma counts as a variable of its own, and the
 * update adds its part behind the sum (systems/network_update.c, optim/outer.c).
 *
 * All applications of one version of the weight share sigma. Sampling leaves u as it is. */
#include "layer.h"

#include "gan/mem.h"

gan_status gan__spectral_declare(gan_network *net, const gan_layer *l)
{
    const gan_param *w = &net->params[l->first_param];
    const int64_t K = w->dims[0], M = w->dims[1];
    gan_param u = {.n_dims = 1, .dims = {M}, .state = true, .init = GAN_INIT_DIRECTION};
    gan_spectral *more = gan_realloc(net->spectral, net->n_spectral + 1, sizeof *more);
    if (!more) return GAN_ENOMEM;
    net->spectral = more;
    more += net->n_spectral;
    *more = (gan_spectral){.weight = l->first_param, .u = net->n_params, .now = {GAN_NONE, GAN_NONE, GAN_NONE}};
    if (!(more->outer = gan_calloc(K + M, sizeof *more->outer))) return GAN_ENOMEM;
    net->n_spectral++;
    return gan__param_declare(net, l, "spectral_u", &u);
}

void gan__spectral_forget(gan_network *net, int param)
{
    for (int i = 0; i < net->n_spectral; i++)
        if (net->spectral[i].weight == param || net->spectral[i].u == param) net->spectral[i].now.sigma = GAN_NONE;
}

/* The nodes for the current version of the weight; made once. */
static gan_status current(gan_network *net, gan_graph *g, gan_mode mode, gan_spectral *s)
{
    if (s->now.sigma != GAN_NONE && s->mode == mode) return GAN_OK;
    s->mode = mode;
    GAN_TRY(gan_add_singular(g, net->leaf[s->weight], net->leaf[s->u], mode == GAN_TRAINING, &s->now));
    if (mode != GAN_TRAINING) return GAN_OK;
    gan_id u;
    GAN_TRY(gan_add_reshape(g, s->now.u, 1, &net->params[s->u].dims[0], &u));
    return gan_add_one_rank(g, u, &net->stat[s->u]);
}

gan_status gan__spectral_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    gan_spectral *s = net->spectral;
    while (s->weight != l->first_param) s++;
    gan_id sigma;
    GAN_TRY(current(net, g, mode, s));
    GAN_TRY(gan__as_pixels(g, x, &l->out, &x));
    const gan_form f = *gan_graph_form(g, x);
    GAN_TRY(gan_add_expand_rows(g, s->now.sigma, f.dims[0], &sigma));
    GAN_TRY(gan_add_reshape(g, sigma, 1, f.dims, &sigma));
    GAN_TRY(gan_add_expand_cols(g, sigma, f.dims[1], &sigma));
    return gan_add_div(g, x, sigma, y);
}
