/* The typed store: one entry for each key of each section, in the order of the schema, with networks in its
 * middle. */
#ifndef GAN_CONFIG_ENTRIES_H
#define GAN_CONFIG_ENTRIES_H

#include "gan/config.h"
#include "layers.h"

typedef struct gan__entry {
    const char *section; /* the schema's, or a network's name (then key->section is "network") */
    const gan_key *key;
    gan_value value;
    gan__layers layers; /* of a LAYERS key */
    char *text;         /* value.text when it is not the default, else NULL */
    char *where;        /* "job.ini:12", "--set train.batch=3"; NULL: default */
    int line;           /* of the file; 0: not from the file */
    bool given;         /* by the user */
    bool refused;       /* the user's value was bad, or stood under a wrong name: no rule may judge it */
} gan__entry;

struct gan_config {
    gan__entry *entries;
    int n;
    const char **networks; /* NULL-terminated; owned, the names are the system's */
};

/* Make all entries with their defaults. c->networks is set. */
gan_status gan__entries_fill(gan_config *c);

gan__entry *gan__entries_find(const gan_config *c, const char *section, const char *key); /* NULL: none */
bool gan__entries_has_section(const gan_config *c, const char *section);

/* Give an entry a value. at: where it stands. A bad one is complained about; fails only for lack of memory.
 */
gan_status gan__entry_set(gan__entry *e, const char *text, const gan__place *at, gan__complaints *list);

/* The same for a value that the program makes up; who gave the entry, and where, stays as it was. */
gan_status gan__entry_derive(gan__entry *e, const char *text);

#endif
