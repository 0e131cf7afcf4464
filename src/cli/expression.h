/* Arithmetic with samples, as it is typed: "mean(1,4,7) - mean(2,3) + 0.5*mean(5,8)". */
#ifndef GAN_CLI_EXPRESSION_H
#define GAN_CLI_EXPRESSION_H

#include "gan/status.h"

#include <stdint.h>

typedef struct gan__term { /* factor * mean of samples[n] */
    double factor;
    int64_t first, n; /* in the expression's samples */
} gan__term;

/* The sum of its terms. Parentheses are multiplied out: "2*(1 - mean(2,3))" has the terms 2*1 and -2*mean(2,3). */
typedef struct gan__expression {
    gan__term *terms;
    int64_t *samples; /* of all terms, in the order of the text */
    int64_t n_terms, n_samples;
} gan__expression;

/* Local. Sample numbers are 0..max_sample, at most 1e17. GAN_EUSAGE says at which column of `text` what was read and what is wanted, with
 * `option` in front; GAN_ENOMEM. After a failure there is nothing to free. */
gan_status gan__expression_parse(gan__expression *e, const char *option, const char *text, int64_t max_sample);
void gan__expression_free(gan__expression *e); /* takes a zeroed one */

#endif
