/* Updating a network: gradient, store in the arena, reduction bucket by bucket, optimizer.
 *
 * Each bucket has its own chain  stores -> start -> wait -> update -> updated  (stores -> update in a run of one rank), so
 * the last layers travel while the first ones are still computed, and what reads a parameter next waits for its bucket
 * only. The ranks of a team have the weights in common: once a rank has started a bucket, others may write its parameters. So
 * whoever reads the old ones runs before the start, and whoever reads the new ones after `updated`.
 *
 * A rare part of the loss (gan_step_add_rarely) has gradients of its own, and only the stores are twofold: in its steps they take
 * the sum, in the others the gradient without it. All behind them is one chain, which does not know of it. */
#include "buckets.h"

#include "gan/mem.h"

static gan_status check_influence(const gan_network *net, int param, gan_id grad)
{
    if (grad != GAN_NONE) return GAN_OK;
    return GAN_FAIL(GAN_ECONFIG, "%s.%s has no influence on the loss; remove the layer", net->name,
                    net->params[param].name);
}

/* What the update of a network works with, each [n]: parameters, and behind them the singular values that weights are divided by;
 * the loss's gradients by them, and what the rare part of it adds to those, or GAN_NONE. */
typedef struct slopes {
    int n;
    gan_id *by, *of_loss, *of_rare;
} slopes;

static gan_status gradients(gan_step *s, gan_network *net, gan_id loss, slopes *d)
{
    gan_id *wrt = d->by, *grads = d->of_loss;
    const int n = net->n_params;
    for (int i = 0; i < n; i++) wrt[i] = net->leaf[i];
    for (int i = 0; i < net->n_spectral; i++) {
        wrt[n + i] = net->spectral[i].now.sigma;
        GAN_TRY(check_influence(net, net->spectral[i].weight, wrt[n + i]));
    }
    GAN_TRY(gan_graph_grad(s->graph, loss, wrt, d->n, grads));
    for (int i = 0; i < d->n; i++) d->of_rare[i] = GAN_NONE;
    if (s->rare != GAN_NONE) GAN_TRY(gan_graph_grad(s->graph, s->rare, wrt, d->n, d->of_rare));
    s->rare = GAN_NONE;
    for (int i = 0; i < n; i++) {
        if (net->params[i].state) grads[i] = net->stat[i];
        GAN_TRY(check_influence(net, i, grads[i]));
    }
    for (int i = 0; i < net->n_spectral; i++)
        GAN_TRY(check_influence(net, net->spectral[i].weight, grads[n + i]));
    return GAN_OK;
}

static bool in_bucket(const gan_param *p, const gan__bucket *b)
{
    return p->offset >= b->offset && p->offset < b->offset + b->n;
}

/* Copy x out of the plan, when the bucket's last update is over and before node `then`. */
static gan_status store(gan_step *s, gan_id x, float *to, const gan__bucket *b, gan_id then)
{
    gan_id y;
    GAN_TRY(gan_add_store(s->graph, x, to, &y));
    if (b->updated != GAN_NONE) GAN_TRY(gan_graph_after(s->graph, y, b->updated));
    return gan_graph_after(s->graph, then, y);
}

/* The same in some steps only. */
static gan_status store_in(gan_step *s, gan_when when, gan_id x, float *to, const gan__bucket *b, gan_id then)
{
    gan_graph_set_when(s->graph, when);
    gan_status status = store(s, x, to, b, then);
    gan_graph_set_when(s->graph, GAN_ALWAYS);
    return status;
}

static gan_status store_gradients(gan_step *s, const gan_network *net, const gan__bucket *b, const slopes *d, gan_id then)
{
    for (int i = 0; i < net->n_params; i++) {
        float *to = net->grad + net->params[i].offset;
        gan_id sum;
        if (!in_bucket(&net->params[i], b)) continue;
        if (d->of_rare[i] == GAN_NONE) {
            GAN_TRY(store(s, d->of_loss[i], to, b, then));
            continue;
        }
        GAN_TRY(gan_add_add(s->graph, d->of_loss[i], d->of_rare[i], &sum));
        GAN_TRY(store_in(s, GAN_IN_NTH, sum, to, b, then));
        GAN_TRY(store_in(s, GAN_IN_OTHERS, d->of_loss[i], to, b, then));
    }
    return GAN_OK;
}

