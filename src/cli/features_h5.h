/* Features as an HDF5 file, written block by block. */
#ifndef GAN_CLI_FEATURES_H5_H
#define GAN_CLI_FEATURES_H5_H

#include "gan/h5.h"

typedef struct gan__features_file {
    const char *path; /* borrowed */
    char *temp;
    gan_h5_file file;
    hid_t set;
    int64_t n, size;
} gan__features_file;

/* What the file says of its features. Texts and arrays are borrowed. */
typedef struct gan__features_origin {
    const char *layers;     /* "leaky_relu1,leaky_relu2" */
    const int64_t *columns; /* [n_layers]: how many features each has, in that order */
    int n_layers;
    const char *pooling, *weights, *source;
    int64_t step;
} gan__features_origin;

/* Local. /features [n,size] float32 with attributes layers, columns, pooling, weights, step; of the file: source. Under a
 * temporary name until it is finished. GAN_EIO names path and reason; then nothing is open. f stays where it is. */
gan_status gan__features_create(gan__features_file *f, const char *path, int64_t n, int64_t size,
                                const gan__features_origin *o);
/* x [n,size]: rows first .. first+n-1. */
gan_status gan__features_write(gan__features_file *f, int64_t first, int64_t n, const float *x);
/* /labels of the dataset file, in their type and shape; *found: whether there are any. GAN_EDATA when they are no numbers, not
 * one for each image, or damaged; GAN_ENOMEM. */
gan_status gan__features_copy_labels(gan__features_file *f, const char *data_path, bool *found);
/* With GAN_OK the file gets its name; with another status it goes away, and the status is returned. */
gan_status gan__features_finish(gan__features_file *f, gan_status s);

#endif
