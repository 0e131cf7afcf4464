/* A range along one axis, and its adjoint pad, which puts a value into zeros. Along axis 0 of a SHARDED value the
 * range is taken from the rows of each shard, so that shards stay whole and no row changes its owner. */
#include "ops.h"

#include <string.h>

/* f with `mid` elements along the axis (per shard for axis 0 of a SHARDED value). */
static gan_form with_mid(const gan_graph *g, gan_form f, int axis, int64_t mid)
{
    bool sharded_rows = axis == 0 && f.dist == GAN_SHARDED;
    f.dims[axis] = sharded_rows ? mid * gan_graph_shards(g) : mid;
    return f;
}

/* Copy some blocks of `n` floats between strides. */
static void copy_blocks(gan_span blocks, int64_t n, const float *from, int64_t from_stride, float *to,
                        int64_t to_stride)
{
    for (int64_t i = blocks.from; i < blocks.to; i++)
        memcpy(to + i * to_stride, from + i * from_stride, (size_t)n * sizeof *to);
}

static gan_status slice_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    int axis = y->p.slice.axis;
    if (x->panel || axis < 0 || axis >= x->n_dims) return gan_shape_error(g, y, "there is no axis %d", axis);
    int64_t mid = gan__axis_of(g, x, axis).mid, from = y->p.slice.from, to = y->p.slice.to;
    if (from < 0 || to > mid || from >= to)
        return gan_shape_error(g, y, "%lld..%lld is not a range of 0..%lld", (long long)from, (long long)to,
                               (long long)mid);
    y->form = with_mid(g, *x, axis, to - from);
    return GAN_OK;
}

static gan_status slice_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    int64_t size = gan__axis_of(g, gan_graph_form(g, node.in[0]), node.p.slice.axis).mid;
    return gan_add_pad(g, dy, node.p.slice.axis, node.p.slice.from, size, &dx[0]);
}

static gan_status slice_forward(const gan_call *c)
{
    gan__axis a = gan__axis_of(c->graph, gan__in(c->graph, c->y, 0), c->y->p.slice.axis);
    int64_t from = c->y->p.slice.from, n = (c->y->p.slice.to - from) * a.inner;
    copy_blocks(gan_part_of(c->part, a.outer), n, c->in[0] + from * a.inner, a.mid * a.inner, c->out, n);
    return GAN_OK;
}

const gan_op gan_op_slice = {
    .name = "slice", .infer = slice_infer, .backward = slice_backward, .forward = slice_forward, .shared = true};

gan_status gan_add_slice(gan_graph *g, gan_id x, int axis, int64_t from, int64_t to, gan_id *y)
{
    gan_params p = {.slice = {.axis = axis, .from = from, .to = to}};
    return gan__add1(g, &gan_op_slice, x, &p, y);
}

static gan_status pad_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    int axis = y->p.slice.axis;
    if (x->panel || axis < 0 || axis >= x->n_dims) return gan_shape_error(g, y, "there is no axis %d", axis);
    int64_t mid = gan__axis_of(g, x, axis).mid, from = y->p.slice.from, size = y->p.slice.size;
    if (from < 0 || from + mid > size)
        return gan_shape_error(g, y, "%lld elements at %lld do not fit into %lld", (long long)mid,
                               (long long)from, (long long)size);
    y->form = with_mid(g, *x, axis, size);
    return GAN_OK;
}

static gan_status pad_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    int64_t mid = gan__axis_of(g, gan_graph_form(g, node.in[0]), node.p.slice.axis).mid;
    return gan_add_slice(g, dy, node.p.slice.axis, node.p.slice.from, node.p.slice.from + mid, &dx[0]);
}

static gan_status pad_forward(const gan_call *c)
{
    gan__axis a = gan__axis_of(c->graph, gan__in(c->graph, c->y, 0), c->y->p.slice.axis);
    int64_t n = a.mid * a.inner, size = c->y->p.slice.size * a.inner;
    const gan_span mine = gan_part_of(c->part, a.outer);
    memset(c->out + mine.from * size, 0, (size_t)((mine.to - mine.from) * size) * sizeof *c->out);
    copy_blocks(mine, n, c->in[0], n, c->out + c->y->p.slice.from * a.inner, size);
    return GAN_OK;
}

const gan_op gan_op_pad = {
    .name = "pad", .infer = pad_infer, .backward = pad_backward, .forward = pad_forward, .shared = true};

gan_status gan_add_pad(gan_graph *g, gan_id x, int axis, int64_t from, int64_t size, gan_id *y)
{
    gan_params p = {.slice = {.axis = axis, .from = from, .size = size}};
    return gan__add1(g, &gan_op_pad, x, &p, y);
}
