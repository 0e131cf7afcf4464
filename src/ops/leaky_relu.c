/* da = dy * mask(y): for a slope >= 0 y has the sign of a, so a need not be kept. The mask is an ordinary
 * node, so that gradient penalties may differentiate it again. */
#include "ops.h"

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    gan_id mask;
    GAN_TRY(gan_add_leaky_mask(g, y, gan_graph_node(g, y)->p.map.p, &mask));
    return gan_add_mul(g, dy, mask, &dx[0]);
}

static gan_status infer(gan_graph *g, gan_node *y)
{
    if (!(y->p.map.p >= 0)) return gan_shape_error(g, y, "the slope %g is not 0 or more", (double)y->p.map.p);
    return gan__map_infer(g, y);
}

const gan_op gan_op_leaky_relu = {
    .name = "leaky_relu",
    .is_map = true,
    .map = GAN_MAP_LEAKY_RELU,
    .inplace = 1,
    .infer = infer,
    .backward = backward,
    .forward = gan__map_forward,
    .shared = true,
};

gan_status gan_add_leaky_relu(gan_graph *g, gan_id a, float slope, gan_id *y)
{
    gan_params p = {.map = {slope, 0}};
    return gan__add1(g, &gan_op_leaky_relu, a, &p, y);
}
