/* Reading and checking a dataset file: /images [N,H,W,C] (or [N,F], [N,D,H,W,C]) in uint8, or in float32 with
 * an attribute "range" [2]. A range is asked for because nothing else tells 0..1 from -1..1 from raw counts,
 * and a generator that ends in tanh must know. Values outside the range are refused, not clipped: they say
 * that the range, or the file, is wrong. */
#include "dataset.h"

#include "gan/file.h"
#include "gan/h5.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WANTED_SHAPE "[N,F], [N,H,W,C] or [N,D,H,W,C] is wanted"

int64_t gan__dataset_bytes(const gan_dataset_shape *shape)
{
    return shape->n * shape->features * (shape->is_float ? 4 : 1);
}

static void format_dims(char *text, size_t size, int rank, const hsize_t *dims)
{
    size_t at = (size_t)snprintf(text, size, "[");
    for (int d = 0; d < rank && at < size; d++)
        at += (size_t)snprintf(text + at, size - at, "%s%" PRIuHSIZE, d ? "," : "", dims[d]);
    if (at < size) snprintf(text + at, size - at, "]");
}

static gan_status check_dims(const char *path, int rank, const hsize_t *dims, gan_dataset_shape *shape)
{
    char text[256];
    int64_t bytes = 4;
    format_dims(text, sizeof text, rank, dims);
    if (rank == 3)
        return GAN_FAIL(GAN_EDATA,
                        "%s: /images has shape %s; " WANTED_SHAPE " (grey images: add a dimension of 1 "
                        "at the end)",
                        path, text);
    if (rank != 2 && rank != 4 && rank != 5)
        return GAN_FAIL(GAN_EDATA, "%s: /images has shape %s; " WANTED_SHAPE, path, text);
    for (int d = 0; d < rank; d++)
        if (dims[d] < 1 || dims[d] > INT64_MAX || __builtin_mul_overflow(bytes, (int64_t)dims[d], &bytes))
            return GAN_FAIL(GAN_EDATA,
                            "%s: /images has shape %s; it has no samples, or more than memory can have", path,
                            text);
    shape->n = (int64_t)dims[0];
    shape->n_dims = rank - 1;
    shape->features = 1;
    for (int d = 1; d < rank; d++) shape->features *= shape->dims[d - 1] = (int64_t)dims[d];
    return GAN_OK;
}

static gan_status probe_dims(hid_t images, const char *path, gan_dataset_shape *shape)
{
    hsize_t dims[H5S_MAX_RANK] = {0};
    hid_t space = H5Dget_space(images);
    int rank = space < 0 ? -1 : H5Sget_simple_extent_dims(space, dims, NULL);
    if (space >= 0) H5Sclose(space);
    if (rank < 0) return GAN_FAIL(GAN_EDATA, "%s: /images: %s", path, gan_h5_reason());
    return check_dims(path, rank, dims, shape);
}

static gan_status probe_type(hid_t images, const char *path, gan_dataset_shape *shape)
{
    hid_t type = H5Dget_type(images);
    if (type < 0) return GAN_FAIL(GAN_EDATA, "%s: /images: %s", path, gan_h5_reason());
    H5T_class_t class = H5Tget_class(type);
    int bits = 8 * (int)H5Tget_size(type);
    bool is_signed = class == H5T_INTEGER && H5Tget_sign(type) != H5T_SGN_NONE;
    H5Tclose(type);
    shape->is_float = class == H5T_FLOAT && bits == 32;
    if (shape->is_float || (class == H5T_INTEGER && bits == 8 && !is_signed)) return GAN_OK;
    const char *name = class == H5T_FLOAT ? "float" : is_signed ? "int" : "uint";
    if (class != H5T_FLOAT && class != H5T_INTEGER)
        return GAN_FAIL(GAN_EDATA, "%s: /images holds no numbers; uint8 or float32 is wanted", path);
    return GAN_FAIL(GAN_EDATA, "%s: /images holds %s%d; uint8 or float32 is wanted", path, name, bits);
}

static gan_status probe_range(hid_t images, const char *path, gan_dataset_shape *shape)
{
    double range[2] = {0, 255};
    if (shape->is_float) {
        if (!gan_h5_get_attribute(images, "range", H5T_NATIVE_DOUBLE, 2, range))
            return GAN_FAIL(
                GAN_EDATA,
                "%s: /images is float32 but has no attribute \"range\" of two numbers; add the smallest "
                "and the largest value that a sample may have, with h5py such as "
                "f[\"images\"].attrs[\"range\"] = [-1, 1]",
                path);
        if (!(range[0] < range[1]) || !isfinite(range[0]) || !isfinite(range[1]))
            return GAN_FAIL(GAN_EDATA,
                            "%s: /images has the range %g .. %g; a smaller and a larger number are wanted",
                            path, range[0], range[1]);
    }
    shape->lo = range[0];
    shape->hi = range[1];
    return GAN_OK;
}

static gan_status probe_images(hid_t images, const char *path, gan_dataset_shape *shape)
{
    GAN_TRY(probe_type(images, path, shape));
    GAN_TRY(probe_dims(images, path, shape));
    return probe_range(images, path, shape);
}

