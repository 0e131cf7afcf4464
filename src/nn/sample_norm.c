/* Normalisation within a sample, which needs no other samples and no running statistics: instance_norm (Ulyanov et al. 2016)
 * over the pixels of each channel, layer_norm (Ba et al. 2016) over all features. Written with primitives, as batch_norm is. */
#include "layer.h"

enum { EPSILON };

static const gan_key instance_args[] = {
    {"instance_norm", "epsilon", GAN_REAL, "", "1e-5", 1e-12, 1, NULL, false, "added to the variance"},
};
static const gan_key layer_args[] = {
    {"layer_norm", "epsilon", GAN_REAL, "", "1e-5", 1e-12, 1, NULL, false, "added to the variance"},
};

static gan_status instance_declare(gan_network *net, gan_layer *l)
{
    if (l->in.n_dims != 3 || l->in.dims[0] * l->in.dims[1] < 2)
        return gan__layer_error(l, "wanted an image, height x width x channels, of at least 2 pixels");
    return gan__scale_declare(net, l);
}

static gan_status layer_declare(gan_network *net, gan_layer *l)
{
    if (gan_sample_floats(&l->in) < 2) return gan__layer_error(l, "wanted at least 2 features");
    return gan__scale_declare(net, l);
}

/* The mean over what belongs together, repeated to the shape of x. */
typedef gan_status mean_fn(gan_graph *g, gan_id x, gan_id *mean);

static gan_status mean_of_pixels(gan_graph *g, gan_id x, gan_id *mean)
{
    const gan_form f = *gan_graph_form(g, x);
    const int H = (int)f.dims[1], W = (int)f.dims[2]; /* one window, the whole image */
    GAN_TRY(gan_add_window_sum(g, x, H, W, 1, 0, mean));
    GAN_TRY(gan_add_affine(g, *mean, 1.0f / ((float)H * (float)W), 0, mean));
    return gan_add_window_spread(g, *mean, H, W, H, W, 1, 0, mean);
}

static gan_status mean_of_features(gan_graph *g, gan_id x, gan_id *mean)
{
    const int64_t F = gan_graph_form(g, x)->dims[1];
    GAN_TRY(gan_add_sum_cols(g, x, mean));
    GAN_TRY(gan_add_affine(g, *mean, 1.0f / (float)F, 0, mean));
    return gan_add_expand_cols(g, *mean, F, mean);
}

static gan_status normalise(gan_graph *g, gan_id x, mean_fn *mean_of, float epsilon, gan_id *y)
{
    gan_id mean, variance;
    GAN_TRY(mean_of(g, x, &mean));
    GAN_TRY(gan_add_sub(g, x, mean, y));
    GAN_TRY(gan_add_square(g, *y, &variance));
    GAN_TRY(mean_of(g, variance, &variance));
    GAN_TRY(gan_add_affine(g, variance, 1, epsilon, &variance));
    GAN_TRY(gan_add_sqrt(g, variance, &variance));
    return gan_add_div(g, *y, variance, y);
}

static gan_status instance_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)mode;
    GAN_TRY(gan__as_samples(g, x, &l->in, &x));
    GAN_TRY(normalise(g, x, mean_of_pixels, (float)l->value[EPSILON].r, y));
    return gan__scale_apply(net, l, g, *y, y);
}

static gan_status layer_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)mode;
    GAN_TRY(gan__as_features(g, x, &l->in, &x));
    GAN_TRY(normalise(g, x, mean_of_features, (float)l->value[EPSILON].r, y));
    return gan__scale_apply(net, l, g, *y, y);
}

const gan_layer_kind gan_layer_instance_norm = {
    .name = "instance_norm",
    .meaning = "each channel of each image to mean 0 and variance 1 over its pixels, then scaled and shifted",
    .args = instance_args,
    .n_args = 1,
    .refines = true,
    .declare = instance_declare,
    .apply = instance_apply};

const gan_layer_kind gan_layer_layer_norm = {
    .name = "layer_norm",
    .meaning = "each sample to mean 0 and variance 1 over its features, then scaled and shifted channel by channel",
    .args = layer_args,
    .n_args = 1,
    .refines = true,
    .declare = layer_declare,
    .apply = layer_apply};
