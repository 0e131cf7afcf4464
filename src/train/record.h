/* What a run records: values of the step program, norms, rates, throughput, and seconds per phase. */
#ifndef GAN_RECORD_H
#define GAN_RECORD_H

#include "gan/eval.h"
#include "gan/train.h"

enum { GAN_MAX_VALUES = 128 };

typedef struct gan_record {
    char *names[GAN_MAX_VALUES];
    double values[GAN_MAX_VALUES];
    int n;
    int quality, n_quality; /* the first value of measures of quality, and how many */
    bool taken; /* values are there */
} gan_record;

/* The names for a session and measures of quality (may be NULL); values are filled by gan_record_take. */
gan_status gan_record_new(gan_record *r, const gan_session *s, const gan_eval *e);
/* After a step with metrics, those of quality become NaN until they are measured: `steps` steps took `wall_s` seconds and times in s->times since the last record. */
void gan_record_take(gan_record *r, const gan_session *s, int64_t finished_steps, int64_t steps, double wall_s);
void gan_record_free(gan_record *r); /* takes a zeroed one */

#endif
