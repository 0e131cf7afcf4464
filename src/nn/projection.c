/* projection: y = w x + b + <c V, x>, a logit of features x and condition c: Miyato and Koyama 2018, equation 3 with psi linear. It is
 * the last layer of a discriminator. */
#include "layer.h"

enum { INIT, INIT_SCALE };
enum { WEIGHT, BIAS, EMBEDDING };

static const gan_key args[] = {
    {"projection", "init", GAN_CHOICE, "", "network", 0, 0, "network|" GAN_INIT_CHOICES, false, "initial weights"},
    {"projection", "init_scale", GAN_REAL, "", "0", 0, 1e6, NULL, false, "as the network's key; 0: the network's"},
};

static gan_status declare(gan_network *net, gan_layer *l)
{
    GAN_TRY(gan__condition_check(net, l));
    const int64_t C = net->in.condition, F = gan_sample_floats(&l->in);
    if (C > INT32_MAX / F) return gan__layer_error(l, "%lld numbers times %lld features are too many weights", (long long)C, (long long)F);
    gan_param v = {.n_dims = 2, .dims = {C, F}, .panel = true, .fan_in = (double)C, .fan_out = (double)F};
    gan__choose_init(l, INIT, &v);
    GAN_TRY(gan__dense_declare(net, l, 1, INIT, true));
    return gan__param_declare(net, l, "embedding", &v);
}

/* <c V, x> for each sample, [B,1]. */
static gan_status inner_product(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_id *y)
{
    const gan_sample_shape one = {1, {1}};
    GAN_TRY(gan__as_features(g, x, &l->in, &x));
    GAN_TRY(gan_add_matmul(g, net->condition, net->leaf[l->first_param + EMBEDDING], y));
    GAN_TRY(gan_add_mul(g, *y, x, y));
    GAN_TRY(gan_add_sum_cols(g, *y, y));
    return gan__as_features(g, *y, &one, y);
}

static gan_status apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)mode;
    gan_id product;
    GAN_TRY(inner_product(net, l, g, x, &product));
    GAN_TRY(gan__dense_apply(net, l, g, x, y));
    GAN_TRY(gan__bias_apply(net, l, g, y));
    return gan_add_add(g, *y, product, y);
}

const gan_layer_kind gan_layer_projection = {.name = "projection",
                                             .meaning = "a logit: dense 1, plus the inner product of the features with an embedding of the label (or attributes)",
                                             .args = args,
                                             .n_args = sizeof args / sizeof args[0],
                                             .conditional = true,
                                             .declare = declare,
                                             .apply = apply};
