/* p*a + q: da = p * dy. */
#include "ops.h"

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    return gan_add_affine(g, dy, gan_graph_node(g, y)->p.map.p, 0, &dx[0]);
}

const gan_op gan_op_affine = {
    .name = "affine",
    .is_map = true,
    .map = GAN_MAP_AFFINE,
    .inplace = 1,
    .infer = gan__map_infer,
    .backward = backward,
    .forward = gan__map_forward,
    .shared = true,
};

gan_status gan_add_affine(gan_graph *g, gan_id a, float p, float q, gan_id *y)
{
    gan_params scalars = {.map = {p, q}};
    return gan__add1(g, &gan_op_affine, a, &scalars, y);
}
