/* The op that reads real samples: positions of the stream are given by step, read and global row alone. */
#include "gan/feed.h"

static gan_status infer(gan_graph *g, gan_node *y)
{
    (void)g, (void)y;
    return GAN_OK;
}

static gan_status forward(const gan_call *c)
{
    const gan_feed *feed = c->y->p.call.user;
    int64_t rows = c->y->form.dims[0];
    int64_t first = (c->run->step * feed->reads + c->y->p.call.index) * feed->batch + c->run->rank * rows;
    gan_source_read(feed->source, first, rows, c->out);
    return GAN_OK;
}

static const gan_op op_data = {.name = "data", .infer = infer, .forward = forward};

gan_status gan_add_data(gan_graph *g, gan_feed *feed, int64_t rows, int n_dims, const int64_t *dims,
                        gan_id *x)
{
    gan_node node = {.op = &op_data, .p = {.call = {feed, feed->reads++}}};
    node.form = (gan_form){.n_dims = n_dims + 1, .dims = {rows}, .dist = GAN_SHARDED};
    for (int i = 0; i < n_dims; i++) node.form.dims[i + 1] = dims[i];
    return gan_graph_add(g, &node, x);
}
