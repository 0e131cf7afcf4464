/* The list of systems. */
#include "gan/system.h"

#include <string.h>

#define GAN_SYSTEM(sym) extern const gan_system gan_system_##sym;
#include "systems.def"
#undef GAN_SYSTEM

static const gan_system *const systems[] = {
#define GAN_SYSTEM(sym) &gan_system_##sym,
#include "systems.def"
#undef GAN_SYSTEM
};

enum { N = sizeof systems / sizeof systems[0] };

const gan_system *gan_system_find(const char *name)
{
    for (int i = 0; i < N; i++)
        if (strcmp(systems[i]->name, name) == 0) return systems[i];
    return NULL;
}

const char *const *gan_system_networks(const char *name, const char *const **names, const gan_default **defaults)
{
    static const char *const all[] = {
#define GAN_SYSTEM(sym) #sym,
#include "systems.def"
#undef GAN_SYSTEM
        NULL};
    if (names) *names = all;
    const gan_system *s = gan_system_find(name);
    if (s && defaults) *defaults = s->defaults;
    return s ? s->networks : NULL;
}

void gan_systems_print(FILE *f)
{
    for (int i = 0; i < N; i++) {
        fprintf(f, "%-12s %s\n%-12s networks:", systems[i]->name, systems[i]->summary, "");
        for (const char *const *name = systems[i]->networks; *name; name++)
            fprintf(f, **name == '?' ? " [%s]" : " %s", *name + (**name == '?'));
        fprintf(f, "\n");
        for (const gan_default *d = systems[i]->defaults; d && d->section; d++)
            fprintf(f, "%-12s default: %s.%s = %s\n", "", d->section, d->key, d->value);
    }
}
