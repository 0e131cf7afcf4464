/* A dataset file image by image in stored order, for one rank and one pass. What is held: one block as it is stored. */
#include "condition.h"
#include "dataset.h"
#include "source.h"

#include "gan/mem.h"

#include <stdio.h>
#include <string.h>

struct gan_rows {
    gan__dataset set;
    gan_source_info info;
    const gan_kernels *kernels;
    gan__scaling scaling;
    int64_t pad;
    void *stored; /* the last block */
    float *image; /* one without its frame; NULL without frames */
    char *path;
    gan__conditions conditions;
    void *conditions_stored; /* of all images; NULL when nobody asked for them */
};

static void describe(gan_rows *r, float lo, float hi)
{
    const gan_dataset_shape *shape = &r->set.shape;
    const char *slash = strrchr(r->path, '/');
    r->info = (gan_source_info){
        .n = shape->n, .features = shape->features, .n_dims = (int)shape->n_dims, .lo = lo, .hi = hi};
    snprintf(r->info.name, sizeof r->info.name, "%s", slash ? slash + 1 : r->path);
    memcpy(r->info.dims, shape->dims, sizeof r->info.dims);
    gan__dataset_scale(shape, lo, hi, &r->scaling);
}

gan_status gan_rows_open(gan_rows **out, const gan_kernels *k, const char *path, float lo, float hi)
{
    *out = NULL;
    gan_rows *r = gan_calloc(1, sizeof *r);
    if (!r) return GAN_ENOMEM;
    r->kernels = k;
    r->set.images = -1;
    r->path = gan_strdup(path);
    gan_status s = r->path ? gan__dataset_open(&r->set, r->path) : GAN_ENOMEM;
    if (s != GAN_OK) {
        gan_rows_close(r);
        return s;
    }
    describe(r, lo, hi);
    *out = r;
    return GAN_OK;
}

gan_status gan_rows_frame(gan_rows *r, int64_t pad)
{
    gan_source_info framed;
    GAN_TRY(gan__frame_info(&framed, &r->info, pad));
    if (!(r->image = gan_calloc(r->info.features, sizeof *r->image))) return GAN_ENOMEM;
    r->info = framed;
    r->pad = pad;
    return GAN_OK;
}

const gan_source_info *gan_rows_describe(const gan_rows *r)
{
    return &r->info;
}

static void convert(const gan_rows *r, int64_t n, float *x)
{
    const gan_dataset_shape *shape = &r->set.shape;
    if (!r->image) {
        gan__dataset_convert(r->kernels, shape, &r->scaling, r->stored, 0, n * shape->features, x);
        return;
    }
    for (int64_t i = 0; i < n; i++, x += r->info.features) {
        gan__dataset_convert(r->kernels, shape, &r->scaling, r->stored, i * shape->features, shape->features, r->image);
        gan__frame_image(shape->dims, r->pad, r->info.lo, r->image, x);
    }
}

gan_status gan_rows_read(gan_rows *r, int64_t first, int64_t n, float *x)
{
    const int64_t bytes = gan__dataset_bytes(&r->set.shape) / r->set.shape.n;
    void *stored = gan_realloc(r->stored, n, (size_t)bytes);
    if (!stored) return GAN_ENOMEM;
    r->stored = stored;
    GAN_TRY(gan__dataset_read(&r->set, first, n, stored));
    convert(r, n, x);
    return GAN_OK;
}

gan_status gan_rows_open_conditions(gan_rows *r, gan_condition_kind kind, int64_t numbers)
{
    gan__conditions *c = &r->conditions;
    GAN_TRY(gan__conditions_probe(c, r->path, kind, r->info.n));
    if (!(r->conditions_stored = gan_calloc(gan__conditions_bytes(c), 1))) return GAN_ENOMEM;
    GAN_TRY(gan__conditions_load(c, r->path, r->conditions_stored));
    if (kind == GAN_CONDITION_LABELS && c->numbers > numbers)
        return GAN_FAIL(GAN_EDATA, "%s: /labels goes up to %lld; the classes 0 to %lld are known", r->path, (long long)c->numbers - 1, (long long)numbers - 1);
    if (kind == GAN_CONDITION_ATTRIBUTES && c->numbers != numbers)
        return GAN_FAIL(GAN_EDATA, "%s: /attributes has %lld a sample; %lld are wanted", r->path, (long long)c->numbers, (long long)numbers);
    c->numbers = numbers;
    return GAN_OK;
}

void gan_rows_read_condition(const gan_rows *r, int64_t first, int64_t n, float *c)
{
    for (int64_t i = 0; i < n; i++) gan__conditions_get(&r->conditions, r->conditions_stored, first + i, c + i * r->conditions.numbers);
}

void gan_rows_close(gan_rows *r)
{
    if (!r) return;
    gan_free(r->conditions_stored);
    gan__dataset_close(&r->set);
    gan_free(r->stored);
    gan_free(r->image);
    gan_free(r->path);
    gan_free(r);
}
