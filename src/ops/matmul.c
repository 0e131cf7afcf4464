/* The three contractions of the trilinear form  T(x, W, y) = sum x[n,k] W[k,m] y[n,m].
 *
 * Each is the derivative of T by its third argument, so the gradients of any of them are the other two, and
 * differentiating again stays among the three. They share this file because they are one idea. W lies in panel layout.
 *
 * In a network x and y are SHARDED, W is REPLICATED, and a result W is PARTIAL. Rows may also be no samples but the same
 * on all ranks; then each product is linear in what it reads, and of two operands one may be PARTIAL. */
#include "ops.h"

/* Sizes of a call, whichever contraction it is. */
typedef struct dims {
    int64_t N, K, M;
} dims;

static bool is_rows(const gan_form *f)
{
    return f->n_dims == 2 && !f->panel;
}

/* A weight that these rows can be multiplied with. */
static bool is_weight(const gan_form *f, const gan_form *rows)
{
    const bool linear = f->dist == GAN_PARTIAL && rows->dist == GAN_REPLICATED;
    return f->n_dims == 2 && f->panel && (f->dist == GAN_REPLICATED || linear);
}

/* Rows that can be multiplied with each other. */
static bool are_rows(const gan_form *x, const gan_form *y)
{
    const bool linear = x->dist == GAN_REPLICATED || y->dist == GAN_REPLICATED;
    return is_rows(x) && is_rows(y) && x->dims[0] == y->dims[0] &&
           ((x->dist == GAN_SHARDED) == (y->dist == GAN_SHARDED)) && (linear || x->dist == GAN_SHARDED);
}

static gan_form rows(const gan_form *like, const gan_form *W, int64_t cols)
{
    return (gan_form){
        .n_dims = 2, .dims = {like->dims[0], cols}, .dist = W->dist == GAN_PARTIAL ? GAN_PARTIAL : like->dist};
}

static int64_t scratch_of(dims d)
{
    return gan_matmul_scratch(d.N, d.K, d.M);
}

static double flop_of(dims d)
{
    return 2.0 * (double)d.N * (double)d.K * (double)d.M;
}

/* ---- y = x W ----------------------------------------------------------------------------------------------- */

static gan_status nn_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0), *W = gan__in(g, y, 1);
    if (!is_rows(x) || !is_weight(W, x) || x->dims[1] != W->dims[0])
        return gan_shape_error(g, y, "wanted x [n,k] and a weight [k,m] with the same k");
    y->form = rows(x, W, W->dims[1]);
    return GAN_OK;
}

static dims nn_dims(const gan_graph *g, const gan_node *y)
{
    const gan_form *W = gan__in(g, y, 1);
    return (dims){y->form.dims[0], W->dims[0], W->dims[1]};
}

static gan_status nn_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    GAN_TRY(gan_add_matmul_tn(g, node.in[0], dy, &dx[1]));
    return gan_add_matmul_nt(g, dy, node.in[1], &dx[0]);
}

static gan_status nn_forward(const gan_call *c)
{
    dims d = nn_dims(c->graph, c->y);
    const gan_span n = gan_part_of(c->part, d.N);
    if (n.from == n.to) return GAN_OK;
    c->run->k->matmul(n.to - n.from, d.K, d.M, c->in[0] + n.from * d.K, c->in[1], c->out + n.from * d.M, c->scratch);
    return GAN_OK;
}

static int64_t nn_scratch(const gan_graph *g, const gan_node *y)
{
    return scratch_of(nn_dims(g, y));
}

static double nn_flop(const gan_graph *g, const gan_node *y)
{
    return flop_of(nn_dims(g, y));
}

const gan_op gan_op_matmul = {.name = "matmul",
                              .infer = nn_infer,
                              .backward = nn_backward,
                              .forward = nn_forward,
                              .shared = true,
                              .scratch = nn_scratch,
                              .flop = nn_flop};

gan_status gan_add_matmul(gan_graph *g, gan_id x, gan_id W, gan_id *y)
{
    return gan__add2(g, &gan_op_matmul, x, W, NULL, y);
}

/* ---- x = y W^T --------------------------------------------------------------------------------------------- */

