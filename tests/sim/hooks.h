/* What src/comm/reduction.c calls in the simulation instead of MPI and our memory: its messages are real messages of SimGrid, its
 * buffers are folded onto each other, and adding takes simulated time. */
#ifndef GAN_SIM_HOOKS_H
#define GAN_SIM_HOOKS_H

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

extern double hooks_add_s;   /* seconds to add one float */
extern double hooks_added_s; /* all that this rank was charged */
extern bool hooks_waiting;   /* the rank does nothing but wait: sleep until a message comes */

float *hooks_arena(int64_t floats); /* where the vectors lie that are summed; folded, never freed */
void hooks_add(int64_t floats);     /* let the time pass that adding them takes */

#endif