/* The dataset /images of an open file, -1 with a failure text. */
static hid_t open_images(hid_t file, const char *path)
{
    if (H5Lexists(file, "images", H5P_DEFAULT) <= 0)
        GAN_FAIL(GAN_EDATA, "%s: it has no dataset /images; is it a file made by `gan_mpi import`?", path);
    else {
        hid_t images = H5Dopen2(file, "images", H5P_DEFAULT);
        if (images >= 0) return images;
        GAN_FAIL(GAN_EDATA, "%s: cannot open /images as a dataset: %s", path, gan_h5_reason());
    }
    return -1;
}

gan_status gan__dataset_open(gan__dataset *d, const char *path)
{
    *d = (gan__dataset){.path = path, .images = -1};
    if (access(path, R_OK) != 0)
        return GAN_FAIL(GAN_EDATA, "%s: cannot open the dataset: %s; %s", path, strerror(errno),
                        gan_file_remedy(errno));
    gan_h5_lock();
    gan_status s = gan_h5_open(&d->file, path, GAN_H5_READ, 0);
    if (s == GAN_OK) {
        d->images = open_images(d->file.id, path);
        s = d->images < 0 ? GAN_EDATA : probe_images(d->images, path, &d->shape);
    } else if (s == GAN_EIO) {
        s = GAN_EDATA;
    }
    gan_h5_unlock();
    if (s != GAN_OK) gan__dataset_close(d);
    return s;
}

void gan__dataset_close(gan__dataset *d)
{
    gan_h5_lock();
    if (d->images >= 0) H5Dclose(d->images);
    d->images = -1;
    gan_h5_close(&d->file, d->path); /* nothing was written */
    gan_h5_unlock();
}

/* ---- samples ----------------------------------------------------------------------------------------------- */

static bool read_rows(const gan__dataset *d, int64_t first, int64_t n, void *to)
{
    const hid_t type = d->shape.is_float ? H5T_NATIVE_FLOAT : H5T_NATIVE_UINT8;
    hsize_t start[GAN_DATA_MAX_DIMS + 1] = {(hsize_t)first}, count[GAN_DATA_MAX_DIMS + 1] = {(hsize_t)n};
    const int rank = (int)d->shape.n_dims + 1;
    for (int i = 1; i < rank; i++) count[i] = (hsize_t)d->shape.dims[i - 1];
    hid_t file = H5Dget_space(d->images), memory = H5Screate_simple(rank, count, NULL);
    bool ok = file >= 0 && memory >= 0 &&
              H5Sselect_hyperslab(file, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
              H5Dread(d->images, type, memory, file, H5P_DEFAULT, to) >= 0;
    if (file >= 0) H5Sclose(file);
    if (memory >= 0) H5Sclose(memory);
    return ok;
}

static gan_status check_floats(const gan__dataset *d, int64_t first, int64_t n, const float *x)
{
    const gan_dataset_shape *shape = &d->shape;
    for (int64_t i = 0; i < n * shape->features; i++) {
        double v = (double)x[i];
        if (v >= shape->lo && v <= shape->hi) continue;
        return GAN_FAIL(GAN_EDATA,
                        "%s: /images: sample %lld, value %lld is %g, outside of the stated range %g .. %g",
                        d->path, (long long)(first + i / shape->features), (long long)(i % shape->features), v,
                        shape->lo, shape->hi);
    }
    return GAN_OK;
}

gan_status gan__dataset_read(const gan__dataset *d, int64_t first, int64_t n, void *to)
{
    gan_status s = GAN_OK;
    gan_h5_lock();
    if (!read_rows(d, first, n, to))
        s = GAN_FAIL(GAN_EDATA, "%s: cannot read /images: %s; the file is damaged, make it again", d->path,
                     gan_h5_reason());
    gan_h5_unlock();
    return s == GAN_OK && d->shape.is_float ? check_floats(d, first, n, to) : s;
}

gan_status gan__dataset_probe(const char *path, gan_dataset_shape *shape)
{
    gan__dataset d;
    memset(shape, 0, sizeof *shape);
    GAN_TRY(gan__dataset_open(&d, path));
    *shape = d.shape;
    gan__dataset_close(&d);
    return GAN_OK;
}

gan_status gan_dataset_check(const char *path)
{
    gan_dataset_shape shape;
    return gan__dataset_probe(path, &shape);
}

gan_status gan__dataset_load(const char *path, const gan_dataset_shape *shape, void *to)
{
    gan__dataset d;
    GAN_TRY(gan__dataset_open(&d, path));
    gan_status s = memcmp(&d.shape, shape, sizeof *shape) == 0
                       ? gan__dataset_read(&d, 0, shape->n, to)
                       : GAN_FAIL(GAN_EDATA, "%s: it changed while it was being read", path);
    gan__dataset_close(&d);
    return s;
}

/* ---- values ------------------------------------------------------------------------------------------------ */

void gan__dataset_scale(const gan_dataset_shape *shape, float lo, float hi, gan__scaling *s)
{
    double scale = ((double)hi - (double)lo) / (shape->hi - shape->lo);
    s->p = (float)scale;
    s->q = (float)((double)lo - scale * shape->lo);
}

void gan__dataset_convert(const gan_kernels *k, const gan_dataset_shape *shape, const gan__scaling *s, const void *stored,
                          int64_t at, int64_t n, float *x)
{
    if (shape->is_float) k->map[GAN_MAP_AFFINE](n, (const float *)stored + at, NULL, s->p, s->q, x);
    else k->from_u8(n, (const uint8_t *)stored + at, s->p, s->q, x);
}
