/* Sum over everything but the first dimension, [N,...] -> [N], and its adjoint expand_cols, [N] -> [N,cols]. */
#include "ops.h"

static gan_status sum_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    if (x->panel) return gan_shape_error(g, y, "wanted rows, not a weight matrix");
    y->form = (gan_form){.n_dims = 1, .dims = {x->dims[0]}, .dist = x->dist};
    return GAN_OK;
}

static gan_status sum_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_form x = *gan_graph_form(g, gan_graph_node(g, y)->in[0]);
    GAN_TRY(gan_add_expand_cols(g, dy, gan__cols(&x), &dx[0]));
    return x.n_dims == 2 ? GAN_OK : gan_add_reshape(g, dx[0], x.n_dims, x.dims, &dx[0]);
}

static gan_status sum_forward(const gan_call *c)
{
    const gan_form *x = gan__in(c->graph, c->y, 0);
    const gan_span rows = gan_part_of(c->part, x->dims[0]);
    c->run->k->sum_cols(rows.to - rows.from, gan__cols(x), c->in[0] + rows.from * gan__cols(x), c->out + rows.from);
    return GAN_OK;
}

static double sum_flop(const gan_graph *g, const gan_node *y)
{
    return (double)gan_form_floats(gan__in(g, y, 0));
}

const gan_op gan_op_sum_cols = {.name = "sum_cols",
                                .infer = sum_infer,
                                .backward = sum_backward,
                                .forward = sum_forward,
                                .shared = true,
                                .flop = sum_flop};

gan_status gan_add_sum_cols(gan_graph *g, gan_id x, gan_id *y)
{
    return gan__add1(g, &gan_op_sum_cols, x, NULL, y);
}

static gan_status expand_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    if (x->n_dims != 1) return gan_shape_error(g, y, "wanted one number a row");
    y->form = (gan_form){.n_dims = 2, .dims = {x->dims[0], y->p.expand.rows}, .dist = x->dist};
    return GAN_OK;
}

static gan_status expand_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    (void)y;
    return gan_add_sum_cols(g, dy, &dx[0]);
}

static gan_status expand_forward(const gan_call *c)
{
    const gan_span rows = gan__my_rows(c);
    const int64_t C = c->y->form.dims[1];
    for (int64_t r = rows.from; r < rows.to; r++)
        for (int64_t i = 0; i < C; i++) c->out[r * C + i] = c->in[0][r];
    return GAN_OK;
}

const gan_op gan_op_expand_cols = {.name = "expand_cols",
                                   .broadcast = GAN_BROADCAST_COLS,
                                   .infer = expand_infer,
                                   .backward = expand_backward,
                                   .forward = expand_forward,
                                   .shared = true};

gan_status gan_add_expand_cols(gan_graph *g, gan_id x, int64_t cols, gan_id *y)
{
    gan_params p = {.expand = {cols}};
    return gan__add1(g, &gan_op_expand_cols, x, &p, y);
}
