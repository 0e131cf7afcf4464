/* A value filled with one number. */
#include "ops.h"

static gan_status infer(gan_graph *g, gan_node *y)
{
    (void)g, (void)y;
    return GAN_OK;
}

static gan_status forward(const gan_call *c)
{
    int64_t n = gan_form_floats(&c->y->form);
    for (int64_t i = 0; i < n; i++) c->out[i] = c->y->p.constant.value;
    return GAN_OK;
}

const gan_op gan_op_constant = {.name = "constant", .infer = infer, .forward = forward};

gan_status gan_add_constant(gan_graph *g, const gan_form *form, float value, gan_id *y)
{
    gan_node node = {.op = &gan_op_constant, .form = *form, .p = {.constant = {value}}};
    return gan_graph_add(g, &node, y);
}
