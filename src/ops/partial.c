/* Arithmetic on PARTIAL values is done before the sum that makes them PARTIAL.
 *
 * Floats add up to the same bits on any number of ranks only if every sum is one tree over all shards. Work between two
 * levels of it breaks that: with a, b summed over two ranks, (a1+b1) + (a2+b2) is not (a1+a2) + (b1+b2), and neither
 * is p*a1 + p*a2 the same as p*(a1+a2). So a function that is linear in its PARTIAL inputs is moved to their summands,
 * where each shard does it alone:
 *
 *     tree_sum(a) + tree_sum(b)    ->  tree_sum(a + b)             p * tree_sum(a)  ->  tree_sum(p * a)
 *     tree_sum(a) * r              ->  tree_sum(a * r in every row)
 *     x1^T y1 + x2^T y2            ->  [x1; x2]^T [y1; y2], rows joined shard by shard
 *     p * (x^T y)                  ->  x^T (p * y)             and likewise for weight gradients of convolutions
 *     one_rank(a) + one_rank(b)    ->  one_rank(a + b)         and likewise for products with what is replicated
 *
 * The fourth is how the gradients of a network that is used twice meet; joining rows costs less than adding two
 * gradients of the size of the weights. Elsewhere (a weight gradient times weights) nothing is moved. */
#include "ops.h"

/* The node behind reshapes. */
static gan_id behind_aliases(const gan_graph *g, gan_id x)
{
    while (gan_graph_node(g, x)->op == &gan_op_reshape) x = gan_graph_node(g, x)->in[0];
    return x;
}

/* s [S, dims of x] with x = tree_sum(s); GAN_NONE where x is no such sum. */
static gan_status summands(gan_graph *g, gan_id x, gan_id *s)
{
    const gan_form f = *gan_graph_form(g, x);
    gan_id sum = behind_aliases(g, x);
    *s = GAN_NONE;
    if (gan_graph_node(g, sum)->op != &gan_op_tree_sum || f.n_dims == GAN_MAX_DIMS) return GAN_OK;
    int64_t dims[GAN_MAX_DIMS] = {gan_graph_shards(g)};
    for (int i = 0; i < f.n_dims; i++) dims[i + 1] = f.dims[i];
    return gan_add_reshape(g, gan_graph_node(g, sum)->in[0], f.n_dims + 1, dims, s);
}

/* Input i of the function as it reads in every shard: summands of a PARTIAL value, a REPLICATED one in every row. */
static gan_status per_shard(gan_graph *g, gan_id x, gan_id *s)
{
    const gan_form *f = gan_graph_form(g, x);
    if (f->dist == GAN_PARTIAL) return summands(g, x, s);
    *s = GAN_NONE;
    if (f->panel || f->n_dims == GAN_MAX_DIMS) return GAN_OK;
    return gan_add_expand_rows(g, x, gan_graph_shards(g), s);
}

static gan_status map_of_sums(gan_graph *g, const gan_node *node, gan_id *y)
{
    gan_node moved = {.op = node->op, .n_in = node->n_in, .p = node->p};
    for (int i = 0; i < node->n_in; i++) {
        GAN_TRY(per_shard(g, node->in[i], &moved.in[i]));
        if (moved.in[i] == GAN_NONE) return GAN_OK;
    }
    GAN_TRY(gan_graph_add(g, &moved, y));
    return gan_add_tree_sum(g, *y, y);
}

/* The product x^T y of the same kind as `like`: of rows, or of a convolution's images. */
static gan_status add_product(gan_graph *g, const gan_node *like, gan_id x, gan_id dy, gan_id *y)
{
    const gan_window k = gan__conv_window(&like->p);
    return like->op == &gan_op_conv_dw ? gan_add_conv_dw(g, x, dy, &k, y) : gan_add_matmul_tn(g, x, dy, y);
}

static bool is_product(const gan_graph *g, gan_id x)
{
    const gan_op *op = gan_graph_node(g, x)->op;
    return op == &gan_op_matmul_tn || op == &gan_op_conv_dw;
}

/* Of one kind and over images of one size, so that they can be joined. */
static bool alike(const gan_graph *g, gan_id a, gan_id b)
{
    const gan_node *na = gan_graph_node(g, a), *nb = gan_graph_node(g, b);
    if (!is_product(g, a) || na->op != nb->op) return false;
    const gan_form *fa = gan__in(g, na, 0), *fb = gan__in(g, nb, 0);
    if (na->op == &gan_op_matmul_tn) return fa->dist == GAN_SHARDED && fb->dist == GAN_SHARDED;
    return na->p.conv.kh == nb->p.conv.kh && na->p.conv.kw == nb->p.conv.kw && na->p.conv.stride == nb->p.conv.stride &&
           na->p.conv.pad == nb->p.conv.pad && fa->dims[1] == fb->dims[1] && fa->dims[2] == fb->dims[2];
}

static gan_status sum_of_products(gan_graph *g, const gan_node *node, gan_id *y)
{
    const gan_node a = *gan_graph_node(g, node->in[0]), b = *gan_graph_node(g, node->in[1]);
    gan_id x, dy = b.in[1];
    if (node->op == &gan_op_sub) GAN_TRY(gan_add_affine(g, dy, -1, 0, &dy));
    GAN_TRY(gan_add_concat(g, a.in[0], b.in[0], 0, &x));
    GAN_TRY(gan_add_concat(g, a.in[1], dy, 0, &dy));
    return add_product(g, &a, x, dy, y);
}

static gan_status map_of_products(gan_graph *g, const gan_node *node, gan_id *y)
{
    const gan_op *op = node->op;
    if (!is_product(g, node->in[0])) return GAN_OK;
    if (op == &gan_op_affine) {
        const gan_node a = *gan_graph_node(g, node->in[0]);
        gan_id dy;
        GAN_TRY(gan_add_affine(g, a.in[1], node->p.map.p, 0, &dy));
        return add_product(g, &a, a.in[0], dy, y);
    }
    if ((op == &gan_op_add || op == &gan_op_sub) && alike(g, node->in[0], node->in[1]))
        return sum_of_products(g, node, y);
    return GAN_OK;
}

/* What is PARTIAL is one rank's, so that all ranks have what that rank has: computed there, and still one rank's. */
static gan_status map_of_whole(gan_graph *g, const gan_node *node, gan_id *y)
{
    gan_node moved = {.op = node->op, .n_in = node->n_in, .p = node->p};
    for (int i = 0; i < node->n_in; i++) {
        const gan_node *x = gan_graph_node(g, node->in[i]);
        if (x->form.dist == GAN_PARTIAL && x->op != &gan_op_one_rank) return GAN_OK;
        moved.in[i] = x->form.dist == GAN_PARTIAL ? x->in[0] : node->in[i];
    }
    GAN_TRY(gan_graph_add(g, &moved, y));
    return gan_add_one_rank(g, *y, y);
}

gan_status gan__move_to_summands(gan_graph *g, const gan_node *node, gan_id *y)
{
    gan_node checked = *node;
    *y = GAN_NONE;
    GAN_TRY(node->op->infer(g, &checked));
    if (checked.form.dist != GAN_PARTIAL) return GAN_OK;
    GAN_TRY(map_of_whole(g, node, y));
    if (*y != GAN_NONE) return GAN_OK;
    return checked.form.panel ? map_of_products(g, node, y) : map_of_sums(g, node, y);
}
