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

/* What is normalised together: its mean, and how a value of it is repeated to the shape of x. */
typedef struct scope {
    gan_status (*mean)(gan_graph *g, gan_id x, gan_id *mean);
    gan_status (*repeat)(gan_graph *g, gan_id value, const gan_form *x, gan_id *y);
} scope;

/* Pixels of a channel: one window, the whole image. */
static gan_status mean_of_pixels(gan_graph *g, gan_id x, gan_id *mean)
{
    const gan_form f = *gan_graph_form(g, x);
    GAN_TRY(gan_add_window_sum(g, x, (int)f.dims[1], (int)f.dims[2], 1, 0, mean));
    return gan_add_affine(g, *mean, 1.0f / ((float)f.dims[1] * (float)f.dims[2]), 0, mean);
}

static gan_status repeat_to_pixels(gan_graph *g, gan_id value, const gan_form *x, gan_id *y)
{
    const int H = (int)x->dims[1], W = (int)x->dims[2];
    return gan_add_window_spread(g, value, H, W, H, W, 1, 0, y);
}

static gan_status mean_of_features(gan_graph *g, gan_id x, gan_id *mean)
{
    const int64_t F = gan_graph_form(g, x)->dims[1];
    GAN_TRY(gan_add_sum_cols(g, x, mean));
    return gan_add_affine(g, *mean, 1.0f / (float)F, 0, mean);
}

static gan_status repeat_to_features(gan_graph *g, gan_id value, const gan_form *x, gan_id *y)
{
    return gan_add_expand_cols(g, value, x->dims[1], y);
}

static const scope pixels = {mean_of_pixels, repeat_to_pixels}, features = {mean_of_features, repeat_to_features};

/* (x - mean) / sqrt(variance + epsilon); the quotient is taken before it is repeated. */
static gan_status normalise(gan_graph *g, gan_id x, const scope *s, float epsilon, gan_id *y)
{
    const gan_form f = *gan_graph_form(g, x);
    gan_id mean, factor;
    GAN_TRY(s->mean(g, x, &mean));
    GAN_TRY(s->repeat(g, mean, &f, &mean));
    GAN_TRY(gan_add_sub(g, x, mean, y));
    GAN_TRY(gan_add_square(g, *y, &factor));
    GAN_TRY(s->mean(g, factor, &factor));
    GAN_TRY(gan_add_affine(g, factor, 1, epsilon, &factor));
    GAN_TRY(gan_add_sqrt(g, factor, &factor));
    GAN_TRY(gan_add_reciprocal(g, factor, &factor));
    GAN_TRY(s->repeat(g, factor, &f, &factor));
    return gan_add_mul(g, *y, factor, y);
}

static gan_status instance_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)mode;
    GAN_TRY(gan__as_samples(g, x, &l->in, &x));
    GAN_TRY(normalise(g, x, &pixels, (float)l->value[EPSILON].r, y));
    return gan__scale_apply(net, l, g, *y, y);
}

static gan_status layer_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)mode;
    GAN_TRY(gan__as_features(g, x, &l->in, &x));
    GAN_TRY(normalise(g, x, &features, (float)l->value[EPSILON].r, y));
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
