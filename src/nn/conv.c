/* Convolutions of images, and the transposed ones that make them larger (Dumoulin and Visin 2016 draw both). */
#include "layer.h"

enum { CHANNELS, KERNEL, STRIDE, PADDING, INIT, INIT_SCALE, BIAS, SPECTRAL };

#define CONV_ARGS(name)                                                                                      \
    {name, "channels", GAN_INT, "", NULL, 1, 1e6, NULL, false, "of the result"},                             \
        {name, "kernel", GAN_INT, "", NULL, 1, 1000, NULL, false, "side of the kernel, in pixels"},          \
        {name, "stride", GAN_INT, "", "1", 1, 1000, NULL, false, "pixels from place to place"},              \
        {name, "padding", GAN_INT, "", "0", 0, 1000, NULL, false, "rings of zeros around the larger image"}, \
        {name,  "init",           GAN_CHOICE, "", "network", 0, 0, "network|" GAN_INIT_CHOICES,              \
         false, "initial weights"},                                                                          \
        {name, "init_scale", GAN_REAL, "",    "0",                                                           \
         0,    1e6,          NULL,     false, "as the network's key; 0: the network's"},                     \
        {name, "bias", GAN_BOOL, "", "yes", 0, 0, NULL, false, "add a bias per channel"},            \
        GAN_SPECTRAL_ARG(name),

static const gan_key conv_args[] = {CONV_ARGS("conv")};
static const gan_key transposed_args[] = {CONV_ARGS("conv_transpose")};

static gan_window window_of(const gan_layer *l)
{
    const int kernel = (int)l->value[KERNEL].i;
    return (gan_window){kernel, kernel, (int)l->value[STRIDE].i, (int)l->value[PADDING].i};
}

/* taps: kernel pixels x channels of the larger image; fan_in, fan_out: terms of an output, uses of an input (He et al.
 * 2015, section 2.2), without regard to edges. */
static gan_status declare_weights(gan_network *net, gan_layer *l, int64_t large, int64_t small, double fan_in,
                                  double fan_out)
{
    const int64_t pixels = l->value[KERNEL].i * l->value[KERNEL].i;
    if (pixels * large > INT32_MAX / small)
        return gan__layer_error(l, "%lld weights are too many", (long long)(pixels * large * small));
    gan_param w = {
        .n_dims = 2, .dims = {pixels * large, small}, .panel = true, .fan_in = fan_in, .fan_out = fan_out};
    gan__choose_init(l, INIT, &w);
    GAN_TRY(gan__param_declare(net, l, "weight", &w));
    gan_param b = {.n_dims = 1, .dims = {l->value[CHANNELS].i}, .init = GAN_INIT_CONSTANT};
    if (l->value[BIAS].i) GAN_TRY(gan__param_declare(net, l, "bias", &b));
    return l->value[SPECTRAL].i ? gan__spectral_declare(net, l) : GAN_OK;
}

static gan_status want_image(const gan_layer *l)
{
    if (l->in.n_dims == 3) return GAN_OK;
    return gan__layer_error(
        l, "wanted an image, height x width x channels: a layer `reshape H W C` before this one makes one");
}

/* What follows the product. */
static gan_status finish(gan_network *net, const gan_layer *l, gan_graph *g, gan_mode mode, gan_id *y)
{
    if (l->value[SPECTRAL].i) GAN_TRY(gan__spectral_apply(net, l, g, *y, mode, y));
    return l->value[BIAS].i ? gan__bias_apply(net, l, g, y) : GAN_OK;
}

/* ---- conv ---------------------------------------------------------------------------------------------------- */

static gan_status conv_declare(gan_network *net, gan_layer *l)
{
    const gan_window k = window_of(l);
    GAN_TRY(want_image(l));
    const double pixels = (double)k.kh * k.kw, C = (double)l->in.dims[2], O = (double)l->value[CHANNELS].i;
    l->out = l->in;
    l->out.dims[2] = l->value[CHANNELS].i;
    for (int i = 0; i < 2; i++) {
        const int64_t frame = 2 * k.pad;
        if (l->in.dims[i] + frame < k.kh)
            return gan__layer_error(l, "a kernel of %dx%d is larger than the image with its padding, %lldx%lld", k.kh, k.kw,
                                    (long long)(l->in.dims[0] + frame), (long long)(l->in.dims[1] + frame));
        l->out.dims[i] = (l->in.dims[i] + frame - k.kh) / k.stride + 1;
    }
    return declare_weights(net, l, l->in.dims[2], l->out.dims[2], pixels * C,
                           pixels * O / (k.stride * k.stride));
}

static gan_status conv_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode,
                             gan_id *y)
{
    const gan_window k = window_of(l);
    GAN_TRY(gan__as_samples(g, x, &l->in, &x));
    GAN_TRY(gan_add_conv(g, x, net->leaf[l->first_param], &k, y));
    return finish(net, l, g, mode, y);
}

const gan_layer_kind gan_layer_conv = {
    .name = "conv",
    .meaning =
        "convolution; the result has (size + 2 padding - kernel) / stride + 1 pixels a side, rounded down",
    .args = conv_args,
    .n_args = sizeof conv_args / sizeof conv_args[0],
    .convolves = true,
    .declare = conv_declare,
    .apply = conv_apply};

/* ---- conv_transpose -------------------------------------------------------------------------------------------- */

static gan_status transposed_declare(gan_network *net, gan_layer *l)
{
    const gan_window k = window_of(l);
    GAN_TRY(want_image(l));
    const double pixels = (double)k.kh * k.kw, C = (double)l->in.dims[2], O = (double)l->value[CHANNELS].i;
    l->out = l->in;
    l->out.dims[2] = l->value[CHANNELS].i;
    for (int i = 0; i < 2; i++) {
        l->out.dims[i] = (l->in.dims[i] - 1) * k.stride - 2 * k.pad + k.kh;
        if (l->out.dims[i] < 1)
            return gan__layer_error(l, "nothing is left of the result: (%lld - 1) * %d - 2 * %d + %d pixels",
                                    (long long)l->in.dims[i], k.stride, k.pad, k.kh);
    }
    return declare_weights(net, l, l->out.dims[2], l->in.dims[2], pixels * C / (k.stride * k.stride),
                           pixels * O);
}

static gan_status transposed_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x,
                                   gan_mode mode, gan_id *y)
{
    const gan_window k = window_of(l);
    GAN_TRY(gan__as_samples(g, x, &l->in, &x));
    GAN_TRY(gan_add_conv_dx(g, x, net->leaf[l->first_param], &k, l->out.dims[0], l->out.dims[1], y));
    return finish(net, l, g, mode, y);
}

const gan_layer_kind gan_layer_conv_transpose = {
    .name = "conv_transpose",
    .meaning =
        "transposed convolution; the result has (size - 1) * stride - 2 padding + kernel pixels a side",
    .args = transposed_args,
    .n_args = sizeof transposed_args / sizeof transposed_args[0],
    .declare = transposed_declare,
    .apply = transposed_apply};
