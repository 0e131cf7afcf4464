/* The typed configuration of a job.
 *
 * One table (src/config/schema.def) says for each key: section, name, type, unit, default, range, meaning, whether a resumed
 * run may change it. It drives parsing, `gan_mpi config` and every error text. Values are INI; a section
 * named after a network of the chosen system ([generator], [discriminator], ...) takes the keys of section "network". */
#ifndef GAN_CONFIG_H
#define GAN_CONFIG_H

#include "gan/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum gan_type { GAN_INT, GAN_REAL, GAN_BOOL, GAN_TEXT, GAN_PATH, GAN_CHOICE, GAN_LAYERS } gan_type;

/* One key: a row of the schema, or an argument of a layer (then section is the layer's name). */
typedef struct gan_key {
    const char *section, *name;
    gan_type type;
    const char *unit;     /* "steps", "samples", "" ... */
    const char *fallback; /* default, as text; NULL: the key is required */
    double min, max;      /* of INT and REAL, inclusive */
    const char *choices;  /* "adam|sgd|..." of CHOICE, else NULL */
    bool may_change;      /* a resumed run may have another value */
    const char *meaning;
} gan_key;

typedef struct gan_value {
    int64_t i;        /* INT, BOOL (0, 1), CHOICE (index) */
    double r;         /* REAL; INT as well */
    const char *text; /* as written (or the default); the choice's name */
} gan_value;

/* Check and convert one value. `where` goes in front of a failure text ("job.ini:12: train.batch"); the text says what was
 * read, what is allowed, and for a CHOICE the nearest allowed word. v->text borrows `text`. */
gan_status gan_value_parse(gan_value *v, const gan_key *key, const char *text, const char *where);

/* The word of a NULL-terminated list that is nearest to `word` by edit distance, NULL when none is near. */
const char *gan_nearest(const char *word, const char *const *list);

/* ---- layer descriptions: "dense 256 init=normal, leaky_relu 0.2" ---------------------------------------------- */

enum { GAN_LAYER_MAX_ARGS = 12 };

typedef struct gan_layer_arg {
    const char *key; /* NULL for a positional argument */
    const char *value;
} gan_layer_arg;

typedef struct gan_layer_text {
    const char *name; /* "dense" */
    int n_args;
    gan_layer_arg args[GAN_LAYER_MAX_ARGS];
    const char *where; /* "job.ini:12", for error texts */
    const char *text;  /* "dense 256 init=normal" as written, blanks squeezed */
} gan_layer_text;

/* ---- the whole configuration ------------------------------------------------------------------------------- */

typedef struct gan_config gan_config;

/* A default that a system has instead of the schema's. */
typedef struct gan_default {
    const char *section, *key, *value;
} gan_default;

/* The networks of a system, NULL-terminated; NULL when there is no such system. "?critic" is optional: there when the job has
 * something in [critic]; "?critic3" needs "?critic2" to be there as well, if that is in the list. *names receives all systems'
 * names (NULL-terminated), for error texts; *defaults the system's own, up to one without section, or NULL. All lists stay as
 * long as the program runs. Given by the caller, since config stands below systems. */
typedef const char *const *gan_networks_of(const char *system, const char *const **names, const gan_default **defaults);

/* Read an INI file (path) and apply overrides "section.key=value" (sets[n_sets], as from --set). Local: every rank reads the
 * same. GAN_ECONFIG with file, line, what was read, what is allowed, nearest known name; all errors of a file are
 * in one text, a line each, at most ten. */
gan_status gan_config_read(gan_config **out, const char *path, const char *const *sets, int n_sets,
                           gan_networks_of *networks_of);
/* The same from text in memory (a checkpoint's /config, a test, the fuzzer). `name` stands for the path in messages. */
gan_status gan_config_parse(gan_config **out, const char *name, const char *text, int64_t n_bytes,
                            const char *const *sets, int n_sets, gan_networks_of *networks_of);
void gan_config_free(gan_config *c); /* takes NULL */

/* Values by section and key; both must exist in the schema (an internal error otherwise: abort with the name). Texts are
 * borrowed from c. */
int64_t gan_config_int(const gan_config *c, const char *section, const char *key);
double gan_config_real(const gan_config *c, const char *section, const char *key);
bool gan_config_bool(const gan_config *c, const char *section, const char *key);
int gan_config_choice(const gan_config *c, const char *section, const char *key); /* index in the key's choices */
const char *gan_config_text(const gan_config *c, const char *section, const char *key);
bool gan_config_given(const gan_config *c, const char *section, const char *key); /* written by the user */
/* "job.ini:12" or "--set train.batch=3" or "default": where the value came from, for other modules' messages. */
const char *gan_config_where(const gan_config *c, const char *section, const char *key);
/* The networks that there are, in the system's order, NULL-terminated. Borrowed. */
const char *const *gan_config_networks(const gan_config *c);
bool gan_config_has_network(const gan_config *c, const char *network);
/* Layers of a network, in order; *n of them. Borrowed. */
const gan_layer_text *gan_config_layers(const gan_config *c, const char *network, int *n);

/* The configuration as INI text with every default filled in: a counted string. Parsing it again gives the same values. */
char *gan_config_ini(const gan_config *c);
/* Keys (not may_change) whose values differ, as "section.key: old -> new" lines in a counted string; "" when none. */
char *gan_config_differences(const gan_config *old, const gan_config *now);

/* Another INI file: one section, whose keys (INT, REAL, BOOL or CHOICE) are keys[n] with n at most GAN_PAIRS_MAX. what: "cluster file".
 * Values without text. GAN_ECONFIG as above; GAN_EIO. */
enum { GAN_PAIRS_MAX = 32 };
gan_status gan_pairs_read(gan_value *values, const gan_key *keys, int n, const char *path, const char *what);

/* Print the reference manual of all keys, section by section, to f. */
void gan_config_manual(FILE *f);

#endif
