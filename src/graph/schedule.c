/* The order of execution: a topological order that starts reductions and updates as early and waits as late as the
 * data allows, and otherwise keeps the order of building.
 *
 * Besides inputs and explicit edges there is one hidden dependency: an update writes parameters in place, so everybody
 * who reads the old version must have run. And some edges do not count: a carried node belongs to the step before, so it waits
 * for carried ones only. */
#include "graph.h"

#include "gan/mem.h"

typedef struct scheduler {
    const gan_graph *g;
    const bool *live;
    int *missing;      /* dependencies of each node that have not run */
    int *first, *next; /* lists of edges by `before` node: first[node], next[edge] */
    gan_id *to;        /* target of each edge */
    int n_edges;
    int64_t *heap; /* ready nodes: urgency << 32 | id */
    int n_heap;
} scheduler;

/* ---- a binary heap of ready nodes ----------------------------------------------------------------------------- */

static void swap(int64_t *a, int64_t *b)
{
    int64_t t = *a;
    *a = *b;
    *b = t;
}

static void push(scheduler *s, gan_id id)
{
    const gan_node *y = &s->g->nodes[id];
    const int late = y->op->late + (y->carried ? 0 : 2); /* what was started in the step before is there first */
    int64_t urgency = y->op->late ? 1 + late : y->op->eager ? 0 : 1;
    int i = s->n_heap++;
    s->heap[i] = urgency << 32 | id;
    for (; i > 0 && s->heap[i] < s->heap[(i - 1) / 2]; i = (i - 1) / 2)
        swap(&s->heap[i], &s->heap[(i - 1) / 2]);
}

static gan_id pop(scheduler *s)
{
    gan_id id = (gan_id)(s->heap[0] & INT32_MAX);
    s->heap[0] = s->heap[--s->n_heap];
    for (int i = 0, c = 1; c < s->n_heap; i = c, c = 2 * i + 1) {
        if (c + 1 < s->n_heap && s->heap[c + 1] < s->heap[c]) c++;
        if (s->heap[i] <= s->heap[c]) break;
        swap(&s->heap[i], &s->heap[c]);
    }
    return id;
}

/* ---- dependencies ------------------------------------------------------------------------------------------ */

static void add_edge(scheduler *s, gan_id before, gan_id after)
{
    if (!s->live[before] || !s->live[after] || before == after) return;
    if (s->g->nodes[after].carried && !s->g->nodes[before].carried) return;
    s->to[s->n_edges] = after;
    s->next[s->n_edges] = s->first[before];
    s->first[before] = s->n_edges++;
    s->missing[after]++;
}

static void add_edges(scheduler *s)
{
    const gan_graph *g = s->g;
    for (gan_id y = 0; y < g->n; y++)
        for (int k = 0; s->live[y] && k < g->nodes[y].n_in; k++) {
            gan_id x = g->nodes[y].in[k], end = gan__superseded_by(g, x);
            add_edge(s, x, y);
            if (end != GAN_NONE) add_edge(s, y, end);
        }
    for (int i = 0; i < g->n_edges; i++) add_edge(s, g->edges[i].before, g->edges[i].after);
}

static gan_status run(scheduler *s, gan_id *order, int *n_order)
{
    int n_live = 0;
    *n_order = 0;
    for (gan_id i = 0; i < s->g->n; i++) {
        n_live += s->live[i];
        if (s->live[i] && s->missing[i] == 0) push(s, i);
    }
    while (s->n_heap) {
        gan_id id = order[(*n_order)++] = pop(s);
        for (int e = s->first[id]; e >= 0; e = s->next[e])
            if (--s->missing[s->to[e]] == 0) push(s, s->to[e]);
    }
    if (*n_order != n_live) return GAN_FAIL(GAN_EINTERNAL, "the step program has a cycle");
    return GAN_OK;
}

gan_status gan__schedule(const gan_graph *g, const bool *live, gan_id *order, int *n_order)
{
    gan_status status = GAN_ENOMEM;
    int room = 2 * GAN_MAX_IN * g->n + g->n_edges + 1;
    scheduler s = {.g = g, .live = live};
    s.missing = gan_calloc(g->n, sizeof *s.missing);
    s.first = gan_calloc(g->n, sizeof *s.first);
    s.next = gan_calloc(room, sizeof *s.next);
    s.to = gan_calloc(room, sizeof *s.to);
    s.heap = gan_calloc(g->n, sizeof *s.heap);
    if (!s.missing || !s.first || !s.next || !s.to || !s.heap) goto fail;
    for (gan_id i = 0; i < g->n; i++) s.first[i] = -1;
    add_edges(&s);
    status = run(&s, order, n_order);
fail:
    gan_free(s.missing);
    gan_free(s.first);
    gan_free(s.next);
    gan_free(s.to);
    gan_free(s.heap);
    return status;
}
