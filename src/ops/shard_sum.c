/* Sum of the rows of each shard, [B,...] -> [S,...], and its adjoint, which repeats a shard's row.
 * First half of a sum over the batch: the order inside a shard does not depend on the ranks. */
#include "ops.h"

static gan_status sum_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    if (x->dist != GAN_SHARDED) return gan_shape_error(g, y, "wanted a sharded value");
    y->form = *x;
    y->form.dims[0] = gan_graph_shards(g);
    return GAN_OK;
}

static gan_status sum_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    return gan_add_shard_expand(g, dy, gan_graph_form(g, gan_graph_node(g, y)->in[0])->dims[0], &dx[0]);
}

static gan_status sum_forward(const gan_call *c)
{
    const gan_form *x = gan__in(c->graph, c->y, 0);
    const int64_t R = x->dims[0] / c->y->form.dims[0], C = gan__cols(x);
    const gan_span shards = gan__my_rows(c);
    c->run->k->sum_rows(shards.to - shards.from, R, C, c->in[0] + shards.from * R * C, c->out + shards.from * C);
    return GAN_OK;
}

const gan_op gan_op_shard_sum = {
    .name = "shard_sum", .infer = sum_infer, .backward = sum_backward, .forward = sum_forward, .shared = true};

gan_status gan_add_shard_sum(gan_graph *g, gan_id x, gan_id *y)
{
    return gan__add1(g, &gan_op_shard_sum, x, NULL, y);
}

static gan_status expand_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    if (x->dist != GAN_SHARDED || x->dims[0] != gan_graph_shards(g))
        return gan_shape_error(g, y, "wanted a sharded value with one row a shard");
    y->form = *x;
    y->form.dims[0] = y->p.expand.rows;
    return GAN_OK;
}

static gan_status expand_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)y;
    return gan_add_shard_sum(g, dy, &dx[0]);
}

static gan_status expand_forward(const gan_call *c)
{
    int64_t S = gan__in(c->graph, c->y, 0)->dims[0], R = c->y->form.dims[0] / S, C = gan__cols(&c->y->form);
    const gan_span rows = gan__my_rows(c);
    for (int64_t r = rows.from; r < rows.to; r++)
        for (int64_t i = 0; i < C; i++) c->out[r * C + i] = c->in[0][r / R * C + i];
    return GAN_OK;
}

const gan_op gan_op_shard_expand = {
    .name = "shard_expand", .infer = expand_infer, .backward = expand_backward, .forward = expand_forward, .shared = true};

/* *row: what x holds in each of its rows, where that is known; else GAN_NONE. A sum over the whole batch comes back to its rows
 * this way: repeated for every shard, scaled there, and repeated again. */
static gan_status repeated_row(gan_graph *g, gan_id x, gan_id *row)
{
    const gan_node n = *gan_graph_node(g, x);
    *row = GAN_NONE;
    if (n.op == &gan_op_reshape && n.form.dims[0] == gan__in(g, &n, 0)->dims[0]) return repeated_row(g, n.in[0], row);
    if (n.op == &gan_op_expand_rows) *row = n.in[0];
    if (n.op != &gan_op_affine) return GAN_OK;
    GAN_TRY(repeated_row(g, n.in[0], row));
    return *row == GAN_NONE ? GAN_OK : gan_add_affine(g, *row, n.p.map.p, n.p.map.q, row);
}

/* Repeat a row, as a value of the shape of `like` with `rows` rows. */
static gan_status repeat_row(gan_graph *g, gan_id row, const gan_form *like, int64_t rows, gan_id *y)
{
    int64_t dims[GAN_MAX_DIMS] = {rows};
    for (int i = 1; i < like->n_dims; i++) dims[i] = like->dims[i];
    GAN_TRY(gan_add_expand_rows(g, row, rows, y));
    return gan_graph_form(g, *y)->n_dims == like->n_dims ? GAN_OK : gan_add_reshape(g, *y, like->n_dims, dims, y);
}

gan_status gan_add_shard_expand(gan_graph *g, gan_id x, int64_t rows, gan_id *y)
{
    gan_params p = {.expand = {rows}};
    const gan_form f = *gan_graph_form(g, x);
    gan_id row = GAN_NONE;
    if (f.dist == GAN_SHARDED && f.dims[0] == gan_graph_shards(g)) GAN_TRY(repeated_row(g, x, &row));
    if (row != GAN_NONE) return repeat_row(g, row, &f, rows, y);
    return gan__add1(g, &gan_op_shard_expand, x, &p, y);
}
