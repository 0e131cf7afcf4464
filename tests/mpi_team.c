/* np: 1 2 3 4 6 8 16 */
/* Proved here, for every size of team that the ranks allow: who is in which team; what memory a team has in common; and
 * that buckets do what an update needs of them. The slices of a team cover the bucket once; each element of a slice is, bit for
 * bit, the binary tree over all ranks of inputs of mixed magnitude (within rounding in fast mode and for other numbers
 * of ranks); what a rank writes before an event is seen by its team after the meeting, use after use, with some ranks late.
 * The same where teams share the update: weights and squares of all parts are seen; and parts of other arrays are moved. */
#include "../src/comm/bucket.h"
#include "mpi_sums.h"
#include "mpi_test.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { USES = 5, BUCKETS = 3, MOST_BLOCKS = 40 };

static const int64_t lengths[BUCKETS] = {70001, 5, 3 * GAN_UPDATE_BLOCK};

static bool is_power(int n)
{
    return (n & (n - 1)) == 0;
}

/* ---- teams and their memory ------------------------------------------------------------------------------------- */

static void check_team(mpi_test *t, const gan_team *m, int size)
{
    CHECK(t, m->size == size && m->n_teams == t->c->size / size, "%d teams of %d, wanted %d", m->n_teams,
          m->size, size);
    CHECK(t, m->rank == t->c->rank % size && m->number == t->c->rank / size, "rank %d of team %d", m->rank,
          m->number);
    CHECK(t, m->column.rank == m->number && m->column.size == m->n_teams, "column rank %d of %d",
          m->column.rank, m->column.size);
}

static void check_memory(mpi_test *t, const gan_team *m)
{
    gan_team_memory mem;
    CHECK_OK(t, gan_team_memory_open(&mem, m, 100, 5000));
    int *common = (int *)(void *)mem.common, *mine = (int *)(void *)(mem.each + m->rank * mem.each_bytes);
    CHECK(t, mem.each_bytes >= 5000 && mem.each_bytes % 64 == 0, "%lld bytes", (long long)mem.each_bytes);
    CHECK(t, *common == 0 && mine[1249] == 0, "%d, %d", *common, mine[1249]);
    CHECK_OK(t, gan_comm_agree(t->c, GAN_OK));
    common[m->rank] = 1000 + t->c->rank;
    mine[0] = mine[1249] = 2000 + t->c->rank;
    CHECK_OK(t, gan_comm_agree(t->c, GAN_OK));
    for (int r = 0; r < m->size; r++) {
        int rank = m->number * m->size + r, *theirs = (int *)(void *)(mem.each + r * mem.each_bytes);
        CHECK(t, common[r] == 1000 + rank, "%d of rank %d", common[r], rank);
        CHECK(t, theirs[0] == 2000 + rank && theirs[1249] == 2000 + rank, "%d of rank %d", theirs[0], rank);
    }
    gan_team_memory_close(&mem);
}

/* ---- buckets ---------------------------------------------------------------------------------------------------- */

typedef struct rig {
    mpi_test *t;
    const gan_team *team;
    const gan_kernels *k;
    gan_reduce_mode mode;
    bool shared; /* the update, between teams */
    gan_team_memory memory; /* the "weights" of all buckets; each rank's summands */
    gan_comm_set *set;
    const gan_collectives *comm;
    gan_sum_range range[BUCKETS];
    int64_t blocks[BUCKETS][MOST_BLOCKS]; /* where they begin, in an arena with something before */
    float *weights[BUCKETS]; /* of the team */
} rig;

/* Into blocks of different sizes, as those at the ends of layers are. */
static gan_blocks cut(int64_t *at, int64_t n)
{
    gan_blocks blocks = {at, 0};
    int64_t begin = 0;
    for (; begin < n; begin += blocks.n % 3 ? GAN_UPDATE_BLOCK : 1777) at[blocks.n++] = 12345 + begin;
    at[blocks.n] = 12345 + n;
    return blocks;
}

