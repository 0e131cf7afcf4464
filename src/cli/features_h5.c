/* The file of features: see features_h5.h. */
#include "features_h5.h"

#include "gan/file.h"
#include "gan/mem.h"

#include <string.h>
#include <unistd.h>

/* Chunks of a megabyte: HDF5 holds one at a time. A power of two rows, so that blocks of rows begin and end with chunks. */
enum { CHUNK_ROWS = 64, CHUNK_BYTES = 1 << 20 };

static gan_status cannot_write(const gan__features_file *f)
{
    const int error = f->file.error;
    if (!error) return GAN_FAIL(GAN_EIO, "%.*s: cannot write: %s", gan_file_shown(f->path), f->path, gan_h5_reason());
    return GAN_FAIL(GAN_EIO, "%.*s: cannot write: %s; %s", gan_file_shown(f->path), f->path, strerror(error),
                    gan_file_remedy(error));
}

/* ---- making it --------------------------------------------------------------------------------------------- */

static hid_t create_set(hid_t file, int64_t n, int64_t size)
{
    int64_t rows = CHUNK_ROWS;
    while (rows > 1 && rows * size * 4 > CHUNK_BYTES) rows /= 2;
    const hsize_t dims[2] = {(hsize_t)n, (hsize_t)size}, chunk[2] = {(hsize_t)(rows < n ? rows : n), (hsize_t)size};
    hid_t space = H5Screate_simple(2, dims, NULL), p = H5Pcreate(H5P_DATASET_CREATE), set = -1;
    if (space >= 0 && p >= 0 && H5Pset_chunk(p, 2, chunk) >= 0 && H5Pset_fletcher32(p) >= 0)
        set = H5Dcreate2(file, "features", H5T_IEEE_F32LE, space, H5P_DEFAULT, p, H5P_DEFAULT);
    if (p >= 0) H5Pclose(p);
    if (space >= 0) H5Sclose(space);
    return set;
}

static bool describe(const gan__features_file *f, const gan__features_origin *o)
{
    return gan_h5_put_text(f->set, "layers", o->layers) &&
           gan_h5_put_attribute(f->set, "columns", H5T_STD_I64LE, H5T_NATIVE_INT64, o->n_layers, o->columns) &&
           gan_h5_put_text(f->set, "pooling", o->pooling) && gan_h5_put_text(f->set, "weights", o->weights) &&
           gan_h5_put_attribute(f->set, "step", H5T_STD_I64LE, H5T_NATIVE_INT64, 1, &o->step) &&
           gan_h5_put_text(f->file.id, "source", o->source);
}

gan_status gan__features_create(gan__features_file *f, const char *path, int64_t n, int64_t size,
                                const gan__features_origin *o)
{
    *f = (gan__features_file){.path = path, .set = -1, .n = n, .size = size};
    if (!(f->temp = gan_file_temp(path))) return GAN_ENOMEM;
    gan_h5_lock();
    gan_status s = gan_h5_open(&f->file, f->temp, GAN_H5_CREATE, 0);
    if (s == GAN_OK && (f->set = create_set(f->file.id, n, size)) < 0) s = cannot_write(f);
    if (s == GAN_OK && !describe(f, o)) s = cannot_write(f);
    gan_h5_unlock();
    return s == GAN_OK ? s : gan__features_finish(f, s);
}

/* ---- filling it -------------------------------------------------------------------------------------------- */

