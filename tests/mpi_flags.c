/* np: 2 */
/* A thread looks after messages while its rank arrives (comm/helper.c does so): of a bucket whose update two teams share, the flag
 * goes up when the other team's part has come, and not before, however the two threads meet. */
#include "../src/comm/bucket.h"
#include "mpi_test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { USES = 60, BLOCKS = 4, N = BLOCKS * GAN_UPDATE_BLOCK, LOOKS = 20 };

typedef struct rig {
    mpi_test *t;
    gan_team team;
    gan__bucket_sum *bucket;
    void *common;
    float *scratch;
    atomic_int looks;
    atomic_bool quit;
    gan_status status; /* of the thread */
} rig;

static void open_rig(rig *r)
{
    static float grad[N], weights[N];
    static int64_t at[BLOCKS + 1];
    for (int i = 0; i <= BLOCKS; i++) at[i] = i * GAN_UPDATE_BLOCK;
    const gan_sum_range range = {.data = grad, .n = N, .stride = N, .blocks = {at, BLOCKS}, .weights = weights};
    r->common = gan_calloc(gan__bucket_bytes(&r->team, BLOCKS), 1);
    r->scratch = gan_calloc(gan_summed_scratch(r->t->c->size), sizeof *r->scratch);
    CHECK_OK(r->t, gan__bucket_sum_new(&r->bucket, &r->team, 0, GAN_REDUCE_ORDERED, gan_kernels_get(0), &range, r->common,
                                        r->scratch));
}

static gan_status look(rig *r)
{
    GAN_TRY(gan__bucket_look(r->bucket));
    return gan_reductions_move_on(r->t->c);
}

static void *look_all_the_time(void *user)
{
    rig *r = user;
    while (!atomic_load(&r->quit) && r->status == GAN_OK) {
        r->status = look(r);
        atomic_fetch_add(&r->looks, 1);
    }
    return NULL;
}

/* The other rank does nothing meanwhile. Returns whether the flag was up. */
static bool arrive_while_looking(rig *r)
{
    pthread_t thread;
    atomic_store(&r->looks, 0);
    atomic_store(&r->quit, false);
    CHECK(r->t, pthread_create(&thread, NULL, look_all_the_time, r) == 0, "no thread");
    while (atomic_load(&r->looks) < LOOKS) sched_yield();
    gan__bucket_arrive(r->bucket, GAN_UPDATED);
    const int then = atomic_load(&r->looks);
    while (atomic_load(&r->looks) < then + LOOKS) sched_yield();
    const bool up = gan__bucket_all_came(r->bucket, GAN_UPDATED);
    atomic_store(&r->quit, true);
    pthread_join(thread, NULL);
    CHECK_OK(r->t, r->status);
    return up;
}

static void use(rig *r, int number)
{
    bool gone;
    gan__bucket_arrive(r->bucket, GAN_STORED);
    CHECK_OK(r->t, gan__bucket_send(r->bucket, &gone));
    CHECK_OK(r->t, gan_reduction_wait(gan__bucket_column(r->bucket)));
    if (r->t->c->rank == 0) CHECK(r->t, !arrive_while_looking(r), "use %d: the flag is up, but nothing has come", number);
    MPI_Barrier(r->t->c->mpi);
    if (r->t->c->rank == 1) gan__bucket_arrive(r->bucket, GAN_UPDATED);
    do CHECK_OK(r->t, look(r));
    while (!gan__bucket_all_came(r->bucket, GAN_UPDATED));
    MPI_Barrier(r->t->c->mpi);
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    rig r = {.t = &t};
    int level;
    MPI_Query_thread(&level);
    CHECK_OK(&t, gan_team_open(&r.team, t.c, 1, true));
    open_rig(&r);
    for (int i = 0; i < USES && r.bucket && level >= MPI_THREAD_SERIALIZED; i++) use(&r, i);
    gan__bucket_sum_free(r.bucket);
    gan_free(r.common);
    gan_free(r.scratch);
    gan_team_close(&r.team);
    return mpi_test_end(&t);
}
