/* The end of every normalisation: channels scaled by gamma and shifted by beta, its first two parameters. */
#include "layer.h"

enum { GAMMA, BETA };

gan_status gan__scale_declare(gan_network *net, gan_layer *l)
{
    static const char *const roles[] = {[GAMMA] = "gamma", [BETA] = "beta"};
    for (int i = 0; i < 2; i++) {
        gan_param p = {.n_dims = 1, .dims = {gan__channels(&l->in)}, .init = GAN_INIT_CONSTANT, .init_scale = i == GAMMA};
        GAN_TRY(gan__param_declare(net, l, roles[i], &p));
    }
    return GAN_OK;
}

gan_status gan__scale_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_id *y)
{
    gan_id gamma;
    GAN_TRY(gan__as_pixels(g, x, &l->in, &x));
    GAN_TRY(gan_add_expand_rows(g, net->leaf[l->first_param + GAMMA], gan_graph_form(g, x)->dims[0], &gamma));
    GAN_TRY(gan_add_mul(g, x, gamma, y));
    return gan__bias_apply(net, l, g, y); /* beta */
}
