/* Write a checkpoint: HDF5 under a temporary name, envelope, sync, read back and compare, rename.
 *
 * The HDF5 lock is taken and given back for each tensor, so that the metrics of the run need not wait until a
 * large checkpoint has been written by its thread; reading for the checksum and syncing happen without it. */
#include "checkpoint.h"

#include "gan/file.h"
#include "gan/mem.h"

#include <string.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 20 };

/* Chunks of at most CHUNK_BYTES, cut across the slowest dimensions first, so that they are long runs of
 * memory. */
static void chunk_of(const gan_tensor *t, hsize_t chunk[GAN_TENSOR_MAX_DIMS])
{
    uint64_t bytes = sizeof(float);
    for (int d = 0; d < t->n_dims; d++) bytes *= chunk[d] = (hsize_t)t->dims[d];
    for (int d = 0; d < t->n_dims; d++)
        while (bytes > CHUNK_BYTES && chunk[d] > 1) {
            bytes /= chunk[d];
            chunk[d] = (chunk[d] + 1) / 2;
            bytes *= chunk[d];
        }
}

static hid_t tensor_properties(const gan_tensor *t)
{
    hsize_t chunk[GAN_TENSOR_MAX_DIMS];
    hid_t p = H5Pcreate(H5P_DATASET_CREATE);
    chunk_of(t, chunk);
    if (p < 0) return -1;
    if (H5Pset_chunk(p, t->n_dims, chunk) >= 0 && H5Pset_fletcher32(p) >= 0 &&
        H5Pset_fill_time(p, H5D_FILL_TIME_NEVER) >= 0)
        return p;
    H5Pclose(p);
    return -1;
}

/* Groups on the way to an object are made as needed. */
static hid_t link_properties(void)
{
    hid_t p = H5Pcreate(H5P_LINK_CREATE);
    if (p >= 0 && H5Pset_create_intermediate_group(p, 1) >= 0) return p;
    if (p >= 0) H5Pclose(p);
    return -1;
}

static bool write_tensor(hid_t file, const gan_tensor *t)
{
    hsize_t dims[GAN_TENSOR_MAX_DIMS];
    for (int d = 0; d < t->n_dims; d++) dims[d] = (hsize_t)t->dims[d];
    hid_t properties = tensor_properties(t), link = link_properties(), dataset = -1;
    hid_t space = H5Screate_simple(t->n_dims, dims, NULL);
    if (properties >= 0 && link >= 0 && space >= 0)
        dataset = H5Dcreate2(file, t->name, H5T_IEEE_F32LE, space, link, properties, H5P_DEFAULT);
    bool ok =
        dataset >= 0 && H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, t->data) >= 0;
    if (dataset >= 0) ok = H5Dclose(dataset) >= 0 && ok;
    if (space >= 0) H5Sclose(space);
    if (link >= 0) H5Pclose(link);
    if (properties >= 0) H5Pclose(properties);
    return ok;
}

static bool write_config(hid_t file, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), dataset = -1;
    if (type >= 0 && space >= 0 && H5Tset_size(type, strlen(text) + 1) >= 0 &&
        H5Tset_cset(type, H5T_CSET_UTF8) >= 0)
        dataset = H5Dcreate2(file, "config", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    bool ok = dataset >= 0 && H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) >= 0;
    if (dataset >= 0) ok = H5Dclose(dataset) >= 0 && ok;
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return ok;
}

