/* da = dy, db = -dy. */
#include "ops.h"

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)y;
    dx[0] = dy;
    return gan_add_affine(g, dy, -1, 0, &dx[1]);
}

const gan_op gan_op_sub = {
    .name = "sub",
    .is_map = true,
    .map = GAN_MAP_SUB,
    .inplace = 3,
    .infer = gan__map_infer,
    .backward = backward,
    .forward = gan__map_forward,
    .shared = true,
};

gan_status gan_add_sub(gan_graph *g, gan_id a, gan_id b, gan_id *y)
{
    return gan__add2(g, &gan_op_sub, a, b, NULL, y);
}
