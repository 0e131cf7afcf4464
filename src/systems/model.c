/* A model: the networks of a system with their optimizers. */
#include "gan/mem.h"
#include "gan/system.h"

gan_status gan_model_add(gan_model *m, const char *name, const gan_sample_shape *in, int64_t outputs, const char *what)
{
    int i = m->n_nets++;
    GAN_TRY(gan_network_new(&m->nets[i], m->cfg, name, in));
    int64_t got = gan_sample_floats(&m->nets[i]->out);
    if (outputs && got != outputs)
        return GAN_FAIL(GAN_ESHAPE, "%s: %s.layers: the last layer gives %lld values a sample, wanted %lld: %s",
                        gan_config_where(m->cfg, name, "layers"), name, (long long)got, (long long)outputs, what);
    return gan_optimizer_new(&m->opts[i], m->cfg, m->nets[i]);
}

gan_status gan_model_new(gan_model **out, const gan_config *cfg, const gan_sample_shape *data)
{
    *out = NULL;
    gan_model *m = gan_calloc(1, sizeof *m);
    if (!m) return GAN_ENOMEM;
    m->cfg = cfg;
    m->data = *data;
    m->system = gan_system_find(gan_config_text(cfg, "train", "system"));
    gan_status s = m->system->declare(m);
    if (s != GAN_OK) {
        gan_model_free(m);
        return s;
    }
    *out = m;
    return GAN_OK;
}

int64_t gan_model_common_floats(const gan_model *m)
{
    int64_t n = 0;
    for (int i = 0; i < m->n_nets; i++)
        n += m->nets[i]->arena_floats * (1 + m->nets[i]->averages + gan_optimizer_arrays(m->opts[i]));
    return n;
}

int64_t gan_model_own_floats(const gan_model *m)
{
    int64_t n = 0;
    for (int i = 0; i < m->n_nets; i++) n += m->nets[i]->arena_floats;
    return n;
}

void gan_model_place(gan_model *m, float *common, float *own)
{
    for (int i = 0; i < m->n_nets; i++) {
        gan_network *net = m->nets[i];
        const int64_t n = net->arena_floats;
        gan_network_place(net, common, common + n, own);
        gan_optimizer_place(m->opts[i], common + n * (1 + net->averages));
        common += n * (1 + net->averages + gan_optimizer_arrays(m->opts[i]));
        own += n;
    }
}

gan_status gan_model_alloc(gan_model *m)
{
    for (int i = 0; i < m->n_nets; i++) {
        GAN_TRY(gan_network_alloc(m->nets[i]));
        GAN_TRY(gan_optimizer_alloc(m->opts[i]));
    }
    return gan_model_init(m);
}

gan_status gan_model_init(gan_model *m)
{
    for (int i = 0; i < m->n_nets; i++)
        GAN_TRY(gan_network_init(m->nets[i], (uint64_t)gan_config_int(m->cfg, "run", "seed")));
    return GAN_OK;
}

void gan_model_free(gan_model *m)
{
    if (!m) return;
    for (int i = 0; i < m->n_nets; i++) {
        gan_optimizer_free(m->opts[i]);
        gan_network_free(m->nets[i]);
    }
    gan_free(m);
}
