/* 1 / a: da = -dy * y^2. */
#include "ops.h"

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    gan_id t;
    GAN_TRY(gan_add_square(g, y, &t));
    GAN_TRY(gan_add_affine(g, t, -1, 0, &t));
    return gan_add_mul(g, dy, t, &dx[0]);
}

const gan_op gan_op_reciprocal = {
    .name = "reciprocal",
    .is_map = true,
    .map = GAN_MAP_RECIPROCAL,
    .inplace = 1,
    .infer = gan__map_infer,
    .backward = backward,
    .forward = gan__map_forward,
    .shared = true,
};

gan_status gan_add_reciprocal(gan_graph *g, gan_id a, gan_id *y)
{
    return gan__add1(g, &gan_op_reciprocal, a, NULL, y);
}
