/* A model: the networks of a system with their optimizers. */
#include "gan/digest.h"
#include "gan/dims.h"
#include "gan/mem.h"
#include "gan/system.h"

#include <string.h>

/* A row of as many values may stand for an image, and the other way round; an image of other sides is an error. */
static bool fits(const gan_sample_shape *got, const gan_sample_shape *wanted)
{
    if (gan_sample_floats(got) != gan_sample_floats(wanted)) return false;
    return got->n_dims != wanted->n_dims || memcmp(got->dims, wanted->dims, sizeof(int64_t) * (size_t)got->n_dims) == 0;
}

static gan_status wrong_shape(const gan_config *cfg, const gan_network *net, const gan_sample_shape *wanted,
                              const char *what)
{
    int n;
    char got[128], want[128];
    const gan_layer_text *layers = gan_config_layers(cfg, net->name, &n);
    gan_dims_text(net->out.n_dims, net->out.dims, got, sizeof got);
    gan_dims_text(wanted->n_dims, wanted->dims, want, sizeof want);
    return GAN_FAIL(GAN_ESHAPE, "%s, last layer, %s (%s): gives %s, wanted is %s: %s", net->name, layers[n - 1].name,
                    layers[n - 1].where, got, want, what);
}

gan_status gan_model_add(gan_model *m, const char *name, const gan_sample_shape *in, const gan_sample_shape *wanted,
                         const char *what)
{
    int i = m->n_nets++;
    GAN_TRY(gan_network_new(&m->nets[i], m->cfg, name, in));
    if (wanted && !fits(&m->nets[i]->out, wanted)) return wrong_shape(m->cfg, m->nets[i], wanted, what);
    return gan_optimizer_new(&m->opts[i], m->cfg, m->nets[i]);
}

int gan_model_find(const gan_model *m, const char *network)
{
    for (int i = 0; i < m->n_nets; i++)
        if (strcmp(m->nets[i]->name, network) == 0) return i;
    return -1;
}

gan_status gan_model_new(gan_model **out, const gan_config *cfg, const gan_sample_shape *data)
{
    *out = NULL;
    gan_model *m = gan_calloc(1, sizeof *m);
    if (!m) return GAN_ENOMEM;
    m->cfg = cfg;
    m->data = *data;
    m->bucket_kib = gan_config_int(cfg, "parallel", "bucket_kib");
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

uint64_t gan_model_digest(const gan_model *m, bool all)
{
    uint64_t h = GAN_DIGEST_START;
    for (int i = 0; i < m->n_nets; i++) {
        const gan_network *net = m->nets[i];
        const size_t bytes = (size_t)net->arena_floats * sizeof(float);
        h = gan_digest(h, net->w, bytes);
        if (net->ema && all) h = gan_digest(h, net->ema, bytes);
        for (int a = 0; all && a < gan_optimizer_arrays(m->opts[i]); a++) h = gan_digest(h, gan_optimizer_array(m->opts[i], a), bytes);
    }
    return h;
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
