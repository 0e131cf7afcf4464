/* A small INI file of one section, by a table of its keys: values with defaults, or all that is wrong with it. */
#include "gan/config.h"

#include "gan/mem.h"
#include "ini_items.h"
#include "value.h"

#include <string.h>

typedef struct pairs {
    const char *name;
    const gan_key *keys;
    int n;
    gan_value *values;
    bool *given;
    gan__complaints list;
} pairs;

static void complain_of_key(pairs *p, const gan__place *at, const gan__ini_item *item)
{
    const char *names[GAN_PAIRS_MAX + 1], *near;
    char quoted[GAN__QUOTE];
    for (int i = 0; i < p->n; i++) names[i] = p->keys[i].name;
    names[p->n] = NULL;
    near = gan_nearest(item->key, names);
    gan__complain(&p->list, at, NULL, NULL, "unknown key %s%s%s%s", gan__quote(quoted, item->key), near ? "; did you mean " : "",
                  near ? near : "", near ? "?" : "");
}

static void take_value(pairs *p, int i, const gan__place *at, const char *text)
{
    char why[GAN__WHY];
    const gan_key *k = &p->keys[i];
    if (p->given[i]) gan__complain(&p->list, at, k->section, k->name, "given twice; remove one");
    else if (!gan__value_check(&p->values[i], k, text, why)) gan__complain(&p->list, at, k->section, k->name, "%s", why);
    p->given[i] = true;
}

static void take_item(pairs *p, const gan__ini_item *item)
{
    const gan__place at = {p->name, item->line};
    char quoted[GAN__QUOTE];
    int i = 0;
    if (item->wrong) {
        gan__complain(&p->list, &at, NULL, NULL, "%s", item->wrong);
        return;
    }
    if (strcmp(item->section, p->keys[0].section) != 0) {
        if (!item->key) gan__complain(&p->list, &at, NULL, NULL, "unknown section %s; known is [%s]",
                                      gan__quote(quoted, item->section), p->keys[0].section);
        return;
    }
    if (!item->key) return;
    while (i < p->n && strcmp(p->keys[i].name, item->key) != 0) i++;
    if (i == p->n) complain_of_key(p, &at, item);
    else take_value(p, i, &at, item->value);
}

static void fill_in(pairs *p)
{
    const gan__place at = {p->name, 0};
    char why[GAN__WHY];
    for (int i = 0; i < p->n; i++) {
        const gan_key *k = &p->keys[i];
        if (p->given[i]) continue;
        if (k->fallback) gan__value_check(&p->values[i], k, k->fallback, why);
        else gan__complain(&p->list, &at, NULL, NULL, "%s.%s is missing: %s", k->section, k->name, k->meaning);
    }
}

static gan_status take_all(pairs *p, const gan__ini *ini)
{
    for (int i = 0; i < ini->n; i++) take_item(p, &ini->items[i]);
    fill_in(p);
    for (int i = 0; i < p->n; i++) p->values[i].text = NULL; /* it was borrowed from the file */
    return gan__complaints_status(&p->list);
}

gan_status gan_pairs_read(gan_value *values, const gan_key *keys, int n, const char *path, const char *what)
{
    bool given[GAN_PAIRS_MAX] = {false};
    pairs p = {.name = path, .keys = keys, .n = n, .values = values, .given = given};
    gan__ini ini = {0};
    char *text;
    int64_t n_bytes = 0;
    GAN_TRY(gan__read_text(&text, &n_bytes, path, what));
    gan_status s = gan__check_text(path, text, n_bytes, what);
    if (s == GAN_OK) s = gan__ini_parse(&ini, text, n_bytes);
    if (s == GAN_OK) s = take_all(&p, &ini);
    gan__ini_free(&ini);
    gan_free(text);
    return s;
}
