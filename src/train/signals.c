#include "signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t caught; /* a handler can reach nothing but a global */

static const int watched[] = {SIGTERM, SIGINT, SIGUSR1};
enum { N = sizeof watched / sizeof watched[0] };
static struct sigaction before[N];

static void remember(int number)
{
    caught = number;
}

void gan_signals_catch(void)
{
    struct sigaction act = {.sa_handler = remember, .sa_flags = SA_RESTART};
    sigemptyset(&act.sa_mask);
    caught = 0;
    for (int i = 0; i < N; i++) sigaction(watched[i], &act, &before[i]);
}

void gan_signals_restore(void)
{
    for (int i = 0; i < N; i++) sigaction(watched[i], &before[i], NULL);
}

int gan_signals_caught(void)
{
    return caught;
}
