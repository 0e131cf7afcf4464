/* The stored form of a dataset: what its HDF5 file says and how its samples get into memory. */
#ifndef GAN_DATA_DATASET_H
#define GAN_DATA_DATASET_H

#include "gan/data.h"

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

#endif
