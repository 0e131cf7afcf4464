/* Which networks a job has: those that its system always has, and the optional ones ("?critic") that it speaks of. */
#ifndef GAN_CONFIG_NETWORKS_H
#define GAN_CONFIG_NETWORKS_H

#include "gan/config.h"

static inline bool gan__optional(const char *listed)
{
    return *listed == '?';
}

/* The network's name: without the mark. */
static inline const char *gan__network_name(const char *listed)
{
    return listed + gan__optional(listed);
}

/* Whether the job has something in this section. */
typedef bool gan__mentions(const void *job, const char *section);

/* The networks of the list that are there: NULL-terminated, to be freed; NULL for lack of memory. */
const char **gan__networks_present(const char *const *listed, gan__mentions *mentions, const void *job);

/* Whether a system that lists these can have such a network. NULL lists none. */
bool gan__networks_list(const char *const *listed, const char *name);

/* The optional network whose number is one less: that of "?critic3" is "critic2"; NULL where the list has none. */
const char *gan__network_before(const char *const *listed, const char *name);

#endif
