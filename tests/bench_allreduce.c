/* Sums over ranks beside MPI's own, by `make bench-comm` or by hand:
 *     mpirun -np 4 bench_allreduce [MiB ...]
 * Each line is one length and one time per way, in milliseconds: the median of rounds in which the ways take turns; a round
 * ends when the last rank is done. Every sum is checked. The ways:
 *   trained     as in a step of training: buckets of 1 MiB, within teams by shared memory, between them by messages
 *   buckets     ordered reductions of 1 MiB, all in flight at once, every rank for itself
 *   one         one ordered reduction
 *   Allreduce, Iallreduce   MPI's, with whatever it chooses for this length
 * GB/s is the bandwidth of MPI_Allreduce (2 (P-1)/P n bytes in its time); the ratios are of our bandwidth to that. */
#include "gan/clock.h"
#include "gan/collectives.h"
#include "gan/median.h"
#include "gan/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKET = 1 << 18, ROUNDS = 21 }; /* floats; one round more warms up */

typedef struct bench {
    const gan_comm *c;
    gan_team team;
    gan_team_memory memory; /* the sums, once a team; each rank's summands */
    gan_comm_set *set;
    gan_reduction **bucket, *one;
    float *x, *sums; /* [n] own summands; the team's sums */
    float *scratch;
    int64_t *at; /* of the blocks; buckets begin at multiples of theirs */
    int64_t n;
    int n_buckets;
} bench;

static void must(const bench *b, gan_status s)
{
    if (s != GAN_OK) gan_comm_abort(b->c, s, gan_fail_text());
}

static void must_mpi(const bench *b, int code)
{
    if (code != MPI_SUCCESS) gan_comm_abort(b->c, GAN_EMPI, "MPI refused a reduction");
}

static int64_t bucket_n(const bench *b, int i)
{
    int64_t left = b->n - (int64_t)i * BUCKET;
    return left < BUCKET ? left : BUCKET;
}

/* ---- the ways ------------------------------------------------------------------------------------------------ */

/* What an update does with its slice of a bucket; here the sum is only stored. */
static void take_slice(const bench *b, const gan_collectives *comm, int i)
{
    int64_t from, to;
    comm->slice(comm->user, i, &from, &to);
    for (int64_t k = from; k < to; k++) {
        const int64_t at = k * GAN_UPDATE_BLOCK, left = bucket_n(b, i) - at;
        const int64_t n = left < GAN_UPDATE_BLOCK ? left : GAN_UPDATE_BLOCK;
        const float *sum = comm->summed(comm->user, i, at, n, b->scratch);
        memcpy(b->sums + (int64_t)i * BUCKET + at, sum, (size_t)n * sizeof *sum);
    }
    comm->arrive(comm->user, i, GAN_UPDATED);
}

static void trained(bench *b)
{
    const gan_collectives *comm = gan_comm_set_vtable(b->set);
    for (int i = 0; i < b->n_buckets; i++) must(b, comm->start(comm->user, i));
    for (int i = 0; i < b->n_buckets; i++) {
        must(b, comm->wait(comm->user, i));
        take_slice(b, comm, i);
    }
    for (int i = 0; i < b->n_buckets; i++) must(b, comm->meet(comm->user, i, GAN_UPDATED));
}

static void buckets(bench *b)
{
    for (int i = 0; i < b->n_buckets; i++) must(b, gan_reduction_start(b->bucket[i]));
    for (int i = 0; i < b->n_buckets; i++) must(b, gan_reduction_wait(b->bucket[i]));
}

static void one(bench *b)
{
    must(b, gan_reduction_start(b->one));
    must(b, gan_reduction_wait(b->one));
}

static void allreduce(bench *b)
{
    must_mpi(b, MPI_Allreduce(MPI_IN_PLACE, b->x, (int)b->n, MPI_FLOAT, MPI_SUM, b->c->mpi));
}

static void iallreduce(bench *b)
{
    MPI_Request r;
    must_mpi(b, MPI_Iallreduce(MPI_IN_PLACE, b->x, (int)b->n, MPI_FLOAT, MPI_SUM, b->c->mpi, &r));
    must_mpi(b, MPI_Wait(&r, MPI_STATUS_IGNORE));
}

static const struct way {
    const char *name;
    void (*run)(bench *b);
    bool common; /* the sums are in b->sums, not in b->x */
} ways[] = {{"trained", trained, true},
            {"buckets", buckets, false},
            {"one", one, false},
            {"Allreduce", allreduce, false},
            {"Iallreduce", iallreduce, false}};
enum { WAYS = sizeof ways / sizeof *ways, MPIS = 3 };

/* ---- making -------------------------------------------------------------------------------------------------- */

static int64_t blocks_of(int64_t n)
{
    return (n + GAN_UPDATE_BLOCK - 1) / GAN_UPDATE_BLOCK;
}

static void open_set(bench *b)
{
    gan_sum_range *ranges = gan_calloc(b->n_buckets, sizeof *ranges);
    if (!ranges) must(b, GAN_ENOMEM);
    for (int i = 0; i < b->n_buckets; i++) {
        const gan_blocks blocks = {b->at + i * (BUCKET / GAN_UPDATE_BLOCK), blocks_of(bucket_n(b, i))};
        ranges[i] = (gan_sum_range){.data = b->x + (int64_t)i * BUCKET,
                                    .n = bucket_n(b, i),
                                    .stride = b->memory.each_bytes / (int64_t)sizeof(float),
                                    .blocks = blocks};
    }
    must(b, gan_comm_set_new(&b->set, &b->team, GAN_REDUCE_ORDERED, gan_kernels_get(gan_kernels_count() - 1), b->n_buckets,
                             ranges));
    gan_free(ranges);
}

