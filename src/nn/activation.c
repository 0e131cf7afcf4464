/* Layers that are one elementwise function. */
#include "layer.h"

#define UNARY(sym, text)                                                                                     \
    static gan_status sym##_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode,  \
                                  gan_id *y)                                                                 \
    {                                                                                                        \
        (void)net, (void)l, (void)mode;                                                                      \
        return gan_add_##sym(g, x, y);                                                                       \
    }                                                                                                        \
    const gan_layer_kind gan_layer_##sym = {.name = #sym, .meaning = text, .refines = true, .apply = sym##_apply};

UNARY(relu, "max(x, 0)")
UNARY(tanh, "tanh(x), in -1..1")
UNARY(sigmoid, "1 / (1 + exp(-x)), in 0..1")
UNARY(softplus, "log(1 + exp(x))")

static const gan_key leaky_args[] = {
    {"leaky_relu", "slope", GAN_REAL, "", "0.2", 0, 1, NULL, false, "factor of negative inputs"},
};

static gan_status leaky_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)net, (void)mode;
    return gan_add_leaky_relu(g, x, (float)l->value[0].r, y);
}

const gan_layer_kind gan_layer_leaky_relu = {
    .name = "leaky_relu",
    .meaning = "x where positive, slope * x elsewhere",
    .args = leaky_args,
    .n_args = 1,
    .refines = true,
    .apply = leaky_apply};

static const gan_key scale_args[] = {
    {"scale", "factor", GAN_REAL, "", NULL, 1e-6, 1e6, NULL, false, "what every number is multiplied with"},
};

static gan_status scale_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)net, (void)mode;
    return gan_add_affine(g, x, (float)l->value[0].r, 0, y);
}

const gan_layer_kind gan_layer_scale = {
    .name = "scale",
    .meaning = "factor * x, which is not trained: samples in the range that a network wants",
    .args = scale_args,
    .n_args = 1,
    .refines = true,
    .apply = scale_apply};
