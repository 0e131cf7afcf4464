/* A job file and overrides -> a configuration, or the list of everything that is wrong with them.
 *
 * In this order: the text becomes items; the last train.system among file and overrides decides which networks there may be; which of
 * the optional ones are mentioned, which sections there are; all entries get defaults, then the file's values, then the overrides;
 * then the rules that concern several keys. Complaints are collected all the way and become one failure at the end. */
#include "gan/config.h"

#include "entries.h"
#include "gan/mem.h"
#include "ini_items.h"
#include "networks.h"
#include "override.h"
#include "rules.h"
#include "schema.h"

#include <stdio.h>
#include <string.h>

/* What is being read; lives for one call. */
typedef struct job {
    const char *name;
    gan__ini ini;
    gan__override *sets;
    int n_sets;
    gan_config *config;
    gan_networks_of *networks_of;
    const char *const *systems;
    const char *const *listed; /* networks of the system, as it lists them; NULL: there is no such system */
    gan__complaints list;
} job;

/* ---- which system, so which sections ---- */

static bool is_key(const char *section, const char *key, const char *wanted_section, const char *wanted_key)
{
    return section && key && strcmp(section, wanted_section) == 0 && strcmp(key, wanted_key) == 0;
}

/* The last one given; an override before the file. */
static const char *find_system(const job *j)
{
    for (int i = j->n_sets - 1; i >= 0; i--)
        if (is_key(j->sets[i].section, j->sets[i].key, "train", "system")) return j->sets[i].value;
    for (int i = 0; i < j->ini.n; i++)
        if (is_key(j->ini.items[i].section, j->ini.items[i].key, "train", "system"))
            return j->ini.items[i].value;
    for (int k = 0; k < GAN__SCHEMA_KEYS; k++)
        if (is_key(gan__schema[k].section, gan__schema[k].name, "train", "system"))
            return gan__schema[k].fallback;
    return "";
}

/* Where the job speaks of this section first; false: nowhere. */
static bool find_section(const job *j, const char *section, gan__place *at)
{
    for (int i = 0; i < j->ini.n; i++)
        if (j->ini.items[i].section && strcmp(j->ini.items[i].section, section) == 0)
            return *at = (gan__place){j->name, j->ini.items[i].line}, true;
    for (int i = 0; i < j->n_sets; i++)
        if (j->sets[i].section && strcmp(j->sets[i].section, section) == 0)
            return *at = (gan__place){j->sets[i].where, 0}, true;
    return false;
}

static bool mentions(const void *user, const char *section)
{
    gan__place at;
    return find_section(user, section, &at);
}

static gan_status make_store(job *j)
{
    static const char *const none[] = {NULL};
    const gan_default *own = NULL;
    j->systems = none;
    j->listed = j->networks_of(find_system(j), &j->systems, &own);
    if (!(j->config = gan_calloc(1, sizeof *j->config))) return GAN_ENOMEM;
    j->config->networks = gan__networks_present(j->listed ? j->listed : none, mentions, j);
    if (!j->config->networks) return GAN_ENOMEM;
    GAN_TRY(gan__entries_fill(j->config));
    for (; own && own->section; own++) {
        gan__entry *e = gan__entries_find(j->config, own->section, own->key); /* NULL: of an optional network that is not there */
        if (e) GAN_TRY(gan__entry_derive(e, own->value));
    }
    return GAN_OK;
}

static void complain_of_gaps(job *j)
{
    for (const char **name = j->config->networks; j->listed && *name; name++) {
        const char *before = gan__network_before(j->listed, *name);
        gan__place at;
        if (before && !gan_config_has_network(j->config, before) && find_section(j, *name, &at))
            gan__complain(&j->list, &at, NULL, NULL,
                          "[%s] without [%s]: networks of a kind are numbered without gaps; rename it to [%s], or write that "
                          "section too",
                          *name, before, before);
    }
}

/* "a, b, c", cut to the room there is. */
static const char *join(char *out, size_t room, const char *const *words)
{
    size_t n = 0;
    out[0] = '\0';
    for (; *words && n + 1 < room; words++) {
        int m = snprintf(out + n, room - n, "%s%s", n ? ", " : "", *words);
        n += m > 0 ? (size_t)m : 0;
    }
    return out;
}

