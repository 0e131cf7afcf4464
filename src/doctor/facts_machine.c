/* Cores and memory that this rank may use: of the machine and of the launcher's binding; facts_group.c looks at the container. */
#define _GNU_SOURCE
#include "facts.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* ---- cores ---------------------------------------------------------------------------------------------------------- */

/* The first hardware thread of its physical core, which may be one that this rank must not use; -1: not told. */
static int first_of_core(int cpu)
{
    char path[96];
    int first = -1;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    FILE *f = fopen(path, "r");
    if (f && fscanf(f, "%d", &first) != 1) first = -1;
    if (f) fclose(f);
    return first < GAN_FACT_CORES ? first : -1;
}

static void add_core(gan_facts *f, int cpu)
{
    const int first = first_of_core(cpu);
    f->cores[cpu / 64] |= UINT64_C(1) << cpu % 64;
    f->n_cores++;
    if (first >= 0) f->physical[first / 64] |= UINT64_C(1) << first % 64;
}

static void find_cores(gan_facts *f)
{
    cpu_set_t set;
    f->online = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return; /* more cores than a cpu_set_t has */
    for (int i = 0; i < GAN_FACT_CORES && i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &set)) add_core(f, i);
}

static int number_in(const char *variable)
{
    const char *text = getenv(variable);
    return text ? atoi(text) : 0;
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
    gan__facts_group(f);
    f->omp_threads = number_in("OMP_NUM_THREADS");
    f->blas_threads = number_in("OPENBLAS_NUM_THREADS");
}
