/* 1 where a > 0, p elsewhere: constant almost everywhere, so nothing flows back. */
#include "ops.h"

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)g, (void)y, (void)dy, (void)dx;
    return GAN_OK;
}

const gan_op gan_op_leaky_mask = {
    .name = "leaky_mask",
    .is_map = true,
    .map = GAN_MAP_LEAKY_MASK,
    .inplace = 1,
    .infer = gan__map_infer,
    .backward = backward,
    .forward = gan__map_forward,
    .shared = true,
};

gan_status gan_add_leaky_mask(gan_graph *g, gan_id a, float slope, gan_id *y)
{
    gan_params p = {.map = {slope, 0}};
    return gan__add1(g, &gan_op_leaky_mask, a, &p, y);
}
