/* Samples of given latents: the generating network alone, in sampling mode, as a small graph of its own on one rank. */
#include "gan/mem.h"
#include "gan/system.h"

struct gan_sampler {
    const gan_kernels *k;
    gan_graph *graph;
    gan_plan *plan;
    float *z; /* [n, noise.size] */
    float *c; /* [n, data.condition], NULL where the network is not conditional */
    gan_id x;
};

static gan_status add_condition(gan_sampler *s, gan_network *net, int64_t n)
{
    const gan_form form = {.n_dims = 2, .dims = {n, net->in.condition}, .dist = GAN_SHARDED};
    net->condition = GAN_NONE;
    if (!net->conditional) return GAN_OK;
    if (!(s->c = gan_calloc(gan_form_floats(&form), sizeof *s->c))) return GAN_ENOMEM;
    return gan_add_param(s->graph, &form, s->c, NULL, 0, &net->condition);
}

static gan_status build(gan_sampler *s, gan_model *m, int64_t n)
{
    gan_network *net = m->nets[0];
    gan_form form = {
        .n_dims = 2, .dims = {n, gan_config_int(m->cfg, "noise", "size")}, .dist = GAN_SHARDED};
    gan_id z;
    if (!(s->z = gan_calloc(gan_form_floats(&form), sizeof *s->z))) return GAN_ENOMEM;
    GAN_TRY(gan_graph_new(&s->graph, 1, 1));
    GAN_TRY(gan_add_param(s->graph, &form, s->z, NULL, 0, &z));
    GAN_TRY(add_condition(s, net, n));
    GAN_TRY(gan_network_bind(net, s->graph, net->ema ? net->ema : net->w, -1));
    GAN_TRY(gan_network_apply(net, s->graph, z, GAN_SAMPLING, &s->x));
    return gan_plan_build(&s->plan, s->graph, &s->x, 1);
}

gan_status gan_sampler_new(gan_sampler **out, gan_model *m, const gan_kernels *k, int64_t n)
{
    *out = NULL;
    if (m->system->samples_nothing)
        return GAN_FAIL(GAN_EUSAGE, "train.system = %s makes no samples", m->system->name);
    gan_sampler *s = gan_calloc(1, sizeof *s);
    if (!s) return GAN_ENOMEM;
    s->k = k;
    gan_status status = build(s, m, n);
    if (status != GAN_OK) {
        gan_sampler_free(s);
        return status;
    }
    *out = s;
    return GAN_OK;
}

float *gan_sampler_latents(gan_sampler *s)
{
    return s->z;
}

float *gan_sampler_condition(gan_sampler *s)
{
    return s->c;
}

gan_status gan_sampler_draw(gan_sampler *s, const float **x)
{
    gan_run run = {.k = s->k};
    GAN_TRY(gan_exec(s->plan, &run, NULL));
    *x = gan_plan_value(s->plan, s->x);
    return GAN_OK;
}

void gan_sampler_free(gan_sampler *s)
{
    if (!s) return;
    gan_plan_free(s->plan);
    gan_graph_free(s->graph);
    gan_free(s->z);
    gan_free(s->c);
    gan_free(s);
}
