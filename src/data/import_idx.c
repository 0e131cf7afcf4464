/* IDX files (the format of MNIST, plain or gzipped) to a dataset file.
 *
 * An IDX file is: two zero bytes, the type of the elements (8: uint8), the number of dimensions, the
 * dimensions as big-endian 32-bit numbers, the elements. It has no checksum of its own, so the length must be
 * exact: a byte too few or too many is an error. Inputs are checked first, all of them, so that a bad second
 * file costs no compression. */
#include "gzip_whole.h"
#include "import.h"

#include "gan/data.h"
#include "gan/file.h"
#include "gan/mem.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

enum { MAX_PIXELS = 1 << 22 };

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

/* After the last element nothing may follow. Closes. */
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

/* ---- arrays ------------------------------------------------------------------------------------------------ */

/* Append all elements of one IDX file; `rows` has room for a chunk. */
static gan_status append(gan__import_array *o, uint8_t *rows, const char *idx_path, int n_dims)
{
    idx_file in;
    GAN_TRY(idx_open(&in, idx_path, n_dims));
    gan_status s = GAN_OK;
    for (int64_t at = 0; s == GAN_OK && at < in.dims[0]; at += o->chunk_rows) {
        int64_t n = in.dims[0] - at < o->chunk_rows ? in.dims[0] - at : o->chunk_rows;
        s = read_bytes(&in, rows, n * o->row_bytes);
        if (s == GAN_OK) s = gan__import_array_append(o, rows, n);
    }
    if (s == GAN_OK) return idx_finish(&in);
    gzclose(in.gz);
    return s;
}

/* ---- the job ----------------------------------------------------------------------------------------------- */

typedef struct job {
    const char *const *images, *const *labels;
    int n_files;
    int64_t dims[4]; /* of /images */
} job;

static gan_status peek(idx_file *f, const char *path, int n_dims)
{
    GAN_TRY(idx_open(f, path, n_dims));
    gzclose(f->gz);
    return gan__gzip_whole(path);
}

/* Headers and checksums only: all image files have one size, and as many labels as images. */
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
    gan__import_array o;
    GAN_TRY(gan__import_array_open(&o, f, path, name, H5T_NATIVE_UINT8, n_dims == 3 ? 4 : 1, j->dims + 1,
                                   GAN__IMPORT_TIGHT));
    uint8_t *rows = gan_calloc(o.chunk_rows, (size_t)o.row_bytes);
    gan_status s = rows ? GAN_OK : GAN_ENOMEM;
    for (int i = 0; s == GAN_OK && i < j->n_files; i++) s = append(&o, rows, inputs[i], n_dims);
    gan_free(rows);
    s = gan__import_array_close(&o, s);
    return f->error ? GAN_EIO : s; /* gan_h5_close has the text */
}

static gan_status fill(void *job_, gan_h5_file *f, const char *path)
{
    const job *j = job_;
    GAN_TRY(write_dataset(j, f, path, "images", j->images, 3));
    if (j->labels) GAN_TRY(write_dataset(j, f, path, "labels", j->labels, 1));
    return gan__import_put_source(f, path, j->images, j->n_files);
}

gan_status gan_import_idx(const char *const *images, const char *const *labels, int n_files,
                          const char *out_path)
{
    job j = {.images = images, .labels = labels, .n_files = n_files};
    if (n_files < 1) return GAN_FAIL(GAN_EUSAGE, "import idx: no image file is given");
    GAN_TRY(check_inputs(&j));
    GAN_TRY(gan__import_write(out_path, fill, &j));
    gan__import_say(out_path, j.dims[0], j.dims + 1, j.labels ? " with labels" : "");
    return GAN_OK;
}
