/* The ops that read real samples and what they are conditioned on: positions of the stream are given by step, read and global row alone. */
#include "gan/feed.h"

static gan_status infer(gan_graph *g, gan_node *y)
{
    (void)g, (void)y;
    return GAN_OK;
}

enum { REFERENCE = -1 }; /* in the place of a read's number */

/* The stream's position of this rank's first row. */
static int64_t first_of(const gan_call *c, const gan_feed *feed)
{
    const int read = c->y->p.call.index;
    const int64_t minibatch = read == REFERENCE ? 0 : c->run->step * feed->reads + read;
    return minibatch * feed->batch + c->run->rank * c->y->form.dims[0];
}

static gan_status data_forward(const gan_call *c)
{
    const gan_feed *feed = c->y->p.call.user;
    gan_source_read(feed->source, first_of(c, feed), c->y->form.dims[0], c->out);
    return GAN_OK;
}

static gan_status condition_forward(const gan_call *c)
{
    const gan_feed *feed = c->y->p.call.user;
    gan_source_read_condition(feed->source, first_of(c, feed), c->y->form.dims[0], c->out);
    return GAN_OK;
}

static const gan_op op_data = {.name = "data", .infer = infer, .forward = data_forward};
static const gan_op op_condition = {.name = "condition", .infer = infer, .forward = condition_forward};

static gan_status add_data(gan_graph *g, gan_feed *feed, int read, int64_t rows, int n_dims, const int64_t *dims, gan_id *x)
{
    gan_node node = {.op = &op_data, .p = {.call = {feed, read}}};
    node.form = (gan_form){.n_dims = n_dims + 1, .dims = {rows}, .dist = GAN_SHARDED};
    for (int i = 0; i < n_dims; i++) node.form.dims[i + 1] = dims[i];
    return gan_graph_add(g, &node, x);
}

static gan_status add_condition(gan_graph *g, gan_feed *feed, int read, int64_t rows, int64_t numbers, gan_id *c)
{
    gan_node node = {.op = &op_condition, .p = {.call = {feed, read}}};
    node.form = (gan_form){.n_dims = 2, .dims = {rows, numbers}, .dist = GAN_SHARDED};
    return gan_graph_add(g, &node, c);
}

gan_status gan_add_data(gan_graph *g, gan_feed *feed, int64_t rows, int n_dims, const int64_t *dims,
                        gan_id *x)
{
    return add_data(g, feed, feed->reads++, rows, n_dims, dims, x);
}

gan_status gan_add_condition(gan_graph *g, gan_feed *feed, int64_t rows, int64_t numbers, gan_id *c)
{
    return add_condition(g, feed, feed->reads - 1, rows, numbers, c);
}

gan_status gan_add_reference_data(gan_graph *g, gan_feed *feed, int64_t rows, int n_dims, const int64_t *dims, gan_id *x)
{
    return add_data(g, feed, REFERENCE, rows, n_dims, dims, x);
}

gan_status gan_add_reference_condition(gan_graph *g, gan_feed *feed, int64_t rows, int64_t numbers, gan_id *c)
{
    return add_condition(g, feed, REFERENCE, rows, numbers, c);
}
