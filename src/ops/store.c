/* Copy a value to memory outside the plan, usually a gradient to its arena. Where it can, the planner lets the producer
 * write there directly, and nothing is copied. */
#include "ops.h"

#include <string.h>

static gan_status infer(gan_graph *g, gan_node *y)
{
    y->form = *gan__in(g, y, 0);
    return GAN_OK;
}

static gan_status forward(const gan_call *c)
{
    if (c->out != c->in[0]) memcpy(c->out, c->in[0], (size_t)gan_form_floats(&c->y->form) * sizeof *c->out);
    return GAN_OK;
}

const gan_op gan_op_store = {
    .name = "store", .effect = true, .eager = true, .inplace = 1, .infer = infer, .forward = forward};

gan_status gan_add_store(gan_graph *g, gan_id x, float *to, gan_id *y)
{
    gan_node node = {.op = &gan_op_store, .n_in = 1, .in = {x}, .fixed = to};
    return gan_graph_add(g, &node, y);
}
