/* One value: text -> whole number, number, yes/no, choice, text.
 *
 * The forms are spelled out here and only then given to strtod: left alone it takes "nan", "inf", "0x1p3" and
 * leading blanks, and strtoll stops at the x of "12x". The whole text must be the value. */
#include "value.h"

#include "layers.h"
#include "text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* [+-] digits [. digits] [e [+-] digits], digits on at least one side of the point. */
static bool is_decimal(const char *s)
{
    s += *s == '+' || *s == '-';
    size_t whole = strspn(s, "0123456789"), part = 0;
    s += whole;
    if (*s == '.') {
        part = strspn(s + 1, "0123456789");
        s += 1 + part;
    }
    if (whole + part == 0) return false;
    if (*s != 'e' && *s != 'E') return *s == '\0';
    s++;
    s += *s == '+' || *s == '-';
    size_t power = strspn(s, "0123456789");
    return power > 0 && s[power] == '\0';
}

typedef enum verdict { GOOD, NO_NUMBER, OUT_OF_RANGE } verdict;

static verdict read_real(gan_value *v, const gan_key *key, const char *text)
{
    if (!is_decimal(text)) return NO_NUMBER;
    char *end;
    errno = 0;
    v->r = strtod(text, &end);
    if (*end) return NO_NUMBER;
    if (errno == ERANGE || !isfinite(v->r))
        return OUT_OF_RANGE; /* too large, or so small that digits are lost */
    return v->r >= key->min && v->r <= key->max ? GOOD : OUT_OF_RANGE;
}

/* A whole number may be written 1e6. Beyond 2^53 only plain digits are exact. */
static verdict read_int(gan_value *v, const gan_key *key, const char *text)
{
    verdict as_real = read_real(v, key, text);
    if (as_real == NO_NUMBER) return NO_NUMBER;
    if (text[strcspn(text, ".eE")] == '\0') {
        char *end;
        errno = 0;
        v->i = strtoll(text, &end, 10);
        if (*end) return NO_NUMBER;
        if (errno == ERANGE) return OUT_OF_RANGE;
        v->r = (double)v->i;
        return as_real;
    }
    if (as_real != GOOD) return as_real;
    if (v->r != floor(v->r)) return NO_NUMBER;
    if (fabs(v->r) > 0x1p53) return OUT_OF_RANGE;
    v->i = (int64_t)v->r;
    return GOOD;
}

static const char *const bool_words[] = {"yes", "no", "true", "false", "on", "off", "1", "0", NULL};

static bool read_bool(gan_value *v, const char *text)
{
    for (int i = 0; bool_words[i]; i++) {
        if (strcmp(text, bool_words[i]) != 0) continue;
        v->i = i % 2 == 0;
        v->r = (double)v->i;
        return true;
    }
    return false;
}

enum { MAX_CHOICES = 32, CHOICE_BYTES = 512 };

/* "a|b|c" -> a list of words in `bytes`. */
static void split_choices(const char *choices, char bytes[CHOICE_BYTES], const char *words[MAX_CHOICES + 1])
{
    int n = 0;
    snprintf(bytes, CHOICE_BYTES, "%s", choices);
    for (char *p = bytes; p && n < MAX_CHOICES;) {
        words[n++] = p;
        p = strchr(p, '|');
        if (p) *p++ = '\0';
    }
    words[n] = NULL;
}

static bool read_choice(gan_value *v, const gan_key *key, const char *text, const char **nearest)
{
    static const char *const none[] = {NULL};
    char bytes[CHOICE_BYTES];
    const char *words[MAX_CHOICES + 1];
    split_choices(key->choices, bytes, words);
    for (int i = 0; words[i]; i++) {
        if (strcmp(text, words[i]) != 0) continue;
        v->i = i;
        v->r = i;
        return true;
    }
    const char *word = gan_nearest(text, *words[0] ? words : none);
    *nearest = word ? key->choices + (word - bytes) : NULL; /* the same place in the table, which stays */
    return false;
}

const char *gan__allowed(char out[GAN__WHY], const gan_key *key)
{
    char lo[GAN__NUMBER], hi[GAN__NUMBER];
    out[0] = '\0';
    if (key->type == GAN_INT || key->type == GAN_REAL) {
        snprintf(out, GAN__WHY, "%s to %s%s%s", gan__number(lo, key->min), gan__number(hi, key->max),
                 key->unit && key->unit[0] ? " " : "", key->unit ? key->unit : "");
    } else if (key->type == GAN_BOOL) {
        snprintf(out, GAN__WHY, "yes, no, true, false, on, off, 1, 0");
    } else if (key->type == GAN_CHOICE) {
        size_t n = 0;
        for (const char *p = key->choices; *p && n + 2 < GAN__WHY; p++) {
            out[n++] = *p == '|' ? ',' : *p;
            if (*p == '|') out[n++] = ' ';
        }
        out[n] = '\0';
    }
    return out;
}

/* "12x" is not a whole number (allowed: 1 to 1e9 samples; default 64) */
static bool refuse(char why[GAN__WHY], const gan_key *key, const char *text, const char *what,
                   const char *nearest)
{
    char quoted[GAN__QUOTE], allowed[GAN__WHY], hint[64] = "";
    if (nearest) snprintf(hint, sizeof hint, "; did you mean %.*s?", (int)strcspn(nearest, "|"), nearest);
    if (!nearest && strchr(text, '#'))
        snprintf(hint, sizeof hint, "; a comment behind a value starts with ;");
    bool known = key->fallback && key->fallback[0];
    snprintf(why, GAN__WHY, "%s is %s%s (allowed: %.200s%s%s)", gan__quote(quoted, text), what, hint,
             gan__allowed(allowed, key), known ? "; default " : "; no default", known ? key->fallback : "");
    return false;
}

static bool check_number(gan_value *v, const gan_key *key, const char *text, char why[GAN__WHY])
{
    bool whole = key->type == GAN_INT;
    switch (whole ? read_int(v, key, text) : read_real(v, key, text)) {
    case GOOD: return true;
    case OUT_OF_RANGE: return refuse(why, key, text, "out of range", NULL);
    default: return refuse(why, key, text, whole ? "not a whole number" : "not a number", NULL);
    }
}

bool gan__value_check(gan_value *v, const gan_key *key, const char *text, char why[GAN__WHY])
{
    const char *nearest = NULL;
    *v = (gan_value){.text = text};
    switch (key->type) {
    case GAN_INT:
    case GAN_REAL: return check_number(v, key, text, why);
    case GAN_BOOL:
        return read_bool(v, text) ||
               refuse(why, key, text, "neither yes nor no", gan_nearest(text, bool_words));
    case GAN_CHOICE:
        return read_choice(v, key, text, &nearest) || refuse(why, key, text, "not a choice", nearest);
    default: return true;
    }
}

gan_status gan_value_parse(gan_value *v, const gan_key *key, const char *text, const char *where)
{
    char why[GAN__WHY];
    if (!gan__value_check(v, key, text, why)) return GAN_FAIL(GAN_ECONFIG, "%s: %s", where, why);
    if (key->type != GAN_LAYERS) return GAN_OK;
    gan__layers layers = {0};
    gan__complaints list = {0};
    gan_status s = gan__layers_parse(&layers, text, &(gan__place){.name = where}, NULL, &list);
    gan__layers_free(&layers);
    return s != GAN_OK ? s : gan__complaints_status(&list);
}
