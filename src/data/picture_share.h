/* What all ranks must know before each reads its part of the pictures. */
#ifndef GAN_DATA_PICTURE_SHARE_H
#define GAN_DATA_PICTURE_SHARE_H

#include "gan/comm.h"

/* Collective; c: NULL for a process alone. The list of pictures (see gan__picture_list) of rank 0 to all, who free it as
 * they would their own; s: what rank 0 has got instead, or GAN_OK. `dir` must be there on all nodes: GAN_EDATA names it
 * where it is not. After a failure, which all ranks get, the list is the caller's as well. */
gan_status gan__picture_list_share(const gan_comm *c, const char *dir, char ***paths, int64_t *n, gan_status s);

#endif
