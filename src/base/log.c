/* Terminal output: plain lines, warnings, and one line that updates itself. */
#include "gan/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
    int rank, level;
    bool line_open; /* an updating line stands at the cursor */
    pthread_mutex_t lock;
} out = {0, GAN_NORMAL, false, PTHREAD_MUTEX_INITIALIZER};

void gan_log_setup(int rank, int level)
{
    out.rank = rank;
    out.level = level;
}

int gan_log_level(void)
{
    return out.level;
}

bool gan_log_is_tty(void)
{
    return isatty(STDOUT_FILENO);
}

static void close_line(void)
{
    if (out.line_open) fputs("\r\033[K", stdout);
    out.line_open = false;
}

void gan_say(int level, const char *fmt, ...)
{
    if (out.rank != 0 || out.level < level) return;
    pthread_mutex_lock(&out.lock);
    close_line();
    va_list ap;
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
    pthread_mutex_unlock(&out.lock);
}

void gan_warn(const char *fmt, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&out.lock);
    close_line();
    fflush(stdout);
    if (out.rank == 0) fprintf(stderr, "warning: %s\n", text);
    else fprintf(stderr, "warning (rank %d): %s\n", out.rank, text);
    pthread_mutex_unlock(&out.lock);
}

void gan_log_progress(const char *line)
{
    if (out.rank != 0 || out.level < GAN_NORMAL) return;
    pthread_mutex_lock(&out.lock);
    if (!gan_log_is_tty()) {
        if (*line) printf("%s\n", line);
    } else {
        close_line();
        fputs(line, stdout);
        out.line_open = *line != '\0';
    }
    fflush(stdout);
    pthread_mutex_unlock(&out.lock);
}
