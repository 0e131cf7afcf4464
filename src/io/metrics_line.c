/* Records as lines of JSON and back. The reader takes what the writer makes, with free white space, and
 * nothing more:
 * {"step": 100, "loss_d": 1.25, "score": null}. Whatever else a line may be, it is garbage. */
#include "metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The shortest of 15, 16 or 17 digits that reads back as the same number. */
static int format_number(char *to, double v)
{
    int n = 0;
    if (!isfinite(v)) return sprintf(to, "null");
    for (int digits = 15; digits <= 17; digits++) {
        n = sprintf(to, "%.*g", digits, v);
        if (strtod(to, NULL) == v) break;
    }
    return n;
}

int64_t gan__metrics_format(const gan_metrics *m, int64_t step, const double *values, char *line)
{
    char *at = line + sprintf(line, "{\"step\": %" PRId64, step);
    for (int i = 0; i < m->n; i++) {
        at += sprintf(at, ", \"%s\": ", m->names[i]);
        at += format_number(at, values[i]);
    }
    at += sprintf(at, "}\n");
    return at - line;
}

static const char *skip_space(const char *p)
{
    return p + strspn(p, " \t\r");
}

/* The character c, white space around it; NULL if it is not there. Takes NULL. */
static const char *expect(const char *p, char c)
{
    if (!p || *(p = skip_space(p)) != c) return NULL;
    return skip_space(p + 1);
}

/* A name in quotes. Ours need no escapes, so a backslash makes it garbage. */
static const char *parse_key(const char *p, const char **key, size_t *length)
{
    if (!p || *p != '"') return NULL;
    *key = ++p;
    *length = strcspn(p, "\"\\");
    return p[*length] == '"' ? p + *length + 1 : NULL;
}

static const char *parse_value(const char *p, double *v)
{
    char *end;
    *v = NAN;
    if (!p) return NULL;
    if (strncmp(p, "null", 4) == 0) return p + 4;
    if (*p != '-' && (*p < '0' || *p > '9')) return NULL; /* strtod also takes inf, nan and leading space */
    *v = strtod(p, &end);
    return isfinite(*v) ? end : NULL;
}

static const char *parse_step(const char *p, int64_t *step)
{
    char *end;
    if (!p || *p < '0' || *p > '9') return NULL;
    errno = 0;
    *step = strtoll(p, &end, 10);
    return errno == 0 ? end : NULL;
}

static int index_of(const gan_metrics *m, const char *key, size_t length)
{
    for (int i = 0; i < m->n; i++)
        if (strlen(m->names[i]) == length && memcmp(m->names[i], key, length) == 0) return i;
    return -1;
}

/* One "key": value; sets *has_step if it was the step. */
static const char *parse_member(const gan_metrics *m, const char *p, int64_t *step, bool *has_step,
                                double *values)
{
    const char *key = NULL;
    size_t length = 0;
    double v;
    p = expect(parse_key(p, &key, &length), ':');
    if (p && length == 4 && memcmp(key, "step", 4) == 0) {
        *has_step = true;
        return parse_step(p, step);
    }
    if (!(p = parse_value(p, &v))) return NULL;
    int i = index_of(m, key, length);
    if (i >= 0) values[i] = v;
    return p;
}

bool gan__metrics_parse(const gan_metrics *m, const char *line, int64_t length, int64_t *step, double *values)
{
    bool has_step = false;
    if ((int64_t)strlen(line) != length) return false;
    for (int i = 0; i < m->n; i++) values[i] = NAN;
    const char *p = expect(line, '{');
    for (;;) {
        if (!(p = parse_member(m, p, step, &has_step, values))) return false;
        p = skip_space(p);
        if (*p != ',') break;
        p = skip_space(p + 1);
    }
    p = expect(p, '}');
    return p && *p == '\0' && has_step;
}

void gan__lines_start(gan__lines *l, int fd, int64_t offset)
{
    l->fd = fd;
    l->next = offset;
    l->have = l->at = 0;
    l->error = 0;
}

/* Move what is left to the front and read on; false at the end of the file. */
static bool refill(gan__lines *l)
{
    int64_t left = l->have - l->at;
    memmove(l->buffer, l->buffer + l->at, (size_t)left);
    l->at = 0;
    l->have = left;
    ssize_t got;
    do got = pread(l->fd, l->buffer + left, (size_t)(GAN_METRICS_MAX_LINE - left), (off_t)(l->next + left));
    while (got < 0 && errno == EINTR);
    if (got < 0) l->error = errno;
    if (got > 0) l->have += got;
    return got > 0;
}

char *gan__lines_next(gan__lines *l, int64_t *length)
{
    for (;;) {
        char *start = l->buffer + l->at, *end = memchr(start, '\n', (size_t)(l->have - l->at));
        if (end) {
            *end = '\0';
            *length = end - start;
            l->at += *length + 1;
            l->next += *length + 1;
            return start;
        }
        if (l->have - l->at == GAN_METRICS_MAX_LINE) { /* garbage: go on in the middle of it */
            l->next += l->have - l->at;
            l->at = l->have;
        }
        if (!refill(l)) return NULL;
    }
}
