/* Writing a step program: what a system may ask for. */
#include "buckets.h"

#include "gan/mem.h"

#include <string.h>

gan_status gan_step_phase(gan_step *s, const char *name)
{
    int phase;
    return gan_graph_phase_begin(s->graph, name, &phase);
}

int64_t gan_step_batch(const gan_step *s)
{
    return s->feed.batch;
}

gan_status gan_step_data(gan_step *s, gan_id *x)
{
    const gan_sample_shape *d = &s->model->data;
    return gan_add_data(s->graph, &s->feed, s->rows, d->n_dims, d->dims, x);
}

gan_status gan_step_condition(gan_step *s, gan_id *c)
{
    const int64_t numbers = s->model->data.condition;
    *c = GAN_NONE;
    return numbers > 0 ? gan_add_condition(s->graph, &s->feed, s->rows, numbers, c) : GAN_OK;
}

void gan_step_give(gan_step *s, int net, gan_id c)
{
    s->model->nets[net]->condition = c;
}

gan_status gan_step_noise(gan_step *s, gan_id *z)
{
    const gan_config *cfg = s->model->cfg;
    bool normal = gan_config_choice(cfg, "noise", "distribution") == 0;
    gan_form f = {
        .n_dims = 2, .dims = {s->rows, gan_config_int(cfg, "noise", "size")}, .dist = GAN_SHARDED};
    return gan_add_random(s->graph, &f, GAN_RNG_NOISE, normal, normal ? 0 : -1, 1, z);
}

gan_status gan_step_apply(gan_step *s, int net, gan_id x, gan_id *y)
{
    GAN_TRY(gan__step_refer(s, net));
    return gan_network_apply(s->model->nets[net], s->graph, x, GAN_TRAINING, y);
}

gan_status gan_step_apply_aside(gan_step *s, int net, gan_id x, gan_id *y)
{
    gan_network *n = s->model->nets[net];
    const size_t bytes = (size_t)n->n_params * sizeof *n->stat;
    GAN_TRY(gan__step_refer(s, net)); /* its statistics are */
    gan_id *kept = gan_calloc(n->n_params, sizeof *kept);
    if (!kept) return GAN_ENOMEM;
    memcpy(kept, n->stat, bytes);
    gan_status status = gan_step_apply(s, net, x, y);
    memcpy(n->stat, kept, bytes);
    gan_free(kept);
    return status;
}

gan_status gan_step_as_data(gan_step *s, gan_id x, gan_id *y)
{
    const gan_sample_shape *d = &s->model->data;
    int64_t dims[GAN_MAX_DIMS] = {gan_graph_form(s->graph, x)->dims[0]};
    for (int i = 0; i < d->n_dims; i++) dims[i + 1] = d->dims[i];
    return gan_add_reshape(s->graph, x, d->n_dims + 1, dims, y);
}

gan_status gan_step_apply_pair(gan_step *s, int net, gan_id a, gan_id b, gan_id *ya, gan_id *yb)
{
    gan_id both;
    if (s->model->nets[net]->couples) { /* each with its own statistics; those of `a` are kept */
        GAN_TRY(gan_step_apply(s, net, b, yb));
        return gan_step_apply(s, net, a, ya);
    }
    const int64_t per_shard = gan_graph_form(s->graph, a)->dims[0] / gan_graph_shards(s->graph);
    const gan_id c = s->model->nets[net]->condition;
    GAN_TRY(gan_add_concat(s->graph, a, b, 0, &both));
    if (c != GAN_NONE) GAN_TRY(gan_add_concat(s->graph, c, c, 0, &s->model->nets[net]->condition));
    GAN_TRY(gan_step_apply(s, net, both, &both));
    gan_step_give(s, net, c);
    GAN_TRY(gan_add_slice(s->graph, both, 0, 0, per_shard, ya));
    return gan_add_slice(s->graph, both, 0, per_shard, 2 * per_shard, yb);
}

