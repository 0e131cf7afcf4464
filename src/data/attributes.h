/* CelebA's list of attributes (list_attr_celeba.txt): the number of pictures, a line of names, and for each picture its
 * file name and as many times 1 or -1, between blanks. Or the same as CSV (list_attr_celeba.csv of Kaggle): a line of
 * names, the first of which is that of the files, and the rows. */
#ifndef GAN_DATA_ATTRIBUTES_H
#define GAN_DATA_ATTRIBUTES_H

#include "gan/h5.h"
#include "gan/status.h"

#include <stdint.h>

typedef struct gan__attribute_row {
    const char *file;
    const int8_t *values; /* [n_names] */
} gan__attribute_row;

typedef struct gan__attributes {
    const char *path; /* borrowed */
    char *text;       /* the file, cut into words; names and files point into it */
    const char **names;
    gan__attribute_row *rows; /* sorted by file */
    int8_t *values;
    int64_t n_names, n_rows;
    int first_row; /* its line in the file */
} gan__attributes;

gan_status gan__attributes_read(gan__attributes *a, const char *path);
void gan__attributes_free(gan__attributes *a); /* takes a zeroed one */
/* The values of a picture, by its name without directories; GAN_EDATA names both files when it is not listed. */
gan_status gan__attributes_find(const gan__attributes *a, const char *picture, const int8_t **values);
/* Attribute "names" of the array /attributes: fixed-length strings. */
gan_status gan__attributes_put_names(const gan__attributes *a, hid_t dataset, const char *out);

#endif
