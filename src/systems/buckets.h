/* Buckets: the ranges in which a network's gradient is reduced and updated. */
#ifndef GAN_BUCKETS_H
#define GAN_BUCKETS_H

#include "gan/system.h"

typedef struct gan__bucket {
    int64_t offset, n; /* floats of the arena */
    gan_blocks blocks;
    bool state;
    int number;         /* of its reduction */
    gan_id updated; /* node behind the latest update in the step program, GAN_NONE */
    gan_id wait;    /* of that update, GAN_NONE in a run of one rank; and its nodes */
    gan_update_nodes nodes;
} gan__bucket;

struct gan_buckets {
    gan__bucket *list; /* in the order in which backward finishes them: last layers first, states at the end */
    int n;
    int64_t *at; /* where the blocks of the arena begin: the same for buckets of any size */
};

gan_status gan__buckets_new(struct gan_buckets **out, const gan_network *net, int64_t bucket_floats);
void gan__buckets_free(struct gan_buckets *b);

/* Let the last update of each network run in the next step, if nobody reads the new weights in this one. (carry.c) */
gan_status gan__step_carry(gan_step *s);

/* reference.c: before a network is applied: what of it refers to a reference batch gets that, once for each version of the weights. */
gan_status gan__step_refer(gan_step *s, int net);

/* Append to the step: a sum over all ranks of this range; of a bucket, whose update a team shares, or of anything else. */
gan_status gan__step_add_reduction(gan_step *s, const gan_range *r, int *number);

#endif
