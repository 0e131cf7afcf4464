/* Fusion of elementwise nodes: a tree of them with one result becomes one node that runs its small program on blocks that
 * stay in L1, so intermediate values are neither written to memory nor given any. Expanding a row (a bias) or a
 * column (a factor per sample) to the full shape is absorbed as a way of reading the operand.
 *
 * A node is merged into its reader when it has no other reader, is elementwise, and has the same shape; or into each of
 * several readers, where computing it again is no dearer than reading it. The node keeps its id, inputs only move to smaller
 * ones, and merged nodes die by having no reader left. Merging also delays: what a member reads is read when the root runs. So
 * members must not be ordered by hand, nor read a parameter that may be updated before the root runs. */
#include "graph.h"

#include "gan/mem.h"

#include <string.h>

typedef struct fuser {
    gan_graph *g;
    const bool *live;
    int *readers;  /* of each live node; kept nodes count two more */
    int *others;   /* those of them that cannot take it into a chain */
    bool *ordered; /* nodes that explicit edges hold to their place */
    gan_id root;   /* of the chain */
    struct gan_chain chain;
    gan_id in[GAN_MAX_IN];         /* inputs of the chain */
    gan_id step_of[GAN_CHAIN_MAX]; /* member that a step computes */
    int members;
} fuser;

/* May what x reads be read later, when the root runs? */
static bool may_wait(const fuser *f, gan_id x)
{
    return gan__may_wait(f->g, f->ordered, x, f->root);
}

/* Is it cheaper to compute x again for each of its readers than to write it and read it? So it is for a sum or product of a
 * value and something repeated (a normalised x, of x and statistics), which reads no more than x itself would. All readers
 * must be able to, or x is computed anyway. */
static bool recomputable(const fuser *f, gan_id x)
{
    static const bool cheap[GAN_MAP_COUNT] = {[GAN_MAP_ADD] = true,
                                              [GAN_MAP_SUB] = true,
                                              [GAN_MAP_MUL] = true,
                                              [GAN_MAP_DIV] = true,
                                              [GAN_MAP_AFFINE] = true};
    const gan_node *n = &f->g->nodes[x];
    int full = 0;
    for (int k = 0; k < n->n_in; k++) full += f->g->nodes[n->in[k]].op->broadcast == GAN_BROADCAST_NONE;
    return cheap[n->op->map] && n->n_in == 2 && full == 1 && f->others[x] == 0;
}

static bool mergeable(const fuser *f, gan_id x)
{
    const gan_node *n = &f->g->nodes[x], *root = &f->g->nodes[f->root];
    return n->op->is_map && gan_form_same_shape(&n->form, &root->form) && may_wait(f, x) &&
           (f->readers[x] == 1 || recomputable(f, x));
}

/* How a node reads operand x: an expansion is looked through to its source. */
static gan_id source(const fuser *f, gan_id x, gan_broadcast *kind)
{
    const gan_node *n = &f->g->nodes[x];
    *kind = may_wait(f, x) ? n->op->broadcast : GAN_BROADCAST_NONE;
    return *kind == GAN_BROADCAST_NONE ? x : n->in[0];
}

/* Index of input x in the chain, added if it is new; -1 when there is no room. */
static int chain_input(fuser *f, gan_id x)
{
    gan_broadcast kind;
    x = source(f, x, &kind);
    for (int i = 0; i < f->chain.n_in; i++)
        if (f->in[i] == x && f->chain.kind[i] == kind) return i;
    if (f->chain.n_in == GAN_MAX_IN) return -1;
    f->in[f->chain.n_in] = x;
    f->chain.kind[f->chain.n_in] = kind;
    return f->chain.n_in++;
}

/* Pass 1 collects the chain's members and inputs from the root down; merging stops where room ends. */
static bool collect(fuser *f, gan_id y, bool *member)
{
    const gan_node *n = &f->g->nodes[y];
    for (int k = 0; k < n->n_in; k++) {
        gan_id x = n->in[k];
        if (member[x]) continue;
        if (mergeable(f, x) && f->members < GAN_CHAIN_MAX) {
            f->members++;
            member[x] = true;
            if (!collect(f, x, member)) return false;
        } else if (chain_input(f, x) < 0) {
            return false;
        }
    }
    return true;
}

