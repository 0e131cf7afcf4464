/* -1, 0 or 1: constant almost everywhere, so nothing flows back. */
#include "ops.h"

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)g, (void)y, (void)dy, (void)dx;
    return GAN_OK;
}

const gan_op gan_op_sign = {
    .name = "sign",
    .is_map = true,
    .map = GAN_MAP_SIGN,
    .inplace = 1,
    .infer = gan__map_infer,
    .backward = backward,
    .forward = gan__map_forward,
    .shared = true,
};

gan_status gan_add_sign(gan_graph *g, gan_id a, gan_id *y)
{
    return gan__add1(g, &gan_op_sign, a, NULL, y);
}
