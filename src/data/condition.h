/* What a dataset's samples may be conditioned on: the numbers of /labels or /attributes. */
#ifndef GAN_DATA_CONDITION_H
#define GAN_DATA_CONDITION_H

#include "gan/data.h"

/* Plain numbers only: ranks compare it bytewise and send it to each other. */
typedef struct gan__conditions {
    int64_t kind;    /* gan_condition_kind */
    int64_t n;       /* samples */
    int64_t numbers; /* attributes: their number; labels: classes, from 0 to the largest label, 0 until they are loaded */
} gan__conditions;

/* Local. What `path` has of the kind for its n samples, by shape and type. GAN_EDATA names file, what was found and what to do. */
gan_status gan__conditions_probe(gan__conditions *c, const char *path, gan_condition_kind kind, int64_t n);
/* Memory for all of them as stored: labels int32 [n], attributes float [n,numbers]. */
int64_t gan__conditions_bytes(const gan__conditions *c);
/* Local. Read them all and check each. */
gan_status gan__conditions_load(gan__conditions *c, const char *path, void *to);
/* out [numbers]: of sample i. */
void gan__conditions_get(const gan__conditions *c, const void *stored, int64_t i, float *out);

#endif
