/* Loaded in front of the C library by tests/cli_clock.sh: the wall clock jumps at every look, back and forth by an hour and more,
 * as no time service would do it; all other clocks are left alone. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long jump_s(void)
{
    static long looks;
    long n = __atomic_add_fetch(&looks, 1, __ATOMIC_RELAXED);
    return n % 2 ? -3600 * (n % 7 + 1) : 86400 * (n % 5);
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    long code = syscall(SYS_clock_gettime, clock, t);
    if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) t->tv_sec += jump_s();
    return (int)code;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    *t = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *t)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    if (t) *t = now.tv_sec;
    return now.tv_sec;
}
