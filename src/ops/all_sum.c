/* Sum over ranks inside a step, PARTIAL -> REPLICATED: batch statistics over the global batch. Blocking and meant for
 * small values; gradients of parameters travel in buckets instead. Its gradient is an all_sum again: every
 * rank reads the sum, so every rank's gradient of it counts. */
#include "ops.h"

#include <string.h>

static gan_status infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    if (x->dist != GAN_PARTIAL) return gan_shape_error(g, y, "wanted a partial value");
    y->form = *x;
    y->form.dist = GAN_REPLICATED;
    return GAN_OK;
}

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)y;
    return gan_add_all_sum(g, dy, &dx[0]);
}

static gan_status forward(const gan_call *c)
{
    int64_t n = gan_form_floats(&c->y->form);
    if (c->out != c->in[0]) memcpy(c->out, c->in[0], (size_t)n * sizeof *c->out);
    return c->run->comm ? c->run->comm->all_sum(c->run->comm->user, c->out, n, c->y->phase) : GAN_OK;
}

const gan_op gan_op_all_sum = {
    .name = "all_sum", .talks = true, .waits = true, .inplace = 1, .infer = infer, .backward = backward, .forward = forward};

/* Of what one rank has there is nothing to add. */
gan_status gan_add_all_sum(gan_graph *g, gan_id x, gan_id *y)
{
    const gan_node *n = gan_graph_node(g, x);
    if (n->op == &gan_op_one_rank) {
        *y = n->in[0];
        return GAN_OK;
    }
    return gan__add1(g, &gan_op_all_sum, x, NULL, y);
}
