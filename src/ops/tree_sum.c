/* Sum over shards in the fixed binary tree, [S,...] SHARDED -> [...] PARTIAL, and its adjoint expand_rows, which gives
 * every row the same value, [...] REPLICATED -> [rows,...] SHARDED.
 * Second half of a sum over the batch; ranks hold aligned subtrees, and the reduction over ranks goes on with the tree. */
#include "ops.h"

static gan_form without_rows(const gan_form *x)
{
    gan_form f = {.n_dims = x->n_dims - 1};
    for (int i = 1; i < x->n_dims; i++) f.dims[i - 1] = x->dims[i];
    if (f.n_dims == 0) f.dims[f.n_dims++] = 1;
    return f;
}

static gan_status tree_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    if (x->dist != GAN_SHARDED || x->dims[0] != gan_graph_shards(g))
        return gan_shape_error(g, y, "wanted a sharded value with one row a shard");
    y->form = without_rows(x);
    y->form.dist = GAN_PARTIAL;
    return GAN_OK;
}

static gan_status tree_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_form x = *gan_graph_form(g, gan_graph_node(g, y)->in[0]);
    GAN_TRY(gan_add_expand_rows(g, dy, x.dims[0], &dx[0]));
    return x.n_dims == 1 ? gan_add_reshape(g, dx[0], 1, x.dims, &dx[0]) : GAN_OK;
}

static gan_status tree_forward(const gan_call *c)
{
    int64_t S = gan__in(c->graph, c->y, 0)->dims[0];
    c->run->k->sum_tree(S, gan_form_floats(&c->y->form), c->in[0], c->out, c->scratch);
    return GAN_OK;
}

static int64_t tree_scratch(const gan_graph *g, const gan_node *y)
{
    (void)g;
    return 64 * gan_form_floats(&y->form);
}

const gan_op gan_op_tree_sum = {.name = "tree_sum",
                                .infer = tree_infer,
                                .backward = tree_backward,
                                .forward = tree_forward,
                                .scratch = tree_scratch};

gan_status gan_add_tree_sum(gan_graph *g, gan_id x, gan_id *y)
{
    return gan__add1(g, &gan_op_tree_sum, x, NULL, y);
}

static gan_status expand_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    if (x->dist != GAN_REPLICATED || x->panel || x->n_dims == GAN_MAX_DIMS)
        return gan_shape_error(g, y, "wanted a replicated value");
    y->form = (gan_form){.n_dims = x->n_dims + 1, .dims = {y->p.expand.rows}, .dist = GAN_SHARDED};
    for (int i = 0; i < x->n_dims; i++) y->form.dims[i + 1] = x->dims[i];
    return GAN_OK;
}

static gan_status expand_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)y;
    return gan_add_sum_batch(g, dy, &dx[0]);
}

static gan_status expand_forward(const gan_call *c)
{
    const gan_span rows = gan__my_rows(c);
    const int64_t C = gan__cols(&c->y->form);
    for (int64_t r = rows.from; r < rows.to; r++)
        for (int64_t i = 0; i < C; i++) c->out[r * C + i] = c->in[0][i];
    return GAN_OK;
}

const gan_op gan_op_expand_rows = {.name = "expand_rows",
                                   .broadcast = GAN_BROADCAST_ROWS,
                                   .infer = expand_infer,
                                   .backward = expand_backward,
                                   .forward = expand_forward,
                                   .shared = true};

gan_status gan_add_expand_rows(gan_graph *g, gan_id x, int64_t rows, gan_id *y)
{
    gan_params p = {.expand = {rows}};
    return gan__add1(g, &gan_op_expand_rows, x, &p, y);
}
