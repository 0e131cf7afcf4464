/* Starting a launcher, without a shell: its words are those of a template, its output goes to files, and a signal that
 * comes to us while it runs goes on to it. */
#include "scale.h"

#include "gan/file.h"
#include "gan/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- words ------------------------------------------------------------------------------------------------- */

/* How many characters of `from` the next replacement takes; *value its number, -1: the character itself. */
static int replacement(const char *from, const gan__launch_numbers *numbers, int *value)
{
    const struct {
        char letter;
        int value;
    } known[] = {{'n', numbers->ranks}, {'t', numbers->threads}, {'N', numbers->nodes}, {'%', -1}};
    *value = -1;
    if (*from != '%') return 1;
    for (int i = 0; i < 4; i++) {
        if (from[1] != known[i].letter) continue;
        *value = known[i].value;
        return 2;
    }
    return 1;
}

static gan_status one_word(char **word, const char *from, size_t n, const gan__launch_numbers *numbers)
{
    *word = gan_calloc((int64_t)n * 6 + 1, 1); /* %n: two characters become at most eleven */
    if (!*word) return GAN_ENOMEM;
    size_t at = 0;
    for (size_t i = 0; i < n;) {
        int value, taken = replacement(from + i, numbers, &value);
        if (value >= 0)
            at += (size_t)sprintf(*word + at, "%d", value);
        else
            (*word)[at++] = from[i];
        i += (size_t)taken;
    }
    return GAN_OK;
}

gan_status gan__launch_words(char ***words, int *n, const char *launcher, const gan__launch_numbers *numbers, int more)
{
    *n = 0;
    *words = gan_calloc((int64_t)strlen(launcher) + more + 1, sizeof **words); /* one a character are more than enough */
    gan_status s = *words ? GAN_OK : GAN_ENOMEM;
    for (const char *at = launcher + strspn(launcher, " "); *at && s == GAN_OK; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        s = one_word(&(*words)[*n], at, length, numbers);
        if (s == GAN_OK) ++*n;
        at += length;
    }
    if (s == GAN_OK && *n == 0) s = GAN_FAIL(GAN_EUSAGE, "option --launcher wants a command, got \"%s\"", launcher);
    if (s == GAN_OK) return GAN_OK;
    gan__launch_free(*words);
    *words = NULL;
    return s;
}

void gan__launch_free(char **words)
{
    for (char **w = words; w && *w; w++) gan_free(*w);
    gan_free(words);
}

/* ---- environment ------------------------------------------------------------------------------------------- */

/* What Open MPI (4; 5 calls them PRTE) needs, unless the user has set it. Its mpirun counts cores where this machine may count
 * their threads, so more ranks than it counts are always allowed; where they are too many they must not spin. Ranks of
 * several threads must not be bound to one core. srun's PMIx fails now and then with shared-memory key stores. */
typedef enum when { ALWAYS, AS_ROOT, OVERSUBSCRIBED, UNBOUND, BY_SRUN } when;
static const struct {
    when when;
    const char *name, *value;
} defaults[] = {
    {ALWAYS, "OMPI_MCA_rmaps_base_oversubscribe", "1"},
    {ALWAYS, "PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe"},
    {AS_ROOT, "OMPI_ALLOW_RUN_AS_ROOT", "1"},
    {AS_ROOT, "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"},
    {OVERSUBSCRIBED, "OMPI_MCA_mpi_yield_when_idle", "1"},
    {OVERSUBSCRIBED, "OMP_WAIT_POLICY", "passive"},
    {UNBOUND, "OMPI_MCA_hwloc_base_binding_policy", "none"},
    {UNBOUND, "PRTE_MCA_hwloc_default_binding_policy", "none"},
    {BY_SRUN, "PMIX_MCA_gds", "hash"},
};
enum { N_DEFAULTS = sizeof defaults / sizeof defaults[0] };

static bool applies(const gan__launch *l, when w)
{
    const char *slash = strrchr(l->words[0], '/');
    const bool now[] = {
        [ALWAYS] = true,
        [AS_ROOT] = geteuid() == 0,
        [OVERSUBSCRIBED] = l->oversubscribed,
        [UNBOUND] = l->oversubscribed || l->threads,
        [BY_SRUN] = strcmp(slash ? slash + 1 : l->words[0], "srun") == 0,
    };
    return now[w];
}

