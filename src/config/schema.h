/* The schema as a table, in the order of schema.def. */
#ifndef GAN_CONFIG_SCHEMA_H
#define GAN_CONFIG_SCHEMA_H

#include "gan/config.h"

enum {
#define KEY(...) +1
    GAN__SCHEMA_KEYS = 0
#include "schema.def"
#undef KEY
};

extern const gan_key gan__schema[GAN__SCHEMA_KEYS];

/* The section whose keys every network of the system has. */
bool gan__is_network_key(const gan_key *key);

#endif