/* u times the derivative of the loss by sigma, summed over ranks. */
static gan_status scale(gan_step *s, const gan_spectral *sp, int64_t n, gan_id slope, gan_id *scaled)
{
    GAN_TRY(gan_add_all_sum(s->graph, slope, scaled));
    GAN_TRY(gan_add_expand_cols(s->graph, *scaled, n, scaled));
    return gan_add_mul(s->graph, *scaled, sp->now.u, scaled);
}

/* What flows through singular values: v, and u times the derivative of the loss by sigma, summed over ranks. The update `then`
 * adds their outer product to the gradient when that is summed too. */
static gan_status store_outer(gan_step *s, const gan_network *net, const gan__bucket *b, const slopes *d, gan_id then)
{
    for (int i = 0; i < net->n_spectral; i++) {
        const gan_spectral *sp = &net->spectral[i];
        const gan_param *p = &net->params[sp->weight];
        const gan_id slope = d->of_loss[net->n_params + i], rare = d->of_rare[net->n_params + i];
        float *to = sp->outer + p->dims[0];
        gan_id scaled, sum;
        if (!in_bucket(p, b)) continue;
        GAN_TRY(store(s, sp->now.v, sp->outer, b, then));
        GAN_TRY(scale(s, sp, p->dims[1], slope, &scaled));
        GAN_TRY(rare == GAN_NONE ? store(s, scaled, to, b, then) : store_in(s, GAN_IN_OTHERS, scaled, to, b, then));
        if (rare == GAN_NONE) continue;
        GAN_TRY(gan_add_add(s->graph, slope, rare, &sum));
        GAN_TRY(scale(s, sp, p->dims[1], sum, &scaled));
        GAN_TRY(store_in(s, GAN_IN_NTH, scaled, to, b, then));
    }
    return GAN_OK;
}

/* Append the bucket's sum over ranks, before node `then`. *end: from here on its parameters are no longer the old ones. */
static gan_status reduce_bucket(gan_step *s, const gan_network *net, gan__bucket *b, const slopes *d, gan_id then,
                                gan_id *end)
{
    if (gan_graph_ranks(s->graph) == 1) return store_gradients(s, net, b, d, then);
    GAN_TRY(gan_add_reduce_start(s->graph, b->number, end));
    GAN_TRY(store_gradients(s, net, b, d, *end));
    GAN_TRY(gan_add_reduce_wait(s->graph, b->number, *end, s->overlap, &b->wait));
    return gan_graph_after(s->graph, then, b->wait);
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
    gan_network *n = s->model->nets[net];
    GAN_TRY(gan__buckets_new(&s->buckets[net], n, s->model->bucket_kib * 256));
    for (int i = 0; i < s->buckets[net]->n; i++) {
        gan__bucket *b = &s->buckets[net]->list[i];
        gan_range range = {
            .data = n->grad + b->offset, .n = b->n, .bucket = true, .blocks = b->blocks, .net = net, .nth = i, .offset = b->offset};
        GAN_TRY(gan__step_add_reduction(s, &range, &b->number));
    }
    return GAN_OK;
}

static gan_status write_update(gan_step *s, int net, const slopes *d, gan_update_nodes *nodes)
{
    gan_network *n = s->model->nets[net];
    struct gan_buckets *buckets = s->buckets[net];
    gan_optimizer_begin_update(s->model->opts[net]);
    for (int i = 0; i < buckets->n; i++) {
        gan__bucket *b = &buckets->list[i];
        GAN_TRY(gan_add_update(s->graph, s->model->opts[net], b->blocks, b->number, &nodes[i]));
        gan_id end = nodes[i].update;
        GAN_TRY(reduce_bucket(s, n, b, d, nodes[i].first, &end));
        GAN_TRY(store_outer(s, n, b, d, nodes[i].first));
        b->updated = nodes[i].done;
        b->nodes = nodes[i];
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
    if (s->looked_ahead[net]) return GAN_FAIL(GAN_EINTERNAL, "%s is updated behind a look ahead", n->name);
    if (!s->buckets[net]) GAN_TRY(first_buckets(s, net));
    slopes d = {.n = n->n_params + n->n_spectral};
    gan_update_nodes *nodes = gan_calloc(s->buckets[net]->n, sizeof *nodes);
    if ((d.by = gan_calloc(3 * (int64_t)d.n, sizeof *d.by)) && nodes) {
        d.of_loss = d.by + d.n;
        d.of_rare = d.of_loss + d.n;
        status = gradients(s, n, loss, &d);
    }
    if (status == GAN_OK) status = write_update(s, net, &d, nodes);
    gan_free(d.by);
    gan_free(nodes);
    return status;
}