gan_status gan__features_write(gan__features_file *f, int64_t first, int64_t n, const float *x)
{
    const hsize_t start[2] = {(hsize_t)first, 0}, count[2] = {(hsize_t)n, (hsize_t)f->size};
    gan_h5_lock();
    hid_t file = H5Dget_space(f->set), memory = H5Screate_simple(2, count, NULL);
    bool ok = file >= 0 && memory >= 0 &&
              H5Sselect_hyperslab(file, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
              H5Dwrite(f->set, H5T_NATIVE_FLOAT, memory, file, H5P_DEFAULT, x) >= 0;
    if (file >= 0) H5Sclose(file);
    if (memory >= 0) H5Sclose(memory);
    gan_status s = ok && !f->file.error ? GAN_OK : cannot_write(f); /* a full disk: no need to compute the rest */
    gan_h5_unlock();
    return s;
}

/* ---- labels ------------------------------------------------------------------------------------------------ */

static gan_status check_labels(hid_t space, hid_t type, const char *path, int64_t n)
{
    hsize_t dims[H5S_MAX_RANK] = {0};
    const int rank = space < 0 ? -1 : H5Sget_simple_extent_dims(space, dims, NULL);
    const H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    if (rank < 1 || (class != H5T_INTEGER && class != H5T_FLOAT && class != H5T_ENUM))
        return GAN_FAIL(GAN_EDATA, "%s: /labels is no array of numbers", path);
    if (dims[0] == (hsize_t)n) return GAN_OK;
    return GAN_FAIL(GAN_EDATA, "%s: /labels has %lld entries for %lld images", path, (long long)dims[0], (long long)n);
}

/* Through memory, not by H5Ocopy: that copies the bytes of chunks, also damaged ones. The source may be extendible, the copy is
 * not. */
static gan_status copy_values(gan__features_file *f, hid_t from, hid_t space, hid_t type, const char *path)
{
    void *labels = gan_calloc(H5Sget_simple_extent_npoints(space), H5Tget_size(type));
    hsize_t dims[H5S_MAX_RANK];
    const int rank = H5Sget_simple_extent_dims(space, dims, NULL);
    hid_t to = -1, fixed = H5Screate_simple(rank, dims, NULL);
    gan_status s = labels ? GAN_OK : GAN_ENOMEM;
    if (s == GAN_OK && H5Dread(from, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels) < 0)
        s = GAN_FAIL(GAN_EDATA, "%s: cannot read /labels: %s; the file is damaged, make it again", path, gan_h5_reason());
    if (s == GAN_OK) {
        to = H5Dcreate2(f->file.id, "labels", type, fixed, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        if (to < 0 || H5Dwrite(to, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels) < 0) s = cannot_write(f);
    }
    if (to >= 0 && H5Dclose(to) < 0 && s == GAN_OK) s = cannot_write(f);
    if (fixed >= 0) H5Sclose(fixed);
    gan_free(labels);
    return s;
}

static gan_status copy_labels(gan__features_file *f, hid_t file, const char *path, bool *found)
{
    *found = H5Lexists(file, "labels", H5P_DEFAULT) > 0;
    if (!*found) return GAN_OK;
    hid_t from = H5Dopen2(file, "labels", H5P_DEFAULT);
    hid_t space = from < 0 ? -1 : H5Dget_space(from), type = from < 0 ? -1 : H5Dget_type(from);
    gan_status s = check_labels(space, type, path, f->n);
    if (s == GAN_OK) s = copy_values(f, from, space, type, path);
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    if (from >= 0) H5Dclose(from);
    return s;
}

gan_status gan__features_copy_labels(gan__features_file *f, const char *data_path, bool *found)
{
    gan_h5_file from;
    gan_h5_lock();
    gan_status s = gan_h5_open(&from, data_path, GAN_H5_READ, 0);
    if (s == GAN_OK) {
        s = copy_labels(f, from.id, data_path, found);
        gan_h5_close(&from, data_path); /* nothing was written */
    }
    gan_h5_unlock();
    return s;
}

/* ---- the end ----------------------------------------------------------------------------------------------- */

gan_status gan__features_finish(gan__features_file *f, gan_status s)
{
    gan_h5_lock();
    bool ok = f->set < 0 || H5Dclose(f->set) >= 0;
    if (!ok && s == GAN_OK && !f->file.error) s = cannot_write(f);
    gan_status closed = gan_h5_close(&f->file, f->path);
    gan_h5_unlock();
    if (s == GAN_OK) s = closed;
    if (s == GAN_OK) s = gan_file_publish(f->temp, f->path);
    else unlink(f->temp);
    gan_free(f->temp);
    *f = (gan__features_file){.set = -1};
    return s;
}
