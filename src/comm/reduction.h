/* What the test of reductions needs beside the public header: the border between short and long vectors,
 * moved. */
#ifndef GAN_COMM_REDUCTION_H
#define GAN_COMM_REDUCTION_H

#include "gan/comm.h"

/* Up to here latency decides, not bandwidth. It changes nobody's result: both ways sum in the same tree. */
enum { GAN__WHOLE_MAX = 2048 };

gan_status gan__reduction_new(gan_reduction **out, const gan_comm *c, int number, gan_reduce_mode mode,
                              float *data, int64_t n, int64_t whole_max);

#endif
