/* Rows of all ranks in one table: what each rank has of it, [B,...] SHARDED -> [ranks * B,...] PARTIAL, its own rows at their global
 * places and -0 in all others, so that the sum over ranks is every row to the bit; and the adjoint, which takes a rank's own rows from a
 * REPLICATED table. */
#include "ops.h"

#include <string.h>

static gan_status place_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    if (x->dist != GAN_SHARDED) return gan_shape_error(g, y, "wanted a sharded value");
    y->form = *x;
    y->form.dims[0] *= gan_graph_ranks(g);
    y->form.dist = GAN_PARTIAL;
    return GAN_OK;
}

static gan_status place_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)y;
    return gan_add_own_rows(g, dy, &dx[0]);
}

static gan_status place_forward(const gan_call *c)
{
    const int64_t own = gan_form_floats(gan__in(c->graph, c->y, 0)), all = gan_form_floats(&c->y->form);
    for (int64_t i = 0; i < all; i++) c->out[i] = -0.0f;
    memcpy(c->out + c->run->rank * own, c->in[0], (size_t)own * sizeof *c->out);
    return GAN_OK;
}

const gan_op gan_op_place_rows = {.name = "place_rows", .infer = place_infer, .backward = place_backward, .forward = place_forward};

gan_status gan_add_place_rows(gan_graph *g, gan_id x, gan_id *y)
{
    return gan__add1(g, &gan_op_place_rows, x, NULL, y);
}

static gan_status own_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    const int64_t ranks = gan_graph_ranks(g), rows = x->dims[0] / ranks;
    if (x->dist != GAN_REPLICATED || x->panel || x->dims[0] % ranks != 0 || rows % gan_graph_shards(g) != 0)
        return gan_shape_error(g, y, "wanted a replicated value with the rows of all ranks");
    y->form = *x;
    y->form.dims[0] = rows;
    y->form.dist = GAN_SHARDED;
    return GAN_OK;
}

static gan_status own_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)y;
    return gan_add_place_rows(g, dy, &dx[0]);
}

static gan_status own_forward(const gan_call *c)
{
    const int64_t own = gan_form_floats(&c->y->form);
    memcpy(c->out, c->in[0] + c->run->rank * own, (size_t)own * sizeof *c->out);
    return GAN_OK;
}

const gan_op gan_op_own_rows = {.name = "own_rows", .infer = own_infer, .backward = own_backward, .forward = own_forward};

gan_status gan_add_own_rows(gan_graph *g, gan_id x, gan_id *y)
{
    return gan__add1(g, &gan_op_own_rows, x, NULL, y);
}