static void complain_of_system(job *j)
{
    char quoted[GAN__QUOTE], all[256];
    const gan__entry *e = gan__entries_find(j->config, "train", "system");
    if (e->refused) return;
    const gan__place at = {e->line || !e->where ? j->name : e->where, e->line};
    const char *near = gan_nearest(e->value.text, j->systems);
    gan__complain(&j->list, &at, "train", "system", "%s is not a system%s%s%s (allowed: %s)",
                  gan__quote(quoted, e->value.text), near ? "; did you mean " : "", near ? near : "",
                  near ? "?" : "", join(all, sizeof all, j->systems));
}

/* ---- unknown names ---- */

enum { MAX_NAMES = 128 };

/* The keys of this section were very likely meant: no rule shall miss them. */
static void excuse_section(gan_config *c, const char *section)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->entries[i].section, section) == 0) c->entries[i].refused = true;
}

/* All sections there are or could be, NULL-terminated. */
static void section_names(const job *j, const char *names[MAX_NAMES + 1])
{
    int n = 0;
    for (int i = 0; i < j->config->n && n < MAX_NAMES; i++)
        if (n == 0 || strcmp(names[n - 1], j->config->entries[i].section) != 0)
            names[n++] = j->config->entries[i].section;
    for (const char *const *l = j->listed; l && *l && n < MAX_NAMES; l++)
        if (!gan__entries_has_section(j->config, gan__network_name(*l))) names[n++] = gan__network_name(*l);
    names[n] = NULL;
}

/* A system that has a network of this name. */
static const char *system_with(const job *j, const char *network)
{
    const char *const *all;
    const gan_default *own;
    for (const char *const *system = j->systems; *system; system++)
        if (gan__networks_list(j->networks_of(*system, &all, &own), network)) return *system;
    return NULL;
}

static void complain_of_section(job *j, const gan__place *at, const char *section)
{
    const char *names[MAX_NAMES + 1], *other = system_with(j, section);
    char quoted[GAN__QUOTE], all[384];
    section_names(j, names);
    const char *near = gan_nearest(section, names);
    if (near) excuse_section(j->config, near);
    gan__quote(quoted, section);
    if (other)
        gan__complain(&j->list, at, NULL, NULL, "unknown section %s: system %s has such a network, but train.system = %s",
                      quoted, other, find_system(j));
    else if (near)
        gan__complain(&j->list, at, NULL, NULL, "unknown section %s; did you mean [%s]?", quoted, near);
    else
        gan__complain(&j->list, at, NULL, NULL, "unknown section %s; known are %s", quoted, join(all, sizeof all, names));
}

/* The known key of this section that is near. */
static gan__entry *nearest_entry(const gan_config *c, const char *section, const char *key)
{
    const char *names[MAX_NAMES + 1];
    int n = 0;
    for (int i = 0; i < c->n && n < MAX_NAMES; i++)
        if (strcmp(c->entries[i].section, section) == 0) names[n++] = c->entries[i].key->name;
    names[n] = NULL;
    const char *near = gan_nearest(key, names);
    return near ? gan__entries_find(c, section, near) : NULL;
}

/* The same key in another section: the first there is. */
static gan__entry *entry_elsewhere(const gan_config *c, const char *key)
{
    for (int i = 0; i < c->n; i++)
        if (strcmp(c->entries[i].key->name, key) == 0) return &c->entries[i];
    return NULL;
}

enum { NAME = 128 };

static const char *full_name(char out[NAME], const gan__entry *e)
{
    snprintf(out, NAME, "%s%s%s", e ? e->section : "", e ? "." : "", e ? e->key->name : "");
    return out;
}

static void complain_of_key(job *j, const gan__place *at, const char *section, const char *key)
{
    char shown[GAN__QUOTE], a[NAME], b[NAME];
    gan__entry *near = nearest_entry(j->config, section, key), *same = entry_elsewhere(j->config, key);
    gan__excerpt(shown, key);
    if (!near && !same) {
        gan__complain(&j->list, at, section, shown, "unknown key; `gan_mpi config` lists the keys of [%s]",
                      section);
        return;
    }
    gan__complain(&j->list, at, section, shown, "unknown key; did you mean %s%s%s?", full_name(a, near),
                  near && same ? " or " : "", full_name(b, same));
    /* Very likely one of them was meant: no rule shall miss it. */
    if (near) near->refused = true;
    if (same) same->refused = true;
}

