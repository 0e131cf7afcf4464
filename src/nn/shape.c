/* Layers that only give a sample another shape. */
#include "layer.h"

static const gan_key args[] = {
    {"reshape", "height", GAN_INT, "", NULL, 1, 1e6, NULL, false, "rows"},
    {"reshape", "width", GAN_INT, "", NULL, 1, 1e6, NULL, false, "columns"},
    {"reshape", "channels", GAN_INT, "", NULL, 1, 1e6, NULL, false, "values per pixel"},
};

static gan_status reshape_declare(gan_network *net, gan_layer *l)
{
    (void)net;
    l->out = (gan_sample_shape){3, {l->value[0].i, l->value[1].i, l->value[2].i}};
    if (gan_sample_floats(&l->in) != gan_sample_floats(&l->out))
        return gan__layer_error(l, "%lldx%lldx%lld has %lld values, not %lld", (long long)l->out.dims[0],
                                (long long)l->out.dims[1], (long long)l->out.dims[2],
                                (long long)gan_sample_floats(&l->out), (long long)gan_sample_floats(&l->in));
    return GAN_OK;
}

static gan_status flatten_declare(gan_network *net, gan_layer *l)
{
    (void)net;
    l->out = (gan_sample_shape){1, {gan_sample_floats(&l->in)}};
    return GAN_OK;
}

static gan_status apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)net, (void)mode;
    return gan__as_samples(g, x, &l->out, y);
}

const gan_layer_kind gan_layer_reshape = {.name = "reshape",
                                          .meaning = "features as an image, height x width x channels",
                                          .args = args,
                                          .n_args = 3,
                                          .declare = reshape_declare,
                                          .apply = apply};

const gan_layer_kind gan_layer_flatten = {
    .name = "flatten", .meaning = "an image as a row of features", .declare = flatten_declare, .apply = apply};