static void bench_open(bench *b, const gan_comm *c, int64_t n)
{
    const int64_t bytes = n * (int64_t)sizeof(float);
    *b = (bench){.c = c, .n = n, .n_buckets = (int)((n + BUCKET - 1) / BUCKET)};
    must(b, gan_team_open(&b->team, c, 0, true));
    must(b, gan_team_memory_open(&b->memory, &b->team, bytes, bytes));
    b->sums = (float *)(void *)b->memory.common;
    b->x = (float *)(void *)(b->memory.each + b->team.rank * b->memory.each_bytes);
    b->bucket = gan_calloc(b->n_buckets, sizeof(gan_reduction *));
    b->scratch = gan_calloc(gan_summed_scratch(c->size), sizeof *b->scratch);
    b->at = gan_calloc(blocks_of(n) + 1, sizeof *b->at);
    if (!b->bucket || !b->scratch || !b->at) must(b, GAN_ENOMEM);
    for (int64_t i = 0; i <= blocks_of(n); i++) b->at[i] = i * GAN_UPDATE_BLOCK < n ? i * GAN_UPDATE_BLOCK : n;
    for (int i = 0; i < b->n_buckets; i++)
        must(b, gan_reduction_new(&b->bucket[i], c, 100 + i, GAN_REDUCE_ORDERED, b->x + (int64_t)i * BUCKET, bucket_n(b, i)));
    must(b, gan_reduction_new(&b->one, c, 99, GAN_REDUCE_ORDERED, b->x, n));
    open_set(b);
}

static void bench_close(bench *b)
{
    for (int i = 0; i < b->n_buckets; i++) gan_reduction_free(b->bucket[i]);
    gan_reduction_free(b->one);
    gan_comm_set_free(b->set);
    gan_team_memory_close(&b->memory);
    gan_team_close(&b->team);
    gan_free(b->bucket);
    gan_free(b->scratch);
    gan_free(b->at);
}

/* ---- measuring ----------------------------------------------------------------------------------------------- */

static void check(const bench *b, const struct way *w)
{
    const float *got = w->common ? b->sums : b->x, want = (float)(b->c->size * (b->c->size + 1) / 2);
    char text[128];
    for (int64_t i = 0; i < b->n; i++) {
        if (got[i] == want) continue;
        snprintf(text, sizeof text, "%s: element %lld is %g, not %g", w->name, (long long)i, got[i], want);
        gan_comm_abort(b->c, GAN_EINTERNAL, text);
    }
}

/* Seconds until the last rank is done. */
static double once(bench *b, const struct way *w)
{
    for (int64_t i = 0; i < b->n; i++) b->x[i] = (float)(b->c->rank + 1);
    must_mpi(b, MPI_Barrier(b->c->mpi));
    double start = gan_clock_s();
    w->run(b);
    double mine = gan_clock_s() - start, last;
    must_mpi(b, MPI_Allreduce(&mine, &last, 1, MPI_DOUBLE, MPI_MAX, b->c->mpi));
    check(b, w);
    return last;
}

static void measure(bench *b, double s[WAYS])
{
    double t[WAYS][ROUNDS + 1];
    for (int round = 0; round <= ROUNDS; round++)
        for (int w = 0; w < WAYS; w++) t[w][round] = once(b, &ways[w]);
    for (int w = 0; w < WAYS; w++) {
        s[w] = gan_median(t[w] + 1, ROUNDS);
    }
}

static void report(const gan_comm *c, double mib)
{
    const int P = c->size;
    double s[WAYS];
    bench b;
    bench_open(&b, c, (int64_t)(mib * 262144));
    measure(&b, s);
    if (c->rank == 0) {
        printf("%8.3f %2d x %-2d", mib, b.team.n_teams, b.team.size);
        for (int w = 0; w < WAYS; w++) printf(" %10.3f", s[w] * 1e3);
        printf(" %7.2f", 2.0 * (P - 1) / P * (double)b.n * 4e-9 / s[MPIS]);
        for (int w = 0; w < MPIS; w++) printf(" %7.2f", s[MPIS] / s[w]);
        printf("\n");
        fflush(stdout);
    }
    bench_close(&b);
}

static void run(const gan_comm *c, int argc, char **argv)
{
    static const double usual[] = {0.0625, 1, 4, 16};
    if (c->rank == 0) {
        printf("%8s %-7s", "MiB", "teams");
        for (int w = 0; w < WAYS; w++) printf(" %10s", ways[w].name);
        printf(" %7s", "GB/s");
        for (int w = 0; w < MPIS; w++) printf(" %7s", ways[w].name);
        printf("\n");
    }
    for (int i = 0; argc < 2 && i < 4; i++) report(c, usual[i]);
    for (int i = 1; i < argc; i++) report(c, atof(argv[i]));
}

int main(int argc, char **argv)
{
    gan_comm *c;
    MPI_Init(&argc, &argv);
    if (gan_comm_open(&c, MPI_COMM_WORLD) != GAN_OK) return fprintf(stderr, "%s\n", gan_fail_text()), 1;
    run(c, argc, argv);
    gan_comm_close(c);
    MPI_Finalize();
    return 0;
}
