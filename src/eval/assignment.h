/* Optimal assignment of points. */
#ifndef GAN_EVAL_ASSIGNMENT_H
#define GAN_EVAL_ASSIGNMENT_H

#include "gan/status.h"

#include <stdint.h>

/* The least mean distance over all ways to pair the points x [n,dims] with the points y [n,dims]: their Wasserstein-1 distance as
 * distributions of equal weights. Exact; n log n in one dimension, else at most n^3 steps. Deterministic. GAN_ENOMEM. */
gan_status gan__assignment(int64_t n, int64_t dims, const float *x, const float *y, double *mean_distance);

#endif
