/* How often a long job says how far it is, and how long it still takes. */
#ifndef GAN_PACE_H
#define GAN_PACE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct gan_pace {
    double begin_s, shown_s; /* clock: of the job's begin; of the last line, 0: none yet */
} gan_pace;

void gan_pace_begin(gan_pace *p);
double gan_pace_elapsed_s(const gan_pace *p);
/* Whether it is time for another line; then that is the last line's time. At a terminal lines follow one another quickly;
 * plain ones come often at first and rarely later, so that a log of days stays readable. */
bool gan_pace_due(gan_pace *p);

/* "0:07", "12:34", "3:12:34", "2d 03:12:34" into text[n]. */
void gan_time_text(double s, char *text, size_t n);

#endif
