/* The map of ranks to cores: what the launcher's binding came to. */
#include "checks.h"

#include <stdio.h>
#include <string.h>

/* "0-3,8" */
static void name_cores(const uint64_t *set, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (int i = 0, end; i < GAN_FACT_CORES; i = end + 1) {
        end = i;
        if (!(set[i / 64] >> i % 64 & 1)) continue;
        while (end + 1 < GAN_FACT_CORES && set[(end + 1) / 64] >> (end + 1) % 64 & 1) end++;
        if (at < size) at += (size_t)snprintf(text + at, size - at, "%s%d", at ? "," : "", i);
        if (at < size && end > i) at += (size_t)snprintf(text + at, size - at, "-%d", end);
    }
}

static bool alike(const gan_facts *a, const gan_facts *b)
{
    return a->node == b->node && a->threads == b->threads && memcmp(a->cores, b->cores, sizeof a->cores) == 0;
}

void gan__map_print(const gan_case *c)
{
    printf("\n  %-13s %-20s %-18s %s\n", "ranks", "host", "threads a rank", "cores allowed");
    for (int r = 0, next; r < c->n; r = next) {
        char ranks[32], cores[96];
        for (next = r + 1; next < c->n && alike(&c->ranks[r], &c->ranks[next]);) next++;
        snprintf(ranks, sizeof ranks, next - r > 1 ? "%d-%d" : "%d", r, next - 1);
        name_cores(c->ranks[r].cores, cores, sizeof cores);
        printf("  %-13s %-20s %-18d %s (%d of %d)\n", ranks, c->ids[r].host, c->ranks[r].threads, *cores ? cores : "not told",
               c->ranks[r].n_cores, c->ranks[r].online);
    }
}
