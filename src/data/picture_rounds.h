/* All pictures of a list, read by all ranks, handed to rank 0 in the order of the list. */
#ifndef GAN_DATA_PICTURE_ROUNDS_H
#define GAN_DATA_PICTURE_ROUNDS_H

#include "picture_block.h"

/* Rank 0: pictures first .. first+n-1 of the list, n at least 1; `b` is borrowed for the call. */
typedef gan_status gan__picture_writer(void *job, const gan__picture_block *b, int64_t first, int64_t n);

typedef struct gan__picture_rounds {
    const gan_comm *c; /* NULL: this process alone */
    const gan__picture_wish *wish;
    char *const *paths; /* [n], the same on all ranks */
    int64_t n;
    int64_t room; /* pictures that a rank may hold at a time (two such blocks each) */
    gan__picture_writer *write;
    void *job;
} gan__picture_rounds;

/* Collective, and ends in an agreement. `s`: how this rank's preparations went; when they failed anywhere nothing is read.
 * The status is GAN_OK when all pictures are read and written, else the worst of all ranks; the text is on the ranks where
 * it happened, which all stop in the same round. So of several bad pictures the first one is on the lowest such rank. */
gan_status gan__picture_rounds_run(const gan__picture_rounds *r, gan_status s);

#endif
