/* Several images of another source as the channels of one: three digits of MNIST make the 1000 modes of "stacked MNIST" (Metz
 * et al. 2017, Srivastava et al. 2017). Each channel's image is drawn by itself, by the position in the stream, so that a
 * position is the same sample for any reader, nothing is stored, and an epoch is only a number of samples. */
#include "source.h"

#include "gan/mem.h"
#include "gan/rng.h"

#include <stdio.h>

typedef struct stacked {
    gan_source base;
    gan_source *inner;
    int64_t layers;
    float *image; /* one of the inner source; reading is done by one thread */
} stacked;

/* Which image of the inner source is layer `layer` of the sample at this position: each is as likely as any other. */
static int64_t choose(const stacked *k, int64_t position, int64_t layer)
{
    const gan_rng at = {.seed = k->base.seed, .purpose = GAN_RNG_MIXTURE, .stream = 1, .sample = (uint64_t)position};
    uint64_t bits[4];
    gan_rng_bits(&at, (uint64_t)layer / 4, bits);
    return (int64_t)(bits[layer % 4] % (uint64_t)gan_source_describe(k->inner)->n);
}

static void stacked_read(const gan_source *s, int64_t first, int64_t n, float *x)
{
    const stacked *k = (const stacked *)s;
    const gan_source_info *in = gan_source_describe(k->inner);
    const int64_t channels = in->dims[2], pixels = in->features / channels, wide = channels * k->layers;
    for (int64_t i = 0; i < n; i++, x += s->info.features)
        for (int64_t layer = 0; layer < k->layers; layer++) {
            gan_source_read(k->inner, choose(k, first + i, layer), 1, k->image);
            for (int64_t p = 0; p < pixels; p++)
                for (int64_t c = 0; c < channels; c++) x[p * wide + layer * channels + c] = k->image[p * channels + c];
        }
}

static void stacked_close(gan_source *s)
{
    stacked *k = (stacked *)s;
    gan_source_close(k->inner);
    gan_free(k->image);
    gan_free(k);
}

static const gan_source_kind stacked_kind = {.read = stacked_read, .close = stacked_close};

gan_status gan_source_open_stacked(gan_source **out, gan_source *inner, uint64_t seed, int64_t n, int64_t layers)
{
    const gan_source_info *in = gan_source_describe(inner);
    *out = NULL;
    if (in->n_dims != 3)
        return GAN_FAIL(GAN_EDATA, "data.stack = %lld: %s has no images, height x width x channels", (long long)layers, in->name);
    stacked *k = gan_calloc(1, sizeof *k);
    if (!k) return GAN_ENOMEM;
    *k = (stacked){.base = {.kind = &stacked_kind, .info = *in, .seed = seed}, .layers = layers};
    k->base.info.n = n;
    k->base.info.conditioned = GAN_CONDITION_NONE; /* the classes of its layers would be several */
    k->base.info.condition = 0;
    k->base.info.dims[2] *= layers;
    k->base.info.features *= layers;
    snprintf(k->base.info.name, sizeof k->base.info.name, "stacks of %lld from %.200s", (long long)layers, in->name);
    if (!(k->image = gan_calloc(in->features, sizeof *k->image))) {
        gan_free(k);
        return GAN_ENOMEM;
    }
    k->inner = inner;
    *out = &k->base;
    return GAN_OK;
}
