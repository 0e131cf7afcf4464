/* Picking from groups of neighbouring features, for maxout (Goodfellow et al. 2013).
 *
 * group_pick(x, v)[n,u] = v[n,u,p*] and group_spread(x, d)[n,u,p] = d[n,u] where p = p*, 0 elsewhere, with p* the first
 * largest of x[n,u,0..pieces). Both are linear in their second argument and piecewise constant in x, and each is the
 * other's adjoint, so the pair is closed under gradients. maxout(x) = group_pick(x, x). */
#include "ops.h"

static int64_t argmax(const float *x, int64_t n)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (x[i] > x[best] || x[i] != x[i]) best = i; /* a NaN wins, so that it is seen */
    return best;
}

/* x chooses, so it must be whole; v is only moved, so it may be PARTIAL where x is REPLICATED. */
static bool may_choose(const gan_form *x, const gan_form *v)
{
    if (x->n_dims != 2 || x->panel || v->n_dims != 2 || v->panel || x->dims[0] != v->dims[0]) return false;
    if (x->dist == GAN_PARTIAL) return false;
    return x->dist == v->dist || (x->dist == GAN_REPLICATED && v->dist == GAN_PARTIAL);
}

static gan_status pick_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0), *v = gan__in(g, y, 1);
    int64_t pieces = y->p.group.pieces;
    if (!may_choose(x, v) || pieces < 1 || x->dims[1] != v->dims[1] || x->dims[1] % pieces != 0)
        return gan_shape_error(g, y, "wanted two values [n, units * %lld]", (long long)pieces);
    y->form = *v;
    y->form.dims[1] /= pieces;
    return GAN_OK;
}

static gan_status pick_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    return gan_add_group_spread(g, node.in[0], dy, node.p.group.pieces, &dx[1]);
}

static gan_status pick_forward(const gan_call *c)
{
    const gan_span mine = gan_part_of(c->part, gan_form_floats(&c->y->form));
    const int64_t pieces = c->y->p.group.pieces;
    for (int64_t i = mine.from; i < mine.to; i++) c->out[i] = c->in[1][i * pieces + argmax(c->in[0] + i * pieces, pieces)];
    return GAN_OK;
}

const gan_op gan_op_group_pick = {
    .name = "group_pick", .infer = pick_infer, .backward = pick_backward, .forward = pick_forward, .shared = true};

gan_status gan_add_group_pick(gan_graph *g, gan_id x, gan_id v, int64_t pieces, gan_id *y)
{
    gan_params p = {.group = {pieces}};
    return gan__add2(g, &gan_op_group_pick, x, v, &p, y);
}

static gan_status spread_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0), *d = gan__in(g, y, 1);
    int64_t pieces = y->p.group.pieces;
    if (!may_choose(x, d) || pieces < 1 || x->dims[1] != d->dims[1] * pieces)
        return gan_shape_error(g, y, "wanted [n, units * %lld] and [n, units]", (long long)pieces);
    y->form = *x;
    y->form.dist = d->dist;
    return GAN_OK;
}

static gan_status spread_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    return gan_add_group_pick(g, node.in[0], dy, node.p.group.pieces, &dx[1]);
}

static gan_status spread_forward(const gan_call *c)
{
    const int64_t pieces = c->y->p.group.pieces;
    const gan_span mine = gan_part_of(c->part, gan_form_floats(&c->y->form) / pieces);
    for (int64_t i = mine.from; i < mine.to; i++) {
        int64_t best = argmax(c->in[0] + i * pieces, pieces);
        for (int64_t p = 0; p < pieces; p++) c->out[i * pieces + p] = p == best ? c->in[1][i] : 0;
    }
    return GAN_OK;
}

const gan_op gan_op_group_spread = {
    .name = "group_spread", .infer = spread_infer, .backward = spread_backward, .forward = spread_forward, .shared = true};

gan_status gan_add_group_spread(gan_graph *g, gan_id x, gan_id dy, int64_t pieces, gan_id *y)
{
    gan_params p = {.group = {pieces}};
    return gan__add2(g, &gan_op_group_spread, x, dy, &p, y);
}
