/* A value that lives outside the plan: a parameter in its arena, or an input that a test owns. Each update of a parameter
 * makes a new node (a new version); the old one says which update ended it, and the schedule keeps its readers before. */
#include "ops.h"

static gan_status infer(gan_graph *g, gan_node *y)
{
    (void)g, (void)y;
    return GAN_OK;
}

const gan_op gan_op_param = {.name = "param", .is_param = true, .infer = infer};

gan_status gan_add_param(gan_graph *g, const gan_form *form, float *data, const void *owner, int index,
                         gan_id *y)
{
    gan_node node = {
        .op = &gan_op_param, .form = *form, .p = {.param = {owner, index, GAN_NONE}}, .fixed = data};
    return gan_graph_add(g, &node, y);
}
