/* da = dy * b, db = dy * a. */
#include "ops.h"

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    GAN_TRY(gan_add_mul(g, dy, node.in[1], &dx[0]));
    return gan_add_mul(g, dy, node.in[0], &dx[1]);
}

const gan_op gan_op_mul = {
    .name = "mul",
    .is_map = true,
    .map = GAN_MAP_MUL,
    .inplace = 3,
    .infer = gan__map_infer,
    .backward = backward,
    .forward = gan__map_forward,
    .shared = true,
};

gan_status gan_add_mul(gan_graph *g, gan_id a, gan_id b, gan_id *y)
{
    return gan__add2(g, &gan_op_mul, a, b, NULL, y);
}
