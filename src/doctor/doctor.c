/* The round: all ranks say what they know, the links are measured, rank 0 holds the table of checks against it and prints. */
#include "gan/doctor.h"

#include "checks.h"

#include "gan/digest.h"
#include "gan/kernels.h"
#include "gan/mem.h"
#include "gan/probe.h"
#include "gan/version.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif

static const double LINK_S = 0.1; /* for each measurement of a link */

/* ---- this rank ------------------------------------------------------------------------------------------------------ */

static uint64_t digest_of_program(void)
{
    static char block[1 << 16];
    uint64_t h = GAN_DIGEST_START;
    FILE *f = fopen("/proc/self/exe", "rb");
    if (!f) return 0;
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;) h = gan_digest(h, block, n);
    fclose(f);
    return h;
}

static gan_identity identify(void)
{
    gan_identity id = {.binary = digest_of_program()};
    snprintf(id.version, sizeof id.version, "%s", gan_version());
    gethostname(id.host, sizeof id.host - 1);
    return id;
}

/* As gan_threads_resolve, without its warnings: a check says it. */
static void find_threads(gan_facts *f, const gan_config *cfg)
{
    const int wanted = cfg ? (int)gan_config_int(cfg, "parallel", "threads") : 1;
    f->threads = wanted > 0 ? wanted : 1;
#ifdef _OPENMP
    f->with_openmp = true;
    if (wanted == 0) f->threads = omp_get_max_threads();
#endif
}

static void examine(gan_facts *f, const gan_comm *c, const gan_config *cfg, const gan_case *about)
{
    const int best = gan_kernels_count() - 1;
    f->node = c->rank - c->node_rank;
    f->kernel_table = best;
    snprintf(f->kernels, sizeof f->kernels, "%s", gan_kernels_get(best)->name);
    find_threads(f, cfg);
    gan__facts_mpi(f);
    gan__facts_machine(f);
    gan__facts_clock(f);
    if (about->need.data_file[0] && access(about->need.data_file, R_OK) != 0) f->data_error = errno;
}

/* ---- all ranks ------------------------------------------------------------------------------------------------------ */

/* Programs of different versions have this in common only. */
static gan_status meet(gan_identity *ids, const gan_comm *c, bool *alike)
{
    gan_identity mine = identify(), first = mine;
    GAN_TRY(gan_comm_bcast(c, &first, sizeof first));
    int64_t same = strcmp(first.version, mine.version) == 0;
    GAN_TRY(gan_probe_collect(c, &mine, sizeof mine, ids));
    GAN_TRY(gan_comm_min(c, same, &same));
    *alike = same != 0;
    return GAN_OK;
}

static gan_status measure(gan_case *k, gan_facts *mine, const gan_comm *c)
{
    if (c->size == 1) return GAN_OK;
    GAN_TRY(gan_probe_link(c, c->size - 1, 8, LINK_S, &k->latency_s));
    GAN_TRY(gan_probe_link(c, c->size - 1, GAN_CASE_TRANSFER, LINK_S, &k->transfer_s));
    return gan_probe_clock(c, &mine->ahead_s, &mine->trip_s);
}

static gan_status look(gan_case *k, gan_facts *all, const gan_comm *c, const gan_config *cfg)
{
    gan_facts mine = {.node = 0};
    gan__need(&k->need, c, cfg);
    examine(&mine, c, cfg, k);
    gan__trial(&mine, c, k->parent);
    GAN_TRY(measure(k, &mine, c));
    return gan_probe_collect(c, &mine, sizeof mine, all);
}

/* ---- all of it ------------------------------------------------------------------------------------------------------ */

/* The nearest directory upwards that is there: the run makes the rest. */
static char *nearest_there(const char *dir)
{
    char *path = gan_strdup(*dir ? dir : ".");
    while (path && access(path, F_OK) != 0) {
        char *slash = strrchr(path, '/');
        if (!slash || slash == path) snprintf(path, strlen(path) + 1, "%s", slash ? "/" : ".");
        else *slash = '\0';
    }
    return path;
}

static gan_status run(gan_case *k, gan_identity *ids, gan_facts *all, const gan_comm *c, const gan_config *cfg)
{
    bool alike;
    k->ids = ids;
    k->ranks = all;
    GAN_TRY(meet(ids, c, &alike));
    if (alike) GAN_TRY(look(k, all, c, cfg));
    return gan_comm_agree(c, c->rank == 0 ? gan__report(k, alike) : GAN_OK);
}

gan_status gan_doctor(const gan_comm *comm, const gan_config *cfg, const char *dir)
{
    char *parent = nearest_there(dir);
    gan_case k = {.n = comm->size, .dir = dir, .parent = parent};
    gan_identity *ids = gan_calloc(comm->size, sizeof *ids);
    gan_facts *all = gan_calloc(comm->size, sizeof *all);
    gan_status s = gan_comm_agree(comm, ids && all && parent ? GAN_OK : GAN_ENOMEM);
    if (s == GAN_OK) s = run(&k, ids, all, comm, cfg);
    gan_free(parent);
    gan_free(ids);
    gan_free(all);
    return s;
}
