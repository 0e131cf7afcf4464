/* The one table of keys: schema.def as an array. */
#include "schema.h"

#include <string.h>

#define NONE NULL
#define KEY(section, name, type, unit, fallback, min, max, choices, may_change, meaning)                     \
    {#section, #name, GAN_##type, unit, fallback, min, max, choices, may_change, meaning},
const gan_key gan__schema[GAN__SCHEMA_KEYS] = {
#include "schema.def"
};

bool gan__is_network_key(const gan_key *key)
{
    return strcmp(key->section, "network") == 0;
}
