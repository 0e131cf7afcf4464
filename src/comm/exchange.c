/* Small collectives of set-up, I/O and measures: copy from rank 0, smallest, same everywhere, one number from each, sums of counts,
 * and what each has a part of. */
#include "mpi_check.h"

gan_status gan_comm_bcast(const gan_comm *c, void *bytes, int64_t n)
{
    const int64_t piece = INT64_C(1) << 30; /* MPI counts are int */
    for (int64_t at = 0; c && at < n; at += piece) {
        int count = (int)(n - at < piece ? n - at : piece);
        GAN_TRY(gan__mpi(MPI_Bcast((char *)bytes + at, count, MPI_BYTE, 0, c->mpi), "copy from rank 0"));
    }
    return GAN_OK;
}

gan_status gan_comm_min(const gan_comm *c, int64_t mine, int64_t *min)
{
    MPI_Request q;
    return gan__finish(c, MPI_Iallreduce(&mine, min, 1, MPI_INT64_T, MPI_MIN, c->mpi, &q), &q, "find the smallest value");
}

gan_status gan_comm_same(const gan_comm *c, uint64_t mine, bool *same)
{
    uint64_t least[2] = {mine, ~mine}; /* the complement of the least complement is the largest value */
    *same = false;
    MPI_Request q;
    GAN_TRY(gan__finish(c, MPI_Iallreduce(MPI_IN_PLACE, least, 2, MPI_UINT64_T, MPI_MIN, c->mpi, &q), &q, "compare a value"));
    *same = least[0] == ~least[1];
    return GAN_OK;
}

gan_status gan_comm_gather(const gan_comm *c, uint64_t mine, uint64_t *out)
{
    MPI_Request q;
    return gan__finish(c, MPI_Iallgather(&mine, 1, MPI_UINT64_T, out, 1, MPI_UINT64_T, c->mpi, &q), &q,
                       "gather a value of each rank");
}

/* In pieces that MPI can count. */
static gan_status reduce(const gan_comm *c, void *values, int64_t n, int size, MPI_Datatype type, MPI_Op op, const char *what)
{
    const int64_t piece = INT64_C(1) << 27;
    MPI_Request q;
    for (int64_t at = 0; c && at < n; at += piece) {
        int count = (int)(n - at < piece ? n - at : piece);
        int code = MPI_Iallreduce(MPI_IN_PLACE, (char *)values + at * size, count, type, op, c->mpi, &q);
        GAN_TRY(gan__finish(c, code, &q, what));
    }
    return GAN_OK;
}

gan_status gan_comm_sum(const gan_comm *c, int64_t *counts, int64_t n)
{
    return reduce(c, counts, n, sizeof *counts, MPI_INT64_T, MPI_SUM, "add up counts");
}

gan_status gan_comm_merge(const gan_comm *c, void *bytes, int64_t n)
{
    return reduce(c, bytes, n, 1, MPI_BYTE, MPI_BOR, "put together what ranks have parts of");
}