static gan_status nt_infer(gan_graph *g, gan_node *y)
{
    const gan_form *dy = gan__in(g, y, 0), *W = gan__in(g, y, 1);
    if (!is_rows(dy) || !is_weight(W, dy) || dy->dims[1] != W->dims[1])
        return gan_shape_error(g, y, "wanted dy [n,m] and a weight [k,m] with the same m");
    y->form = rows(dy, W, W->dims[0]);
    return GAN_OK;
}

static gan_status nt_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    GAN_TRY(gan_add_matmul_tn(g, dy, node.in[0], &dx[1]));
    return gan_add_matmul(g, dy, node.in[1], &dx[0]);
}

static gan_status nt_forward(const gan_call *c)
{
    dims d = nn_dims(c->graph, c->y);
    const gan_span n = gan_part_of(c->part, d.N);
    if (n.from == n.to) return GAN_OK;
    c->run->k->matmul_nt(n.to - n.from, d.K, d.M, c->in[0] + n.from * d.M, c->in[1], c->out + n.from * d.K, c->scratch);
    return GAN_OK;
}

const gan_op gan_op_matmul_nt = {.name = "matmul_nt",
                                 .infer = nt_infer,
                                 .backward = nt_backward,
                                 .forward = nt_forward,
                                 .shared = true,
                                 .scratch = nn_scratch,
                                 .flop = nn_flop};

gan_status gan_add_matmul_nt(gan_graph *g, gan_id dy, gan_id W, gan_id *x)
{
    return gan__add2(g, &gan_op_matmul_nt, dy, W, NULL, x);
}

/* ---- W = x^T y --------------------------------------------------------------------------------------------- */

static gan_status tn_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0), *dy = gan__in(g, y, 1);
    const bool same_everywhere = x->dist == GAN_REPLICATED && dy->dist == GAN_REPLICATED;
    if (!are_rows(x, dy))
        return gan_shape_error(g, y, "wanted x [n,k] and dy [n,m] with the same n, both sharded or neither");
    y->form = (gan_form){.n_dims = 2, .dims = {x->dims[1], dy->dims[1]}, .panel = true};
    y->form.dist = same_everywhere ? GAN_REPLICATED : GAN_PARTIAL;
    return GAN_OK;
}

static dims tn_dims(const gan_graph *g, const gan_node *y)
{
    return (dims){gan__in(g, y, 0)->dims[0], y->form.dims[0], y->form.dims[1]};
}

static gan_status tn_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    GAN_TRY(gan_add_matmul_nt(g, node.in[1], dy, &dx[0]));
    return gan_add_matmul(g, node.in[0], dy, &dx[1]);
}

/* A thread's part are some panels. */
static gan_status tn_forward(const gan_call *c)
{
    dims d = tn_dims(c->graph, c->y);
    const int64_t shards = gan__in(c->graph, c->y, 0)->dist == GAN_SHARDED ? gan_graph_shards(c->graph) : 1;
    const gan_span panels = gan_part_of(c->part, (d.M + GAN_PANEL - 1) / GAN_PANEL);
    const int64_t from = panels.from * GAN_PANEL, to = panels.to * GAN_PANEL < d.M ? panels.to * GAN_PANEL : d.M;
    if (from < to)
        c->run->k->matmul_tn(d.N, d.K, to - from, d.M, shards, c->in[0], c->in[1] + from, c->out + from * d.K, c->scratch);
    return GAN_OK;
}

static int64_t tn_scratch(const gan_graph *g, const gan_node *y)
{
    return scratch_of(tn_dims(g, y));
}

static double tn_flop(const gan_graph *g, const gan_node *y)
{
    return flop_of(tn_dims(g, y));
}

const gan_op gan_op_matmul_tn = {.name = "matmul_tn",
                                 .infer = tn_infer,
                                 .backward = tn_backward,
                                 .forward = tn_forward,
                                 .shared = true,
                                 .scratch = tn_scratch,
                                 .flop = tn_flop};

gan_status gan_add_matmul_tn(gan_graph *g, gan_id x, gan_id dy, gan_id *W)
{
    return gan__add2(g, &gan_op_matmul_tn, x, dy, NULL, W);
}
