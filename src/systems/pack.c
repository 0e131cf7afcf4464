/* Packing: Lin, Khetan, Fanti and Oh, "PacGAN: the power of two samples in generative adversarial networks", 2018. D judges
 * m samples at once, all real or all generated, so that it sees a lack of variety. They are neighbours in the minibatch, so a pack lies
 * within a shard; nothing but D's input grows. Images stand behind each other as channels, rows of features as one longer row. */
#include "game.h"

#include <stdio.h>

/* Batches near `batch` whose slices the packs divide. */
static int64_t fitting_batch(int64_t batch, int64_t shards, int64_t pack)
{
    const int64_t whole = shards * pack;
    return (batch + whole - 1) / whole * whole;
}

gan_status gan__pack_check(const gan__game *m)
{
    const gan_config *cfg = m->s->model->cfg;
    const int64_t slice = m->s->rows / gan_graph_shards(m->s->graph), batch = gan_step_batch(m->s), shards = batch / slice;
    int64_t fewer = shards;
    if (slice % m->pack == 0) return GAN_OK;
    while (fewer > 1 && (batch % fewer != 0 || batch / fewer % m->pack != 0)) fewer /= 2;
    char other[64] = "";
    if (batch / fewer % m->pack == 0) snprintf(other, sizeof other, ", or parallel.shards = %lld", (long long)fewer);
    return GAN_FAIL(GAN_ECONFIG,
                    "%s: gan.pack = %lld does not divide the %lld samples of a shard (train.batch = %lld in %lld shards), and a pack "
                    "may not lie on two; use train.batch = %lld%s",
                    gan_config_where(cfg, "gan", "pack"), (long long)m->pack, (long long)slice, (long long)batch,
                    (long long)shards, (long long)fitting_batch(batch, shards, m->pack), other);
}

gan_sample_shape gan__pack_shape(const gan_sample_shape *data, int64_t pack)
{
    gan_sample_shape s = *data;
    s.dims[s.n_dims - 1] *= pack;
    s.condition *= pack;
    return s;
}

/* [B, ...] as [B/pack, pack times the numbers of a sample]: neighbours in memory. */
static gan_status join(gan_graph *g, gan_id x, int64_t pack, int64_t floats, gan_id *y)
{
    const int64_t dims[2] = {gan_graph_form(g, x)->dims[0] / pack, pack * floats};
    return gan_add_reshape(g, x, 2, dims, y);
}

/* Sample k of each pack, [B/pack, ...] in the shape of x. */
static gan_status member(gan_graph *g, gan_id joined, const gan_form *x, int64_t k, int64_t floats, gan_id *y)
{
    int64_t dims[GAN_MAX_DIMS] = {gan_graph_form(g, joined)->dims[0]};
    for (int i = 1; i < x->n_dims; i++) dims[i] = x->dims[i];
    GAN_TRY(gan_add_slice(g, joined, 1, k * floats, (k + 1) * floats, y));
    return gan_add_reshape(g, *y, x->n_dims, dims, y);
}

gan_status gan__pack(gan_graph *g, gan_id x, int64_t pack, gan_id *y)
{
    const gan_form form = *gan_graph_form(g, x);
    const int64_t floats = gan_form_floats(&form) / form.dims[0];
    gan_id joined, next;
    *y = x;
    if (pack == 1) return GAN_OK;
    GAN_TRY(join(g, x, pack, floats, &joined));
    *y = joined;
    if (form.n_dims == 2) return GAN_OK;
    GAN_TRY(member(g, joined, &form, 0, floats, y));
    for (int64_t k = 1; k < pack; k++) {
        GAN_TRY(member(g, joined, &form, k, floats, &next));
        GAN_TRY(gan_add_concat(g, *y, next, form.n_dims - 1, y));
    }
    return GAN_OK;
}
