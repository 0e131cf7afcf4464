/* Memory that all ranks of a node share: one copy of a dataset per node.
 *
 * MPI handles a lack of memory badly. The segment is a file in /dev/shm; when that is too small Open MPI
 * fails on the node's first rank and leaves the others waiting for it, so the owner looks before all ranks go
 * in. The pages are taken when touched, and a store to a page for which there is no room ends the process
 * with SIGBUS: so the kernel does the first touch (read() from /dev/zero), which reports a failure. Pages lie near
 * the rank that touches them. */
#include "mpi_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { ALIGNMENT = 64, HEADROOM = 1 << 20 }; /* headroom: of MPI, and of whoever else takes a page meanwhile */

/* What is asked for, for messages. */
typedef struct request {
    int64_t n_bytes;
    const char *what, *remedy;
} request;

static gan_status no_room(const request *r, int64_t free_bytes, const char *where)
{
    return GAN_FAIL(GAN_ENOMEM,
                    "this node needs %.1f MiB of shared memory for %s and has %.1f in %s, of which %d are left to others: "
                    "give it more, or %s",
                    (double)r->n_bytes / 1048576, r->what, (double)free_bytes / 1048576, where, HEADROOM >> 20, r->remedy);
}

/* Free bytes of main memory and of /dev/shm; INT64_MAX where this system does not tell. */
static int64_t free_memory(void)
{
    FILE *f = fopen("/proc/meminfo", "r");
    char line[128];
    long long kib = INT64_MAX / 1024;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %lld", &kib) == 1) break;
    if (f) fclose(f);
    return (int64_t)kib * 1024;
}

static int64_t free_shm(void)
{
    struct statvfs fs;
    return statvfs("/dev/shm", &fs) == 0 ? (int64_t)(fs.f_bavail * fs.f_frsize) : INT64_MAX;
}

static gan_status look(const gan_comm *c, const request *r)
{
    int64_t memory = free_memory(), shm = c->node_size > 1 ? free_shm() : INT64_MAX;
    if (r->n_bytes > memory - HEADROOM) return no_room(r, memory, "main memory");
    if (r->n_bytes > shm - HEADROOM) return no_room(r, shm, "/dev/shm");
    return GAN_OK;
}

static gan_status touch(const request *r, char *bytes, int64_t n)
{
    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    if (zero < 0) return GAN_FAIL(GAN_EIO, "cannot open /dev/zero: %s", strerror(errno));
    int64_t at = 0;
    while (at < n) {
        size_t piece = n - at < (1 << 30) ? (size_t)(n - at) : (size_t)1 << 30;
        ssize_t got = read(zero, bytes + at, piece);
        if (got <= 0 && errno != EINTR) break;
        if (got > 0) at += got;
    }
    close(zero);
    return at == n ? GAN_OK : no_room(r, at, "/dev/shm");
}

static gan_status allocate(gan_shared *s, const gan_comm *c, const request *r)
{
    char *mine, *base;
    MPI_Aint bytes = s->owner ? (MPI_Aint)r->n_bytes + ALIGNMENT : 0, all;
    int unit;
    GAN_TRY(gan__mpi(MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, c->node, &mine, &s->win),
                     "allocate memory that the ranks of a node share"));
    GAN_TRY(gan__mpi(MPI_Win_set_errhandler(s->win, MPI_ERRORS_RETURN), "set the error handler"));
    GAN_TRY(gan__mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, s->win), "open shared memory"));
    GAN_TRY(gan__mpi(MPI_Win_shared_query(s->win, 0, &all, &unit, &base), "find shared memory"));
    /* Segments are mapped by pages, so the same step up is taken on every rank. */
    s->bytes = base + (ALIGNMENT - (uintptr_t)base % ALIGNMENT) % ALIGNMENT;
    return GAN_OK;
}

static gan_status place(const gan_shared *s, const request *r, const gan_bytes *mine, int n_mine)
{
    if (!mine) return s->owner ? touch(r, s->bytes, r->n_bytes) : GAN_OK;
    for (int i = 0; i < n_mine; i++) GAN_TRY(touch(r, (char *)s->bytes + mine[i].from, mine[i].n));
    return GAN_OK;
}

gan_status gan_shared_open(gan_shared *s, const gan_comm *c, int64_t n_bytes, const char *what, const char *remedy,
                           const gan_bytes *mine, int n_mine)
{
    const request r = {n_bytes, what, remedy};
    *s = (gan_shared){.win = MPI_WIN_NULL, .owner = c->node_rank == 0};
    GAN_TRY(gan_comm_agree(c, s->owner ? look(c, &r) : GAN_OK));
    gan_status worst = gan_comm_agree(c, allocate(s, c, &r));
    if (worst == GAN_OK) worst = gan_comm_agree(c, place(s, &r, mine, n_mine));
    if (worst != GAN_OK) gan_shared_close(s);
    return worst;
}

gan_status gan_shared_ready(gan_shared *s, const gan_comm *c)
{
    GAN_TRY(gan__mpi(MPI_Win_sync(s->win), "publish shared memory"));
    MPI_Request q;
    GAN_TRY(gan__finish(c, MPI_Ibarrier(c->node, &q), &q, "meet the owner of shared memory"));
    return gan__mpi(MPI_Win_sync(s->win), "see shared memory");
}

void gan_shared_close(gan_shared *s)
{
    if (s->bytes) {
        gan__mpi_warn(MPI_Win_unlock_all(s->win), "close shared memory");
        gan__mpi_warn(MPI_Win_free(&s->win), "free shared memory");
    }
    *s = (gan_shared){.win = MPI_WIN_NULL};
}
