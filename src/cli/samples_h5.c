/* An HDF5 file of samples has the form that training reads, so that one model's samples can be another's data. */
#include "samples_h5.h"

#include "gan/file.h"
#include "gan/h5.h"
#include "gan/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* Samples of a network without a bounded last layer lie outside of the data's range here and there; training would
 * refuse a file that states less than it holds. */
static void range_of(const gan__samples *s, double range[2])
{
    int64_t floats = s->n * gan_sample_floats(s->shape);
    range[0] = (double)s->lo;
    range[1] = (double)s->hi;
    for (int64_t i = 0; i < floats; i++) {
        if ((double)s->x[i] < range[0]) range[0] = (double)s->x[i];
        if ((double)s->x[i] > range[1]) range[1] = (double)s->x[i];
    }
}

/* A new dataset, left open; -1 on failure. */
static hid_t write_array(hid_t file, const char *name, int n_dims, const hsize_t *dims, const float *x)
{
    hid_t space = H5Screate_simple(n_dims, dims, NULL);
    hid_t set =
        space < 0 ? -1 : H5Dcreate2(file, name, H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (space >= 0) H5Sclose(space);
    if (set < 0 || H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0) return set;
    H5Dclose(set);
    return -1;
}

static bool write_images(hid_t file, const gan__samples *s)
{
    hsize_t dims[GAN_MAX_DIMS] = {(hsize_t)s->n};
    double range[2];
    for (int d = 0; d < s->shape->n_dims; d++) dims[d + 1] = (hsize_t)s->shape->dims[d];
    range_of(s, range);
    hid_t set = write_array(file, "images", s->shape->n_dims + 1, dims, s->x);
    bool ok = set >= 0 && gan_h5_put_attribute(set, "range", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 2, range);
    return set >= 0 && H5Dclose(set) >= 0 && ok;
}

static bool write_latents(hid_t file, const gan__samples *s)
{
    const hsize_t dims[2] = {(hsize_t)s->n, (hsize_t)s->z_size};
    hid_t set = write_array(file, "z", 2, dims, s->z);
    return set >= 0 && H5Dclose(set) >= 0;
}

static bool write_labels(hid_t file, const gan__samples *s)
{
    const int64_t classes = s->shape->condition;
    const hsize_t n = (hsize_t)s->n;
    int32_t *labels = gan_calloc(s->n, sizeof *labels);
    if (!labels) return false;
    for (int64_t i = 0; i < s->n * classes; i++)
        if (s->c[i] > 0) labels[i / classes] = (int32_t)(i % classes);
    hid_t space = H5Screate_simple(1, &n, NULL);
    hid_t set = space < 0 ? -1 : H5Dcreate2(file, "labels", H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    bool ok = set >= 0 && H5Dwrite(set, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels) >= 0;
    if (space >= 0) H5Sclose(space);
    gan_free(labels);
    return set >= 0 && H5Dclose(set) >= 0 && ok;
}

static bool write_condition(hid_t file, const gan__samples *s)
{
    if (!s->c) return true;
    if (s->labelled) return write_labels(file, s);
    const hsize_t dims[2] = {(hsize_t)s->n, (hsize_t)s->shape->condition};
    hid_t set = write_array(file, "attributes", 2, dims, s->c);
    return set >= 0 && H5Dclose(set) >= 0;
}

static bool write_origin(hid_t file, const gan__samples *s)
{
    char text[1280];
    snprintf(text, sizeof text,
             "gan_mpi sample, step %" PRId64 ", noise seed %" PRId64 ", checkpoint %016" PRIx64 "%s%s",
             s->origin->step, s->seed, s->origin->digest, *s->latents ? ", " : "", s->latents);
    return gan_h5_put_text(file, "source", text);
}

static gan_status write_file(const char *path, const gan__samples *s)
{
    gan_h5_file f;
    gan_h5_lock();
    gan_status status = gan_h5_open(&f, path, GAN_H5_CREATE, 0);
    if (status == GAN_OK) {
        bool ok = write_images(f.id, s) && write_latents(f.id, s) && write_condition(f.id, s) && write_origin(f.id, s);
        if (!ok && !f.error) status = GAN_FAIL(GAN_EIO, "%.*s: cannot write: %s", gan_file_shown(path), path, gan_h5_reason());
        gan_status closed = gan_h5_close(&f, path); /* has the text of a failed write */
        if (status == GAN_OK) status = closed;
    }
    gan_h5_unlock();
    return status;
}

gan_status gan__samples_write_h5(const char *path, const gan__samples *s)
{
    char *temp = gan_file_temp(path);
    if (!temp) return GAN_ENOMEM;
    gan_status status = write_file(temp, s);
    if (status == GAN_OK)
        status = gan_file_publish(temp, path);
    else
        unlink(temp);
    gan_free(temp);
    return status;
}
