/* Tails: a bias and an elementwise function behind a convolution become part of it, so that the result is finished while a
 * block of it is still in a cache. Runs after fusion, on maps and chains whose one full operand nobody else reads. The node
 * of the map becomes the convolution, and the convolution's own node dies; so what it reads is read when the map would
 * have run, as with fusion. */
#include "graph.h"

#include "gan/mem.h"

/* The operand that a tail is put to, and the row that is added first; what a node computes of them. */
typedef struct end {
    gan_id x, bias; /* GAN_NONE: no bias */
    gan_tail tail;
} end;

/* A map of one input. */
static bool end_of_map(const gan_node *y, end *e)
{
    if (!y->op->is_map || y->n_in != 1) return false;
    e->x = y->in[0];
    e->tail = (gan_tail){.is = true, .maps = true, .map = y->op->map, .p = y->p.map.p, .q = y->p.map.q};
    return true;
}

/* A chain that adds a row, and may then apply a map of one input. */
static bool end_of_chain(const gan_node *y, end *e)
{
    const struct gan_chain *c = y->op == &gan__op_fused ? y->p.fused.chain : NULL;
    if (!c || c->n_in != 2 || c->n > 2 || c->step[0].f != GAN_MAP_ADD || c->step[0].a == c->step[0].b) return false;
    const int row = c->kind[0] == GAN_BROADCAST_ROWS ? 0 : 1;
    if (c->kind[row] != GAN_BROADCAST_ROWS || c->kind[1 - row] != GAN_BROADCAST_NONE) return false;
    if (c->n == 2 && (c->step[1].a != 2 || c->step[1].b >= 0)) return false;
    e->x = y->in[1 - row];
    e->bias = y->in[row];
    e->tail = (gan_tail){.is = true, .bias = true, .maps = c->n == 2};
    if (c->n == 2) e->tail.map = c->step[1].f, e->tail.p = c->step[1].p, e->tail.q = c->step[1].q;
    return true;
}

/* The convolution that gives x, by itself or under another form, to one reader only. */
static gan_id producer(const gan_graph *g, const int *readers, gan_id x)
{
    while (readers[x] == 1 && g->nodes[x].op->alias) x = g->nodes[x].in[0];
    const gan_node *n = &g->nodes[x];
    return readers[x] == 1 && n->op->takes_tail && !n->tail.is && n->n_in < GAN_MAX_IN ? x : GAN_NONE;
}

static void put(gan_graph *g, gan_id x, gan_id y, const end *e)
{
    gan_node *n = &g->nodes[y];
    const gan_node *from = &g->nodes[x];
    n->op = from->op;
    n->p = from->p;
    n->n_in = from->n_in;
    for (int k = 0; k < from->n_in; k++) n->in[k] = from->in[k];
    if (e->bias != GAN_NONE) n->in[n->n_in++] = e->bias;
    n->tail = e->tail;
}

static void count(const gan_graph *g, const bool *live, const gan_id *keep, int n_keep, int *readers, bool *ordered)
{
    for (int i = 0; i < g->n; i++)
        for (int k = 0; live[i] && k < g->nodes[i].n_in; k++) readers[g->nodes[i].in[k]]++;
    for (int i = 0; i < n_keep; i++) readers[keep[i]] += 2;
    for (int i = 0; i < g->n_edges; i++) ordered[g->edges[i].before] = ordered[g->edges[i].after] = true;
}

gan_status gan__tails(gan_graph *g, const bool *live, const gan_id *keep, int n_keep, int *n_fused)
{
    int *readers = gan_calloc(g->n, sizeof *readers);
    bool *ordered = gan_calloc(g->n, sizeof *ordered);
    if (readers && ordered) count(g, live, keep, n_keep, readers, ordered);
    for (gan_id y = 0; readers && ordered && y < g->n; y++) {
        end e = {GAN_NONE, GAN_NONE, {0}};
        if (!live[y] || (!end_of_map(&g->nodes[y], &e) && !end_of_chain(&g->nodes[y], &e))) continue;
        const gan_id x = producer(g, readers, e.x);
        if (x == GAN_NONE || ordered[y] || !gan__may_wait(g, ordered, x, y)) continue;
        put(g, x, y, &e);
        ++*n_fused;
    }
    gan_status s = readers && ordered ? GAN_OK : GAN_ENOMEM;
    gan_free(readers);
    gan_free(ordered);
    return s;
}
