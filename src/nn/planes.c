/* planes: a channel for each number of the condition, which has it in every pixel; of a label, the channel of its class is 1 and the
 * others are 0. Rows of features get the numbers themselves. */
#include "layer.h"

static gan_status declare(gan_network *net, gan_layer *l)
{
    GAN_TRY(gan__condition_check(net, l));
    l->out.dims[l->out.n_dims - 1] += net->in.condition;
    return GAN_OK;
}

static gan_status apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)mode;
    gan_id planes = net->condition;
    const gan_sample_shape pixel = {3, {1, 1, net->in.condition}};
    if (l->in.n_dims == 3) {
        GAN_TRY(gan__as_samples(g, planes, &pixel, &planes));
        GAN_TRY(gan_add_resize(g, planes, l->in.dims[0], l->in.dims[1], false, &planes));
    }
    GAN_TRY(gan__as_samples(g, x, &l->in, &x));
    return gan_add_concat(g, x, planes, l->in.n_dims, y);
}

const gan_layer_kind gan_layer_planes = {.name = "planes",
                                         .meaning = "the sample's label (one-hot) or attributes as further features, or as channels that are the same everywhere",
                                         .conditional = true,
                                         .declare = declare,
                                         .apply = apply};
