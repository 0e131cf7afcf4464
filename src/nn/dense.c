/* dense: y = x W + b, on all features of a sample. */
#include "layer.h"

enum { UNITS, INIT, INIT_SCALE, BIAS, SPECTRAL };

static const gan_key args[] = {
    {"dense", "units", GAN_INT, "", NULL, 1, 1e9, NULL, false, "outputs"},
    {"dense", "init", GAN_CHOICE, "", "network", 0, 0, "network|" GAN_INIT_CHOICES, false, "initial weights"},
    {"dense", "init_scale", GAN_REAL, "", "0", 0, 1e6, NULL, false, "as the network's key; 0: the network's"},
    {"dense", "bias", GAN_BOOL, "", "yes", 0, 0, NULL, false, "add a bias per unit"},
    GAN_SPECTRAL_ARG("dense"),
};

gan_status gan__dense_declare(gan_network *net, gan_layer *l, int64_t units, int init_arg, bool bias)
{
    int64_t in = gan_sample_floats(&l->in);
    if (in > INT32_MAX / units) return gan__layer_error(l, "%lld inputs x %lld outputs are more weights than %d",
                                                           (long long)in, (long long)units, INT32_MAX);
    gan_param w = {.n_dims = 2, .dims = {in, units}, .panel = true, .fan_in = (double)in, .fan_out = (double)units};
    gan__choose_init(l, init_arg, &w);
    GAN_TRY(gan__param_declare(net, l, "weight", &w));
    l->out = (gan_sample_shape){1, {units}};
    if (!bias) return GAN_OK;
    gan_param b = {.n_dims = 1, .dims = {units}, .init = GAN_INIT_CONSTANT};
    return gan__param_declare(net, l, "bias", &b);
}

gan_status gan__dense_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_id *y)
{
    GAN_TRY(gan__as_features(g, x, &l->in, &x));
    return gan_add_matmul(g, x, net->leaf[l->first_param], y);
}

static gan_status declare(gan_network *net, gan_layer *l)
{
    GAN_TRY(gan__dense_declare(net, l, l->value[UNITS].i, INIT, l->value[BIAS].i));
    return l->value[SPECTRAL].i ? gan__spectral_declare(net, l) : GAN_OK;
}

static gan_status apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    GAN_TRY(gan__dense_apply(net, l, g, x, y));
    if (l->value[SPECTRAL].i) GAN_TRY(gan__spectral_apply(net, l, g, *y, mode, y));
    return l->value[BIAS].i ? gan__bias_apply(net, l, g, y) : GAN_OK;
}

const gan_layer_kind gan_layer_dense = {.name = "dense",
                                        .meaning = "every output is a weighted sum of all inputs, plus a bias",
                                        .args = args,
                                        .n_args = sizeof args / sizeof args[0],
                                        .declare = declare,
                                        .apply = apply};
