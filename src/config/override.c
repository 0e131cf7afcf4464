/* "--set section.key=value" -> its three parts. The section ends at the first dot, the key at the first
 * equals sign. */
#include "override.h"

#include "gan/mem.h"

#include <string.h>

/* A counted copy of [from, to) without the blanks at its ends. */
static char *stripped(const char *from, const char *to)
{
    while (from < to && gan__is_blank(*from)) from++;
    while (to > from && gan__is_blank(to[-1])) to--;
    return gan_strndup(from, (size_t)(to - from));
}

static char *name_it(const char *set)
{
    char excerpt[GAN__QUOTE];
    return gan_sprintf("--set %s", gan__excerpt(excerpt, set));
}

static gan_status parse_one(gan__override *o, const char *set)
{
    const char *equals = strchr(set, '='), *dot = strchr(set, '.'), *end = set + strlen(set);
    bool is_text = gan__not_text(set, end - set) < 0;
    o->where = is_text ? name_it(set) : gan_strdup("--set");
    if (!o->where) return GAN_ENOMEM;
    if (!is_text) {
        o->wrong = "an argument that is not UTF-8 text, or has control bytes";
    } else if (!equals || !dot || dot > equals) {
        o->wrong = "not of the form section.key=value; write for example --set train.batch=128";
    } else {
        o->section = stripped(set, dot);
        o->key = stripped(dot + 1, equals);
        o->value = stripped(equals + 1, end);
        if (!o->section || !o->key || !o->value) return GAN_ENOMEM;
    }
    return GAN_OK;
}

gan_status gan__overrides_parse(gan__override **out, int *n, const char *const *sets, int n_sets)
{
    *n = 0;
    if (!(*out = gan_calloc(n_sets, sizeof **out))) return GAN_ENOMEM;
    while (*n < n_sets) {
        gan__override *o = &(*out)[(*n)++];
        GAN_TRY(parse_one(o, sets[*n - 1]));
    }
    return GAN_OK;
}

void gan__overrides_free(gan__override *list, int n)
{
    for (int i = 0; i < n; i++) {
        gan_free(list[i].section);
        gan_free(list[i].key);
        gan_free(list[i].value);
        gan_free(list[i].where);
    }
    gan_free(list);
}
