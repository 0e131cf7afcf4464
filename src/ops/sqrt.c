/* da = dy / (2 y). */
#include "ops.h"

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    gan_id t;
    GAN_TRY(gan_add_affine(g, y, 2, 0, &t));
    return gan_add_div(g, dy, t, &dx[0]);
}

const gan_op gan_op_sqrt = {
    .name = "sqrt",
    .is_map = true,
    .map = GAN_MAP_SQRT,
    .inplace = 1,
    .infer = gan__map_infer,
    .backward = backward,
    .forward = gan__map_forward,
    .shared = true,
};

gan_status gan_add_sqrt(gan_graph *g, gan_id a, gan_id *y)
{
    return gan__add1(g, &gan_op_sqrt, a, NULL, y);
}