static void rig_open(rig *r)
{
    int64_t n = 0;
    for (int b = 0; b < BUCKETS; b++) n += lengths[b];
    CHECK_OK(r->t, gan_team_memory_open(&r->memory, r->team, n * 4, n * 4));
    float *common = (float *)(void *)r->memory.common;
    float *mine = (float *)(void *)(r->memory.each + r->team->rank * r->memory.each_bytes);
    for (int b = 0; b < BUCKETS; b++) {
        r->weights[b] = common;
        r->range[b] = (gan_sum_range){
            .data = mine, .n = lengths[b], .stride = r->memory.each_bytes / 4, .blocks = cut(r->blocks[b], lengths[b])};
        if (r->shared) r->range[b].weights = common;
        common += lengths[b];
        mine += lengths[b];
    }
    CHECK_OK(r->t, gan_comm_set_new(&r->set, r->team, r->mode, r->k, BUCKETS, r->range));
    r->comm = gan_comm_set_vtable(r->set);
}

static void rig_close(rig *r)
{
    gan_comm_set_free(r->set);
    gan_team_memory_close(&r->memory);
}

static void late(const rig *r, int when)
{
    if ((r->t->c->rank + when) % 3 == 0) nanosleep(&(struct timespec){0, 500000}, NULL);
}

static void store(const rig *r, int b, int use)
{
    const gan_sum_range *range = &r->range[b];
    late(r, b + use);
    for (int64_t i = 0; i < range->n; i++) range->data[i] = input(r->t->c->rank, i, use * BUCKETS + b);
    CHECK_OK(r->t, r->comm->start(r->comm->user, b));
    CHECK_OK(r->t, r->comm->progress(r->comm->user));
}

/* Only clipped updates tell their squares before. */
static bool measured(int b)
{
    return b != 1;
}

/* The "update": the sum becomes the weight, the number of the block its square. */
static void update(const rig *r, int b, int use)
{
    static float scratch[8 * GAN_UPDATE_BLOCK];
    const gan_blocks blocks = r->range[b].blocks;
    int64_t from, to;
    CHECK_OK(r->t, r->comm->wait(r->comm->user, b));
    r->comm->slice(r->comm->user, b, &from, &to);
    CHECK(r->t, from >= 0 && from <= to && to <= blocks.n, "blocks %lld to %lld", (long long)from, (long long)to);
    for (int64_t i = from; i < to; i++) {
        const int64_t at = blocks.at[i] - blocks.at[0], n = blocks.at[i + 1] - blocks.at[i];
        const float *sum = r->comm->summed(r->comm->user, b, at, n, scratch);
        memcpy(r->weights[b] + at, sum, (size_t)n * sizeof *sum);
        r->comm->squares(r->comm->user, b)[i] = (double)(at + use);
    }
    if (measured(b)) r->comm->arrive(r->comm->user, b, GAN_MEASURED);
    late(r, use);
    r->comm->arrive(r->comm->user, b, GAN_UPDATED);
}

static void check_near(const rig *r, int64_t i, int use, float got)
{
    double sum = 0, size = 0;
    for (int k = 0; k < r->t->c->size; k++) sum += input(k, i, use), size += fabs(input(k, i, use));
    CHECK(r->t, fabs(got - sum) <= 1e-6 * size, "element %lld: got %.9g, want %.9g", (long long)i, got, sum);
}

static void check(const rig *r, int b, int use)
{
    CHECK_OK(r->t, r->comm->meet(r->comm->user, b, measured(b) ? GAN_MEASURED : GAN_UPDATED));
    const double *squares = r->comm->squares(r->comm->user, b);
    const gan_blocks blocks = r->range[b].blocks;
    for (int64_t i = 0; i < blocks.n; i++)
        CHECK(r->t, squares[i] == (double)(blocks.at[i] - blocks.at[0] + use), "square of block %lld", (long long)i);
    CHECK_OK(r->t, r->comm->meet(r->comm->user, b, GAN_UPDATED));
    for (int64_t i = 0; i < lengths[b]; i++) {
        float got = r->weights[b][i], want = tree(r->t->c->size, i, use * BUCKETS + b);
        if (r->mode == GAN_REDUCE_FAST)
            check_near(r, i, use * BUCKETS + b, got);
        else
            CHECK(r->t, memcmp(&got, &want, sizeof got) == 0,
                  "teams of %d, bucket %d, use %d, element %lld: %a, tree %a", r->team->size, b, use,
                  (long long)i, got, want);
    }
}

