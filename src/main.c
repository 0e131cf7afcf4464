/* The program: finds the command that is meant, starts MPI if it needs it, runs it, and turns its status into an exit
 * code. Everything else is behind the command's `run`.
 *
 * A command that needs no MPI runs without, so that it starts at once and on login nodes as well. Started as several
 * ranks by mpirun all the same, they share its work, if it can be shared; else the first one runs it, and the others wait:
 * one shall speak, and a rank that leaves early would have mpirun kill the one that was about to. */
#include "cli/help.h"
#include "cli/locate.h"

#include "gan/launcher.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- which command? ---------------------------------------------------------------------------------------- */

static gan_status run_unknown(const gan_comm *comm, int argc, char **argv)
{
    (void)comm, (void)argc;
    const char *near = gan__command_near(argv[0]);
    if (near)
        return GAN_FAIL(GAN_EUSAGE, "unknown command \"%s\"; did you mean %s? \"gan_mpi --help\" lists all",
                        argv[0], near);
    return GAN_FAIL(
        GAN_EUSAGE,
        "\"%s\" is neither a command nor a file; \"gan_mpi --help\" lists the commands, \"gan_mpi "
        "CONFIG\" trains a job file",
        argv[0]);
}

/* Whether a launcher has started this process as one of several. */
static bool is_one_of_several(void)
{
    gan_launcher l;
    gan_launcher_find(&l);
    return l.tasks > 1;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (is_help(argv[i])) return true;
    return false;
}

/* A job file needs no ending, if it is there; a name with the ending may be missing, and training says so. Options
 * may stand in front of it. */
static bool is_training(const char *word)
{
    return word[0] == '-' || access(word, F_OK) == 0 || gan__ends_in(word, ".ini");
}

/* The command that the first word means; *argc, *argv are left with the words that are for its `run`. */
static gan_command choose(int *argc, char ***argv)
{
    const char *word = **argv;
    gan_command own = {.run = run_unknown};
    const gan_command *named = gan__command_find(word);
    if (!named && (strcmp(word, "help") == 0 || is_help(word) || strcmp(word, "--version") == 0)) {
        own.run = strcmp(word, "--version") == 0 ? gan__version_run : gan__help_run;
        ++*argv, --*argc;
    } else if ((named || is_training(word)) && asks_for_help(*argc, *argv)) {
        own.run = gan__help_run; /* of the command named by the first word */
        *argc = named ? 1 : 0;
    } else if (named) {
        own = *named;
        ++*argv, --*argc;
    } else if (is_training(word)) {
        own = gan_command_train;
    }
    return own;
}

/* ---- running it -------------------------------------------------------------------------------------------- */

static void print_error(gan_status s)
{
    fprintf(stderr, "error: %s\n", gan_fail_text()[0] ? gan_fail_text() : gan_status_text(s));
}

/* A command that needs no ranks; comm: the ones that it has all the same, may be NULL. */
static gan_status run_plain(const gan_command *c, const gan_comm *comm, int argc, char **argv)
{
    gan_status s = c->run(comm, argc, argv);
    if (s == GAN_OK && (fflush(stdout) != 0 || ferror(stdout)))
        s = GAN_FAIL(GAN_EIO, "cannot write to standard output: %s", strerror(errno));
    return s;
}

static gan_status run_alone(const gan_command *c, int argc, char **argv)
{
    gan_status s = run_plain(c, NULL, argc, argv);
    if (s != GAN_OK) print_error(s);
    return s;
}

static gan_status run_in_comm(const gan_command *c, int argc, char **argv)
{
    gan_comm *comm;
    gan_status s = gan_comm_open(&comm, MPI_COMM_WORLD);
    if (s != GAN_OK) gan_comm_abort(NULL, s, gan_fail_text()); /* without it ranks cannot even agree to end */
    gan_log_setup(comm->rank, GAN_NORMAL);
    if (c->uses_mpi) s = c->run(comm, argc, argv);
    else if (c->shares_work) s = run_plain(c, comm, argc, argv);
    else if (comm->rank == 0)
        s = run_plain(c, NULL, argc, argv); /* once, however often it was started */
    s = gan_comm_report(comm, s);
    gan_comm_close(comm);
    return s;
}

/* SERIALIZED: one thread at a time calls MPI (comm/helper.c). An MPI that offers less is taken all the same: then it is
 * always the main one. */
static gan_status run_with_mpi(const gan_command *c, int argc, char **argv)
{
    int provided;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided) != MPI_SUCCESS) {
        GAN_FAIL(GAN_EMPI, "MPI_Init failed, see above");
        print_error(GAN_EMPI);
        return GAN_EMPI;
    }
    gan_status s = run_in_comm(c, argc, argv);
    if (MPI_Finalize() == MPI_SUCCESS || s != GAN_OK) return s;
    fputs("error: MPI_Finalize failed; what was computed and written is whole\n", stderr);
    return GAN_EMPI;
}

/* A command that has worked must have given back all memory. */
static gan_status check_memory(gan_status s)
{
    if (s != GAN_OK || gan_mem_live() == 0) return s;
    fprintf(stderr, "error: internal error: %lld blocks not freed; please report the command line\n",
            (long long)gan_mem_live());
    return GAN_EINTERNAL;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        gan__usage_print(stderr);
        return gan_status_exit_code(GAN_EUSAGE);
    }
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is a failing write with a message, not a sudden end */
    argc--, argv++;
    gan_command c = choose(&argc, &argv);
    bool several = c.uses_mpi || is_one_of_several();
    gan_status s = several ? run_with_mpi(&c, argc, argv) : run_alone(&c, argc, argv);
    return gan_status_exit_code(check_memory(s));
}
