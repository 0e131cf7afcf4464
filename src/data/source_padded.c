/* Images of another source with a frame around them: the 28x28 pixels of MNIST as 32x32, which halves evenly. */
#include "source.h"

#include "gan/mem.h"

#include <stdio.h>
#include <string.h>

typedef struct padded {
    gan_source base;
    gan_source *inner;
    int64_t pad;
    float *image; /* one of the inner source; reading is done by one thread */
} padded;

static void padded_read(const gan_source *s, int64_t first, int64_t n, float *x)
{
    const padded *p = (const padded *)s;
    const gan_source_info *in = gan_source_describe(p->inner), *out = &s->info;
    const int64_t row_in = in->dims[1] * in->dims[2], row_out = out->dims[1] * out->dims[2];
    for (int64_t i = 0; i < n; i++, x += out->features) {
        gan_source_read(p->inner, first + i, 1, p->image);
        for (int64_t k = 0; k < out->features; k++) x[k] = out->lo;
        for (int64_t h = 0; h < in->dims[0]; h++)
            memcpy(x + (h + p->pad) * row_out + p->pad * out->dims[2], p->image + h * row_in,
                   (size_t)row_in * sizeof *x);
    }
}

static void padded_close(gan_source *s)
{
    padded *p = (padded *)s;
    gan_source_close(p->inner);
    gan_free(p->image);
    gan_free(p);
}

static const gan_source_kind padded_kind = {padded_read, padded_close};

static void describe(padded *p)
{
    const gan_source_info *in = gan_source_describe(p->inner);
    gan_source_info *out = &p->base.info;
    *out = *in;
    for (int i = 0; i < 2; i++) out->dims[i] += 2 * p->pad;
    out->features = out->dims[0] * out->dims[1] * out->dims[2];
    snprintf(out->name, sizeof out->name, "%.200s with a frame of %lld", in->name, (long long)p->pad);
}

gan_status gan_source_open_padded(gan_source **out, gan_source *inner, int64_t pad)
{
    const gan_source_info *in = gan_source_describe(inner);
    *out = NULL;
    if (in->n_dims != 3)
        return GAN_FAIL(GAN_EDATA, "data.pad = %lld: %s has no images, height x width x channels", (long long)pad, in->name);
    padded *p = gan_calloc(1, sizeof *p);
    if (!p) return GAN_ENOMEM;
    *p = (padded){.base = {.kind = &padded_kind}, .pad = pad};
    if (!(p->image = gan_calloc(in->features, sizeof *p->image))) {
        gan_free(p);
        return GAN_ENOMEM;
    }
    p->inner = inner;
    describe(p);
    *out = &p->base;
    return GAN_OK;
}
