/* The sums over ranks that a step program starts and waits for, as the graph sees them. */
#ifndef GAN_COLLECTIVES_H
#define GAN_COLLECTIVES_H

#include "gan/comm.h"
#include "gan/graph.h"

typedef struct gan_comm_set gan_comm_set;

/* Collective in order: one reduction per range, numbered as given. data[i] [n[i]] is borrowed. */
gan_status gan_comm_set_new(gan_comm_set **out, const gan_comm *c, gan_reduce_mode mode, int n_ranges,
                            float *const *data, const int64_t *n);
void gan_comm_set_free(gan_comm_set *s); /* takes NULL */
const gan_collectives *gan_comm_set_vtable(gan_comm_set *s); /* borrowed */
int64_t gan_comm_set_bytes(const gan_comm_set *s, int number); /* sent by this rank per use */

#endif
