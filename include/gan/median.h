/* The middle of repeated measurements. */
#ifndef GAN_MEDIAN_H
#define GAN_MEDIAN_H

#include <stdint.h>

/* Sorts x [n], n at least 1, from the smallest to the largest, and returns the middle one; of an even number the upper of two. */
double gan_median(double *x, int64_t n);

#endif
