/* A directory of pictures to a dataset file: see gan_import_images in gan/data.h. Pictures go in by sorted path, so the
 * same directory makes the same dataset. */
#include "attributes.h"
#include "import.h"
#include "picture.h"

#include "gan/data.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <stdio.h>

typedef struct job {
    const gan_import_options *o;
    char **paths;
    int64_t n, n_bad;
    int channels; /* 0: those of the first good picture, `like` */
    const char *like;
    gan__attributes list;
    gan__import_array images, attributes;
    uint8_t *batch; /* images.chunk_rows images */
} job;

/* A bad picture: refused, or named and left out. */
static gan_status bad(job *j, const char *path, const char *why)
{
    if (!j->o->skip_bad)
        return GAN_FAIL(GAN_EDATA, "%s: %s; replace or remove it, or leave such pictures out with --bad skip",
                        path, why);
    gan_warn("%s: %s; left out", path, why);
    j->n_bad++;
    return GAN_OK;
}

static gan_status check_channels(job *j, const gan__picture *p, const char *path)
{
    if (j->o->channels || p->channels == j->channels) return GAN_OK;
    return GAN_FAIL(
        GAN_EDATA, "%s: %s, but %s is %s; --channels 1 makes all of them grey, --channels 3 all of them RGB",
        path, p->channels == 1 ? "grey" : "in colour", j->like, j->channels == 1 ? "grey" : "in colour");
}

/* On the first good picture, for it may say how many channels there are. */
static gan_status begin(job *j, gan_h5_file *f, const char *out, const gan__picture *p, const char *path)
{
    j->channels = j->o->channels ? j->o->channels : p->channels;
    j->like = path;
    GAN_TRY(gan__import_array_open(&j->images, f, out, "images", H5T_NATIVE_UINT8, 4,
                                   (int64_t[]){j->o->size, j->o->size, j->channels}, GAN__IMPORT_QUICK));
    j->batch = gan_calloc(j->images.chunk_rows, (size_t)j->images.row_bytes);
    if (!j->batch) return GAN_ENOMEM;
    if (!j->o->attributes) return GAN_OK;
    GAN_TRY(gan__import_array_open(&j->attributes, f, out, "attributes", H5T_NATIVE_INT8, 2, &j->list.n_names,
                                   GAN__IMPORT_QUICK));
    return gan__attributes_put_names(&j->list, j->attributes.dataset, out);
}

static gan_status append_attributes(job *j, const char *path)
{
    const int8_t *values;
    if (!j->o->attributes) return GAN_OK;
    GAN_TRY(gan__attributes_find(&j->list, path, &values));
    return gan__import_array_append(&j->attributes, values, 1);
}

/* Read picture `path` into row *at of the batch; a bad one that is skipped leaves *at as it is. */
static gan_status take(job *j, gan_h5_file *f, const char *out, const char *path, int64_t *at)
{
    gan__picture p;
    char why[GAN__WHY];
    gan_status s = gan__picture_read(&p, path, why);
    if (s != GAN_OK) return s == GAN_EDATA ? bad(j, path, why) : s;
    if (!j->batch) s = begin(j, f, out, &p, path);
    if (s == GAN_OK) s = check_channels(j, &p, path);
    if (s == GAN_OK) s = gan__picture_fit(&p, j->o->size, j->channels, j->batch + *at * j->images.row_bytes);
    if (s == GAN_OK) s = append_attributes(j, path);
    gan_free(p.pixels);
    *at += s == GAN_OK;
    return s;
}

static gan_status take_all(job *j, gan_h5_file *f, const char *out)
{
    int64_t at = 0;
    for (int64_t i = 0; i < j->n; i++) {
        GAN_TRY(take(j, f, out, j->paths[i], &at));
        if (!j->batch || at < j->images.chunk_rows) continue;
        GAN_TRY(gan__import_array_append(&j->images, j->batch, at));
        at = 0;
    }
    if (!j->batch)
        return GAN_FAIL(GAN_EDATA, "%s: none of its %lld pictures can be read, see above", j->o->dir,
                        (long long)j->n);
    return gan__import_array_append(&j->images, j->batch, at);
}

static gan_status fill(void *job_, gan_h5_file *f, const char *path)
{
    job *j = job_;
    gan_status s = gan__import_array_close(&j->images, take_all(j, f, path));
    s = gan__import_array_close(&j->attributes, s);
    return s == GAN_OK ? gan__import_put_source(f, path, &j->o->dir, 1) : s;
}

static void say(const job *j, const char *out_path)
{
    char extra[96], left_out[48] = "";
    if (j->n_bad) snprintf(left_out, sizeof left_out, ", %lld bad left out", (long long)j->n_bad);
    snprintf(extra, sizeof extra, "%s%s", j->o->attributes ? " with attributes" : "", left_out);
    gan__import_say(out_path, (int64_t)j->images.dims[0], (int64_t[]){j->o->size, j->o->size, j->channels},
                    extra);
}

gan_status gan_import_images(const gan_import_options *o, const char *out_path)
{
    job j = {.o = o, .images.dataset = -1, .attributes.dataset = -1};
    GAN_TRY(gan__picture_list(o->dir, &j.paths, &j.n));
    gan_status s = o->attributes ? gan__attributes_read(&j.list, o->attributes) : GAN_OK;
    if (s == GAN_OK) s = gan__import_write(out_path, fill, &j);
    if (s == GAN_OK) say(&j, out_path);
    gan_free(j.batch);
    gan__attributes_free(&j.list);
    gan__picture_list_free(j.paths, j.n);
    return s;
}
