/* When to show progress: see gan/pace.h. */
#include "gan/pace.h"

#include "gan/clock.h"
#include "gan/log.h"

#include <stdio.h>

void gan_pace_begin(gan_pace *p)
{
    *p = (gan_pace){.begin_s = gan_clock_s()};
}

double gan_pace_elapsed_s(const gan_pace *p)
{
    return gan_clock_s() - p->begin_s;
}

static double plain_interval_s(double elapsed_s)
{
    return elapsed_s < 60 ? 5 : elapsed_s < 600 ? 30 : 120;
}

bool gan_pace_due(gan_pace *p)
{
    const bool lasting = !gan_log_is_tty() || gan_log_level() >= GAN_VERBOSE; /* lines that stay */
    double now = gan_clock_s();
    if (now - p->shown_s < (lasting ? plain_interval_s(now - p->begin_s) : 0.2)) return false;
    p->shown_s = now;
    return true;
}

void gan_time_text(double s, char *text, size_t n)
{
    long t = (long)(s + 0.5);
    if (t >= 86400) snprintf(text, n, "%ldd %02ld:%02ld:%02ld", t / 86400, t / 3600 % 24, t / 60 % 60, t % 60);
    else if (t >= 3600) snprintf(text, n, "%ld:%02ld:%02ld", t / 3600, t / 60 % 60, t % 60);
    else snprintf(text, n, "%ld:%02ld", t / 60, t % 60);
}
