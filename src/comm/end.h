/* The end of a run in which half a collective cannot be unwound. */
#ifndef GAN_COMM_END_H
#define GAN_COMM_END_H

#include "gan/comm.h"

/* Local: end all ranks that MPI reaches, without a word. Whatever MPI does, this process ends within seconds, and so does the
 * mpirun that started it. c: NULL: all of the launcher's. */
__attribute__((noreturn)) void gan__comm_end(const gan_comm *c, gan_status why);

#endif
