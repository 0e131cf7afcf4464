/* Limits of the control groups that this process is in: a container or a batch job may give less than the machine has, and
 * nothing else tells. Both versions of the interface; the tightest limit on the way up to the root counts. Inside a container the
 * group's own path may not be there: then the root is the container's. */
#include "facts.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 700 };

/* ---- files of a group ----------------------------------------------------------------------------------------------- */

/* One or two numbers of a file; false: it is not there, or has a word ("max"). */
static bool read_numbers(const char *dir, const char *file, double *a, double *b)
{
    char path[PATH_BYTES], line[64] = "";
    snprintf(path, sizeof path, "%s/%s", dir, file);
    FILE *f = fopen(path, "r");
    bool ok = f && fgets(line, sizeof line, f) && sscanf(line, "%lf %lf", a, b) >= 1;
    if (f) fclose(f);
    return ok;
}

/* What its processes hold that the kernel cannot drop; their page cache it can. */
static double held(const char *dir, const char *memory)
{
    char path[PATH_BYTES], line[128], name[64];
    double sum = 0, value;
    snprintf(path, sizeof path, "%s/memory.stat", dir);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "%63s %lf", name, &value) == 2 && (strcmp(name, memory) == 0 || strcmp(name, "shmem") == 0)) sum += value;
    if (f) fclose(f);
    return sum;
}

static void narrow_memory(gan_facts *f, double room)
{
    if (room < (double)f->memory_free) f->memory_free = room > 0 ? (int64_t)room : 0;
}

static void narrow_cores(gan_facts *f, double quota, double period)
{
    if (quota > 0 && period > 0 && (f->quota == 0 || quota / period < f->quota)) f->quota = quota / period;
}

/* ---- the two versions ----------------------------------------------------------------------------------------------- */

static void take_2(gan_facts *f, const char *dir)
{
    double a, b = 100000;
    if (read_numbers(dir, "cpu.max", &a, &b)) narrow_cores(f, a, b);
    if (read_numbers(dir, "memory.max", &a, &b)) narrow_memory(f, a - held(dir, "anon"));
}

static void take_memory_1(gan_facts *f, const char *dir)
{
    double limit, none;
    if (read_numbers(dir, "memory.limit_in_bytes", &limit, &none)) narrow_memory(f, limit - held(dir, "total_rss"));
}

static void take_cores_1(gan_facts *f, const char *dir)
{
    double quota, period, none; /* -1: no quota */
    if (read_numbers(dir, "cpu.cfs_quota_us", &quota, &none) && read_numbers(dir, "cpu.cfs_period_us", &period, &none))
        narrow_cores(f, quota, period);
}

static const struct {
    const char *mark, *root; /* "4:memory:/slurm/job_7" in /proc/self/cgroup is below root */
    void (*take)(gan_facts *f, const char *dir);
} hierarchies[] = {{"0::/", "/sys/fs/cgroup", take_2},
                   {":memory:/", "/sys/fs/cgroup/memory", take_memory_1},
                   {":cpu:/", "/sys/fs/cgroup/cpu", take_cores_1},
                   {":cpu,cpuacct:/", "/sys/fs/cgroup/cpu,cpuacct", take_cores_1}};

/* This process's group in a hierarchy, with its slash in front; false: it is in none. */
static bool find_group(const char *mark, char *group, size_t n)
{
    char line[512];
    const char *at = NULL;
    FILE *f = fopen("/proc/self/cgroup", "r");
    while (f && !at && fgets(line, sizeof line, f))
        if ((at = strstr(line, mark))) snprintf(group, n, "%.*s", (int)strcspn(at + strlen(mark) - 1, "\n"), at + strlen(mark) - 1);
    if (f) fclose(f);
    return at != NULL;
}

void gan__facts_group(gan_facts *f)
{
    char group[512], dir[PATH_BYTES];
    for (size_t i = 0; i < sizeof hierarchies / sizeof hierarchies[0]; i++) {
        if (!find_group(hierarchies[i].mark, group, sizeof group)) continue;
        for (char *slash = group; slash;) {
            snprintf(dir, sizeof dir, "%s%s", hierarchies[i].root, group);
            hierarchies[i].take(f, dir);
            if ((slash = strrchr(group, '/'))) *slash = '\0';
        }
    }
}
