/* What must run, and in which steps: everything that an effect or a kept value needs, in the steps of whoever needs it.
 * Everything else is dead: gradients nobody reads, D's weight gradients in the G phase, and so on. */
#include "graph.h"

void gan__live(const gan_graph *g, const gan_id *keep, int n_keep, bool *live, unsigned char *when)
{
    for (int i = 0; i < g->n; i++) when[i] = g->nodes[i].op->effect ? (unsigned char)g->nodes[i].when : 0;
    for (int i = 0; i < n_keep; i++) when[keep[i]] |= GAN_ALWAYS;
    for (int i = g->n - 1; i >= 0; i--) { /* inputs have smaller ids, so one sweep down closes the sets */
        if ((when[i] & GAN_IN_NTH) && (when[i] & GAN_IN_OTHERS)) when[i] |= GAN_ALWAYS;
        for (int k = 0; k < g->nodes[i].n_in; k++) when[g->nodes[i].in[k]] |= when[i];
        live[i] = when[i] != 0;
    }
}
