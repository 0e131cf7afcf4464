/* Two values one after the other along an axis. Along axis 0 of SHARDED values the rows are joined shard by shard
 * (x of shard 0, y of shard 0, x of shard 1, ...), so the result is sharded like its parts. */
#include "ops.h"

#include <string.h>

static gan_status infer(gan_graph *g, gan_node *y)
{
    const gan_form *a = gan__in(g, y, 0), *b = gan__in(g, y, 1);
    int axis = y->p.concat.axis;
    bool fits = a->n_dims == b->n_dims && a->dist == b->dist && !a->panel && !b->panel && axis >= 0 &&
                axis < a->n_dims;
    for (int i = 0; fits && i < a->n_dims; i++) fits = i == axis || a->dims[i] == b->dims[i];
    if (!fits) return gan_shape_error(g, y, "wanted equal sizes in all axes but %d", axis);
    y->form = *a;
    y->form.dims[axis] += b->dims[axis];
    return GAN_OK;
}

static gan_status backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    int axis = node.p.concat.axis;
    int64_t a = gan__axis_of(g, gan_graph_form(g, node.in[0]), axis).mid;
    int64_t b = gan__axis_of(g, gan_graph_form(g, node.in[1]), axis).mid;
    GAN_TRY(gan_add_slice(g, dy, axis, 0, a, &dx[0]));
    return gan_add_slice(g, dy, axis, a, a + b, &dx[1]);
}

static gan_status forward(const gan_call *c)
{
    int axis = c->y->p.concat.axis;
    gan__axis a = gan__axis_of(c->graph, gan__in(c->graph, c->y, 0), axis);
    gan__axis b = gan__axis_of(c->graph, gan__in(c->graph, c->y, 1), axis);
    int64_t na = a.mid * a.inner, nb = b.mid * b.inner;
    const gan_span mine = gan_part_of(c->part, a.outer);
    float *out = c->out + mine.from * (na + nb);
    for (int64_t i = mine.from; i < mine.to; i++, out += na + nb) {
        memcpy(out, c->in[0] + i * na, (size_t)na * sizeof *out);
        memcpy(out + na, c->in[1] + i * nb, (size_t)nb * sizeof *out);
    }
    return GAN_OK;
}

const gan_op gan_op_concat = {.name = "concat", .infer = infer, .backward = backward, .forward = forward, .shared = true};

gan_status gan_add_concat(gan_graph *g, gan_id a, gan_id b, int axis, gan_id *y)
{
    gan_params p = {.concat = {axis}};
    return gan__add2(g, &gan_op_concat, a, b, &p, y);
}
