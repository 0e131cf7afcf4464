/* What a study runs on. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "scale.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What /proc/cpuinfo says of the first processor; where it says nothing, `text` stays. */
static void processor_says(const char *item, char *text, size_t n)
{
    char line[512];
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':'), *value;
        size_t length = strlen(item);
        if (!colon || strncmp(line, item, length) != 0 || line + length + strspn(line + length, " \t") != colon) continue;
        value = colon + 1 + strspn(colon + 1, " \t");
        snprintf(text, n, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    if (f) fclose(f);
}

static long long cores_here(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : sysconf(_SC_NPROCESSORS_ONLN);
}

static long long number_in(const char *variable)
{
    const char *text = getenv(variable);
    long long v = text ? atoll(text) : 0;
    return v > 0 ? v : 0;
}

long long gan__scale_cores(void)
{
    long long nodes = number_in("SLURM_JOB_NUM_NODES"), each = number_in("SLURM_CPUS_ON_NODE");
    return nodes && each ? nodes * each : cores_here();
}

/* Left alone, srun spreads even two ranks over all nodes of the job; mpirun fills node after node, which a study is about. */
int gan__scale_nodes(int ranks, int threads)
{
    const long long nodes = number_in("SLURM_JOB_NUM_NODES");
    long long each = number_in("SLURM_NTASKS_PER_NODE");
    if (each == 0) each = number_in("SLURM_CPUS_ON_NODE") / threads;
    const long long filled = each > 0 ? (ranks + each - 1) / each : ranks;
    return (int)(filled < nodes ? filled : nodes > 0 ? nodes : 1);
}

/* Names of virtual processors say little; family and model tell what they are. Other architectures have neither. */
void gan__scale_machine(char *text, size_t n)
{
    char name[96] = "unknown processor", family[16] = "", model[16] = "";
    processor_says("model name", name, sizeof name);
    processor_says("cpu family", family, sizeof family);
    processor_says("model", model, sizeof model);
    if (*family && *model)
        snprintf(text, n, "%s (family %s, model %s)", name, family, model);
    else
        snprintf(text, n, "%s", name);
}
