/* A REPLICATED value as a PARTIAL one: rank 0 has it, and the others have nothing to add. So it goes through a sum over
 * any number of ranks without a rounding. Nothing is -0: x + -0 is x to the bit, also where x is -0. */
#include "ops.h"

#include <string.h>

static gan_status infer(gan_graph *g, gan_node *y)
{
    y->form = *gan__in(g, y, 0);
    if (y->form.dist != GAN_REPLICATED) return gan_shape_error(g, y, "wanted a replicated value");
    y->form.dist = GAN_PARTIAL;
    return GAN_OK;
}

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)y;
    return gan_add_one_rank(g, dy, &dx[0]);
}

static gan_status forward(const gan_call *c)
{
    const int64_t n = gan_form_floats(&c->y->form);
    for (int64_t i = 0; i < n && c->run->rank > 0; i++) c->out[i] = -0.0f;
    if (c->run->rank == 0 && c->out != c->in[0]) memcpy(c->out, c->in[0], (size_t)n * sizeof *c->out);
    return GAN_OK;
}

const gan_op gan_op_one_rank = {
    .name = "one_rank", .inplace = 1, .infer = infer, .backward = backward, .forward = forward};

gan_status gan_add_one_rank(gan_graph *g, gan_id x, gan_id *y)
{
    return gan__add1(g, &gan_op_one_rank, x, NULL, y);
}
