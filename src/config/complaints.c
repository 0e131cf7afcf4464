/* The errors of a job file, collected: whoever wrote a file with five mistakes wants to hear all five at
 * once. A fixed buffer, since a complaint must not be lost for lack of memory. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room kept for the last line. */
enum { TAIL = 64 };

static int prefix(char *out, size_t room, const gan__place *at, const char *section, const char *key)
{
    if (at->line == 0) return snprintf(out, room, "%s: ", at->name);
    if (!key) return snprintf(out, room, "%s:%d: ", at->name, at->line);
    return snprintf(out, room, "%s:%d: %s.%s: ", at->name, at->line, section, key);
}

void gan__complain(gan__complaints *list, const gan__place *at, const char *section, const char *key,
                   const char *fmt, ...)
{
    char *line = list->text + list->used;
    size_t room = sizeof list->text - TAIL - (size_t)list->used;
    if (list->used > 0 && room > 1) *line++ = '\n', room--;
    int n = prefix(line, room, at, section, key), m = 0;
    if (n >= 0 && (size_t)n < room) {
        va_list ap;
        va_start(ap, fmt);
        m = vsnprintf(line + n, room - (size_t)n, fmt, ap);
        va_end(ap);
    }
    bool whole = n >= 0 && m >= 0 && (size_t)n + (size_t)m < room;
    /* The first is kept even when it must be cut: no failure without a text. */
    if (list->unsaid == 0 && list->n < GAN__COMPLAINTS && (whole || list->n == 0)) {
        list->n++;
        list->used = (int64_t)strlen(list->text);
    } else {
        list->unsaid++;
        list->text[list->used] = '\0';
    }
}

gan_status gan__complaints_status(const gan__complaints *list)
{
    if (list->n == 0) return GAN_OK;
    if (list->unsaid == 0) return GAN_FAIL(GAN_ECONFIG, "%s", list->text);
    return GAN_FAIL(GAN_ECONFIG, "%s\nand %d more", list->text, list->unsaid);
}
