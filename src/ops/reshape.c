/* The same floats under another shape; no kernel runs, no memory is taken. The rows of a SHARDED value may be cut or joined (the
 * pixels of images become rows of channels) as long as each shard keeps its own. */
#include "ops.h"

static gan_status infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    if (y->form.n_dims < 1 || y->form.n_dims > GAN_MAX_DIMS)
        return gan_shape_error(g, y, "%d dimensions are not 1 to %d", y->form.n_dims, GAN_MAX_DIMS);
    if (x->panel || gan_form_floats(x) != gan_form_floats(&y->form) ||
        (x->dist == GAN_SHARDED && y->form.dims[0] % gan_graph_shards(g) != 0)) {
        char wanted[128];
        gan_form_text(&y->form, wanted, sizeof wanted);
        return gan_shape_error(g, y, "wanted as many elements as %s, and whole shards", wanted);
    }
    y->form.dist = x->dist;
    return GAN_OK;
}

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_form x = *gan_graph_form(g, gan_graph_node(g, y)->in[0]);
    return gan_add_reshape(g, dy, x.n_dims, x.dims, &dx[0]);
}

const gan_op gan_op_reshape = {.name = "reshape", .alias = true, .infer = infer, .backward = backward};

gan_status gan_add_reshape(gan_graph *g, gan_id x, int n_dims, const int64_t *dims, gan_id *y)
{
    gan_node node = {.op = &gan_op_reshape, .n_in = 1, .in = {x}, .form = {.n_dims = n_dims}};
    for (int i = 0; i < n_dims && i < GAN_MAX_DIMS; i++) node.form.dims[i] = dims[i];
    return gan_graph_add(g, &node, y);
}
