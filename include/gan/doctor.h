/* `gan_mpi doctor`: whether this start, on these nodes, would run well. */
#ifndef GAN_DOCTOR_H
#define GAN_DOCTOR_H

#include "gan/comm.h"
#include "gan/config.h"

/* Collective. Looks at all ranks and prints a line per check on rank 0. cfg: the job, NULL when none is given; dir: where it would
 * write. When something is bad: the status that a run would most likely end with, with a text. Leaves no files. */
gan_status gan_doctor(const gan_comm *comm, const gan_config *cfg, const char *dir);

#endif
