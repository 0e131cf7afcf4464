/* What the importers share: a dataset file that appears whole or not at all, and arrays in it that grow row by row, so
 * that nobody has to know beforehand how many of the inputs are good. */
#ifndef GAN_DATA_IMPORT_H
#define GAN_DATA_IMPORT_H

#include "gan/h5.h"
#include "gan/status.h"

#include <stdint.h>

enum { GAN__IMPORT_TIGHT = 9, GAN__IMPORT_QUICK = 4, GAN__IMPORT_PLAIN = 0 }; /* compression: small pictures; photographs; none */

typedef struct gan__import_array {
    const char *path; /* of the file, for failure texts; borrowed */
    hid_t dataset, type; /* type of the elements in memory, one byte each; not owned */
    int rank;
    hsize_t dims[4];    /* dims[0]: rows so far */
    int64_t row_bytes;
    int64_t chunk_rows; /* gan__import_rows_per_chunk */
} gan__import_array;

/* A good number of rows to append at a time. */
int64_t gan__import_rows_per_chunk(int64_t row_bytes);
/* A new array of a file, dims [*, row_dims[0], ...] with `rank` dimensions in all, of H5T_NATIVE_UINT8 or _INT8. */
gan_status gan__import_array_open(gan__import_array *a, gan_h5_file *f, const char *path, const char *name, hid_t type,
                                  int rank, const int64_t *row_dims, unsigned compression);
gan_status gan__import_array_append(gan__import_array *a, const void *rows, int64_t n);
/* Takes one that failed to open. GAN_EIO when what HDF5 still held could not be written; `s` if that is a failure. */
gan_status gan__import_array_close(gan__import_array *a, gan_status s);

/* Make `out_path`: `fill` gets an empty file, its name for failure texts, and `job`; what it leaves replaces
 * `out_path`, unless it fails. */
typedef gan_status gan__import_fill(void *job, gan_h5_file *f, const char *path);
gan_status gan__import_write(const char *out_path, gan__import_fill *fill, void *job);

/* Attribute "source" of the file: the names of the inputs, without their directories. */
gan_status gan__import_put_source(gan_h5_file *f, const char *path, const char *const *inputs, int n);

/* "OUT: 4 images of 2 x 2 x 1<extra>, 0.1 MiB". */
void gan__import_say(const char *out_path, int64_t n, const int64_t image_dims[3], const char *extra);

#endif
