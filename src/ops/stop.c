/* The same value as a constant: no gradient flows through it. No kernel runs, no memory is taken. */
#include "ops.h"

static gan_status infer(gan_graph *g, gan_node *y)
{
    y->form = *gan__in(g, y, 0);
    return GAN_OK;
}

/* dx[0] stays GAN_NONE. */
static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)g, (void)y, (void)dy, (void)dx;
    return GAN_OK;
}

const gan_op gan_op_stop = {.name = "stop", .alias = true, .infer = infer, .backward = backward};

gan_status gan_add_stop(gan_graph *g, gan_id x, gan_id *y)
{
    return gan__add1(g, &gan_op_stop, x, NULL, y);
}
