/* The stall watch: no rank waits for ever for one that hangs, or whose host or network is down.
 *
 * A rank that waits looks at the clock. When it has waited for a quarter of the limit it tells all others what it waits for,
 * and asks for a sign of life; each answers between two kernels, or from its own wait. When the limit is over the run ends
 * with the names of ranks and hosts that have given no sign, or, if all live and none computes, with who waits for whom.
 * Nothing is sent while nothing stalls. */
#ifndef GAN_STALL_H
#define GAN_STALL_H

#include "gan/comm.h"

/* Collective, allocates: watch c and the columns of its teams from now on. limit_s: 0: never end a run. */
gan_status gan_stall_open(const gan_comm *c, double limit_s);
void gan_stall_close(const gan_comm *c); /* local; also of one that is not watched */

/* For messages: the step that is under way, and what the next wait is for, as "sum" and "generator bucket 2" (borrowed; of may be
 * NULL). */
void gan_stall_step(const gan_comm *c, int64_t step);
void gan_stall_doing(const gan_comm *c, const char *what, const char *of);

/* Between kernels, and wherever a rank is long at work without waiting for others: answer whoever asks. One look at the clock. */
void gan_stall_look(const gan_comm *c);

/* In a loop that polls: if (gan_stall_due(c, &w)) gan_stall_waits(c, &w, rank), w zeroed before the loop; rank: of c, whom this
 * one waits for, -1: unknown. May end the run. A look at the clock every few polls. */
typedef struct gan_wait {
    int polls;
    double since_s; /* on the watch's own clock */
    bool begun, warned;
} gan_wait;
bool gan_stall_due(const gan_comm *c, gan_wait *w);
void gan_stall_waits(const gan_comm *c, gan_wait *w, int rank);

#endif
