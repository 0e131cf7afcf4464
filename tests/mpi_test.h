/* What the MPI tests share: start, checks that print what they saw, and an end that all ranks agree on.
 *
 * The first line of such a test names the rank counts it is run with. Any failed check on any rank makes the
 * exit code of all ranks 1. */
#ifndef GAN_MPI_TEST_H
#define GAN_MPI_TEST_H

#include "gan/comm.h"
#include "gan/mem.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct mpi_test {
    gan_comm *c;
    int64_t live_before;
    int failures;
} mpi_test;

#define CHECK(t, condition, ...)                                                                             \
    do {                                                                                                     \
        if (!(condition) && (t)->failures++ < 10) {                                                          \
            fprintf(stderr, "%s:%d: rank %d of %d: %s: ", __FILE__, __LINE__, (t)->c->rank, (t)->c->size,    \
                    #condition);                                                                             \
            fprintf(stderr, __VA_ARGS__);                                                                    \
            fputc('\n', stderr);                                                                             \
        }                                                                                                    \
    } while (0)

#define CHECK_OK(t, call)                                                                                    \
    do {                                                                                                     \
        gan_status status_ = (call);                                                                         \
        CHECK(t, status_ == GAN_OK, "%s gave \"%s\": %s", #call, gan_status_text(status_), gan_fail_text()); \
    } while (0)

static inline mpi_test mpi_test_start(int *argc, char ***argv)
{
    mpi_test t = {NULL, gan_mem_live(), 0};
    int level; /* as in main.c: the helper of comm/helper.c is there as well */
    MPI_Init_thread(argc, argv, MPI_THREAD_SERIALIZED, &level);
    if (gan_comm_open(&t.c, MPI_COMM_WORLD) == GAN_OK) return t;
    fprintf(stderr, "gan_comm_open: %s\n", gan_fail_text());
    MPI_Abort(MPI_COMM_WORLD, 1);
    exit(1);
}

/* Exit code of the test. Ends MPI. */
static inline int mpi_test_end(mpi_test *t)
{
    int64_t live = gan_mem_live() - t->live_before;
    CHECK(t, live == 3, "%lld blocks live, of which 3 are the communicator's", (long long)live);
    MPI_Allreduce(MPI_IN_PLACE, &t->failures, 1, MPI_INT, MPI_SUM, t->c->mpi);
    if (t->failures && t->c->rank == 0)
        fprintf(stderr, "%d failed checks on %d ranks\n", t->failures, t->c->size);
    gan_comm_close(t->c);
    MPI_Finalize();
    return t->failures != 0;
}

#endif
