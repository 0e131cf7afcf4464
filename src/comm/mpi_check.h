/* How this module reads the return of every MPI call. */
#ifndef GAN_COMM_MPI_CHECK_H
#define GAN_COMM_MPI_CHECK_H

#include "gan/comm.h"

/* GAN_OK for MPI_SUCCESS; else GAN_EMPI with the text "MPI could not <what>: <MPI_Error_string>". */
gan_status gan__mpi(int code, const char *what);

/* The same where nobody can be told any more (closing): a warning. */
void gan__mpi_warn(int code, const char *what);

/* Wait for a nonblocking collective over all ranks, or those of this node, under the eyes of the stall watch. code: what starting
 * it returned. */
gan_status gan__finish(const gan_comm *c, int code, MPI_Request *request, const char *what);

/* The worst status over the ranks of any communicator, on all of them. */
gan_status gan__worst(MPI_Comm mpi, gan_status mine);

#endif
