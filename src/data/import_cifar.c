/* CIFAR-10's binary files (data_batch_1.bin ..., plain or gzipped) to a dataset file.
 *
 * A file is records of one label byte (0..9) and 32 x 32 pixels, all red ones first, then green, then blue. There is
 * no header: a length that is no multiple of a record, or a label above 9, is how one notices another format (that of
 * CIFAR-100 has two label bytes). */
#include "gzip_whole.h"
#include "import.h"

#include "gan/data.h"
#include "gan/file.h"
#include "gan/mem.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

enum { SIDE = 32, PLANE = SIDE * SIDE, PIXELS = 3 * PLANE, RECORD = 1 + PIXELS, CLASSES = 10, BATCH = 256 };

typedef struct job {
    const char *const *files;
    int n_files;
    gan__import_array images, labels;
    uint8_t *pixels; /* BATCH images */
    uint8_t values[BATCH];
} job;

static const int64_t image_dims[3] = {SIDE, SIDE, 3};

/* GAN_OK with *more false at the end of the file. `number` counts from 1, as a person does. */
static gan_status read_record(gzFile gz, const char *path, long long number, uint8_t *record, bool *more)
{
    int code, got = gzread(gz, record, RECORD);
    *more = got == RECORD;
    const char *reason = gzerror(gz, &code);
    if (got < 0 || (got < RECORD && code != Z_OK))
        return GAN_FAIL(GAN_EDATA, "%s: record %lld: cannot read: %s; fetch the file again", path, number,
                        reason);
    if (got == 0 && number == 1)
        return GAN_FAIL(GAN_EDATA, "%s: the file is empty; wanted are records of %d bytes", path, RECORD);
    if (got > 0 && !*more)
        return GAN_FAIL(
            GAN_EDATA,
            "%s: record %lld is cut off: %d bytes instead of %d; fetch the file again, or is it none "
            "of CIFAR-10?",
            path, number, got, RECORD);
    if (*more && record[0] >= CLASSES)
        return GAN_FAIL(
            GAN_EDATA,
            "%s: record %lld has the label %d, 0 to %d are wanted; give the unpacked .bin files of "
            "CIFAR-10 (of CIFAR-100 there is no import)",
            path, number, record[0], CLASSES - 1);
    return GAN_OK;
}

static void to_channels_last(const uint8_t *planes, uint8_t *pixels)
{
    for (int i = 0; i < PLANE; i++)
        for (int c = 0; c < 3; c++) pixels[3 * i + c] = planes[c * PLANE + i];
}

static gan_status flush(job *j, int n)
{
    GAN_TRY(gan__import_array_append(&j->images, j->pixels, n));
    return gan__import_array_append(&j->labels, j->values, n);
}

static gan_status append(job *j, gzFile gz, const char *path)
{
    uint8_t record[RECORD];
    bool more = true;
    int n = 0;
    for (long long number = 1; more; number++) {
        GAN_TRY(read_record(gz, path, number, record, &more));
        if (more) {
            j->values[n] = record[0];
            to_channels_last(record + 1, j->pixels + (int64_t)PIXELS * n++);
        }
        if (n < BATCH && more) continue;
        GAN_TRY(flush(j, n));
        n = 0;
    }
    return GAN_OK;
}

static gan_status append_file(job *j, const char *path)
{
    GAN_TRY(gan_file_regular(path));
    GAN_TRY(gan__gzip_whole(path));
    errno = 0;
    gzFile gz = gzopen(path, "rb"); /* reads plain files as well */
    if (!gz) {
        int error = errno ? errno : ENOMEM;
        return GAN_FAIL(GAN_EDATA, "%s: cannot open: %s; %s", path, strerror(error), gan_file_remedy(error));
    }
    gan_status s = append(j, gz, path);
    if (gzclose(gz) != Z_OK && s == GAN_OK)
        s = GAN_FAIL(GAN_EDATA, "%s: damaged or cut off; fetch the file again", path);
    return s;
}

static gan_status fill(void *job_, gan_h5_file *f, const char *path)
{
    job *j = job_;
    gan_status s = gan__import_array_open(&j->images, f, path, "images", H5T_NATIVE_UINT8, 4, image_dims,
                                          GAN__IMPORT_QUICK);
    if (s == GAN_OK)
        s = gan__import_array_open(&j->labels, f, path, "labels", H5T_NATIVE_UINT8, 1, NULL,
                                   GAN__IMPORT_QUICK);
    for (int i = 0; s == GAN_OK && i < j->n_files; i++) s = append_file(j, j->files[i]);
    s = gan__import_array_close(&j->images, s);
    s = gan__import_array_close(&j->labels, s);
    return s == GAN_OK ? gan__import_put_source(f, path, j->files, j->n_files) : s;
}

gan_status gan_import_cifar(const char *const *files, int n_files, const char *out_path)
{
    job j = {.files = files, .n_files = n_files, .images.dataset = -1, .labels.dataset = -1};
    if (n_files < 1) return GAN_FAIL(GAN_EUSAGE, "import cifar: no file is given");
    if (!(j.pixels = gan_calloc(BATCH, PIXELS))) return GAN_ENOMEM;
    gan_status s = gan__import_write(out_path, fill, &j);
    gan_free(j.pixels);
    if (s == GAN_OK) gan__import_say(out_path, (int64_t)j.images.dims[0], image_dims, " with labels");
    return s;
}
