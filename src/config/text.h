/* Text helpers of the configuration: a growing string, quoting for messages, what counts as text, and the
 * list of complaints that becomes one failure text. */
#ifndef GAN_CONFIG_TEXT_H
#define GAN_CONFIG_TEXT_H

#include "gan/status.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- a growing string ---- */

typedef struct gan__text {
    char *bytes; /* counted, NULL before the first addition; whoever holds the struct frees it */
    int64_t n, room;
} gan__text;

__attribute__((format(printf, 2, 3))) gan_status gan__text_add(gan__text *t, const char *fmt, ...);

/* ---- words and numbers for messages ---- */

enum { GAN__QUOTE = 80, GAN__NUMBER = 32 };

/* `text`, cut after 60 bytes, with "..." then; control bytes shown as blanks. Returns out. */
const char *gan__excerpt(char out[GAN__QUOTE], const char *text);
const char *gan__quote(char out[GAN__QUOTE], const char *text); /* the same in quotes */

/* The shortest decimal form that reads back as v: "64", "1e9", "0.999". Returns out. */
const char *gan__number(char out[GAN__NUMBER], double v);

bool gan__is_blank(char c); /* space, tab, CR, LF */

/* ---- what counts as text ---- */

/* The place of the first byte that is not text (a control byte other than tab, LF and CR LF, or not UTF-8),
 * or -1. */
int64_t gan__not_text(const char *bytes, int64_t n);

/* GAN_ECONFIG with the line of that byte. what: "job file". */
gan_status gan__check_text(const char *name, const char *bytes, int64_t n, const char *what);
/* The whole file as a counted block, not checked. GAN_ECONFIG, GAN_EIO. */
gan_status gan__read_text(char **out, int64_t *n_bytes, const char *path, const char *what);

/* The longest line inih documents for its default buffer of 200; section names it would cut in silence. */
enum { GAN__LINE_BYTES = 197, GAN__SECTION_BYTES = 49 };

/* Why "key = value" would not read back from a job file as it is; NULL when it would. */
const char *gan__unwritable(const char *key, const char *value);

/* ---- complaints ---- */

/* Where a value stands: a line of a file, or (line 0) an override or anything else that `name` says in full.
 */
typedef struct gan__place {
    const char *name;
    int line;
} gan__place;

enum { GAN__COMPLAINTS = 10 };

typedef struct gan__complaints {
    int n, unsaid; /* kept in text; counted only */
    bool swallowed; /* a value took in lines that were meant otherwise: what seems missing may stand there */
    int64_t used;
    char text[3840]; /* fits a failure text, with the last line about what is unsaid */
} gan__complaints;

/* Add "job.ini:12: section.key: ...". Without a line: "name: ..."; key NULL: "job.ini:12: ...". */
__attribute__((format(printf, 5, 6))) void gan__complain(gan__complaints *list, const gan__place *at,
                                                         const char *section, const char *key,
                                                         const char *fmt, ...);

/* GAN_OK when there are none, else one failure of all of them. */
gan_status gan__complaints_status(const gan__complaints *list);

#endif
