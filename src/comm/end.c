/* The end that does not depend on anybody's answer. MPI_Abort asks the launcher to end all ranks, and a launcher that waits for a
 * host which was cut off goes on waiting as long as its kernel repeats messages: a quarter of an hour.
 *
 * So an alarm ends this process, whatever MPI does. And where it was started by Open MPI's mpirun, or the daemon of
 * one, a child stays behind for a few seconds and ends that launcher, should it still be there: mpirun serves one run, which is
 * over. (Asked by SIGTERM it crashes in that state.) Its daemons on other hosts end when they lose it. */
#include "end.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 10, LOOKS_PER_S = 10, MAX_FD = 4096 };

static volatile sig_atomic_t exit_code;

static void leave(int signal)
{
    (void)signal;
    _exit(exit_code);
}

/* The name of the program of a process, whose directory in /proc is open; "" when there is none any more, though its number may have
 * gone to another one. Async-signal-safe, as all that the child calls. */
static void read_name(int process, char name[32])
{
    int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, name, 31);
    if (fd >= 0) close(fd);
    name[n > 0 ? n : 0] = '\0';
    name[strcspn(name, "\n")] = '\0';
}

static int is_of_one_run(const char *program)
{
    static const char *const launchers[] = {"mpirun", "mpiexec", "orterun", "prterun", "orted"};
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
        if (strcmp(program, launchers[i]) == 0) return 1;
    return 0;
}

/* Without any other of the rank's files: the launcher reads a rank's output to its end. rank: wait for its death first; 0: do not. */
static void wait_and_end(pid_t rank, pid_t launcher, int process, const char *name)
{
    const struct timespec pause = {.tv_nsec = 1000000000 / LOOKS_PER_S};
    setsid();
    for (int fd = 0; fd < MAX_FD; fd++)
        if (fd != process) close(fd);
    while (rank && getppid() == rank) nanosleep(&pause, NULL);
    for (int i = 0; i < PATIENCE_S * LOOKS_PER_S; i++) {
        char now[32];
        read_name(process, now);
        if (strcmp(now, name) != 0) return;
        nanosleep(&pause, NULL);
    }
    kill(launcher, SIGKILL);
}

static void set_alarm(int code)
{
    sigset_t alarms;
    exit_code = code;
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = leave}, NULL);
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &alarms, NULL);
    alarm(PATIENCE_S);
}

static pid_t watch_launcher(pid_t rank)
{
    const pid_t launcher = getppid();
    char path[64], name[32];
    snprintf(path, sizeof path, "/proc/%ld", (long)launcher);
    const int process = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    read_name(process, name);
    const bool is_launcher = launcher > 1 && getppid() == launcher && is_of_one_run(name);
    const pid_t child = is_launcher ? fork() : -1;
    if (child != 0) {
        if (process >= 0) close(process);
        return child;
    }
    wait_and_end(rank, launcher, process, name);
    _exit(0);
}

pid_t gan__end_prepare(void)
{
    return watch_launcher(getpid());
}

void gan__end_forget(pid_t *watcher)
{
    if (*watcher > 0 && kill(*watcher, SIGKILL) == 0) waitpid(*watcher, NULL, 0);
    *watcher = 0;
}

void gan__comm_end(const gan_comm *c, gan_status why)
{
    const int code = gan_status_exit_code(why);
    set_alarm(code);
    watch_launcher(0);
    MPI_Abort(c ? c->mpi : MPI_COMM_WORLD, code);
    _exit(code); /* MPI_Abort does not come back in any MPI we know, but it may by the standard */
}
