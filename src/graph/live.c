/* What must run: everything that an effect or a kept value needs. What only metrics need is marked, and skipped in steps
 * that record none. Everything else is dead: gradients nobody reads, D's weight gradients in the G phase, and so on. */
#include "graph.h"

#include <string.h>

/* Inputs have smaller ids, so one sweep down closes the set. */
static void close_over_inputs(const gan_graph *g, bool *set)
{
    for (int i = g->n - 1; i >= 0; i--)
        for (int k = 0; set[i] && k < g->nodes[i].n_in; k++) set[g->nodes[i].in[k]] = true;
}

void gan__live(const gan_graph *g, const gan_id *keep, int n_keep, bool *live, bool *metrics_only)
{
    memset(live, 0, (size_t)g->n * sizeof *live);
    memset(metrics_only, 0, (size_t)g->n * sizeof *metrics_only);
    for (int i = 0; i < g->n; i++) {
        live[i] = g->nodes[i].op->effect && !g->nodes[i].metric;
        metrics_only[i] = g->nodes[i].op->effect && g->nodes[i].metric;
    }
    for (int i = 0; i < n_keep; i++) live[keep[i]] = true;
    close_over_inputs(g, live);
    close_over_inputs(g, metrics_only);
    for (int i = 0; i < g->n; i++) {
        metrics_only[i] &= !live[i];
        live[i] |= metrics_only[i];
    }
}
