/* A configuration as text: the canonical job file, and what differs between two. */
#include "gan/config.h"

#include "entries.h"
#include "gan/mem.h"

#include <string.h>

static gan_status write_layers(gan__text *t, const gan__entry *e)
{
    GAN_TRY(gan__text_add(t, "layers =\n"));
    for (int i = 0; i < e->layers.n; i++) GAN_TRY(gan__text_add(t, "    %s\n", e->layers.list[i].text));
    return GAN_OK;
}

static gan_status write_entries(gan__text *t, const gan_config *c)
{
    const char *section = NULL;
    GAN_TRY(gan__text_add(t, "; a job of gan_mpi with all defaults filled in\n"));
    for (int i = 0; i < c->n; i++) {
        const gan__entry *e = &c->entries[i];
        if (!section || strcmp(section, e->section) != 0) GAN_TRY(gan__text_add(t, "\n[%s]\n", e->section));
        section = e->section;
        if (e->key->type == GAN_LAYERS)
            GAN_TRY(write_layers(t, e));
        else
            GAN_TRY(gan__text_add(t, "%s =%s%s\n", e->key->name, e->value.text[0] ? " " : "", e->value.text));
    }
    return GAN_OK;
}

char *gan_config_ini(const gan_config *c)
{
    gan__text t = {0};
    if (write_entries(&t, c) == GAN_OK) return t.bytes;
    gan_free(t.bytes);
    return NULL;
}

/* ---- differences ---- */

/* "dense 256 (layer 3) -> dense 128 (layer 3)": the first layer that differs says most, the rest would bury
 * it. */
static gan_status compare_layers(gan__text *t, const gan__entry *a, const gan__entry *b)
{
    int i = 0, n = a->layers.n, m = b->layers.n;
    while (i < n && i < m && strcmp(a->layers.list[i].text, b->layers.list[i].text) == 0) i++;
    if (i == n && i == m) return GAN_OK;
    return gan__text_add(t, "%s.layers: %s (layer %d) -> %s (layer %d)\n", a->section,
                         i < n ? a->layers.list[i].text : "none", i + 1,
                         i < m ? b->layers.list[i].text : "none", i + 1);
}

static bool same_value(const gan__entry *a, const gan__entry *b)
{
    switch (a->key->type) {
    case GAN_INT:
    case GAN_BOOL:
    case GAN_CHOICE: return a->value.i == b->value.i;
    case GAN_REAL: return a->value.r == b->value.r;
    default: return strcmp(a->value.text, b->value.text) == 0;
    }
}

static const char *shown(const gan__entry *e)
{
    if (!e) return "(no such network)";
    if (e->key->type == GAN_LAYERS) return e->layers.list[0].text;
    return e->value.text[0] ? e->value.text : "(empty)";
}

/* Either may be NULL: a network that the other system does not have. */
static gan_status compare(gan__text *t, const gan__entry *a, const gan__entry *b)
{
    const gan__entry *any = a ? a : b;
    if (any->key->may_change) return GAN_OK;
    if (a && b && any->key->type == GAN_LAYERS) return compare_layers(t, a, b);
    if (a && b && same_value(a, b)) return GAN_OK;
    return gan__text_add(t, "%s.%s: %s -> %s\n", any->section, any->key->name, shown(a), shown(b));
}

char *gan_config_differences(const gan_config *old, const gan_config *now)
{
    gan__text t = {0};
    gan_status s = gan__text_add(&t, "%s", "");
    for (int i = 0; i < old->n && s == GAN_OK; i++)
        s = compare(&t, &old->entries[i],
                    gan__entries_find(now, old->entries[i].section, old->entries[i].key->name));
    for (int i = 0; i < now->n && s == GAN_OK; i++)
        if (!gan__entries_find(old, now->entries[i].section, now->entries[i].key->name))
            s = compare(&t, NULL, &now->entries[i]);
    if (s == GAN_OK) return t.bytes;
    gan_free(t.bytes);
    return NULL;
}
