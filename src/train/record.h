/* What a run records: values of the step program, norms, rates, throughput, and seconds per phase. */
#ifndef GAN_RECORD_H
#define GAN_RECORD_H

#include "gan/train.h"

enum { GAN_MAX_VALUES = 128 };

typedef struct gan_record {
    char *names[GAN_MAX_VALUES];
    double values[GAN_MAX_VALUES];
    int n;
    bool taken; /* values are there */
} gan_record;

/* The names for a session; values are filled by gan_record_take. */
gan_status gan_record_new(gan_record *r, const gan_session *s);
/* After a step with metrics: `steps` steps took `wall_s` seconds and times in s->times since the last record. */
void gan_record_take(gan_record *r, const gan_session *s, int64_t finished_steps, int64_t steps, double wall_s);
void gan_record_free(gan_record *r); /* takes a zeroed one */

#endif
