/* Fusion of elementwise nodes: a tree of them with one result becomes one node that runs its small program on blocks that
 * stay in L1, so intermediate values are neither written to memory nor given any. Expanding a row (a bias) or a
 * column (a factor per sample) to the full shape is absorbed as a way of reading the operand.
 *
 * A node is merged into its reader when it has no other reader, is elementwise, and has the same shape. The node keeps
 * its id, inputs only move to smaller ones, and merged nodes die by having no reader left. */
#include "graph.h"

#include "gan/mem.h"

#include <string.h>

enum { BLOCK = 1024 }; /* floats of an operand that are worked on at a time */

/* ---- running the program ----------------------------------------------------------------------------------- */

/* A block is `rows` whole rows, or a part of one row: contiguous in full operands either way. */
typedef struct block {
    int64_t row, rows, col, cols, width; /* width: floats in a full row */
} block;

static const float *operand(gan_broadcast kind, const float *in, const block *b, float *tile)
{
    if (kind == GAN_BROADCAST_NONE) return in + b->row * b->width + b->col;
    if (kind == GAN_BROADCAST_ROWS && b->rows == 1) return in + b->col;
    for (int64_t r = 0; r < b->rows; r++)
        for (int64_t c = 0; c < b->cols; c++)
            tile[r * b->cols + c] = kind == GAN_BROADCAST_ROWS ? in[b->col + c] : in[b->row + r];
    return tile;
}

static void run_block(const gan_call *call, const struct gan_chain *chain, const block *b)
{
    const float *value[GAN_MAX_IN + GAN_CHAIN_MAX];
    int64_t n = b->rows * b->cols;
    for (int i = 0; i < chain->n_in; i++)
        value[i] = operand(chain->kind[i], call->in[i], b, call->scratch + i * BLOCK);
    for (int i = 0; i < chain->n; i++) {
        float *to = i == chain->n - 1 ? call->out + b->row * b->width + b->col
                                      : call->scratch + (chain->n_in + i) * BLOCK;
        int second = chain->step[i].b;
        call->run->k->map[chain->step[i].f](n, value[chain->step[i].a], second < 0 ? NULL : value[second],
                                            chain->step[i].p, chain->step[i].q, to);
        value[chain->n_in + i] = to;
    }
}

static gan_status forward(const gan_call *c)
{
    const struct gan_chain *chain = c->y->p.fused.chain;
    int64_t N = c->y->form.dims[0], C = gan_form_floats(&c->y->form) / N;
    bool flat = true;
    for (int i = 0; i < chain->n_in; i++) flat &= chain->kind[i] == GAN_BROADCAST_NONE;
    if (flat) C *= N, N = 1;
    int64_t rows = C < BLOCK ? BLOCK / C : 1, cols = C < BLOCK ? C : BLOCK;
    for (int64_t r = 0; r < N; r += rows)
        for (int64_t col = 0; col < C; col += cols) {
            block b = {r, N - r < rows ? N - r : rows, col, C - col < cols ? C - col : cols, C};
            run_block(c, chain, &b);
        }
    return GAN_OK;
}

static gan_status infer(gan_graph *g, gan_node *y)
{
    (void)g, (void)y;
    return GAN_OK;
}

static int64_t scratch(const gan_graph *g, const gan_node *y)
{
    (void)g;
    return (int64_t)(y->p.fused.chain->n_in + y->p.fused.chain->n) * BLOCK;
}

static double flop(const gan_graph *g, const gan_node *y)
{
    (void)g;
    return (double)gan_form_floats(&y->form) * y->p.fused.chain->n;
}

const gan_op gan__op_fused = {.name = "fused",
                              .inplace = (1u << GAN_MAX_IN) - 1,
                              .infer = infer,
                              .forward = forward,
                              .scratch = scratch,
                              .flop = flop};

/* ---- finding what to merge --------------------------------------------------------------------------------- */

typedef struct fuser {
    gan_graph *g;
    const bool *live;
    int *readers; /* of each live node; kept nodes count one more */
    struct gan_chain chain;
    gan_id in[GAN_MAX_IN]; /* inputs of the chain */
    int members;
} fuser;

static bool mergeable(const fuser *f, gan_id x, const gan_node *root)
{
    const gan_node *n = &f->g->nodes[x];
    return n->op->is_map && f->readers[x] == 1 && gan_form_same_shape(&n->form, &root->form);
}

/* How a node reads operand x: an expansion is looked through to its source. */
static gan_id source(const gan_graph *g, gan_id x, gan_broadcast *kind)
{
    const gan_node *n = &g->nodes[x];
    *kind = n->op->broadcast;
    return *kind == GAN_BROADCAST_NONE ? x : n->in[0];
}

/* Index of input x in the chain, added if it is new; -1 when there is no room. */
static int chain_input(fuser *f, gan_id x)
{
    gan_broadcast kind;
    x = source(f->g, x, &kind);
    for (int i = 0; i < f->chain.n_in; i++)
        if (f->in[i] == x && f->chain.kind[i] == kind) return i;
    if (f->chain.n_in == GAN_MAX_IN) return -1;
    f->in[f->chain.n_in] = x;
    f->chain.kind[f->chain.n_in] = kind;
    return f->chain.n_in++;
}

/* Pass 1 collects the chain's members and inputs from the root down; merging stops where room ends. */
static bool collect(fuser *f, gan_id y, const gan_node *root, bool *member)
{
    const gan_node *n = &f->g->nodes[y];
    for (int k = 0; k < n->n_in; k++) {
        gan_id x = n->in[k];
        if (mergeable(f, x, root) && f->members < GAN_CHAIN_MAX) {
            f->members++;
            member[x] = true;
            if (!collect(f, x, root, member)) return false;
        } else if (chain_input(f, x) < 0) {
            return false;
        }
    }
    return true;
}

/* Pass 2 writes the steps, inputs before users. Returns the value's index. */
static int emit(fuser *f, gan_id y, const bool *member)
{
    const gan_node *n = &f->g->nodes[y];
    int value[2] = {-1, -1};
    for (int k = 0; k < n->n_in; k++)
        value[k] = member[n->in[k]] ? emit(f, n->in[k], member) : chain_input(f, n->in[k]);
    int i = f->chain.n++;
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
    const gan_node root = f->g->nodes[y];
    memset(&f->chain, 0, sizeof f->chain);
    memset(member, 0, (size_t)f->g->n * sizeof *member);
    f->members = 1;
    if (!collect(f, y, &root, member)) return GAN_OK; /* too many inputs: leave the node as it is */
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
        for (gan_id i = 0; i < y; i++) merged[i] |= member[i];
    }
    return GAN_OK;
}

gan_status gan__fuse(gan_graph *g, const bool *live, const gan_id *keep, int n_keep, int *n_fused)
{
    gan_status s = GAN_ENOMEM;
    fuser f = {.g = g, .live = live, .readers = gan_calloc(g->n, sizeof(int))};
    bool *member = gan_calloc(2 * (int64_t)g->n, sizeof *member);
    *n_fused = 0;
    if (!f.readers || !member) goto fail;
    for (int i = 0; i < g->n; i++)
        for (int k = 0; live[i] && k < g->nodes[i].n_in; k++) f.readers[g->nodes[i].in[k]]++;
    for (int i = 0; i < n_keep; i++) f.readers[keep[i]] += 2;
    s = fuse_all(&f, member, member + g->n, n_fused);
fail:
    gan_free(f.readers);
    gan_free(member);
    return s;
}
