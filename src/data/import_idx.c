/* IDX files (the format of MNIST, plain or gzipped) to a dataset file.
 *
 * An IDX file is: two zero bytes, the type of the elements (8: uint8), the number of dimensions, the
 * dimensions as big-endian 32-bit numbers, the elements. It has no checksum of its own, so the length must be
 * exact: a byte too few or too many is an error. Inputs are checked first, all of them, so that a bad second
 * file costs no compression. */
#include "gan/data.h"
#include "gan/file.h"
#include "gan/h5.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { BATCH = 256, LABELS_CHUNK = 65536, COMPRESSION = 9, MAX_PIXELS = 1 << 22 };

typedef struct idx_file {
    const char *path;
    gzFile gz; /* reads plain files as well */
    int n_dims;
    int64_t dims[3];
} idx_file;

static gan_status read_bytes(const idx_file *f, void *to, int64_t n)
{
    int code;
    char *at = to;
    while (n > 0) {
        int got = gzread(f->gz, at, n < 1 << 30 ? (unsigned)n : 1u << 30);
        if (got < 0) return GAN_FAIL(GAN_EDATA, "%s: cannot read: %s", f->path, gzerror(f->gz, &code));
        if (got == 0)
            return GAN_FAIL(GAN_EDATA, "%s: cut off: more bytes were announced than are there", f->path);
        at += got;
        n -= got;
    }
    return GAN_OK;
}

static uint32_t big_endian(const uint8_t b[4])
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static gan_status read_header(idx_file *f, int n_dims)
{
    uint8_t b[4];
    GAN_TRY(read_bytes(f, b, 4));
    uint32_t magic = big_endian(b), wanted = 0x0800u | (uint32_t)n_dims;
    if (magic != wanted)
        return GAN_FAIL(GAN_EDATA, "%s: not an IDX file of %s: it begins with 0x%08x, 0x%08x is wanted",
                        f->path, n_dims == 3 ? "images" : "labels", (unsigned)magic, (unsigned)wanted);
    f->n_dims = n_dims;
    for (int d = 0; d < n_dims; d++) {
        GAN_TRY(read_bytes(f, b, 4));
        if ((f->dims[d] = big_endian(b)) == 0)
            return GAN_FAIL(GAN_EDATA, "%s: dimension %d is zero", f->path, d + 1);
    }
    if (n_dims == 3 && f->dims[1] > MAX_PIXELS / f->dims[2])
        return GAN_FAIL(GAN_EDATA, "%s: images of %lld x %lld are too large; %d pixels are the limit",
                        f->path, (long long)f->dims[1], (long long)f->dims[2], MAX_PIXELS);
    return GAN_OK;
}

/* Open and read the header; n_dims: 3 for images, 1 for labels. On failure nothing is open. */
static gan_status idx_open(idx_file *f, const char *path, int n_dims)
{
    errno = 0;
    *f = (idx_file){.path = path, .gz = gzopen(path, "rb")};
    if (!f->gz) {
        int error = errno ? errno : ENOMEM;
        return GAN_FAIL(GAN_EDATA, "%s: cannot open: %s; %s", path, strerror(error), gan_file_remedy(error));
    }
    gan_status s = read_header(f, n_dims);
    if (s != GAN_OK) gzclose(f->gz);
    return s;
}

/* After the last element: nothing may follow, and the checksum of gzip must be right. Closes. */
static gan_status idx_finish(idx_file *f)
{
    char extra;
    int code, got = gzread(f->gz, &extra, 1);
    gan_status s = GAN_OK;
    if (got > 0)
        s = GAN_FAIL(GAN_EDATA, "%s: more bytes follow than were announced", f->path);
    else if (got < 0)
        s = GAN_FAIL(GAN_EDATA, "%s: damaged: %s", f->path, gzerror(f->gz, &code));
    if (gzclose(f->gz) != Z_OK && s == GAN_OK) s = GAN_FAIL(GAN_EDATA, "%s: damaged or cut off", f->path);
    return s;
}

/* ---- one dataset of the output
 * --------------------------------------------------------------------------------- */

