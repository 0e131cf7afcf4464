/* Messages of a reduction that travel as bfloat16, with what their rounding left over. */
#ifndef GAN_COMM_ROUNDED_H
#define GAN_COMM_ROUNDED_H

#include "gan/kernels.h"
#include "gan/status.h"

typedef struct gan__rounded {
    const gan_kernels *k;
    uint16_t *sums;   /* [n] what was rounded here, and finished sums of others: each element once a use */
    uint16_t *theirs; /* [largest part that comes to be added] */
    float *rest;      /* [n] left over by the last use, added to the next */
} gan__rounded;

gan_status gan__rounded_new(gan__rounded **out, const gan_kernels *k, int64_t n, int64_t largest);
void gan__rounded_free(gan__rounded *r); /* takes NULL */

#endif
