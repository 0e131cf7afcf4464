/* maxout (Goodfellow et al. 2013): each unit is the largest of `pieces` weighted sums. */
#include "layer.h"

enum { UNITS, PIECES, INIT, INIT_SCALE };

static const gan_key args[] = {
    {"maxout", "units", GAN_INT, "", NULL, 1, 1e9, NULL, false, "outputs"},
    {"maxout", "pieces", GAN_INT, "", "5", 1, 1000, NULL, false, "sums per unit"},
    {"maxout", "init", GAN_CHOICE, "", "network", 0, 0, "network|" GAN_INIT_CHOICES, false, "initial weights"},
    {"maxout", "init_scale", GAN_REAL, "", "0", 0, 1e6, NULL, false, "as the network's key; 0: the network's"},
};

static gan_status declare(gan_network *net, gan_layer *l)
{
    int64_t units = l->value[UNITS].i, pieces = l->value[PIECES].i;
    if (units > INT32_MAX / pieces) return gan__layer_error(l, "units * pieces is too large");
    GAN_TRY(gan__dense_declare(net, l, units * pieces, INIT, true));
    l->out.dims[0] = units;
    return GAN_OK;
}

static gan_status apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)mode;
    GAN_TRY(gan__dense_apply(net, l, g, x, &x));
    GAN_TRY(gan__bias_apply(net, l, g, &x));
    return gan_add_group_pick(g, x, x, l->value[PIECES].i, y);
}

const gan_layer_kind gan_layer_maxout = {.name = "maxout",
                                         .meaning = "the largest of several weighted sums per unit",
                                         .args = args,
                                         .n_args = sizeof args / sizeof args[0],
                                         .declare = declare,
                                         .apply = apply};