typedef struct output {
    const char *path; /* for failure texts */
    hid_t dataset;
    int rank;
    hsize_t dims[4];
    int64_t row_bytes, n_written;
    uint8_t *batch; /* BATCH rows */
} output;

static hid_t create_dataset(hid_t file, const char *name, int rank, const hsize_t *dims)
{
    hsize_t chunk[4] = {0};
    memcpy(chunk, dims, (size_t)rank * sizeof *dims);
    hsize_t most = rank > 1 ? BATCH : LABELS_CHUNK;
    if (chunk[0] > most) chunk[0] = most;
    hid_t space = H5Screate_simple(rank, dims, NULL), p = H5Pcreate(H5P_DATASET_CREATE), dataset = -1;
    if (space >= 0 && p >= 0 && H5Pset_chunk(p, rank, chunk) >= 0 && H5Pset_deflate(p, COMPRESSION) >= 0 &&
        H5Pset_fletcher32(p) >= 0)
        dataset = H5Dcreate2(file, name, H5T_STD_U8LE, space, H5P_DEFAULT, p, H5P_DEFAULT);
    if (p >= 0) H5Pclose(p);
    if (space >= 0) H5Sclose(space);
    return dataset;
}

static gan_status output_open(output *o, gan_h5_file *f, const char *path, const char *name, int rank,
                              const int64_t *dims)
{
    *o = (output){.path = path, .dataset = -1, .rank = rank, .row_bytes = 1};
    for (int d = 0; d < rank; d++) o->dims[d] = (hsize_t)dims[d];
    for (int d = 1; d < rank; d++) o->row_bytes *= dims[d];
    if (!(o->batch = gan_calloc(BATCH * o->row_bytes, 1))) return GAN_ENOMEM;
    if ((o->dataset = create_dataset(f->id, name, rank, o->dims)) >= 0) return GAN_OK;
    return GAN_FAIL(GAN_EIO, "%s: cannot make /%s: %s", path, name, gan_h5_reason());
}

static void output_close(output *o)
{
    if (o->dataset >= 0) H5Dclose(o->dataset);
    gan_free(o->batch);
}

