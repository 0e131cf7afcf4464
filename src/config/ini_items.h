/* INI text as a list of items in the order of the file: section headers, key = value pairs, and wrong lines.
 */
#ifndef GAN_CONFIG_INI_ITEMS_H
#define GAN_CONFIG_INI_ITEMS_H

#include "text.h"

typedef struct gan__ini_item {
    int line;      /* of the header, or of the key */
    char *section; /* "" before the first header */
    char *key;     /* NULL: a section header */
    char *value;   /* one LF per line of the file, so that the n-th line of it stands in line + n */
    char *wrong;   /* not NULL: what is wrong with this line; section and key are NULL then */
} gan__ini_item;

typedef struct gan__ini {
    gan__ini_item *items;
    int n, room;
} gan__ini;

/* Split text (checked by gan__not_text before). Fails only for lack of memory; free *out in any case. */
gan_status gan__ini_parse(gan__ini *out, const char *text, int64_t n_bytes);
void gan__ini_free(gan__ini *ini);

#endif
