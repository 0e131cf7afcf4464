/* dropout: in training each feature is 0 with probability `rate`, and the others are scaled up. */
#include "layer.h"

static const gan_key args[] = {
    {"dropout", "rate", GAN_REAL, "", "0.5", 0, 0.99, NULL, false, "probability of dropping a feature"},
};

static gan_status apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    (void)net;
    *y = x;
    if (mode == GAN_SAMPLING || l->value[0].r == 0) return GAN_OK;
    gan_id mask;
    const gan_form form = *gan_graph_form(g, x);
    GAN_TRY(gan_add_dropout_mask(g, &form, 1 - (float)l->value[0].r, &mask));
    return gan_add_mul(g, x, mask, y);
}

const gan_layer_kind gan_layer_dropout = {
    .name = "dropout",
    .meaning = "drops features at random in training",
    .args = args,
    .n_args = 1,
    .refines = true,
    .apply = apply};
