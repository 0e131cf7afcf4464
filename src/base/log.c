/* Terminal output: plain lines, warnings, and one line that updates itself. */
#include "gan/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Open MPI gives its processes a terminal of their own even when its output goes to a file, so what counts under
 * mpirun is where mpirun writes. */
static bool launcher_has_tty(void)
{
    char fd[64], target[64] = "";
    snprintf(fd, sizeof fd, "/proc/%ld/fd/1", (long)getppid());
    if (readlink(fd, target, sizeof target - 1) < 0) return false;
    return strncmp(target, "/dev/pts/", 9) == 0 || strncmp(target, "/dev/tty", 8) == 0;
}

bool gan_log_is_tty(void)
{
    return isatty(STDOUT_FILENO) && (!getenv("OMPI_COMM_WORLD_RANK") || launcher_has_tty());
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
