/* The sums over ranks that a step program starts and waits for, as the graph sees them. */
#ifndef GAN_COLLECTIVES_H
#define GAN_COLLECTIVES_H

#include "gan/comm.h"
#include "gan/graph.h"

typedef struct gan_comm_set gan_comm_set;

/* Floats that are summed over ranks. Of a bucket, whose update the ranks of a team share, the summands lie in memory of
 * the team, `stride` floats from rank to rank; anything else (stride 0) is private and summed by messages. */
typedef struct gan_sum_range {
    float *data; /* [n] of this rank, borrowed */
    int64_t n, stride;
} gan_sum_range;

/* Collective: one reduction per range, numbered as given. */
gan_status gan_comm_set_new(gan_comm_set **out, const gan_team *t, gan_reduce_mode mode, const gan_kernels *k,
                            int n_ranges, const gan_sum_range *ranges);
void gan_comm_set_free(gan_comm_set *s); /* collective; takes NULL */
const gan_collectives *gan_comm_set_vtable(gan_comm_set *s); /* borrowed */

#endif