/* Pass 2 writes the steps, inputs before users. Returns the value's index; a member has one, whoever reads it. */
static int emit(fuser *f, gan_id y, const bool *member)
{
    const gan_node *n = &f->g->nodes[y];
    int value[2] = {-1, -1};
    for (int i = 0; i < f->chain.n; i++)
        if (f->step_of[i] == y) return f->chain.n_in + i;
    for (int k = 0; k < n->n_in; k++)
        value[k] = member[n->in[k]] ? emit(f, n->in[k], member) : chain_input(f, n->in[k]);
    int i = f->chain.n++;
    f->step_of[i] = y;
    f->chain.step[i].f = n->op->map;
    f->chain.step[i].p = n->p.map.p;
    f->chain.step[i].q = n->p.map.q;
    f->chain.step[i].a = value[0];
    f->chain.step[i].b = value[1];
    return f->chain.n_in + i;
}

static gan_status replace(fuser *f, gan_id y, int *n_fused)
{
    gan_graph *g = f->g;
    struct gan_chain **more = gan_realloc(g->chains, g->n_chains + 1, sizeof *more);
    if (!more) return GAN_ENOMEM;
    g->chains = more;
    if (!(more[g->n_chains] = gan_calloc(1, sizeof f->chain))) return GAN_ENOMEM;
    *more[g->n_chains] = f->chain;
    gan_node *n = &g->nodes[y];
    n->op = &gan__op_fused;
    n->p.fused.chain = more[g->n_chains++];
    n->n_in = f->chain.n_in;
    memcpy(n->in, f->in, sizeof f->in);
    *n_fused += f->members - 1;
    return GAN_OK;
}

static gan_status fuse_at(fuser *f, gan_id y, bool *member, int *n_fused)
{
    f->root = y;
    memset(&f->chain, 0, sizeof f->chain);
    memset(member, 0, (size_t)f->g->n * sizeof *member);
    f->members = 1;
    if (!collect(f, y, member)) return GAN_OK; /* too many inputs: leave the node as it is */
    bool expands = false;
    for (int i = 0; i < f->chain.n_in; i++) expands |= f->chain.kind[i] != GAN_BROADCAST_NONE;
    if (f->members == 1 && !expands) return GAN_OK;
    emit(f, y, member);
    return replace(f, y, n_fused);
}

/* Roots by descending id: a chain is taken from its end, and what did not fit into it is tried as a root in its turn. */
static gan_status fuse_all(fuser *f, bool *member, bool *merged, int *n_fused)
{
    for (gan_id y = f->g->n - 1; y >= 0; y--) {
        if (!f->live[y] || merged[y] || !f->g->nodes[y].op->is_map) continue;
        GAN_TRY(fuse_at(f, y, member, n_fused));
        if (f->g->nodes[y].op != &gan__op_fused) continue;
        for (gan_id i = 0; i < y; i++) merged[i] |= member[i] && f->readers[i] == 1;
    }
    return GAN_OK;
}

static void look_around(fuser *f, const gan_id *keep, int n_keep)
{
    const gan_graph *g = f->g;
    for (int i = 0; i < g->n; i++)
        for (int k = 0; f->live[i] && k < g->nodes[i].n_in; k++) {
            const gan_node *x = &g->nodes[g->nodes[i].in[k]];
            f->readers[g->nodes[i].in[k]]++;
            f->others[g->nodes[i].in[k]] +=
                !g->nodes[i].op->is_map || !gan_form_same_shape(&g->nodes[i].form, &x->form);
        }
    for (int i = 0; i < n_keep; i++) f->readers[keep[i]] += 2, f->others[keep[i]]++;
    for (int i = 0; i < g->n_edges; i++)
        f->ordered[g->edges[i].before] = f->ordered[g->edges[i].after] = true;
}

gan_status gan__fuse(gan_graph *g, const bool *live, const gan_id *keep, int n_keep, int *n_fused)
{
    gan_status s = GAN_ENOMEM;
    fuser f = {.g = g,
               .live = live,
               .readers = gan_calloc(g->n, sizeof(int)),
               .others = gan_calloc(g->n, sizeof(int))};
    f.ordered = gan_calloc(g->n, sizeof *f.ordered);
    bool *member = gan_calloc(2 * (int64_t)g->n, sizeof *member);
    *n_fused = 0;
    if (!f.readers || !f.others || !f.ordered || !member) goto fail;
    look_around(&f, keep, n_keep);
    s = fuse_all(&f, member, member + g->n, n_fused);
fail:
    gan_free(f.readers);
    gan_free(f.others);
    gan_free(f.ordered);
    gan_free(member);
    return s;
}
