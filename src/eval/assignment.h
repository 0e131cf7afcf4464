/* Optimal assignment of points. */
#ifndef GAN_EVAL_ASSIGNMENT_H
#define GAN_EVAL_ASSIGNMENT_H

#include "gan/comm.h"

/* The least mean distance over all ways to pair the points x [n,dims] with the points y [n,dims]: their Wasserstein-1 distance as
 * distributions of equal weights. Exact; n log n in one dimension, else at most n^3 steps, a minute
 * for n = 4096; the ranks of c (NULL: none) that wait meanwhile are answered. Local, deterministic. GAN_ENOMEM. */
gan_status gan__assignment(const gan_comm *c, int64_t n, int64_t dims, const float *x, const float *y, double *mean_distance);

#endif
