/* da = dy / b, db = -dy * y / b = -(da * y). */
#include "ops.h"

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    gan_id t;
    GAN_TRY(gan_add_div(g, dy, gan_graph_node(g, y)->in[1], &dx[0]));
    GAN_TRY(gan_add_mul(g, dx[0], y, &t));
    return gan_add_affine(g, t, -1, 0, &dx[1]);
}

const gan_op gan_op_div = {
    .name = "div",
    .is_map = true,
    .map = GAN_MAP_DIV,
    .inplace = 3,
    .infer = gan__map_infer,
    .backward = backward,
    .forward = gan__map_forward,
    .shared = true,
};

gan_status gan_add_div(gan_graph *g, gan_id a, gan_id b, gan_id *y)
{
    return gan__add2(g, &gan_op_div, a, b, NULL, y);
}
