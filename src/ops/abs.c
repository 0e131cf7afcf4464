/* da = dy * sign(a). */
#include "ops.h"

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    gan_id t;
    GAN_TRY(gan_add_sign(g, gan_graph_node(g, y)->in[0], &t));
    return gan_add_mul(g, dy, t, &dx[0]);
}

const gan_op gan_op_abs = {
    .name = "abs",
    .is_map = true,
    .map = GAN_MAP_ABS,
    .inplace = 1,
    .infer = gan__map_infer,
    .backward = backward,
    .forward = gan__map_forward,
    .shared = true,
};

gan_status gan_add_abs(gan_graph *g, gan_id a, gan_id *y)
{
    return gan__add1(g, &gan_op_abs, a, NULL, y);
}
