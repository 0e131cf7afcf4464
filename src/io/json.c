/* A walk over JSON. Values are skipped by counting brackets outside of strings; whether what lies between them is
 * well-formed is not asked, since what is read here was written by this program, and is at worst cut off. */
#include "gan/json.h"

#include <stdlib.h>
#include <string.h>

static const char *blanks(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* Behind the closing quote of the string at p; NULL: it has none. */
static const char *skip_string(const char *p)
{
    for (p++; *p && *p != '"'; p++)
        if (*p == '\\' && !*++p) return NULL;
    return *p ? p + 1 : NULL;
}

static const char *skip_brackets(const char *p)
{
    int depth = 0;
    do {
        if (*p == '"') {
            if (!(p = skip_string(p))) return NULL;
            continue;
        }
        if (*p == '{' || *p == '[') depth++;
        if (*p == '}' || *p == ']') depth--;
        if (!*p++) return NULL;
    } while (depth > 0);
    return p;
}

static const char *skip_value(const char *p)
{
    if (*p == '"') return skip_string(p);
    if (*p == '{' || *p == '[') return skip_brackets(p);
    size_t n = strcspn(p, ",]} \t\r\n");
    return n > 0 && p[n] ? p + n : NULL;
}

/* The string at p without its quotes; NULL: none, or cut off. Escapes stay as they are. */
static const char *take_string(const char *p, char *text, size_t n, bool *whole)
{
    const char *end = *p == '"' ? skip_string(p) : NULL;
    if (!end) return NULL;
    size_t length = (size_t)(end - p) - 2;
    *whole = length < n;
    if (!*whole) length = n - 1;
    memcpy(text, p + 1, length);
    text[length] = '\0';
    return end;
}

gan_json_walk gan_json_begin(const char *object)
{
    gan_json_walk w = {.at = ""};
    if (!object) return w;
    object = blanks(object);
    if (*object == '{') w.at = object + 1;
    return w;
}

bool gan_json_next(gan_json_walk *w)
{
    bool whole;
    const char *p = blanks(w->at), *end;
    w->at = "";
    if (*p == ',') p = blanks(p + 1);
    if (!(p = take_string(p, w->name, sizeof w->name, &whole))) return false;
    p = blanks(p);
    if (*p != ':') return false;
    p = blanks(p + 1);
    if (!(end = skip_value(p))) return false;
    w->value = p;
    w->at = end;
    return true;
}

const char *gan_json_member(const char *object, const char *name)
{
    gan_json_walk w = gan_json_begin(object);
    while (gan_json_next(&w))
        if (strcmp(w.name, name) == 0) return w.value;
    return NULL;
}

bool gan_json_number(const char *object, const char *name, double *out)
{
    char *end;
    const char *value = gan_json_member(object, name);
    if (!value || !strchr("-0123456789", *value)) return false;
    double number = strtod(value, &end);
    if (!strchr(",]} \t\r\n", *end)) return false;
    *out = number;
    return true;
}

bool gan_json_text(const char *object, const char *name, char *text, size_t n)
{
    bool whole;
    char copy[1024];
    const char *value = gan_json_member(object, name);
    if (!value || !take_string(value, copy, n < sizeof copy ? n : sizeof copy, &whole) || !whole) return false;
    memcpy(text, copy, strlen(copy) + 1);
    return true;
}
