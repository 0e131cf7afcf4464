/* Blocks on their way to rank 0, beside computation: see gan/comm.h. One message each, a nonblocking send here and a
 * receive there, so that a rank can make its next block while rank 0 is busy with the last one. */
#include "mpi_check.h"

#include <limits.h>

static gan_status check_length(int64_t n)
{
    if (n <= INT_MAX) return GAN_OK;
    return GAN_FAIL(GAN_ESHAPE, "a block of %lld bytes is too long for one message of MPI", (long long)n);
}

gan_status gan_delivery_start(gan_delivery *d, const gan_comm *c, const void *bytes, int64_t n)
{
    GAN_TRY(check_length(n));
    GAN_TRY(gan__mpi(MPI_Isend(bytes, (int)n, MPI_BYTE, 0, GAN_TAG_DELIVERY, c->mpi, &d->request),
                     "send a block to rank 0"));
    d->under_way = true;
    return GAN_OK;
}

gan_status gan_delivery_move_on(gan_delivery *d)
{
    int done = 0;
    if (!d->under_way) return GAN_OK;
    GAN_TRY(gan__mpi(MPI_Test(&d->request, &done, MPI_STATUS_IGNORE), "send a block to rank 0"));
    d->under_way = !done;
    return GAN_OK;
}

gan_status gan_delivery_finish(gan_delivery *d)
{
    if (!d->under_way) return GAN_OK;
    d->under_way = false;
    return gan__mpi(MPI_Wait(&d->request, MPI_STATUS_IGNORE), "send a block to rank 0");
}

gan_status gan_delivery_take(const gan_comm *c, int from, void *bytes, int64_t n)
{
    GAN_TRY(check_length(n));
    return gan__mpi(MPI_Recv(bytes, (int)n, MPI_BYTE, from, GAN_TAG_DELIVERY, c->mpi, MPI_STATUS_IGNORE),
                    "receive a block on rank 0");
}