gan_status gan_step_add_rarely(gan_step *s, int64_t interval, gan_id loss)
{
    GAN_TRY(gan_graph_set_interval(s->graph, interval));
    if (s->rare != GAN_NONE) return gan_add_add(s->graph, s->rare, loss, &s->rare);
    s->rare = loss;
    return GAN_OK;
}

gan_status gan_step_metric(gan_step *s, const char *name, gan_id partial)
{
    if (s->n_metrics == GAN_MAX_METRICS) return GAN_FAIL(GAN_EINTERNAL, "a system has too many metrics");
    gan_id store;
    s->metric_names[s->n_metrics] = name;
    gan_graph_set_when(s->graph, GAN_IN_METRICS);
    GAN_TRY(gan_add_store(s->graph, partial, &s->metrics[s->n_metrics++], &store));
    gan_graph_set_when(s->graph, GAN_ALWAYS);
    return GAN_OK;
}

gan_status gan__step_add_reduction(gan_step *s, const gan_range *r, int *number)
{
    gan_range *more = gan_realloc(s->reductions, s->n_reductions + 1, sizeof *more);
    if (!more) return GAN_ENOMEM;
    s->reductions = more;
    *number = s->n_reductions;
    more[*number] = *r;
    more[*number].phase = gan_graph_phase(s->graph);
    s->n_reductions++;
    return GAN_OK;
}

/* The metrics of all phases travel in one small message at the end of the step. */
static gan_status reduce_metrics(gan_step *s)
{
    if (gan_graph_ranks(s->graph) == 1 || s->n_metrics == 0) return GAN_OK;
    int number, last = gan_graph_count(s->graph);
    gan_id start, wait;
    GAN_TRY(gan__step_add_reduction(s, &(gan_range){.data = s->metrics, .n = s->n_metrics}, &number));
    gan_graph_set_when(s->graph, GAN_IN_METRICS);
    GAN_TRY(gan_add_reduce_start(s->graph, number, &start));
    for (gan_id i = 0; i < last; i++) {
        const gan_node *n = gan_graph_node(s->graph, i);
        if (n->when == GAN_IN_METRICS && n->op->effect) GAN_TRY(gan_graph_after(s->graph, start, i));
    }
    GAN_TRY(gan_add_reduce_wait(s->graph, number, start, s->overlap, &wait));
    gan_graph_set_when(s->graph, GAN_ALWAYS);
    return GAN_OK;
}

static gan_status write_program(gan_step *s, int64_t shards, int ranks)
{
    gan_model *m = s->model;
    GAN_TRY(gan_graph_new(&s->graph, shards / ranks, ranks));
    gan_graph_set_direct(s->graph, !gan_config_bool(m->cfg, "parallel", "winograd"));
    for (int i = 0; i < m->n_nets; i++) GAN_TRY(gan_network_bind(m->nets[i], s->graph, m->nets[i]->w, -1));
    s->overlap = gan_config_bool(m->cfg, "parallel", "overlap");
    GAN_TRY(m->system->build(s));
    if (s->overlap && ranks > 1) GAN_TRY(gan__step_carry(s));
    return reduce_metrics(s);
}

gan_status gan_step_new(gan_step **out, gan_model *m, const gan_source *source, int64_t batch, int64_t shards,
                        int ranks)
{
    *out = NULL;
    gan_step *s = gan_calloc(1, sizeof *s);
    if (!s) return GAN_ENOMEM;
    s->model = m;
    s->rare = GAN_NONE;
    s->feed = (gan_feed){.source = source, .batch = batch};
    s->rows = batch / ranks;
    gan_status status = write_program(s, shards, ranks);
    if (status != GAN_OK) {
        gan_step_free(s);
        return status;
    }
    *out = s;
    return GAN_OK;
}

void gan_step_free(gan_step *s)
{
    if (!s) return;
    for (int i = 0; i < GAN_MAX_NETWORKS; i++) gan__buckets_free(s->buckets[i]);
    gan_free(s->reductions);
    gan_graph_free(s->graph);
    gan_free(s);
}