static gan_status write_rows(output *o, int64_t n)
{
    hsize_t start[4] = {(hsize_t)o->n_written}, count[4];
    memcpy(count, o->dims, sizeof count);
    count[0] = (hsize_t)n;
    hid_t file = H5Dget_space(o->dataset), memory = H5Screate_simple(o->rank, count, NULL);
    bool ok = file >= 0 && memory >= 0 &&
              H5Sselect_hyperslab(file, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
              H5Dwrite(o->dataset, H5T_NATIVE_UINT8, memory, file, H5P_DEFAULT, o->batch) >= 0;
    if (file >= 0) H5Sclose(file);
    if (memory >= 0) H5Sclose(memory);
    o->n_written += n;
    return ok ? GAN_OK : GAN_FAIL(GAN_EIO, "%s: cannot write: %s", o->path, gan_h5_reason());
}

/* Append all elements of one IDX file. */
static gan_status append(output *o, const char *idx_path, int n_dims)
{
    idx_file in;
    GAN_TRY(idx_open(&in, idx_path, n_dims));
    gan_status s = GAN_OK;
    for (int64_t at = 0; s == GAN_OK && at < in.dims[0]; at += BATCH) {
        int64_t n = in.dims[0] - at < BATCH ? in.dims[0] - at : BATCH;
        s = read_bytes(&in, o->batch, n * o->row_bytes);
        if (s == GAN_OK) s = write_rows(o, n);
    }
    if (s == GAN_OK) return idx_finish(&in);
    gzclose(in.gz);
    return s;
}

/* ---- the job
 * --------------------------------------------------------------------------------------------------- */

typedef struct job {
    const char *const *images, *const *labels;
    int n_files;
    int64_t dims[4]; /* of /images */
} job;

static gan_status peek(idx_file *f, const char *path, int n_dims)
{
    GAN_TRY(idx_open(f, path, n_dims));
    gzclose(f->gz);
    return GAN_OK;
}

/* Headers only: all image files have one size, and as many labels as images. */
static gan_status check_inputs(job *j)
{
    idx_file images, labels;
    for (int i = 0; i < j->n_files; i++) {
        GAN_TRY(peek(&images, j->images[i], 3));
        if (i > 0 && (images.dims[1] != j->dims[1] || images.dims[2] != j->dims[2]))
            return GAN_FAIL(GAN_EDATA, "%s: images of %lld x %lld, but those of %s are %lld x %lld",
                            images.path, (long long)images.dims[1], (long long)images.dims[2], j->images[0],
                            (long long)j->dims[1], (long long)j->dims[2]);
        j->dims[0] += images.dims[0];
        j->dims[1] = images.dims[1];
        j->dims[2] = images.dims[2];
        if (!j->labels) continue;
        GAN_TRY(peek(&labels, j->labels[i], 1));
        if (labels.dims[0] != images.dims[0])
            return GAN_FAIL(GAN_EDATA, "%s: %lld labels for the %lld images of %s", labels.path,
                            (long long)labels.dims[0], (long long)images.dims[0], images.path);
    }
    j->dims[3] = 1;
    return GAN_OK;
}

static gan_status write_dataset(const job *j, gan_h5_file *f, const char *path, const char *name,
                                const char *const *inputs, int n_dims)
{
    output o;
    gan_status s = output_open(&o, f, path, name, n_dims == 3 ? 4 : 1, j->dims);
    for (int i = 0; s == GAN_OK && i < j->n_files; i++) s = append(&o, inputs[i], n_dims);
    output_close(&o);
    return f->error ? GAN_EIO : s; /* gan_h5_close has the text */
}

/* Attribute "source" of the file: the names of the image files, without their directories. */
static gan_status write_source(const job *j, gan_h5_file *f, const char *path)
{
    char *names = gan_strdup("");
    for (int i = 0; names && i < j->n_files; i++) {
        const char *slash = strrchr(j->images[i], '/');
        char *longer = gan_sprintf("%s%s%s", names, i ? ", " : "", slash ? slash + 1 : j->images[i]);
        gan_free(names);
        names = longer;
    }
    if (!names) return GAN_ENOMEM;
    bool ok = gan_h5_put_text(f->id, "source", names);
    gan_free(names);
    return ok ? GAN_OK : GAN_FAIL(GAN_EIO, "%s: cannot write attribute source: %s", path, gan_h5_reason());
}

static gan_status write_all(const job *j, gan_h5_file *f, const char *path)
{
    GAN_TRY(write_dataset(j, f, path, "images", j->images, 3));
    if (j->labels) GAN_TRY(write_dataset(j, f, path, "labels", j->labels, 1));
    return write_source(j, f, path);
}

static gan_status write_file(const job *j, const char *path)
{
    gan_h5_file f;
    gan_h5_lock();
    gan_status s = gan_h5_open(&f, path, GAN_H5_CREATE, 0);
    if (s == GAN_OK) {
        s = write_all(j, &f, path);
        gan_status closed = gan_h5_close(&f, path);
        if (s == GAN_OK) s = closed;
    }
    gan_h5_unlock();
    return s;
}

static void say_what_was_written(const job *j, const char *path)
{
    struct stat st;
    double mib = stat(path, &st) == 0 ? (double)st.st_size / 1048576 : 0;
    gan_say(GAN_NORMAL, "%s: %lld images of %lld x %lld x 1%s, %.1f MiB", path, (long long)j->dims[0],
            (long long)j->dims[1], (long long)j->dims[2], j->labels ? " with labels" : "", mib);
}

gan_status gan_import_idx(const char *const *images, const char *const *labels, int n_files,
                          const char *out_path)
{
    job j = {.images = images, .labels = labels, .n_files = n_files};
    if (n_files < 1) return GAN_FAIL(GAN_EUSAGE, "import idx: no image file is given");
    GAN_TRY(check_inputs(&j));
    char *temp = gan_file_temp(out_path);
    if (!temp) return GAN_ENOMEM;
    gan_status s = write_file(&j, temp);
    if (s == GAN_OK)
        s = gan_file_publish(temp, out_path);
    else
        unlink(temp);
    if (s == GAN_OK) say_what_was_written(&j, out_path);
    gan_free(temp);
    return s;
}
