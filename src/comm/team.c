/* Teams: which ranks of a node share one copy of the networks, and the memory they share. */
#include "mpi_check.h"

#include "gan/mem.h"

#include <string.h>
#include <sys/mman.h>

static int64_t common_divisor(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The largest number that divides the ranks of every node; in ordered mode the largest power of two. */
static gan_status largest_team(const gan_comm *c, bool powers, int64_t *size)
{
    uint64_t *ranks = gan_calloc(c->size, sizeof *ranks);
    gan_status s = gan_comm_agree(c, ranks ? GAN_OK : GAN_ENOMEM);
    if (s == GAN_OK) s = gan_comm_gather(c, (uint64_t)c->node_size, ranks);
    *size = 0;
    for (int r = 0; s == GAN_OK && r < c->size; r++) *size = common_divisor((int64_t)ranks[r], *size);
    if (powers) *size &= -*size; /* its lowest bit */
    gan_free(ranks);
    return s;
}

static gan_status choose_size(gan_team *t, int64_t wanted, bool powers)
{
    int64_t largest;
    GAN_TRY(largest_team(t->all, powers, &largest));
    t->size = (int)(wanted ? wanted : largest);
    if (wanted == 0 || largest % wanted == 0) return GAN_OK;
    return GAN_FAIL(GAN_ECONFIG,
                    "parallel.team = %lld: the ranks of each node must be a multiple of it%s; the largest "
                    "team that these "
                    "nodes allow is %lld",
                    (long long)wanted, powers ? " and, with reduce = ordered, it must be a power of two" : "",
                    (long long)largest);
}

static gan_status open_column(gan_team *t)
{
    gan_comm *c = &t->column;
    c->node = MPI_COMM_NULL;
    c->in_flight = t->all->in_flight;
    c->stall = t->all->stall;
    c->first = t->rank;
    c->stride = t->size;
    GAN_TRY(
        gan__mpi(MPI_Comm_split(t->all->mpi, t->rank, t->all->rank, &c->mpi), "split the ranks by teams"));
    GAN_TRY(gan__mpi(MPI_Comm_set_errhandler(c->mpi, MPI_ERRORS_RETURN), "set the error handler"));
    GAN_TRY(gan__mpi(MPI_Comm_rank(c->mpi, &c->rank), "tell the rank"));
    return gan__mpi(MPI_Comm_size(c->mpi, &c->size), "tell the number of ranks");
}

gan_status gan_team_open(gan_team *t, const gan_comm *c, int64_t wanted, bool powers)
{
    *t = (gan_team){.all = c, .column = {.mpi = MPI_COMM_NULL}};
    GAN_TRY(gan_comm_agree(c, choose_size(t, wanted, powers)));
    t->rank = c->node_rank % t->size;
    t->n_teams = c->size / t->size;
    t->number = c->rank / t->size;
    return gan_comm_agree(c, open_column(t));
}

void gan_team_close(gan_team *t)
{
    if (t->all && t->column.mpi != MPI_COMM_NULL)
        gan__mpi_warn(MPI_Comm_free(&t->column.mpi), "free a communicator");
    memset(t, 0, sizeof *t);
}

/* ---- memory ------------------------------------------------------------------------------------------------ */

static int64_t rounded(int64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

/* Its pages are there when they are touched: of what other teams update for it (parallel.sharded_update) they never are. */
static gan_status map_alone(gan_team_memory *m, int64_t bytes)
{
    void *at = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        return GAN_FAIL(GAN_ENOMEM, "no memory for the %.1f MiB of the networks; smaller networks need less, and nodes with more "
                        "memory have it", (double)bytes / 1048576);
    m->alone = m->common = at;
    m->alone_bytes = bytes;
    return GAN_OK;
}

static gan_status have_alone(gan_team_memory *m, const gan_team *t, int64_t bytes)
{
    return gan_comm_agree(t->all, map_alone(m, bytes > 0 ? bytes : 64));
}

static gan_status have_together(gan_team_memory *m, const gan_team *t, int64_t bytes)
{
    const gan_comm *c = t->all;
    const int64_t at = bytes * (c->node_rank / t->size), common = bytes - t->size * m->each_bytes;
    const int64_t from = common / 64 * t->rank / t->size * 64, to = common / 64 * (t->rank + 1) / t->size * 64;
    const gan_bytes mine[2] = {{at + from, to - from}, {at + common + t->rank * m->each_bytes, m->each_bytes}};
    GAN_TRY(gan_shared_open(&m->shared, c, bytes * (c->node_size / t->size), "networks", "set parallel.team = 1", mine, 2));
    m->common = (char *)m->shared.bytes + at;
    return gan_shared_ready(&m->shared, c);
}

gan_status gan_team_memory_open(gan_team_memory *m, const gan_team *t, int64_t common_bytes,
                                int64_t each_bytes)
{
    *m = (gan_team_memory){.each_bytes = rounded(each_bytes)};
    const int64_t common = rounded(common_bytes), bytes = common + t->size * m->each_bytes;
    GAN_TRY(t->size == 1 ? have_alone(m, t, bytes) : have_together(m, t, bytes));
    m->each = m->common + common;
    return GAN_OK;
}

void gan_team_memory_close(gan_team_memory *m)
{
    gan_shared_close(&m->shared);
    if (m->alone) munmap(m->alone, (size_t)m->alone_bytes);
    memset(m, 0, sizeof *m);
}
