/* A REPLICATED value as it is, no kernel runs. The gradient that comes back, PARTIAL, is summed over ranks here and goes on as
 * that of one rank. For values that are computed, alike on all ranks, from other such values and then used on samples: weights
 * after a step of an optimizer. What their gradient flows through next is elementwise, and arithmetic on whole sums gives the
 * same bits on any number of ranks (see partial.c). */
#include "ops.h"

static gan_status infer(gan_graph *g, gan_node *y)
{
    y->form = *gan__in(g, y, 0);
    return y->form.dist == GAN_REPLICATED ? GAN_OK : gan_shape_error(g, y, "wanted a replicated value");
}

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)y;
    GAN_TRY(gan_add_all_sum(g, dy, &dx[0]));
    return gan_add_one_rank(g, dx[0], &dx[0]);
}

const gan_op gan_op_whole_gradient = {.name = "whole_gradient", .alias = true, .infer = infer, .backward = backward};

gan_status gan_add_whole_gradient(gan_graph *g, gan_id x, gan_id *y)
{
    return gan__add1(g, &gan_op_whole_gradient, x, NULL, y);
}
