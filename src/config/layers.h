/* Layer descriptions: the text of a `layers` key -> a list of names and arguments. */
#ifndef GAN_CONFIG_LAYERS_H
#define GAN_CONFIG_LAYERS_H

#include "gan/config.h"
#include "text.h"

typedef struct gan__layers {
    gan_layer_text *list; /* where and text of each are counted strings */
    int n, room;
    char *tokens; /* names and arguments of all of them point into it */
} gan__layers;

/* Parse `text`, whose first line stands at `at` (each LF in it is a line further). Complaints name
 * section.layers. Fails only for lack of memory; free *out in any case. */
gan_status gan__layers_parse(gan__layers *out, const char *text, const gan__place *at, const char *section,
                             gan__complaints *list);
void gan__layers_free(gan__layers *layers);

#endif
