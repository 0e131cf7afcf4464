/* Optional networks. A system that can have several of a kind numbers them (discriminator, discriminator2, ...), and a job writes as
 * many sections as it wants, without gaps. */
#include "networks.h"

#include "gan/mem.h"

#include <stdlib.h>
#include <string.h>

const char **gan__networks_present(const char *const *listed, gan__mentions *mentions, const void *job)
{
    int64_t n = 0, present = 0;
    while (listed[n]) n++;
    const char **names = gan_calloc(n + 1, sizeof *names);
    for (int64_t i = 0; names && i < n; i++)
        if (!gan__optional(listed[i]) || mentions(job, gan__network_name(listed[i]))) names[present++] = gan__network_name(listed[i]);
    return names;
}

bool gan__networks_list(const char *const *listed, const char *name)
{
    for (; listed && *listed; listed++)
        if (strcmp(gan__network_name(*listed), name) == 0) return true;
    return false;
}

const char *gan__network_before(const char *const *listed, const char *name)
{
    const size_t stem = strcspn(name, "0123456789");
    for (; name[stem] && *listed; listed++) {
        const char *other = gan__network_name(*listed);
        if (gan__optional(*listed) && strncmp(other, name, stem) == 0 && atoi(other + stem) == atoi(name + stem) - 1) return other;
    }
    return NULL;
}
