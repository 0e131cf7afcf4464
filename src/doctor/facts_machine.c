/* Cores and memory that this rank may use: of the machine, of the launcher's binding, and of the container around it. */
#define _GNU_SOURCE
#include "facts.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* ---- cores ---------------------------------------------------------------------------------------------------------- */

static void find_cores(gan_facts *f)
{
    cpu_set_t set;
    f->online = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return; /* more cores than a cpu_set_t has */
    for (int i = 0; i < GAN_FACT_CORES && i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set)) f->cores[i / 64] |= UINT64_C(1) << i % 64, f->n_cores++;
}

static int number_in(const char *variable)
{
    const char *text = getenv(variable);
    return text ? atoi(text) : 0;
}

/* ---- control groups --------------------------------------------------------------------------------------------------- */

/* This process's group, "" for the root: "0::/user.slice" is that of version 2. */
static void find_group(char *group, int n)
{
    char line[512];
    FILE *f = fopen("/proc/self/cgroup", "r");
    group[0] = '\0';
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "0::/", 4) == 0) snprintf(group, (size_t)n, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
    if (f) fclose(f);
    if (strcmp(group, "/") == 0) group[0] = '\0';
}

/* A file of a group, up to two words; false: there is none. */
static bool read_group(const char *group, const char *file, double *a, double *b)
{
    char path[700], line[64] = "";
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", group, file);
    FILE *f = fopen(path, "r");
    bool ok = f && fgets(line, sizeof line, f) && sscanf(line, "%lf %lf", a, b) >= 1;
    if (f) fclose(f);
    return ok;
}

/* What a group's processes hold that the kernel cannot drop; its page cache it can. */
static double held_by(const char *group)
{
    char path[700], line[128];
    double sum = 0, value;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.stat", group);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "anon %lf", &value) == 1 || sscanf(line, "shmem %lf", &value) == 1) sum += value;
    if (f) fclose(f);
    return sum;
}

/* The tightest limits on the way up to the root. */
static void look_at_groups(gan_facts *f)
{
    char group[512], *slash;
    find_group(group, sizeof group);
    do {
        double quota, period = 100000, limit, none;
        if (read_group(group, "cpu.max", &quota, &period) && (f->quota == 0 || quota / period < f->quota))
            f->quota = quota / period;
        if (read_group(group, "memory.max", &limit, &none)) {
            double room = limit - held_by(group);
            if (room < (double)f->memory_free) f->memory_free = room > 0 ? (int64_t)room : 0;
        }
        slash = strrchr(group, '/');
        if (slash) *slash = '\0';
    } while (slash);
}

/* ---- memory ----------------------------------------------------------------------------------------------------------- */

static void find_memory(gan_facts *f)
{
    char line[128];
    long long kib;
    struct statvfs shm;
    f->memory_free = f->shm_free = INT64_MAX;
    FILE *info = fopen("/proc/meminfo", "r");
    while (info && fgets(line, sizeof line, info))
        if (sscanf(line, "MemAvailable: %lld", &kib) == 1) f->memory_free = (int64_t)kib * 1024;
    if (info) fclose(info);
    if (statvfs("/dev/shm", &shm) == 0) f->shm_free = (int64_t)(shm.f_bavail * shm.f_frsize);
}

void gan__facts_machine(gan_facts *f)
{
    find_cores(f);
    find_memory(f);
    look_at_groups(f);
    f->omp_threads = number_in("OMP_NUM_THREADS");
    f->blas_threads = number_in("OPENBLAS_NUM_THREADS");
}
