/* Start and end of a reduction over ranks, as nodes, so that the schedule can put work between them. What is reduced
 * lies outside the plan (a bucket of a gradient arena); the order with its writers and readers is given by edges. */
#include "ops.h"

static gan_status infer(gan_graph *g, gan_node *y)
{
    (void)g;
    y->form = (gan_form){.n_dims = 1, .dims = {1}, .dist = GAN_REPLICATED};
    return GAN_OK;
}

static gan_status start_forward(const gan_call *c)
{
    const gan_collectives *comm = c->run->comm;
    return comm ? comm->start(comm->user, c->y->p.reduce.number) : GAN_OK;
}

static gan_status wait_forward(const gan_call *c)
{
    const gan_collectives *comm = c->run->comm;
    return comm ? comm->wait(comm->user, c->y->p.reduce.number) : GAN_OK;
}

const gan_op gan_op_reduce_start = {
    .name = "reduce_start", .effect = true, .talks = true, .eager = true, .infer = infer, .forward = start_forward};

const gan_op gan_op_reduce_wait = {
    .name = "reduce_wait", .effect = true, .talks = true, .waits = true, .late = 1, .infer = infer, .forward = wait_forward};

static const gan_op wait_at_once = {
    .name = "reduce_wait", .effect = true, .talks = true, .waits = true, .eager = true, .infer = infer, .forward = wait_forward};

gan_status gan_add_reduce_start(gan_graph *g, int number, gan_id *y)
{
    gan_node node = {.op = &gan_op_reduce_start, .p = {.reduce = {number}}};
    return gan_graph_add(g, &node, y);
}

gan_status gan_add_reduce_wait(gan_graph *g, int number, gan_id start, bool late, gan_id *y)
{
    gan_node node = {.op = late ? &gan_op_reduce_wait : &wait_at_once, .p = {.reduce = {number}}};
    GAN_TRY(gan_graph_add(g, &node, y));
    return gan_graph_after(g, *y, start);
}
