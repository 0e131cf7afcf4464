/* The progress line of a run. Rank 0. */
#ifndef GAN_TERMINAL_H
#define GAN_TERMINAL_H

#include "record.h"

#include "gan/pace.h"

typedef struct gan_progress {
    int64_t first, last; /* finished steps at the start of this process, and at the end of the run */
    gan_pace pace;
} gan_progress;

void gan_progress_begin(gan_progress *p, int64_t first_step, int64_t last_step);
/* Step `step` is finished; r holds the latest record. Shows a line when the last one is old enough. */
void gan_progress_show(gan_progress *p, const gan_session *s, const gan_record *r, int64_t step);

#endif
