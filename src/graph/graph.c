/* Nodes and forms: building a graph, one node at a time. Errors of shape surface here, while the layer that asked
 * for the node is still known. */
#include "graph.h"

#include "gan/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- forms ------------------------------------------------------------------------------------------------- */

int64_t gan_form_floats(const gan_form *f)
{
    int64_t n = 1;
    for (int i = 0; i < f->n_dims; i++) n *= f->dims[i];
    return n;
}

bool gan_form_same_shape(const gan_form *a, const gan_form *b)
{
    if (a->n_dims != b->n_dims || a->panel != b->panel) return false;
    for (int i = 0; i < a->n_dims; i++)
        if (a->dims[i] != b->dims[i]) return false;
    return true;
}

bool gan_form_equal(const gan_form *a, const gan_form *b)
{
    return a->dist == b->dist && gan_form_same_shape(a, b);
}

void gan_form_text(const gan_form *f, char *text, size_t n)
{
    static const char *const names[] = {"", " sharded", " partial"};
    size_t at = 0;
    for (int i = 0; i < f->n_dims && at < n; i++)
        at += (size_t)snprintf(text + at, n - at, "%s%lld", i ? "," : "[", (long long)f->dims[i]);
    if (at < n) snprintf(text + at, n - at, "]%s", names[f->dist]);
}

/* ---- the graph --------------------------------------------------------------------------------------------- */

gan_status gan_graph_new(gan_graph **out, int64_t shards, int ranks)
{
    gan_graph *g = *out = gan_calloc(1, sizeof *g);
    if (!g) return GAN_ENOMEM;
    g->shards = shards;
    g->ranks = ranks;
    g->when = GAN_ALWAYS;
    g->interval = 1;
    g->threads = 1;
    g->layer = "";
    int phase;
    gan_status s = gan_graph_phase_begin(g, "step", &phase);
    if (s != GAN_OK) {
        gan_graph_free(g);
        *out = NULL;
    }
    return s;
}

void gan_graph_free(gan_graph *g)
{
    if (!g) return;
    for (int i = 0; i < g->n_layers; i++) gan_free(g->layers[i]);
    for (int i = 0; i < g->n_phases; i++) gan_free(g->phases[i]);
    for (int i = 0; i < g->n_chains; i++) gan_free(g->chains[i]);
    gan_free(g->chains);
    gan_free(g->layers);
    gan_free(g->phases);
    gan_free(g->edges);
    gan_free(g->nodes);
    gan_free(g);
}

int64_t gan_graph_shards(const gan_graph *g)
{
    return g->shards;
}

void gan_graph_set_threads(gan_graph *g, int threads, double worth)
{
    g->threads = threads;
    g->worth_sharing = worth;
}

int gan_graph_threads(const gan_graph *g)
{
    return g->threads;
}

void gan_graph_set_direct(gan_graph *g, bool direct)
{
    g->direct = direct;
}

bool gan_graph_direct(const gan_graph *g)
{
    return g->direct;
}

int gan_graph_ranks(const gan_graph *g)
{
    return g->ranks;
}

int gan_graph_count(const gan_graph *g)
{
    return g->n;
}

gan_node *gan_graph_node(const gan_graph *g, gan_id id)
{
    return &g->nodes[id];
}

const gan_form *gan_graph_form(const gan_graph *g, gan_id id)
{
    return &g->nodes[id].form;
}

uint64_t gan_graph_next_stream(gan_graph *g)
{
    return g->streams++;
}

static gan_status keep_text(char ***list, int *n, const char *text)
{
    char **more = gan_realloc(*list, *n + 1, sizeof *more);
    if (!more) return GAN_ENOMEM;
    *list = more;
    if (!(more[*n] = gan_strdup(text))) return GAN_ENOMEM;
    (*n)++;
    return GAN_OK;
}

gan_status gan_graph_set_layer(gan_graph *g, const char *layer)
{
    if (g->n_layers && strcmp(g->layers[g->n_layers - 1], layer) == 0) {
        g->layer = g->layers[g->n_layers - 1];
        return GAN_OK;
    }
    GAN_TRY(keep_text(&g->layers, &g->n_layers, layer));
    g->layer = g->layers[g->n_layers - 1];
    return GAN_OK;
}

gan_status gan_graph_phase_begin(gan_graph *g, const char *name, int *phase)
{
    for (*phase = 0; *phase < g->n_phases; ++*phase)
        if (strcmp(g->phases[*phase], name) == 0) break;
    if (*phase == g->n_phases) GAN_TRY(keep_text(&g->phases, &g->n_phases, name));
    g->phase = *phase;
    return GAN_OK;
}

