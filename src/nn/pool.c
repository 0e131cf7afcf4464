/* Layers that change the size of images without weights: pooling and upsampling. */
#include "layer.h"

enum { KERNEL, STRIDE, PADDING };
enum { FACTOR, KIND };

#define POOL_ARGS(name)                                                                                          \
    {name, "kernel", GAN_INT, "", "2", 1, 1000, NULL, false, "side of a window, in pixels"},                     \
    {name, "stride", GAN_INT, "", "0", 0, 1000, NULL, false, "from window to window; 0: the kernel"},            \
    {name, "padding", GAN_INT, "", "0", 0, 1000, NULL, false, "pixels by which windows hang over the edge"},

static const gan_key max_args[] = {POOL_ARGS("max_pool")};
static const gan_key avg_args[] = {POOL_ARGS("avg_pool")};

static int stride_of(const gan_layer *l)
{
    return (int)(l->value[STRIDE].i ? l->value[STRIDE].i : l->value[KERNEL].i);
}

static gan_status pool_declare(gan_network *net, gan_layer *l)
{
    (void)net;
    const int64_t kernel = l->value[KERNEL].i, pad = l->value[PADDING].i;
    if (l->in.n_dims != 3) return gan__layer_error(l, "wanted an image, height x width x channels");
    if (2 * pad > kernel) return gan__layer_error(l, "padding is at most half of the kernel, %lld", (long long)kernel / 2);
    l->out = l->in;
    for (int i = 0; i < 2; i++) {
        if (l->in.dims[i] + 2 * pad < kernel)
            return gan__layer_error(l, "a window of %lld pixels is larger than the image", (long long)kernel);
        l->out.dims[i] = (l->in.dims[i] + 2 * pad - kernel) / stride_of(l) + 1;
    }
    return GAN_OK;
}

static gan_status max_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)net, (void)mode;
    const int kernel = (int)l->value[KERNEL].i;
    GAN_TRY(gan__as_samples(g, x, &l->in, &x));
    return gan_add_max_pick(g, x, x, kernel, kernel, stride_of(l), (int)l->value[PADDING].i, y);
}

static gan_status avg_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)net, (void)mode;
    const int kernel = (int)l->value[KERNEL].i;
    GAN_TRY(gan__as_samples(g, x, &l->in, &x));
    GAN_TRY(gan_add_window_sum(g, x, kernel, kernel, stride_of(l), (int)l->value[PADDING].i, y));
    return gan_add_affine(g, *y, 1.0f / (float)(kernel * kernel), 0, y);
}

const gan_layer_kind gan_layer_max_pool = {.name = "max_pool",
                                           .meaning = "the largest value of each window, channel by channel",
                                           .args = max_args,
                                           .n_args = 3,
                                           .declare = pool_declare,
                                           .apply = max_apply};

const gan_layer_kind gan_layer_avg_pool = {.name = "avg_pool",
                                           .meaning = "the mean of each window (padding counts as zeros), channel by channel",
                                           .args = avg_args,
                                           .n_args = 3,
                                           .declare = pool_declare,
                                           .apply = avg_apply};

/* ---- upsampling ------------------------------------------------------------------------------------------------ */

static const gan_key up_args[] = {
    {"upsample", "factor", GAN_INT, "", "2", 1, 64, NULL, false, "how many times as high and wide"},
    {"upsample", "kind", GAN_CHOICE, "", "nearest", 0, 0, "nearest|bilinear", false, "how pixels in between come about"},
};

static gan_status up_declare(gan_network *net, gan_layer *l)
{
    (void)net;
    if (l->in.n_dims != 3) return gan__layer_error(l, "wanted an image, height x width x channels");
    l->out = l->in;
    for (int i = 0; i < 2; i++) l->out.dims[i] *= l->value[FACTOR].i;
    return GAN_OK;
}

/* Nearest by a whole factor is the adjoint of sums over windows side by side, which is quicker than weighing pixels. */
static gan_status up_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)net, (void)mode;
    const int factor = (int)l->value[FACTOR].i;
    GAN_TRY(gan__as_samples(g, x, &l->in, &x));
    if (l->value[KIND].i == 1) return gan_add_resize(g, x, l->out.dims[0], l->out.dims[1], true, y);
    return gan_add_window_spread(g, x, l->out.dims[0], l->out.dims[1], factor, factor, factor, 0, y);
}

const gan_layer_kind gan_layer_upsample = {.name = "upsample",
                                           .meaning = "images larger by a whole factor",
                                           .args = up_args,
                                           .n_args = 2,
                                           .declare = up_declare,
                                           .apply = up_apply};
