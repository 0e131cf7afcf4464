/* The end of a run in which half a collective cannot be unwound. */
#ifndef GAN_COMM_END_H
#define GAN_COMM_END_H

#include "gan/comm.h"

#include <sys/types.h>

/* Local: end all ranks that MPI reaches, without a word. Whatever MPI does, this process ends within seconds, and so does the
 * mpirun that started it. c: NULL: all of the launcher's. */
__attribute__((noreturn)) void gan__comm_end(const gan_comm *c, gan_status why);

/* Local, where the end is near: should this rank be ended by another one's word, its mpirun ends all the same. Returns what
 * _forget takes when it was a false alarm. */
pid_t gan__end_prepare(void);
void gan__end_forget(pid_t *watcher); /* sets it to 0; takes one that is */

#endif
