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

void gan__frame_image(const int64_t dims[3], int64_t pad, float value, const float *image, float *x)
{
    const int64_t row = dims[1] * dims[2], row_framed = row + 2 * pad * dims[2];
    for (int64_t k = 0; k < (dims[0] + 2 * pad) * row_framed; k++) x[k] = value;
    for (int64_t h = 0; h < dims[0]; h++)
        memcpy(x + (h + pad) * row_framed + pad * dims[2], image + h * row, (size_t)row * sizeof *x);
}

static void padded_read(const gan_source *s, int64_t first, int64_t n, float *x)
{
    const padded *p = (const padded *)s;
    for (int64_t i = 0; i < n; i++, x += s->info.features) {
        gan_source_read(p->inner, first + i, 1, p->image);
        gan__frame_image(gan_source_describe(p->inner)->dims, p->pad, s->info.lo, p->image, x);
    }
}

static void padded_condition(const gan_source *s, int64_t first, int64_t n, float *c)
{
    gan_source_read_condition(((const padded *)s)->inner, first, n, c);
}

static void padded_close(gan_source *s)
{
    padded *p = (padded *)s;
    gan_source_close(p->inner);
    gan_free(p->image);
    gan_free(p);
}

static const gan_source_kind padded_kind = {.read = padded_read, .read_condition = padded_condition, .close = padded_close};

gan_status gan__frame_info(gan_source_info *framed, const gan_source_info *info, int64_t pad)
{
    if (info->n_dims != 3)
        return GAN_FAIL(GAN_EDATA, "data.pad = %lld: %s has no images, height x width x channels", (long long)pad, info->name);
    *framed = *info;
    for (int i = 0; i < 2; i++) framed->dims[i] += 2 * pad;
    framed->features = framed->dims[0] * framed->dims[1] * framed->dims[2];
    snprintf(framed->name, sizeof framed->name, "%.200s with a frame of %lld", info->name, (long long)pad);
    return GAN_OK;
}

gan_status gan_source_open_padded(gan_source **out, gan_source *inner, int64_t pad)
{
    const gan_source_info *in = gan_source_describe(inner);
    gan_source_info framed;
    *out = NULL;
    GAN_TRY(gan__frame_info(&framed, in, pad));
    padded *p = gan_calloc(1, sizeof *p);
    if (!p) return GAN_ENOMEM;
    *p = (padded){.base = {.kind = &padded_kind, .info = framed}, .pad = pad};
    if (!(p->image = gan_calloc(in->features, sizeof *p->image))) {
        gan_free(p);
        return GAN_ENOMEM;
    }
    p->inner = inner;
    *out = &p->base;
    return GAN_OK;
}
