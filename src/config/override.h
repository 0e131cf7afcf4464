/* Overrides from the command line: "section.key=value". */
#ifndef GAN_CONFIG_OVERRIDE_H
#define GAN_CONFIG_OVERRIDE_H

#include "text.h"

typedef struct gan__override {
    char *section, *key, *value; /* counted, blanks at the ends stripped; NULL when wrong */
    char *where;                 /* "--set train.batch=3", a long one cut */
    const char *wrong;           /* not NULL: why it is no override */
} gan__override;

/* Fails only for lack of memory; free in any case. */
gan_status gan__overrides_parse(gan__override **out, int *n, const char *const *sets, int n_sets);
void gan__overrides_free(gan__override *list, int n);

#endif