/* ---- values ---- */

/* The entry for a value; NULL after a complaint, or when no one can know (the system is unknown). */
static gan__entry *find_entry(job *j, const gan__place *at, const char *section, const char *key)
{
    gan__entry *e = gan__entries_find(j->config, section, key);
    if (!e && gan__entries_has_section(j->config, section)) complain_of_key(j, at, section, key);
    return e;
}

static gan_status apply_pair(job *j, const gan__ini_item *item, const gan__place *at)
{
    if (item->section[0] == '\0') {
        char shown[GAN__QUOTE];
        gan__complain(&j->list, at, NULL, NULL, "%s: a key before the first [section]",
                      gan__excerpt(shown, item->key));
        return GAN_OK;
    }
    gan__entry *e = find_entry(j, at, item->section, item->key);
    if (!e) return GAN_OK;
    if (e->line == 0) return gan__entry_set(e, item->value, at, &j->list);
    gan__complain(&j->list, at, e->section, e->key->name, "written twice, first in line %d; remove one",
                  e->line);
    return GAN_OK;
}

static gan_status apply_file(job *j)
{
    for (int i = 0; i < j->ini.n; i++) {
        const gan__ini_item *item = &j->ini.items[i];
        const gan__place at = {j->name, item->line};
        if (item->wrong)
            gan__complain(&j->list, &at, NULL, NULL, "%s", item->wrong);
        else if (item->key)
            GAN_TRY(apply_pair(j, item, &at));
        else if (j->listed && !gan__entries_has_section(j->config, item->section))
            complain_of_section(j, &at, item->section);
    }
    return GAN_OK;
}

/* Of several overrides for one key the last counts, as users of command lines expect. */
static gan_status apply_sets(job *j)
{
    for (int i = 0; i < j->n_sets; i++) {
        const gan__override *set = &j->sets[i];
        const gan__place at = {set->where, 0};
        if (set->wrong) {
            gan__complain(&j->list, &at, NULL, NULL, "%s", set->wrong);
            continue;
        }
        gan__entry *e = find_entry(j, &at, set->section, set->key);
        if (e)
            GAN_TRY(gan__entry_set(e, set->value, &at, &j->list));
        else if (j->listed && !gan__entries_has_section(j->config, set->section))
            complain_of_section(j, &at, set->section);
    }
    return GAN_OK;
}

/* ---- the whole ---- */

static gan_status build(job *j)
{
    GAN_TRY(make_store(j));
    GAN_TRY(apply_file(j));
    GAN_TRY(apply_sets(j));
    if (!j->listed) complain_of_system(j);
    complain_of_gaps(j);
    GAN_TRY(gan__rules_apply(j->config, j->name, &j->list));
    return gan__complaints_status(&j->list);
}

gan_status gan_config_parse(gan_config **out, const char *name, const char *text, int64_t n_bytes,
                            const char *const *sets, int n_sets, gan_networks_of *networks_of)
{
    *out = NULL;
    GAN_TRY(gan__check_text(name, text, n_bytes, "job file"));
    job j = {.name = name, .networks_of = networks_of};
    gan_status s = gan__ini_parse(&j.ini, text, n_bytes);
    if (s == GAN_OK) s = gan__overrides_parse(&j.sets, &j.n_sets, sets, n_sets);
    if (s == GAN_OK) s = build(&j);
    gan__overrides_free(j.sets, j.n_sets);
    gan__ini_free(&j.ini);
    if (s == GAN_OK)
        *out = j.config;
    else
        gan_config_free(j.config);
    return s;
}

gan_status gan_config_read(gan_config **out, const char *path, const char *const *sets, int n_sets,
                           gan_networks_of *networks_of)
{
    char *text;
    int64_t n_bytes = 0;
    *out = NULL;
    GAN_TRY(gan__read_text(&text, &n_bytes, path, "job file"));
    gan_status s = gan_config_parse(out, path, text, n_bytes, sets, n_sets, networks_of);
    gan_free(text);
    return s;
}
