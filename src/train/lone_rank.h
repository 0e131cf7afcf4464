/* The part of one rank in a run of many, without the others. */
#ifndef GAN_TRAIN_LONE_RANK_H
#define GAN_TRAIN_LONE_RANK_H

#include "gan/train.h"

typedef struct gan__lone_rank {
    gan_collectives vtable;
    const gan_step *step; /* borrowed */
    int team;
    double *squares; /* of the blocks of any bucket */
} gan__lone_rank;

/* Let a session that was opened for other ranks than were started compute what its first rank would, in a team of `team`: sums
 * are this rank's own summands, so weights and metrics mean nothing afterwards. Between opening and closing the session. */
gan_status gan__lone_rank_open(gan__lone_rank *l, gan_session *s, int team);
void gan__lone_rank_close(gan__lone_rank *l); /* takes a zeroed one */

#endif
