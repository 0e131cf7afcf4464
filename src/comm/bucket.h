/* A bucket: a range of a network's gradient arena, summed over all ranks and updated by the ranks of each team together. */
#ifndef GAN_COMM_BUCKET_H
#define GAN_COMM_BUCKET_H

#include "gan/collectives.h"

typedef struct gan__bucket_sum gan__bucket_sum;

/* Bytes of the team's common memory that a bucket of so many blocks needs for its flags and norms. */
int64_t gan__bucket_bytes(const gan_team *t, int64_t n_blocks);

/* Local. r->data [n]: this rank's summands; those of the team's other ranks lie r->stride floats apart, in order of rank.
 * `common`: gan__bucket_bytes zero bytes, the same place on all ranks of the team; scratch: gan_summed_scratch floats, one
 * piece for all buckets. All is borrowed. */
gan_status gan__bucket_sum_new(gan__bucket_sum **out, const gan_team *t, int number, gan_reduce_mode mode,
                               const gan_kernels *k, const gan_sum_range *r, void *common, float *scratch);
void gan__bucket_count_in(gan__bucket_sum *b, gan_flight *f);
void gan__bucket_sum_free(gan__bucket_sum *b); /* takes NULL */

/* This rank has come to an event / have all ranks of the team? */
void gan__bucket_arrive(gan__bucket_sum *b, gan_event e);
bool gan__bucket_all_came(const gan__bucket_sum *b, gan_event e);
int gan__bucket_missing(const gan__bucket_sum *b, gan_event e); /* a rank of the team that has not; this one, if all have */
/* Between teams, without waiting: send this rank's slice on its way, if all summands of the team are there (*gone). All ranks
 * must send the same buckets in the same order: collectives of MPI want that. */
gan_status gan__bucket_send(gan__bucket_sum *b, bool *gone);
gan_reduction *gan__bucket_column(gan__bucket_sum *b); /* what was sent, to be waited for; the bucket's */

/* Raise the flags of events whose messages have come by now. */
gan_status gan__bucket_look(gan__bucket_sum *b);
/* See gan_comm_set_parts. */
gan_status gan__bucket_parts(const gan__bucket_sum *b, float *range, bool to_first);

/* The blocks [from, to) of the bucket that this rank updates. */
void gan__bucket_slice(const gan__bucket_sum *b, int64_t *from, int64_t *to);
/* After the meeting GAN_STORED: n <= GAN_UPDATE_BLOCK sums over all ranks from `at` on, within the slice; they
 * may lie in scratch, gan_summed_scratch floats. Threads may ask at the same time. */
const float *gan__bucket_summed(const gan__bucket_sum *b, int64_t at, int64_t n, float *scratch);
double *gan__bucket_squares(const gan__bucket_sum *b);

#endif
