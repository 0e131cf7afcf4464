/* condition: the label (or the attributes) through a dense layer of its own, and behind the sample: Mirza and Osindero 2014, where it
 * stands beside noise and image. To a row of features its units are added; of an image it makes whole planes, each pixel its own, and adds
 * them as channels. */
#include "layer.h"

enum { UNITS, INIT, INIT_SCALE };
enum { WEIGHT, BIAS };

static const gan_key args[] = {
    {"condition", "units", GAN_INT, "", NULL, 1, 1e6, NULL, false, "numbers that are added; for images: channels"},
    {"condition", "init", GAN_CHOICE, "", "network", 0, 0, "network|" GAN_INIT_CHOICES, false, "initial weights"},
    {"condition", "init_scale", GAN_REAL, "", "0", 0, 1e6, NULL, false, "as the network's key; 0: the network's"},
};

gan_status gan__condition_check(const gan_network *net, const gan_layer *l)
{
    if (net->in.condition > 0) return GAN_OK;
    return gan__layer_error(l, "it reads labels or attributes, and the samples come without; write data.condition = labels (or attributes), "
                               "with data that has them");
}

/* Outputs of the dense layer. */
static int64_t units(const gan_layer *l)
{
    return l->value[UNITS].i * (l->in.n_dims == 3 ? l->in.dims[0] * l->in.dims[1] : 1);
}

static gan_status declare(gan_network *net, gan_layer *l)
{
    GAN_TRY(gan__condition_check(net, l));
    const int64_t C = net->in.condition;
    if (C > INT32_MAX / units(l)) return gan__layer_error(l, "%lld numbers times %lld outputs are too many weights", (long long)C, (long long)units(l));
    gan_param w = {.n_dims = 2, .dims = {C, units(l)}, .panel = true, .fan_in = (double)C, .fan_out = (double)units(l)};
    gan_param b = {.n_dims = 1, .dims = {units(l)}, .init = GAN_INIT_CONSTANT};
    gan__choose_init(l, INIT, &w);
    GAN_TRY(gan__param_declare(net, l, "weight", &w));
    GAN_TRY(gan__param_declare(net, l, "bias", &b));
    l->out.dims[l->out.n_dims - 1] += l->value[UNITS].i;
    return GAN_OK;
}

static gan_status apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)mode;
    gan_id embedded, bias;
    gan_sample_shape planes = l->in;
    planes.dims[planes.n_dims - 1] = l->value[UNITS].i;
    GAN_TRY(gan_add_matmul(g, net->condition, net->leaf[l->first_param + WEIGHT], &embedded));
    GAN_TRY(gan_add_expand_rows(g, net->leaf[l->first_param + BIAS], gan_graph_form(g, embedded)->dims[0], &bias));
    GAN_TRY(gan_add_add(g, embedded, bias, &embedded));
    GAN_TRY(gan__as_samples(g, embedded, &planes, &embedded));
    GAN_TRY(gan__as_samples(g, x, &l->in, &x));
    return gan_add_concat(g, x, embedded, l->in.n_dims, y);
}

const gan_layer_kind gan_layer_condition = {.name = "condition",
                                            .meaning = "the sample's label or attributes, through a dense layer, as further features or channels",
                                            .args = args,
                                            .n_args = sizeof args / sizeof args[0],
                                            .conditional = true,
                                            .declare = declare,
                                            .apply = apply};
