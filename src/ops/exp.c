/* da = dy * y. */
#include "ops.h"

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    return gan_add_mul(g, dy, y, &dx[0]);
}

const gan_op gan_op_exp = {
    .name = "exp",
    .is_map = true,
    .map = GAN_MAP_EXP,
    .inplace = 1,
    .infer = gan__map_infer,
    .backward = backward,
    .forward = gan__map_forward,
    .shared = true,
};

gan_status gan_add_exp(gan_graph *g, gan_id a, gan_id *y)
{
    return gan__add1(g, &gan_op_exp, a, NULL, y);
}
