/* Samples of a generator, dealt out to ranks in blocks. A sample depends on its latent alone, to the bit, so it does not matter
 * who draws it, nor that the last block is drawn whole. */
#include "measure.h"

#include "gan/latent.h"
#include "gan/mem.h"
#include "gan/stall.h"

#include <math.h>
#include <string.h>

/* Blocks of this rank among the first n samples. */
static int64_t own_blocks(const gan__drawn *d, int64_t n)
{
    const int64_t blocks = (n + GAN_EVAL_BLOCK - 1) / GAN_EVAL_BLOCK;
    if (d->rank >= d->workers) return 0;
    return (blocks - d->rank + d->workers - 1) / d->workers;
}

gan_status gan__drawn_open(gan__drawn *d, const gan_eval_setup *s, int64_t n)
{
    d->n = n;
    d->floats = gan_sample_floats(&s->model->data);
    d->rank = s->comm ? s->comm->rank : 0;
    d->workers = s->workers;
    if (s->model->nets[0]->conditional && !s->source && gan_config_choice(s->cfg, "data", "condition") == GAN_CONDITION_ATTRIBUTES)
        return GAN_FAIL(s->bad, "%s: samples are conditioned on attributes, of which only a run in training has real ones; use its section [eval]",
                        s->asked);
    if (!(d->x = gan_calloc(own_blocks(d, n) * GAN_EVAL_BLOCK * d->floats, sizeof *d->x))) return GAN_ENOMEM;
    return gan_sampler_new(&d->sampler, s->model, s->k, GAN_EVAL_BLOCK);
}

/* Samples that have a value which is not finite, over all ranks. */
static gan_status check_finite(const gan__drawn *d, const gan_eval_setup *s)
{
    int64_t bad = 0, floats = own_blocks(d, d->n) * GAN_EVAL_BLOCK * d->floats;
    for (int64_t i = 0; i < floats; i++) bad += !isfinite(d->x[i]);
    GAN_TRY(gan_comm_sum(s->comm, &bad, 1));
    if (bad == 0) return GAN_OK;
    return GAN_FAIL(GAN_ENUMERIC, "%lld values of the samples are not finite: the network has diverged; take an earlier checkpoint",
                    (long long)bad);
}

/* Classes in turn; attributes of as many real samples. */
static void fill_condition(const gan__drawn *d, const gan_eval_setup *s, int64_t first)
{
    float *c = gan_sampler_condition(d->sampler);
    const bool labels = gan_config_choice(s->cfg, "data", "condition") == GAN_CONDITION_LABELS;
    if (c && labels) gan_latent_classes(s->model->data.condition, first, GAN_EVAL_BLOCK, 1, c);
    else if (c && s->source) gan_source_read_condition(s->source, first, GAN_EVAL_BLOCK, c);
}

gan_status gan__drawn_draw(gan__drawn *d, const gan_eval_setup *s)
{
    const gan_noise noise = gan_noise_of(s->cfg, s->seed);
    const int64_t floats = GAN_EVAL_BLOCK * d->floats;
    gan_status status = GAN_OK;
    for (int64_t i = 0; i < own_blocks(d, d->n) && status == GAN_OK; i++) {
        const float *x;
        gan_latent_fixed(&noise, (d->rank + i * d->workers) * GAN_EVAL_BLOCK, GAN_EVAL_BLOCK, gan_sampler_latents(d->sampler));
        fill_condition(d, s, (d->rank + i * d->workers) * GAN_EVAL_BLOCK);
        status = gan_sampler_draw(d->sampler, &x);
        if (status == GAN_OK) memcpy(d->x + i * floats, x, (size_t)floats * sizeof *x);
        if (s->comm) gan_stall_look(s->comm);
    }
    GAN_TRY(gan_comm_agree(s->comm, status));
    return check_finite(d, s);
}

void gan__drawn_close(gan__drawn *d)
{
    gan_sampler_free(d->sampler);
    gan_free(d->x);
}

bool gan__next_rows(const gan_eval *e, int64_t n, gan__rows *r)
{
    const gan__drawn *d = &e->drawn;
    if (e->setup.comm) gan_stall_look(e->setup.comm); /* a block may take its time */
    if (r->blocks >= own_blocks(d, n)) return false;
    r->first = (d->rank + r->blocks * d->workers) * GAN_EVAL_BLOCK;
    r->n = n - r->first < GAN_EVAL_BLOCK ? n - r->first : GAN_EVAL_BLOCK;
    r->x = d->x + r->blocks++ * GAN_EVAL_BLOCK * d->floats;
    return true;
}

gan_status gan__all_rows(gan_eval *e, int64_t n, float **x)
{
    const int64_t floats = e->drawn.floats;
    *x = gan_calloc(n * floats, sizeof **x);
    gan_status s = gan_comm_agree(e->setup.comm, *x ? GAN_OK : GAN_ENOMEM);
    for (gan__rows r = {0}; s == GAN_OK && gan__next_rows(e, n, &r);)
        memcpy(*x + r.first * floats, r.x, (size_t)(r.n * floats) * sizeof **x);
    if (s == GAN_OK) s = gan_comm_merge(e->setup.comm, *x, n * floats * (int64_t)sizeof **x);
    if (s == GAN_OK) return GAN_OK;
    gan_free(*x);
    *x = NULL;
    return s;
}
