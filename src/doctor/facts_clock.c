/* This rank's monotonic clock: its step, and what a look at it costs. A step of training looks once a kernel. */
#include "facts.h"

#include "gan/clock.h"

#include <time.h>

enum { LOOKS = 1000 };

void gan__facts_clock(gan_facts *f)
{
    struct timespec step = {0, 0};
    clock_getres(CLOCK_MONOTONIC, &step);
    f->clock_step_s = (double)step.tv_sec + 1e-9 * (double)step.tv_nsec;
    double begin_s = gan_clock_s(), now_s = begin_s;
    for (int i = 0; i < LOOKS; i++) now_s = gan_clock_s();
    f->clock_cost_s = (now_s - begin_s) / LOOKS;
}
