#include "signals.h"

#include "gan/status.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t caught, deferring; /* a handler can reach nothing but globals */
static int code_at_once;                        /* likewise */

static const int watched[] = {SIGTERM, SIGINT, SIGUSR1};
enum { N = sizeof watched / sizeof watched[0] };
static struct sigaction before[N];

/* Before the steps there is nothing to be saved, and waiting for data or for other ranks may take long. */
static void end_at_once(void)
{
    static const char text[] = "stopped   by a signal before the first step; start the same command again\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    _exit(code_at_once);
}

static void remember(int number)
{
    if (!deferring) end_at_once();
    caught = number;
}

void gan_signals_catch(void)
{
    struct sigaction act = {.sa_handler = remember, .sa_flags = SA_RESTART};
    sigemptyset(&act.sa_mask);
    caught = deferring = 0;
    code_at_once = gan_status_exit_code(GAN_ESTOPPED);
    for (int i = 0; i < N; i++) sigaction(watched[i], &act, &before[i]);
}

void gan_signals_defer(void)
{
    deferring = 1;
}

void gan_signals_restore(void)
{
    for (int i = 0; i < N; i++) sigaction(watched[i], &before[i], NULL);
}

int gan_signals_caught(void)
{
    return caught;
}
