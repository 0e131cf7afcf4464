/* Growing strings, quoting, and what counts as text.
 *
 * A job file is UTF-8 without control bytes. That is checked once, over the whole file, so that nothing
 * behind it (inih, messages on a terminal, JSON, HDF5 strings) meets a NUL byte or an escape sequence. */
#include "text.h"

#include "gan/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gan_status gan__text_add(gan__text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) return GAN_FAIL(GAN_EINTERNAL, "a text cannot be formatted: %s", fmt);
    if (t->n + n + 1 > t->room) {
        int64_t room = 2 * (t->n + n + 1);
        char *bytes = gan_realloc(t->bytes, room, 1);
        if (!bytes) return GAN_ENOMEM;
        t->bytes = bytes;
        t->room = room;
    }
    va_start(ap, fmt);
    vsnprintf(t->bytes + t->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    t->n += n;
    return GAN_OK;
}

bool gan__is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

const char *gan__excerpt(char out[GAN__QUOTE], const char *text)
{
    enum { SHOWN = 60 };
    size_t n = strlen(text), cut = n;
    if (n > SHOWN) {
        cut = SHOWN;
        while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80) cut--; /* not inside a UTF-8 character */
    }
    snprintf(out, GAN__QUOTE, "%.*s%s", (int)cut, text, cut < n ? "..." : "");
    for (char *p = out; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f) *p = ' ';
    return out;
}

const char *gan__quote(char out[GAN__QUOTE], const char *text)
{
    char excerpt[GAN__QUOTE];
    snprintf(out, GAN__QUOTE, "\"%.70s\"", gan__excerpt(excerpt, text));
    return out;
}

const char *gan__number(char out[GAN__NUMBER], double v)
{
    if (fabs(v) < 1e6 && v == floor(v)) {
        snprintf(out, GAN__NUMBER, "%.0f", v);
        return out;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, GAN__NUMBER, "%.*g", digits, v);
        if (strtod(out, NULL) == v) break;
    }
    char *e = strchr(out, 'e');
    if (!e) return out;
    char *from = e + 1, *to = e + 1; /* e+09 -> e9, e-04 -> e-4 */
    if (*from == '-') from++, to++;
    from += strspn(from, "+0");
    memmove(to, from, strlen(from) + 1);
    return out;
}

/* Bytes of the UTF-8 character at s, 0 when it is none (RFC 3629: no overlong forms, no surrogates), or when
 * it is a control character of the second block (U+0080..U+009F), which terminals obey. */
static int utf8_bytes(const unsigned char *s, int64_t left)
{
    if (s[0] < 0x80) return 1;
    int n = s[0] >= 0xC2 && s[0] < 0xE0   ? 2
            : s[0] >= 0xE0 && s[0] < 0xF0 ? 3
            : s[0] >= 0xF0 && s[0] < 0xF5 ? 4
                                          : 0;
    if (n == 0 || n > left) return 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool outside = (s[0] == 0xED && s[1] >= 0xA0) || (s[0] == 0xF4 && s[1] >= 0x90);
    bool control = s[0] == 0xC2 && s[1] < 0xA0;
    return overlong || outside || control ? 0 : n;
}

int64_t gan__not_text(const char *bytes, int64_t n)
{
    for (int64_t i = 0; i < n;) {
        unsigned char c = (unsigned char)bytes[i];
        bool end_of_line = c == '\r' && i + 1 < n && bytes[i + 1] == '\n';
        if ((c < ' ' && c != '\t' && c != '\n' && !end_of_line) || c == 0x7f) return i;
        int step = utf8_bytes((const unsigned char *)bytes + i, n - i);
        if (step == 0) return i;
        i += step;
    }
    return -1;
}

_Static_assert(GAN__LINE_BYTES == 197, "texts here, in ini.c and in manual.c say 197");

const char *gan__unwritable(const char *key, const char *value)
{
    size_t n = strlen(value), all = strlen(key) + strlen(" = ") + n;
    if (gan__not_text(value, (int64_t)n) >= 0) return "not UTF-8 text, or with a control byte";
    if (strpbrk(value, "\r\n")) return "more than one line";
    if (n > 0 && (gan__is_blank(value[0]) || gan__is_blank(value[n - 1]))) return "a blank at an end";
    if (value[0] == ';' || strstr(value, " ;") || strstr(value, "\t;"))
        return "a blank and ; start a comment";
    if (all > GAN__LINE_BYTES) return "more than the 197 bytes that a line of a job file holds";
    return NULL;
}
