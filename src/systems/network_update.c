/* Updating a network: gradient, store in the arena, reduction bucket by bucket, optimizer.
 *
 * Each bucket has its own chain  stores -> start -> wait -> update -> updated  (stores -> update in a run of one rank), so
 * the last layers travel while the first ones are still computed, and what reads a parameter next waits for its bucket
 * only. The ranks of a team have the weights in common: once a rank has started a bucket, others may write its parameters. So
 * whoever reads the old ones runs before the start, and whoever reads the new ones after `updated`. */
#include "buckets.h"

#include "gan/mem.h"

static gan_status gradients(gan_step *s, gan_network *net, gan_id loss, gan_id *grads)
{
    GAN_TRY(gan_graph_grad(s->graph, loss, net->leaf, net->n_params, grads));
    for (int i = 0; i < net->n_params; i++) {
        if (net->params[i].state) grads[i] = net->stat[i];
        if (grads[i] == GAN_NONE)
            return GAN_FAIL(GAN_ECONFIG, "%s.%s has no influence on the loss; remove the layer", net->name,
                            net->params[i].name);
    }
    return GAN_OK;
}

static bool in_bucket(const gan_param *p, const gan__bucket *b)
{
    return p->offset >= b->offset && p->offset < b->offset + b->n;
}

static gan_status store_gradients(gan_step *s, const gan_network *net, const gan__bucket *b, const gan_id *grads,
                                  gan_id then)
{
    for (int i = 0; i < net->n_params; i++) {
        gan_id store;
        if (!in_bucket(&net->params[i], b)) continue;
        GAN_TRY(gan_add_store(s->graph, grads[i], net->grad + net->params[i].offset, &store));
        if (b->updated != GAN_NONE) GAN_TRY(gan_graph_after(s->graph, store, b->updated));
        GAN_TRY(gan_graph_after(s->graph, then, store));
    }
    return GAN_OK;
}

/* Append the bucket's sum over ranks, before node `then`. *end: from here on its parameters are no longer the old ones. */
static gan_status reduce_bucket(gan_step *s, const gan_network *net, const gan__bucket *b, const gan_id *grads,
                                gan_id then, gan_id *end)
{
    gan_id wait;
    if (gan_graph_ranks(s->graph) == 1) return store_gradients(s, net, b, grads, then);
    GAN_TRY(gan_add_reduce_start(s->graph, b->number, end));
    GAN_TRY(store_gradients(s, net, b, grads, *end));
    GAN_TRY(gan_add_reduce_wait(s->graph, b->number, *end, &wait));
    return gan_graph_after(s->graph, then, wait);
}

/* New nodes for the bucket's parameters: from here on they read the updated values. */
static gan_status renew_leaves(gan_step *s, gan_network *net, const gan__bucket *b, gan_id end)
{
    for (int i = 0; i < net->n_params; i++) {
        if (!in_bucket(&net->params[i], b)) continue;
        gan_graph_node(s->graph, net->leaf[i])->p.param.superseded_by = end;
        GAN_TRY(gan_network_bind(net, s->graph, net->w, i));
        GAN_TRY(gan_graph_after(s->graph, net->leaf[i], b->updated));
    }
    return GAN_OK;
}

static gan_status first_buckets(gan_step *s, int net)
{
    int64_t kib = gan_config_int(s->model->cfg, "parallel", "bucket_kib");
    gan_network *n = s->model->nets[net];
    GAN_TRY(gan__buckets_new(&s->buckets[net], n, kib * 256));
    for (int i = 0; i < s->buckets[net]->n; i++) {
        gan__bucket *b = &s->buckets[net]->list[i];
        GAN_TRY(gan__step_add_reduction(s, n->grad + b->offset, b->n, true, &b->number));
    }
    return GAN_OK;
}

static gan_status write_update(gan_step *s, int net, const gan_id *grads, gan_update_nodes *nodes)
{
    gan_network *n = s->model->nets[net];
    struct gan_buckets *buckets = s->buckets[net];
    gan_optimizer_begin_update(s->model->opts[net]);
    for (int i = 0; i < buckets->n; i++) {
        gan__bucket *b = &buckets->list[i];
        GAN_TRY(gan_add_update(s->graph, s->model->opts[net], b->offset, b->n, b->number, &nodes[i]));
        gan_id end = nodes[i].update;
        GAN_TRY(reduce_bucket(s, n, b, grads, nodes[i].first, &end));
        b->updated = nodes[i].done;
        GAN_TRY(renew_leaves(s, n, b, end));
    }
    for (int i = 0; i < buckets->n; i++) /* with clipping, every norm precedes every update */
        for (int k = 0; k < buckets->n; k++)
            if (nodes[k].norm != GAN_NONE) GAN_TRY(gan_graph_after(s->graph, nodes[i].update, nodes[k].norm));
    return GAN_OK;
}

gan_status gan_step_update(gan_step *s, int net, gan_id loss)
{
    gan_network *n = s->model->nets[net];
    gan_status status = GAN_ENOMEM;
    if (!s->buckets[net]) GAN_TRY(first_buckets(s, net));
    gan_id *grads = gan_calloc(n->n_params, sizeof *grads);
    gan_update_nodes *nodes = gan_calloc(s->buckets[net]->n, sizeof *nodes);
    if (grads && nodes) status = gradients(s, n, loss, grads);
    if (status == GAN_OK) status = write_update(s, net, grads, nodes);
    gan_free(grads);
    gan_free(nodes);
    return status;
}
