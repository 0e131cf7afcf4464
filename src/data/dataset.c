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
                "and the largest value that a sample may have",
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

typedef gan_status images_fn(hid_t images, const char *path, const gan_dataset_shape *shape, void *to);

static gan_status probe(hid_t images, const char *path, const gan_dataset_shape *unused, void *shape)
{
    (void)unused;
    return probe_images(images, path, shape);
}

static gan_status load(hid_t images, const char *path, const gan_dataset_shape *shape, void *to)
{
    gan_dataset_shape now = {0};
    GAN_TRY(probe_images(images, path, &now));
    if (memcmp(&now, shape, sizeof now) != 0)
        return GAN_FAIL(GAN_EDATA, "%s: it changed while it was being read", path);
    hid_t type = shape->is_float ? H5T_NATIVE_FLOAT : H5T_NATIVE_UINT8;
    if (H5Dread(images, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to) >= 0) return GAN_OK;
    return GAN_FAIL(GAN_EDATA, "%s: cannot read /images: %s; the file is damaged, make it again", path,
                    gan_h5_reason());
}

static gan_status with_images(const char *path, images_fn *do_it, const gan_dataset_shape *shape, void *to)
{
    gan_h5_file f;
    if (access(path, R_OK) != 0)
        return GAN_FAIL(GAN_EDATA, "%s: cannot open the dataset: %s; %s", path, strerror(errno),
                        gan_file_remedy(errno));
    gan_h5_lock();
    gan_status s = gan_h5_open(&f, path, GAN_H5_READ, 0);
    if (s == GAN_OK) {
        hid_t images = open_images(f.id, path);
        s = images < 0 ? GAN_EDATA : do_it(images, path, shape, to);
        if (images >= 0) H5Dclose(images);
        gan_h5_close(&f, path); /* nothing was written */
    } else if (s == GAN_EIO) {
        s = GAN_EDATA;
    }
    gan_h5_unlock();
    return s;
}

gan_status gan__dataset_probe(const char *path, gan_dataset_shape *shape)
{
    memset(shape, 0, sizeof *shape);
    return with_images(path, probe, NULL, shape);
}

static gan_status check_floats(const char *path, const gan_dataset_shape *shape, const float *x)
{
    for (int64_t i = 0; i < shape->n * shape->features; i++) {
        double v = (double)x[i];
        if (v >= shape->lo && v <= shape->hi) continue;
        return GAN_FAIL(GAN_EDATA,
                        "%s: /images: sample %lld, value %lld is %g, outside of the stated range %g .. %g",
                        path, (long long)(i / shape->features), (long long)(i % shape->features), v,
                        shape->lo, shape->hi);
    }
    return GAN_OK;
}

gan_status gan__dataset_load(const char *path, const gan_dataset_shape *shape, void *to)
{
    GAN_TRY(with_images(path, load, shape, to));
    return shape->is_float ? check_floats(path, shape, to) : GAN_OK;
}
