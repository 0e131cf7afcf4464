/* Across the border of two steps. The last update of a network is waited for by whoever reads its new weights; if that is
 * nobody in this step, it is the next one: the generator's. So the wait and the update are carried: they stand in the program, which
 * is the body of a loop, in front of the first reader, and do the work that the step before has left. D's pass over real data,
 * which reads D only, comes first and fills the generator's reduction.
 *
 * What a carried node waits for lies in the step before, so only edges between carried nodes count (graph/schedule.c). In
 * this step all that reads the network's weights, and all that writes its gradients, comes after them. A run of one rank has
 * nothing to wait for and carries nothing. */
#include "buckets.h"

static bool has_reader(const gan_graph *g, gan_id x)
{
    for (gan_id i = x + 1; i < gan_graph_count(g); i++) {
        const gan_node *y = gan_graph_node(g, i);
        for (int k = 0; k < y->n_in; k++)
            if (y->in[k] == x) return true;
    }
    return false;
}

static bool read_again(const gan_graph *g, const gan_network *net)
{
    for (int i = 0; i < net->n_params; i++)
        if (has_reader(g, net->leaf[i])) return true;
    return false;
}

static bool within(const float *at, const float *begin, int64_t n)
{
    return at && (uintptr_t)at >= (uintptr_t)begin && (uintptr_t)at < (uintptr_t)(begin + n);
}

/* Whether a node's memory is a weight or a gradient of the bucket, or what the update adds to its gradient. */
static bool touches(const gan_node *y, const gan_network *net, const gan__bucket *b)
{
    if (within(y->fixed, net->w + b->offset, b->n) || within(y->fixed, net->grad + b->offset, b->n)) return true;
    for (int i = 0; i < net->n_spectral; i++) {
        const gan_spectral *sp = &net->spectral[i];
        const gan_param *p = &net->params[sp->weight];
        if (p->offset >= b->offset && p->offset < b->offset + b->n && within(y->fixed, sp->outer, p->dims[0] + p->dims[1]))
            return true;
    }
    return false;
}

static gan_status carry_bucket(gan_graph *g, const gan_network *net, const gan__bucket *b)
{
    const gan_update_nodes *n = &b->nodes;
    const gan_id carried[] = {b->wait, n->first, n->norm, n->update, n->done};
    for (size_t i = 0; i < sizeof carried / sizeof carried[0]; i++)
        if (carried[i] != GAN_NONE) gan_graph_node(g, carried[i])->carried = true;
    for (gan_id i = 0; i < gan_graph_count(g); i++)
        if (touches(gan_graph_node(g, i), net, b)) GAN_TRY(gan_graph_after(g, i, n->done));
    return GAN_OK;
}

gan_status gan__step_carry(gan_step *s)
{
    for (int i = 0; i < s->model->n_nets; i++) {
        const struct gan_buckets *b = s->buckets[i];
        if (!b || read_again(s->graph, s->model->nets[i])) continue;
        for (int k = 0; k < b->n; k++) GAN_TRY(carry_bucket(s->graph, s->model->nets[i], &b->list[k]));
    }
    return GAN_OK;
}
