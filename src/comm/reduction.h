/* What is no business of others than src/comm and its tests: the border between short and long vectors, moved; and halves of a
 * sum. */
#ifndef GAN_COMM_REDUCTION_H
#define GAN_COMM_REDUCTION_H

#include "gan/comm.h"

/* Up to here latency decides, not bandwidth. It changes nobody's result: both ways sum in the same tree. */
enum { GAN__WHOLE_MAX = 2048 };

gan_status gan__reduction_new(gan_reduction **out, const gan_comm *c, int number, gan_reduce_mode mode,
                              float *data, int64_t n, int64_t whole_max);

/* The two halves of a sum, for what is done to the sums in between by whoever has them. Units [n] are not torn apart; cuts
 * [n+1]: floats before each, from any begin, used here only. Then each rank has the sums of its part (gan__moves_part), the rest
 * of data is of no meaning; or gather: each rank's part of data goes to all. tags: the first of its kind. */
gan_status gan__reduction_half_new(gan_reduction **out, const gan_comm *c, int number, int tags, bool gather, float *data,
                                   int64_t n_units, const int64_t *cuts);

#endif