/* The environment with those defaults behind: *env is freed by free_environment, which needs *own, the first of ours. */
static gan_status make_environment(const gan__launch *l, char ***env, char ***own)
{
    int n = 0;
    while (environ[n]) n++;
    *env = *own = gan_calloc(n + N_DEFAULTS + 1, sizeof **env);
    if (!*env) return GAN_ENOMEM;
    memcpy(*env, environ, (size_t)n * sizeof **env);
    *own += n;
    for (int i = 0, k = 0; i < N_DEFAULTS; i++) {
        if (!applies(l, defaults[i].when) || getenv(defaults[i].name)) continue;
        (*own)[k] = gan_sprintf("%s=%s", defaults[i].name, defaults[i].value);
        if (!(*own)[k++]) return GAN_ENOMEM;
    }
    return GAN_OK;
}

static void free_environment(char **env, char **own)
{
    for (; own && *own; own++) gan_free(*own);
    gan_free(env);
}

/* ---- signals ----------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t child, stopped; /* a handler can reach nothing but globals */

static void pass_on(int number)
{
    stopped = number;
    if (child > 0) kill((pid_t)child, SIGTERM);
}

static const int watched[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1};
enum { N_WATCHED = sizeof watched / sizeof watched[0] };

static void watch(struct sigaction before[N_WATCHED])
{
    struct sigaction act = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    sigemptyset(&act.sa_mask);
    child = stopped = 0;
    for (int i = 0; i < N_WATCHED; i++) sigaction(watched[i], &act, &before[i]);
}

static void unwatch(const struct sigaction before[N_WATCHED])
{
    for (int i = 0; i < N_WATCHED; i++) sigaction(watched[i], &before[i], NULL);
}

/* ---- running ----------------------------------------------------------------------------------------------- */

static gan_status no_launcher(const gan__launch *l, int error)
{
    return GAN_FAIL(
        GAN_EUSAGE,
        "cannot start the launcher \"%s\": %s; install it, load the module that has it, or name another one with "
        "--launcher",
        l->words[0], strerror(error));
}

static gan_status spawn(const gan__launch *l, char **env, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    int error = posix_spawn_file_actions_init(&files);
    if (error) return GAN_FAIL(GAN_ENOMEM, "no memory to start %s", l->words[0]);
    const int mode = O_WRONLY | O_CREAT | O_TRUNC;
    error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!error) error = posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, l->out, mode, 0666);
    if (!error) error = posix_spawn_file_actions_addopen(&files, STDERR_FILENO, l->err, mode, 0666);
    if (!error) error = posix_spawnp(pid, l->words[0], &files, NULL, l->words, env);
    posix_spawn_file_actions_destroy(&files);
    return error ? no_launcher(l, error) : GAN_OK;
}

static gan_status spawn_and_wait(const gan__launch *l, char **env, int *code)
{
    int state = 0;
    pid_t pid;
    GAN_TRY(spawn(l, env, &pid));
    child = (sig_atomic_t)pid;
    if (stopped) kill(pid, SIGTERM); /* it came before there was a child to pass it to */
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {}
    child = 0;
    *code = WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state);
    if (stopped)
        return GAN_FAIL(GAN_ESTOPPED,
                        "stopped by signal %d; start the same command again to go on, what was measured is kept",
                        (int)stopped);
    return GAN_OK;
}

/* What posix_spawn says of a file could be said of the launcher as well. */
static gan_status check_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return GAN_FAIL(GAN_EIO, "%s: cannot open: %s; %s", path, strerror(errno), gan_file_remedy(errno));
    close(fd);
    return GAN_OK;
}

gan_status gan__launch_run(const gan__launch *l, int *code)
{
    char **env, **own;
    struct sigaction before[N_WATCHED];
    GAN_TRY(check_file(l->out));
    GAN_TRY(check_file(l->err));
    gan_status s = make_environment(l, &env, &own);
    if (s == GAN_OK) {
        watch(before);
        s = spawn_and_wait(l, env, code);
        unwatch(before);
    }
    free_environment(env, own);
    return s;
}
