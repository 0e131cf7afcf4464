/* The list of moves of a reduction: which range goes to whom, and what comes. */
#ifndef GAN_COMM_MOVES_H
#define GAN_COMM_MOVES_H

#include "gan/status.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct gan__stretch {
    int64_t at, n;
} gan__stretch;

typedef struct gan__move {
    int partner;
    gan__stretch send, receive;
    bool add; /* what comes is added; else it takes its place */
} gan__move;

typedef enum gan__way {
    GAN__WHOLE,  /* a sum, everything to everybody */
    GAN__SUM,    /* halving, then gather */
    GAN__HALVE,  /* the first half of that: each rank ends with the sums of its part */
    GAN__GATHER  /* the second half: each rank's part goes to all */
} gan__way;

typedef struct gan__moves {
    gan__move *list;
    int n;
} gan__moves;

/* Of `n` units, size a power of two. cuts [n+1]: floats before each unit, from a begin of its own; NULL: units are floats. */
gan_status gan__moves_new(gan__moves *out, gan__way way, int rank, int size, int64_t n, const int64_t *cuts);
void gan__moves_free(gan__moves *m);

/* The part of a rank, in units: what it has summed up after halving. */
gan__stretch gan__moves_part(int rank, int size, int64_t n);

#endif
