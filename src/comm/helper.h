/* The thread that moves messages while its rank computes. */
#ifndef GAN_COMM_HELPER_H
#define GAN_COMM_HELPER_H

#include "gan/status.h"

typedef struct gan__helper gan__helper;
typedef gan_status gan__move_fn(void *user); /* moves what is under way; never blocks */

/* Local. *out is NULL if MPI or the system allows no such thread: then messages move between kernels only. */
gan_status gan__helper_start(gan__helper **out, gan__move_fn *move, void *user);
void gan__helper_stop(gan__helper *h); /* takes NULL; nothing may be lent */

/* From now on only the helper may call MPI / the rank itself again; returns what the helper has met. Take NULL. */
void gan__helper_lend(gan__helper *h);
gan_status gan__helper_take_back(gan__helper *h);

#endif
