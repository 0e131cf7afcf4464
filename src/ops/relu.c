/* max(a, 0): da = dy where y > 0, which is where a > 0; so a itself need not be kept. */
#include "ops.h"

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    gan_id mask;
    GAN_TRY(gan_add_leaky_mask(g, y, 0, &mask));
    return gan_add_mul(g, dy, mask, &dx[0]);
}

const gan_op gan_op_relu = {
    .name = "relu",
    .is_map = true,
    .map = GAN_MAP_RELU,
    .inplace = 1,
    .infer = gan__map_infer,
    .backward = backward,
    .forward = gan__map_forward,
    .shared = true,
};

gan_status gan_add_relu(gan_graph *g, gan_id a, gan_id *y)
{
    return gan__add1(g, &gan_op_relu, a, NULL, y);
}
