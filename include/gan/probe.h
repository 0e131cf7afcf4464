/* What can be measured between ranks before a run: links and clocks. Not for inside a step: these calls wait. */
#ifndef GAN_PROBE_H
#define GAN_PROBE_H

#include "gan/comm.h"

/* Collective: n bytes of every rank, in rank order, to rank 0. all [size][n] there; others may pass NULL. */
gan_status gan_probe_collect(const gan_comm *c, const void *mine, int n, void *all);

/* Collective: seconds that a message of n bytes (8 at least) takes between rank 0 and `peer`, one way: half of the shortest of
 * the round trips that fit in limit_s, and of three at least. On rank 0 only; elsewhere *one_way_s is 0. */
gan_status gan_probe_link(const gan_comm *c, int peer, int n, double limit_s, double *one_way_s);

/* Collective: by how much this rank's wall clock is ahead of rank 0's, and the round trip that this is uncertain by. */
gan_status gan_probe_clock(const gan_comm *c, double *ahead_s, double *trip_s);

#endif