/* What each team has of an array comes to the first one, and goes back. */
static void check_parts(const rig *r, int b)
{
    const gan_blocks blocks = r->range[b].blocks;
    const int64_t n = lengths[b], *at = blocks.at;
    float *x = gan_calloc(n, sizeof *x);
    uint64_t mine = 0, all[MAX_RANKS], sum = 0;
    int64_t from, to;
    r->comm->slice(r->comm->user, b, &from, &to);
    for (int64_t i = at[from] - at[0]; i < at[to] - at[0]; i++) x[i] = input(r->team->rank, i, b);
    CHECK_OK(r->t, gan_comm_set_parts(r->set, b, x, true));
    for (int64_t i = 0; i < n && r->team->number == 0; i++) {
        if (x[i] == 0) continue;
        CHECK(r->t, x[i] == input(r->team->rank, i, b), "part: element %lld is %g", (long long)i, (double)x[i]);
        x[i] -= 1;
        mine++;
    }
    CHECK_OK(r->t, gan_comm_gather(r->t->c, mine, all));
    for (int k = 0; k < r->t->c->size; k++) sum += all[k];
    CHECK(r->t, sum == (uint64_t)n, "the first team has %lld of %lld", (long long)sum, (long long)n);
    CHECK_OK(r->t, gan_comm_set_parts(r->set, b, x, false));
    for (int64_t i = at[from] - at[0]; i < at[to] - at[0]; i++)
        CHECK(r->t, x[i] == input(r->team->rank, i, b) - 1, "dealt: element %lld is %g", (long long)i, (double)x[i]);
    gan_free(x);
}

static void check_buckets(mpi_test *t, const gan_team *team, gan_reduce_mode mode, bool shared)
{
    rig r = {.t = t, .team = team, .k = gan_kernels_get(gan_kernels_count() - 1), .mode = mode, .shared = shared};
    rig_open(&r);
    for (int use = 0; use < USES && r.set; use++) {
        for (int b = 0; b < BUCKETS; b++) store(&r, b, use);
        for (int b = 0; b < BUCKETS; b++) update(&r, (b + 1) % BUCKETS, use);
        for (int b = 0; b < BUCKETS; b++) check(&r, b, use);
        /* Whoever stores new summands must not be ahead of one that still compares. */
        CHECK_OK(t, gan_comm_agree(t->c, GAN_OK));
    }
    for (int b = 0; b < BUCKETS && shared && r.set; b++) check_parts(&r, b);
    rig_close(&r);
}

/* ---- all ---------------------------------------------------------------------------------------------------------- */

static void one_size(mpi_test *t, int size)
{
    bool ordered = is_power(size) && is_power(t->c->size);
    gan_team team;
    CHECK_OK(t, gan_team_open(&team, t->c, size, ordered));
    check_team(t, &team, size);
    check_memory(t, &team);
    check_buckets(t, &team, GAN_REDUCE_FAST, false);
    if (ordered) check_buckets(t, &team, GAN_REDUCE_ORDERED, false);
    if (ordered) check_buckets(t, &team, GAN_REDUCE_ORDERED, true);
    gan_team_close(&team);
}

/* On one node, which these tests run on. */
static void chosen_size(mpi_test *t)
{
    gan_team team;
    CHECK_OK(t, gan_team_open(&team, t->c, 0, false));
    check_team(t, &team, t->c->size);
    gan_team_close(&team);
    CHECK_OK(t, gan_team_open(&team, t->c, 0, true));
    check_team(t, &team, t->c->size & -t->c->size);
    gan_team_close(&team);
}

static void refusals(mpi_test *t)
{
    gan_team team;
    gan_status got = gan_team_open(&team, t->c, 7, false);
    CHECK(t, got == GAN_ECONFIG && strstr(gan_fail_text(), "parallel.team = 7"), "\"%s\"", gan_fail_text());
    gan_team_close(&team);
    gan_fail_clear();
    got = gan_team_open(&team, t->c, 3, true);
    CHECK(t, got == GAN_ECONFIG && strstr(gan_fail_text(), "power of two"), "\"%s\"", gan_fail_text());
    gan_team_close(&team);
    gan_fail_clear();
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    for (int size = 1; size <= t.c->size; size++)
        if (t.c->size % size == 0) one_size(&t, size);
    chosen_size(&t);
    refusals(&t);
    return mpi_test_end(&t);
}
