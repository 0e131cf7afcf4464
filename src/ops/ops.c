/* The list of ops, the rules that elementwise ops share, and losses written with primitives. */
#include "ops.h"

#include <string.h>

#define GAN_OP(ID, sym) &gan_op_##sym,
const gan_op *const gan_ops[] = {
#include "ops.def"
};
#undef GAN_OP
const int gan_ops_count = sizeof gan_ops / sizeof gan_ops[0];

static bool reads_partial(const gan_graph *g, const gan_node *node)
{
    bool partial = false;
    for (int i = 0; i < node->n_in; i++) {
        if (node->in[i] < 0 || node->in[i] >= gan_graph_count(g)) return false; /* gan_graph_add refuses it */
        partial |= gan_graph_form(g, node->in[i])->dist == GAN_PARTIAL;
    }
    return partial;
}

static gan_status append(gan_graph *g, const gan_node *node, gan_id *y)
{
    *y = GAN_NONE;
    if (node->op->is_map && reads_partial(g, node)) GAN_TRY(gan__move_to_summands(g, node, y));
    return *y == GAN_NONE ? gan_graph_add(g, node, y) : GAN_OK;
}

gan_status gan__add1(gan_graph *g, const gan_op *op, gan_id a, const gan_params *p, gan_id *y)
{
    gan_node node = {.op = op, .n_in = 1, .in = {a}};
    if (p) node.p = *p;
    return append(g, &node, y);
}

gan_status gan__add2(gan_graph *g, const gan_op *op, gan_id a, gan_id b, const gan_params *p, gan_id *y)
{
    gan_node node = {.op = op, .n_in = 2, .in = {a, b}};
    if (p) node.p = *p;
    return append(g, &node, y);
}

void gan__clear_my_rows(const gan_call *c)
{
    const gan_span rows = gan__my_rows(c);
    const int64_t cols = gan__cols(&c->y->form);
    memset(c->out + rows.from * cols, 0, (size_t)((rows.to - rows.from) * cols) * sizeof *c->out);
}

gan__axis gan__axis_of(const gan_graph *g, const gan_form *f, int axis)
{
    gan__axis a = {1, f->dims[axis], 1};
    for (int i = 0; i < axis; i++) a.outer *= f->dims[i];
    for (int i = axis + 1; i < f->n_dims; i++) a.inner *= f->dims[i];
    if (axis == 0 && f->dist == GAN_SHARDED) {
        a.outer = gan_graph_shards(g);
        a.mid /= a.outer;
    }
    return a;
}

/* ---- elementwise ------------------------------------------------------------------------------------------- */

/* PARTIAL values are summands: only functions that are linear in them give a summand of the right sum. */
static bool linear_in_partial(const gan_node *y, const gan_form *a, const gan_form *b)
{
    bool pa = a->dist == GAN_PARTIAL, pb = b && b->dist == GAN_PARTIAL;
    switch (y->op->map) {
    case GAN_MAP_AFFINE: return y->p.map.q == 0;
    case GAN_MAP_ADD:
    case GAN_MAP_SUB: return pa && pb;
    case GAN_MAP_MUL: return (pa && b->dist == GAN_REPLICATED) || (pb && a->dist == GAN_REPLICATED);
    case GAN_MAP_DIV: return pa && b->dist == GAN_REPLICATED;
    default: return false;
    }
}

gan_status gan__map_infer(gan_graph *g, gan_node *y)
{
    const gan_form *a = gan__in(g, y, 0), *b = y->n_in > 1 ? gan__in(g, y, 1) : NULL;
    bool partial = a->dist == GAN_PARTIAL || (b && b->dist == GAN_PARTIAL);
    if (b && !gan_form_same_shape(a, b)) return gan_shape_error(g, y, "wanted two inputs of one shape");
    if (partial && !linear_in_partial(y, a, b))
        return gan_shape_error(g, y, "a sum over ranks is needed first (all_sum)");
    if (b && !partial && a->dist != b->dist)
        return gan_shape_error(g, y, "wanted two inputs that lie on the ranks in one way");
    y->form = *a;
    if (partial) y->form.dist = GAN_PARTIAL;
    return GAN_OK;
}

gan_status gan__map_forward(const gan_call *c)
{
    const gan_node *y = c->y;
    const gan_span s = gan_part_of(c->part, gan_form_floats(&y->form));
    c->run->k->map[y->op->map](s.to - s.from, c->in[0] + s.from, c->in[1] ? c->in[1] + s.from : NULL, y->p.map.p, y->p.map.q,
                               c->out + s.from);
    return GAN_OK;
}

/* ---- compositions ------------------------------------------------------------------------------------------ */

gan_status gan_add_sum_batch(gan_graph *g, gan_id x, gan_id *y)
{
    GAN_TRY(gan_add_shard_sum(g, x, y));
    return gan_add_tree_sum(g, *y, y);
}

gan_status gan_add_mean(gan_graph *g, gan_id x, int64_t n_global, gan_id *y)
{
    GAN_TRY(gan_add_sum_cols(g, x, y));
    GAN_TRY(gan_add_sum_batch(g, *y, y));
    return gan_add_affine(g, *y, 1.0f / (float)n_global, 0, y);
}

gan_status gan_add_bce_logits(gan_graph *g, gan_id logits, float target, int64_t n_global, gan_id *loss)
{
    gan_id positive, linear;
    GAN_TRY(gan_add_softplus(g, logits, &positive));
    if (target != 0) {
        GAN_TRY(gan_add_affine(g, logits, target, 0, &linear));
        GAN_TRY(gan_add_sub(g, positive, linear, &positive));
    }
    return gan_add_mean(g, positive, n_global, loss);
}
