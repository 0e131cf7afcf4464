/* The reference batch of networks with virtual batch normalisation (Salimans et al. 2016, section 3.4): as large as a minibatch, and the same
 * in every step. The network that makes samples gets noise of its own purpose; one that judges samples the first minibatch of the stream,
 * with what that is conditioned on. It passes through the network once for each version of the weights, before anything else does, and
 * what follows is normalised by nodes of that pass. */
#include "buckets.h"
#include "game.h"

static gan_status reference_noise(gan_step *s, gan_id *z)
{
    const gan_config *cfg = s->model->cfg;
    const bool normal = gan_config_choice(cfg, "noise", "distribution") == 0;
    const gan_form f = {.n_dims = 2, .dims = {s->rows, gan_config_int(cfg, "noise", "size")}, .dist = GAN_SHARDED};
    return gan_add_reference_noise(s->graph, &f, normal, normal ? 0 : -1, 1, z);
}

/* Samples that the network takes as one: a pack, or 1; 0 where it does not take samples. What has room for another number of them
 * does not either: a pair of noise and sample (veegan) may happen to be as long as two samples. */
static int64_t samples_at_once(const gan_model *m, const gan_network *net)
{
    const int64_t in = gan_sample_floats(&net->in), data = gan_sample_floats(&m->data), pack = gan_config_int(m->cfg, "gan", "pack");
    return in == data ? 1 : in == pack * data ? pack : 0;
}

/* What the network is applied to, and its condition. */
static gan_status reference_batch(gan_step *s, int net, gan_id *x)
{
    gan_model *m = s->model;
    gan_network *n = m->nets[net];
    const bool makes = net == 0 && !m->system->samples_nothing;
    const int64_t pack = makes ? 1 : samples_at_once(m, n);
    if (pack == 0)
        return GAN_FAIL(GAN_ECONFIG, "%s has a virtual_batch_norm, but under train.system = %s it takes neither noise nor samples of the data, so there "
                        "is no reference batch for it; use batch_norm there", n->name, m->system->name);
    if (makes) GAN_TRY(reference_noise(s, x));
    else GAN_TRY(gan_add_reference_data(s->graph, &s->feed, s->rows, m->data.n_dims, m->data.dims, x));
    n->reference_rows = gan_step_batch(s) / pack;
    GAN_TRY(gan__pack(s->graph, *x, pack, x));
    if (!n->conditional) return GAN_OK;
    GAN_TRY(gan_add_reference_condition(s->graph, &s->feed, s->rows, m->data.condition, &n->condition));
    return gan__pack(s->graph, n->condition, pack, &n->condition);
}

static gan_status pass(gan_step *s, int net)
{
    gan_network *n = s->model->nets[net];
    gan_id x, y;
    GAN_TRY(reference_batch(s, net, &x));
    return gan_network_apply(n, s->graph, x, GAN_TRAINING, &y);
}

gan_status gan__step_refer(gan_step *s, int net)
{
    gan_network *n = s->model->nets[net];
    const gan_id condition = n->condition;
    if (!n->refers || n->referred) return GAN_OK;
    n->referring = true;
    GAN_TRY(pass(s, net));
    n->referring = false;
    n->referred = true;
    n->condition = condition;
    return GAN_OK;
}
