/* The stored form of a dataset: what its HDF5 file says and how its samples get into memory. */
#ifndef GAN_DATA_DATASET_H
#define GAN_DATA_DATASET_H

#include "gan/data.h"
#include "gan/h5.h"

/* What a file's /images is. Plain numbers only: ranks compare it bytewise and send it to each other. */
typedef struct gan_dataset_shape {
    int64_t n, features;
    int64_t n_dims, dims[GAN_DATA_MAX_DIMS]; /* of a sample */
    int64_t is_float;                        /* 0: uint8, 1: float32 */
    double lo, hi;                           /* the range that the file states; uint8: 0, 255 */
} gan_dataset_shape;

/* Local. Check the file without reading samples. GAN_EDATA names file, what was found and what is wanted. */
gan_status gan__dataset_probe(const char *path, gan_dataset_shape *shape);

/* Local. Read all samples into `to` (gan__dataset_bytes(shape)), in stored order, and check floats: all
 * finite, all in the stated range. */
gan_status gan__dataset_load(const char *path, const gan_dataset_shape *shape, void *to);

int64_t gan__dataset_bytes(const gan_dataset_shape *shape);

/* ---- the same piece by piece --------------------------------------------------------------------------------- */

typedef struct gan__dataset { /* an open file; stays where it is */
    const char *path;         /* borrowed */
    gan_h5_file file;
    hid_t images;
    gan_dataset_shape shape;
} gan__dataset;

/* Local. The failures of probe; then nothing is open. */
gan_status gan__dataset_open(gan__dataset *d, const char *path);
/* Local. Samples first .. first+n-1 as they are stored; the failures of load. */
gan_status gan__dataset_read(const gan__dataset *d, int64_t first, int64_t n, void *to);
void gan__dataset_close(gan__dataset *d);

/* ---- stored values to samples -------------------------------------------------------------------------------- */

typedef struct gan__scaling {
    float p, q; /* sample value = p * stored value + q */
} gan__scaling;

void gan__dataset_scale(const gan_dataset_shape *shape, float lo, float hi, gan__scaling *s);
/* x [n]: stored values at .. at+n-1 of an array in memory. */
void gan__dataset_convert(const gan_kernels *k, const gan_dataset_shape *shape, const gan__scaling *s, const void *stored,
                          int64_t at, int64_t n, float *x);

#endif
