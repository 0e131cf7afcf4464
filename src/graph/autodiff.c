/* Reverse-mode differentiation that writes nodes.
 *
 * Every op's gradient rule appends ordinary nodes through the public builders, so a gradient is a part of the graph
 * like any other and can be differentiated again. Nodes that turn out to be unneeded (a rule may write the gradient of
 * an input that nobody asked for) are dropped by the planner; nothing is decided about memory here. */
#include "gan/ops.h"
#include "graph.h"

#include "gan/mem.h"

/* reach[i]: node i depends on one of wrt. */
static void mark_dependent(const gan_graph *g, const gan_id *wrt, int n, int last, bool *reach)
{
    for (int i = 0; i < n; i++)
        if (wrt[i] <= last) reach[wrt[i]] = true;
    for (int i = 0; i <= last; i++)
        for (int k = 0; k < g->nodes[i].n_in; k++) reach[i] |= reach[g->nodes[i].in[k]];
}

static gan_status accumulate(gan_graph *g, gan_id *slot, gan_id dx)
{
    if (*slot == GAN_NONE) {
        *slot = dx;
        return GAN_OK;
    }
    return gan_add_add(g, *slot, dx, slot);
}

/* The gradient of a value lies on the ranks as the dual of the value does; anything else is a rule's mistake. */
static gan_status check_gradient(const gan_graph *g, gan_id x, gan_id dx, const gan_op *rule)
{
    static const gan_dist dual[] = {
        [GAN_REPLICATED] = GAN_PARTIAL, [GAN_SHARDED] = GAN_SHARDED, [GAN_PARTIAL] = GAN_REPLICATED};
    const gan_form *f = &g->nodes[x].form, *df = &g->nodes[dx].form;
    if (gan_form_same_shape(f, df) && df->dist == dual[f->dist]) return GAN_OK;
    char want[128], got[128];
    gan_form_text(f, want, sizeof want);
    gan_form_text(df, got, sizeof got);
    return GAN_FAIL(GAN_EINTERNAL, "gradient rule of %s: %s for an input of form %s", rule->name, got, want);
}

static gan_status propagate(gan_graph *g, gan_id y, const bool *reach, gan_id *grad)
{
    const gan_node node = g->nodes[y];
    gan_id dx[GAN_MAX_IN];
    for (int i = 0; i < GAN_MAX_IN; i++) dx[i] = GAN_NONE;
    bool needed = false;
    for (int i = 0; i < node.n_in; i++) needed |= reach[node.in[i]];
    if (!needed) return GAN_OK;
    if (!node.op->backward)
        return GAN_FAIL(GAN_EINTERNAL,
                        "%s%s%s has no gradient rule, and the loss is differentiated through it", node.layer,
                        *node.layer ? ": " : "", node.op->name);
    GAN_TRY(node.op->backward(g, y, grad[y], dx));
    for (int i = 0; i < node.n_in; i++) {
        if (dx[i] == GAN_NONE || !reach[node.in[i]]) continue;
        GAN_TRY(check_gradient(g, node.in[i], dx[i], node.op));
        GAN_TRY(accumulate(g, &grad[node.in[i]], dx[i]));
    }
    return GAN_OK;
}

static bool is_one_of(gan_id y, const gan_id *wrt, int n)
{
    for (int i = 0; i < n; i++)
        if (wrt[i] == y) return true;
    return false;
}

/* Gradient nodes are labelled with the layer of the node that they differentiate. */
static gan_status sweep(gan_graph *g, gan_id loss, const gan_id *wrt, int n, const bool *reach, gan_id *grad)
{
    const gan_form *f = gan_graph_form(g, loss);
    if (gan_form_floats(f) != 1 || f->dist == GAN_SHARDED)
        return GAN_FAIL(GAN_EINTERNAL, "only a scalar loss can be differentiated");
    gan_form one = *f;
    one.dist = f->dist == GAN_PARTIAL ? GAN_REPLICATED : GAN_PARTIAL;
    float seed = one.dist == GAN_PARTIAL ? 1.0f / (float)g->ranks : 1.0f;
    GAN_TRY(gan_add_constant(g, &one, seed, &grad[loss]));
    const char *layer = g->layer;
    gan_status s = GAN_OK;
    for (gan_id y = loss; y >= 0 && s == GAN_OK; y--) {
        if (grad[y] == GAN_NONE || !reach[y] || is_one_of(y, wrt, n)) continue;
        g->layer = g->nodes[y].layer;
        s = propagate(g, y, reach, grad);
    }
    g->layer = layer;
    return s;
}

static gan_status check_ids(const gan_graph *g, gan_id loss, const gan_id *wrt, int n)
{
    bool ok = loss >= 0 && loss < g->n;
    for (int i = 0; i < n; i++) ok &= wrt[i] >= 0 && wrt[i] < g->n;
    if (ok) return GAN_OK;
    return GAN_FAIL(GAN_EINTERNAL, "the loss, or what it is differentiated by, is not a node of the graph");
}

gan_status gan_graph_grad(gan_graph *g, gan_id loss, const gan_id *wrt, int n, gan_id *grads)
{
    GAN_TRY(check_ids(g, loss, wrt, n));
    gan_status s = GAN_ENOMEM;
    gan_id *grad = gan_calloc(loss + 1, sizeof *grad);
    bool *reach = gan_calloc(loss + 1, sizeof *reach);
    if (!grad || !reach) goto fail;
    for (gan_id i = 0; i <= loss; i++) grad[i] = GAN_NONE;
    mark_dependent(g, wrt, n, loss, reach);
    s = sweep(g, loss, wrt, n, reach, grad);
    for (int i = 0; i < n && s == GAN_OK; i++) grads[i] = wrt[i] <= loss ? grad[wrt[i]] : GAN_NONE;
fail:
    gan_free(grad);
    gan_free(reach);
    return s;
}