static bool write_state(hid_t file, const gan_checkpoint *c)
{
    hid_t g = H5Gcreate2(file, "state", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (g < 0) return false;
    bool ok = true;
#define X(field, file_type, type) ok = ok && gan_h5_put_attribute(g, #field, file_type, type, 1, &c->field);
    GAN_CHECKPOINT_STATE(X)
#undef X
    return H5Gclose(g) >= 0 && ok;
}

static bool write_texts(hid_t file, const gan_checkpoint *c)
{
    hid_t g = H5Gcreate2(file, "provenance", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (g < 0) return false;
    bool ok = true;
    for (int i = 0; ok && i < c->n_texts; i++) {
        const gan_text *t = &c->texts[i];
        ok = strcmp(t->key, "config") == 0 ? write_config(file, t->value)
                                           : gan_h5_put_text(g, t->key, t->value);
    }
    return H5Gclose(g) >= 0 && ok;
}

/* One part of the file, with the lock held for it alone. `f->error` is the driver's: the disk is full, say;
 * then gan_h5_close has the better text. */
static gan_status part_done(gan_h5_file *f, const char *path, const char *part, bool ok)
{
    gan_status s = GAN_OK;
    if (f->error)
        s = GAN_EIO;
    else if (!ok)
        s = GAN_FAIL(GAN_EIO, "%.*s: cannot write %s: %s", gan_file_shown(path), path, part, gan_h5_reason());
    gan_h5_unlock();
    return s;
}

static gan_status write_parts(gan_h5_file *f, const char *path, const gan_checkpoint *c)
{
    gan_h5_lock();
    GAN_TRY(part_done(f, path, "/state", write_state(f->id, c)));
    gan_h5_lock();
    GAN_TRY(part_done(f, path, "texts", write_texts(f->id, c)));
    for (int i = 0; i < c->n_tensors; i++) {
        gan_h5_lock();
        GAN_TRY(part_done(f, path, c->tensors[i].name, write_tensor(f->id, &c->tensors[i])));
    }
    return GAN_OK;
}

static gan_status write_h5(const gan_checkpoint *c, const char *path)
{
    gan_h5_file f;
    gan_h5_lock();
    gan_status s = gan_h5_open(&f, path, GAN_H5_CREATE, GAN_ENVELOPE_BYTES);
    gan_h5_unlock();
    if (s != GAN_OK) return s;
    s = write_parts(&f, path, c);
    gan_h5_lock();
    gan_status closed = gan_h5_close(&f, path);
    gan_h5_unlock();
    return s == GAN_OK ? closed : s;
}

static gan_status compare_tensor(gan_h5_file *f, const char *path, const gan_tensor *t)
{
    gan_tensor copy = *t;
    int64_t n = gan__tensor_elements(t);
    if (!(copy.data = gan_calloc(n, sizeof *copy.data))) return GAN_ENOMEM;
    gan_h5_lock();
    gan_status s = gan__tensor_read(f->id, path, &copy);
    gan_h5_unlock();
    if (s == GAN_OK && memcmp(copy.data, t->data, (size_t)n * sizeof *t->data) != 0)
        s = GAN_FAIL(GAN_EIO, "%.*s: what was read back of %s is not what was written; check disk and memory",
                     gan_file_shown(path), path, t->name);
    gan_free(copy.data);
    return s;
}

static gan_status verify(const gan_checkpoint *c, const char *path)
{
    gan_h5_file f;
    int64_t length;
    GAN_TRY(gan__envelope_check(path, &length));
    gan_h5_lock();
    gan_status s = gan_h5_open(&f, path, GAN_H5_READ, 0);
    gan_h5_unlock();
    if (s != GAN_OK) return s;
    for (int i = 0; s == GAN_OK && i < c->n_tensors; i++) s = compare_tensor(&f, path, &c->tensors[i]);
    gan_h5_lock();
    gan_h5_close(&f, path); /* nothing was written */
    gan_h5_unlock();
    return s;
}

static gan_status write_and_verify(const gan_checkpoint *c, const char *temp)
{
    GAN_TRY(write_h5(c, temp));
    GAN_TRY(gan__envelope_stamp(temp));
    gan_status s = verify(c, temp);
    return s == GAN_ECKPT ? GAN_EIO : s; /* damaged as it was written: that is the disk's fault */
}

gan_status gan_checkpoint_write(gan_checkpoint *c, const char *path)
{
    char *temp = gan_file_temp(path);
    if (!temp) return GAN_ENOMEM;
    c->digest = gan_checkpoint_digest(c);
    gan_status s = write_and_verify(c, temp);
    if (s == GAN_OK)
        s = gan_file_publish(temp, path);
    else
        unlink(temp);
    gan_free(temp);
    return s;
}
