/* Entries of a configuration, and the public questions to them. About seventy, so a search from the front
 * will do. */
#include "entries.h"

#include "gan/mem.h"
#include "schema.h"
#include "value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_entry(gan_config *c, const char *section, const gan_key *key)
{
    char why[GAN__WHY];
    gan__entry *e = &c->entries[c->n++];
    e->section = section;
    e->key = key;
    if (key->fallback && !gan__value_check(&e->value, key, key->fallback, why)) {
        fprintf(stderr, "schema.def: default of %s.%s: %s\n", key->section, key->name, why);
        abort();
    }
}

/* All network keys of one network, then all of the next. */
static void add_networks(gan_config *c)
{
    for (const char **network = c->networks; *network; network++)
        for (int k = 0; k < GAN__SCHEMA_KEYS; k++)
            if (gan__is_network_key(&gan__schema[k])) add_entry(c, *network, &gan__schema[k]);
}

gan_status gan__entries_fill(gan_config *c)
{
    int64_t n = 0;
    while (c->networks[n]) n++;
    c->entries = gan_calloc((n + 1) * GAN__SCHEMA_KEYS, sizeof *c->entries);
    if (!c->entries) return GAN_ENOMEM;
    bool networks_done = false;
    for (int k = 0; k < GAN__SCHEMA_KEYS; k++) {
        bool of_network = gan__is_network_key(&gan__schema[k]);
        if (!of_network) add_entry(c, gan__schema[k].section, &gan__schema[k]);
        if (of_network && !networks_done) add_networks(c);
        networks_done = networks_done || of_network;
    }
    return GAN_OK;
}

gan__entry *gan__entries_find(const gan_config *c, const char *section, const char *key)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->entries[i].section, section) == 0 && strcmp(c->entries[i].key->name, key) == 0)
            return &c->entries[i];
    return NULL;
}

bool gan__entries_has_section(const gan_config *c, const char *section)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->entries[i].section, section) == 0) return true;
    return false;
}

/* ---- giving values ---- */

static void drop_value(gan__entry *e)
{
    gan__layers_free(&e->layers);
    gan_free(e->text);
    gan_free(e->where);
    e->text = e->where = NULL;
    e->value = (gan_value){0};
}

/* "the value goes on in line 14": for the user who indented a key. False when text has one line. */
static bool complain_of_lines(gan__entry *e, const gan__place *at, gan__complaints *list)
{
    char quoted[GAN__QUOTE];
    const char *lf = strchr(e->text, '\n'), *more = lf;
    if (!lf) return false;
    int line = at->line;
    list->swallowed = true;
    for (; *more == '\n'; more++) line++;
    if (at->line)
        gan__complain(
            list, at, e->section, e->key->name,
            "the value goes on in line %d, %s, for that line starts with a blank; remove the blank (only "
            "`layers` may have several lines)",
            line, gan__quote(quoted, more));
    else
        gan__complain(list, at, NULL, NULL, "more than one line; only `layers` may have several");
    return true;
}

static void check_value(gan__entry *e, const gan__place *at, gan__complaints *list)
{
    char why[GAN__WHY], quoted[GAN__QUOTE];
    int before = list->n + list->unsaid;
    const char *unwritable = gan__unwritable(e->key->name, e->text);
    if (complain_of_lines(e, at, list)) {
    } else if (unwritable) {
        gan__complain(list, at, e->section, e->key->name, "%s cannot stand in a job file: %s",
                      gan__quote(quoted, e->text), unwritable);
    } else if (!gan__value_check(&e->value, e->key, e->text, why)) {
        gan__complain(list, at, e->section, e->key->name, "%s", why);
    }
    e->refused = list->n + list->unsaid > before;
}

static gan_status set_layers(gan__entry *e, const gan__place *at, gan__complaints *list)
{
    int before = list->n + list->unsaid;
    e->value = (gan_value){.text = e->text};
    GAN_TRY(gan__layers_parse(&e->layers, e->text, at, e->section, list));
    e->refused = list->n + list->unsaid > before;
    return GAN_OK;
}

gan_status gan__entry_set(gan__entry *e, const char *text, const gan__place *at, gan__complaints *list)
{
    drop_value(e);
    e->given = true;
    e->line = at->line;
    e->where = at->line ? gan_sprintf("%s:%d", at->name, at->line) : gan_strdup(at->name);
    e->text = gan_strdup(text);
    if (!e->where || !e->text) return GAN_ENOMEM;
    if (e->key->type == GAN_LAYERS) return set_layers(e, at, list);
    check_value(e, at, list);
    return GAN_OK;
}

gan_status gan__entry_derive(gan__entry *e, const char *text)
{
    char why[GAN__WHY], *copy = gan_strdup(text);
    if (!copy) return GAN_ENOMEM;
    gan_free(e->text);
    e->text = copy;
    if (!gan__value_check(&e->value, e->key, e->text, why)) return GAN_FAIL(GAN_EINTERNAL, "%s", why);
    return GAN_OK;
}

void gan_config_free(gan_config *c)
{
    if (!c) return;
    for (int i = 0; i < c->n; i++) drop_value(&c->entries[i]);
    gan_free(c->entries);
    gan_free(c->networks);
    gan_free(c);
}

/* ---- questions ---- */

/* A wrong name or type is a mistake of the program, not of the user: stop with the name. */
static const gan__entry *must_find(const gan_config *c, const char *section, const char *key, unsigned types)
{
    const gan__entry *e = gan__entries_find(c, section, key);
    if (e && (types >> e->key->type & 1u)) return e;
    fprintf(stderr, "gan_mpi: internal error: %s.%s %s\n", section, key,
            e ? "is of another type" : "is no key");
    abort();
}

#define TYPE(name) (1u << GAN_##name)
enum { ANY = ~0u >> 1 };

int64_t gan_config_int(const gan_config *c, const char *section, const char *key)
{
    return must_find(c, section, key, TYPE(INT))->value.i;
}

double gan_config_real(const gan_config *c, const char *section, const char *key)
{
    return must_find(c, section, key, TYPE(REAL) | TYPE(INT))->value.r;
}

bool gan_config_bool(const gan_config *c, const char *section, const char *key)
{
    return must_find(c, section, key, TYPE(BOOL))->value.i != 0;
}

int gan_config_choice(const gan_config *c, const char *section, const char *key)
{
    return (int)must_find(c, section, key, TYPE(CHOICE))->value.i;
}

const char *gan_config_text(const gan_config *c, const char *section, const char *key)
{
    return must_find(c, section, key, ANY)->value.text;
}

bool gan_config_given(const gan_config *c, const char *section, const char *key)
{
    return must_find(c, section, key, ANY)->given;
}

const char *gan_config_where(const gan_config *c, const char *section, const char *key)
{
    const gan__entry *e = must_find(c, section, key, ANY);
    return e->where ? e->where : "default";
}

const char *const *gan_config_networks(const gan_config *c)
{
    return (const char *const *)c->networks;
}

bool gan_config_has_network(const gan_config *c, const char *network)
{
    for (const char **name = c->networks; *name; name++)
        if (strcmp(*name, network) == 0) return true;
    return false;
}

const gan_layer_text *gan_config_layers(const gan_config *c, const char *network, int *n)
{
    const gan__entry *e = must_find(c, network, "layers", TYPE(LAYERS));
    *n = e->layers.n;
    return e->layers.list;
}
