/* The dataset file that importers write: see import.h. */
#include "import.h"

#include "gan/file.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Chunks stay below HDF5's cache of 1 MiB where an image does, so that half a chunk may wait for its other half. */
enum { CHUNK_BYTES = 800 << 10, CHUNK_ROWS = 256, SMALL_ROWS = 65536, SMALL_BYTES = 8 };

/* ---- arrays ------------------------------------------------------------------------------------------------ */

int64_t gan__import_rows_per_chunk(int64_t row_bytes)
{
    int64_t n = CHUNK_BYTES / row_bytes, most = row_bytes <= SMALL_BYTES ? SMALL_ROWS : CHUNK_ROWS;
    return n < 1 ? 1 : n > most ? most : n;
}

static hid_t create_dataset(hid_t file, const char *name, const gan__import_array *a, unsigned compression)
{
    hsize_t chunk[4], most[4];
    memcpy(chunk, a->dims, sizeof chunk);
    memcpy(most, a->dims, sizeof most);
    chunk[0] = (hsize_t)a->chunk_rows;
    most[0] = H5S_UNLIMITED;
    hid_t space = H5Screate_simple(a->rank, a->dims, most), p = H5Pcreate(H5P_DATASET_CREATE), dataset = -1;
    if (space >= 0 && p >= 0 && H5Pset_chunk(p, a->rank, chunk) >= 0 &&
        (compression == GAN__IMPORT_PLAIN || H5Pset_deflate(p, compression) >= 0) &&
        H5Pset_fletcher32(p) >= 0 && H5Pset_obj_track_times(p, false) >= 0)
        dataset = H5Dcreate2(file, name, a->type, space, H5P_DEFAULT, p, H5P_DEFAULT);
    if (p >= 0) H5Pclose(p);
    if (space >= 0) H5Sclose(space);
    return dataset;
}

gan_status gan__import_array_open(gan__import_array *a, gan_h5_file *f, const char *path, const char *name,
                                  hid_t type, int rank, const int64_t *row_dims, unsigned compression)
{
    *a = (gan__import_array){.path = path, .dataset = -1, .type = type, .rank = rank, .row_bytes = 1};
    for (int d = 1; d < rank; d++) {
        a->dims[d] = (hsize_t)row_dims[d - 1];
        a->row_bytes *= row_dims[d - 1];
    }
    a->chunk_rows = gan__import_rows_per_chunk(a->row_bytes);
    if ((a->dataset = create_dataset(f->id, name, a, compression)) >= 0) return GAN_OK;
    return GAN_FAIL(GAN_EIO, "%.*s: cannot make /%s: %s", gan_file_shown(path), path, name, gan_h5_reason());
}

gan_status gan__import_array_append(gan__import_array *a, const void *rows, int64_t n)
{
    hsize_t start[4] = {a->dims[0]}, count[4];
    if (n == 0) return GAN_OK;
    memcpy(count, a->dims, sizeof count);
    count[0] = (hsize_t)n;
    a->dims[0] += (hsize_t)n;
    bool grown = H5Dset_extent(a->dataset, a->dims) >= 0;
    hid_t file = H5Dget_space(a->dataset), memory = H5Screate_simple(a->rank, count, NULL);
    bool ok = grown && file >= 0 && memory >= 0 &&
              H5Sselect_hyperslab(file, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
              H5Dwrite(a->dataset, a->type, memory, file, H5P_DEFAULT, rows) >= 0;
    if (file >= 0) H5Sclose(file);
    if (memory >= 0) H5Sclose(memory);
    return ok ? GAN_OK : GAN_FAIL(GAN_EIO, "%.*s: cannot write: %s", gan_file_shown(a->path), a->path, gan_h5_reason());
}

gan_status gan__import_array_close(gan__import_array *a, gan_status s)
{
    if (a->dataset < 0) return s;
    bool ok = H5Dclose(a->dataset) >= 0;
    a->dataset = -1;
    if (ok || s != GAN_OK) return s;
    return GAN_FAIL(GAN_EIO, "%.*s: cannot write: %s", gan_file_shown(a->path), a->path, gan_h5_reason());
}

/* ---- the file ---------------------------------------------------------------------------------------------- */

static gan_status write_temp(const char *path, gan__import_fill *fill, void *job)
{
    gan_h5_file f;
    gan_h5_lock();
    gan_status s = gan_h5_open(&f, path, GAN_H5_CREATE, 0);
    if (s == GAN_OK) {
        s = fill(job, &f, path);
        gan_status closed = gan_h5_close(&f, path);
        if (s == GAN_OK) s = closed;
    }
    gan_h5_unlock();
    return s;
}

gan_status gan__import_write(const char *out_path, gan__import_fill *fill, void *job)
{
    char *temp = gan_file_temp(out_path);
    if (!temp) return GAN_ENOMEM;
    gan_status s = write_temp(temp, fill, job);
    if (s == GAN_OK)
        s = gan_file_publish(temp, out_path);
    else
        unlink(temp);
    gan_free(temp);
    return s;
}

gan_status gan__import_put_source(gan_h5_file *f, const char *path, const char *const *inputs, int n)
{
    char *names = gan_strdup("");
    for (int i = 0; names && i < n; i++) {
        const char *slash = strrchr(inputs[i], '/');
        char *longer = gan_sprintf("%s%s%s", names, i ? ", " : "", slash ? slash + 1 : inputs[i]);
        gan_free(names);
        names = longer;
    }
    if (!names) return GAN_ENOMEM;
    bool ok = gan_h5_put_text(f->id, "source", names);
    gan_free(names);
    return ok ? GAN_OK
              : GAN_FAIL(GAN_EIO, "%.*s: cannot write attribute source: %s", gan_file_shown(path), path,
                         gan_h5_reason());
}

void gan__import_say(const char *out_path, int64_t n, const int64_t image_dims[3], const char *extra)
{
    struct stat st;
    double mib = stat(out_path, &st) == 0 ? (double)st.st_size / 1048576 : 0;
    gan_say(GAN_NORMAL, "%s: %lld image%s of %lld x %lld x %lld%s, %.1f MiB", out_path, (long long)n,
            n == 1 ? "" : "s", (long long)image_dims[0], (long long)image_dims[1], (long long)image_dims[2],
            extra, mib);
}
