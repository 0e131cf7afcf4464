/* da = dy / a. */
#include "ops.h"

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    return gan_add_div(g, dy, gan_graph_node(g, y)->in[0], &dx[0]);
}

const gan_op gan_op_log = {
    .name = "log",
    .is_map = true,
    .map = GAN_MAP_LOG,
    .inplace = 1,
    .infer = gan__map_infer,
    .backward = backward,
    .forward = gan__map_forward,
    .shared = true,
};

gan_status gan_add_log(gan_graph *g, gan_id a, gan_id *y)
{
    return gan__add1(g, &gan_op_log, a, NULL, y);
}