void gan_graph_set_when(gan_graph *g, gan_when when)
{
    g->when = when;
}

gan_status gan_graph_set_interval(gan_graph *g, int64_t steps)
{
    if (g->interval != 1 && g->interval != steps)
        return GAN_FAIL(GAN_EINTERNAL, "nodes that run every %lld steps, and others every %lld: a graph has one interval",
                        (long long)g->interval, (long long)steps);
    g->interval = steps;
    return GAN_OK;
}

int64_t gan_graph_interval(const gan_graph *g)
{
    return g->interval;
}

int gan_graph_phase(const gan_graph *g)
{
    return g->phase;
}

int gan_graph_phases(const gan_graph *g)
{
    return g->n_phases;
}

const char *gan_graph_phase_name(const gan_graph *g, int phase)
{
    return g->phases[phase];
}

/* ---- nodes ------------------------------------------------------------------------------------------------- */

gan_status gan_shape_error(const gan_graph *g, const gan_node *y, const char *fmt, ...)
{
    char what[512], got[512] = "";
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    size_t at = 0;
    for (int i = 0; i < y->n_in && at < sizeof got; i++) {
        char form[128];
        gan_form_text(&g->nodes[y->in[i]].form, form, sizeof form);
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%s", i ? " and " : "", form);
    }
    return GAN_FAIL(GAN_ESHAPE, "%s%s%s: got %s; %s", g->layer, *g->layer ? ": " : "", y->op->name, got,
                    what);
}

static gan_status check_inputs(const gan_graph *g, const gan_node *y)
{
    for (int i = 0; i < y->n_in; i++)
        if (y->in[i] < 0 || y->in[i] >= g->n)
            return GAN_FAIL(GAN_EINTERNAL, "%s%s%s: input %d is not a node of this graph", g->layer,
                            *g->layer ? ": " : "", y->op->name, i);
    return GAN_OK;
}

static gan_status check_form(const gan_graph *g, const gan_node *y)
{
    const gan_form *f = &y->form;
    if (f->n_dims < 1 || f->n_dims > GAN_MAX_DIMS)
        return gan_shape_error(g, y, "the result would have %d dimensions, of 1 to %d", f->n_dims,
                               GAN_MAX_DIMS);
    for (int i = 0; i < f->n_dims; i++)
        if (f->dims[i] < 1) return gan_shape_error(g, y, "the result would have a size below 1");
    if (f->dist == GAN_SHARDED && f->dims[0] % g->shards != 0)
        return gan_shape_error(g, y, "%lld rows are not a multiple of %lld shards", (long long)f->dims[0],
                               (long long)g->shards);
    return GAN_OK;
}

gan_status gan_graph_add(gan_graph *g, const gan_node *node, gan_id *out)
{
    *out = GAN_NONE;
    if (g->n == g->room) {
        int room = g->room ? 2 * g->room : 64;
        gan_node *more = gan_realloc(g->nodes, room, sizeof *more);
        if (!more) return GAN_ENOMEM;
        g->nodes = more;
        g->room = room;
    }
    gan_node y = *node;
    y.layer = g->layer;
    y.phase = g->phase;
    y.when = g->when;
    GAN_TRY(check_inputs(g, &y));
    GAN_TRY(y.op->infer(g, &y));
    GAN_TRY(check_form(g, &y));
    g->nodes[g->n] = y;
    *out = g->n++;
    return GAN_OK;
}

gan_status gan_graph_after(gan_graph *g, gan_id node, gan_id before)
{
    if (g->n_edges == g->edge_room) {
        int room = g->edge_room ? 2 * g->edge_room : 64;
        gan__edge *more = gan_realloc(g->edges, room, sizeof *more);
        if (!more) return GAN_ENOMEM;
        g->edges = more;
        g->edge_room = room;
    }
    g->edges[g->n_edges++] = (gan__edge){.before = before, .after = node};
    return GAN_OK;
}

gan_id gan__owner(const gan_graph *g, gan_id x)
{
    while (g->nodes[x].op->alias) x = g->nodes[x].in[0];
    return x;
}

gan_id gan__superseded_by(const gan_graph *g, gan_id x)
{
    const gan_node *from = &g->nodes[gan__owner(g, x)];
    return from->op->is_param ? from->p.param.superseded_by : GAN_NONE;
}

bool gan__may_wait(const gan_graph *g, const bool *ordered, gan_id x, gan_id y)
{
    for (int k = 0; k < g->nodes[x].n_in; k++) {
        gan_id update = gan__superseded_by(g, g->nodes[x].in[k]);
        if (update != GAN_NONE && update < y) return false;
    }
    return !ordered[x];
}
