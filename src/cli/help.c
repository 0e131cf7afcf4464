/* Help, version, and the list of commands. */
#include "help.h"

#include "gan/config.h"
#include "gan/kernels.h"
#include "gan/train.h"
#include "gan/version.h"

#include <hdf5.h>
#include <string.h>

static const gan_command *const commands[] = {
#define GAN_COMMAND(sym) &gan_command_##sym,
#include "commands.def"
#undef GAN_COMMAND
};

enum { N = sizeof commands / sizeof commands[0] };

/* The names as they are typed; training may be called by its own as well. */
static const char *const names[] = {
#define GAN_COMMAND(sym) #sym,
#include "commands.def"
#undef GAN_COMMAND
    "help", NULL};

const gan_command *gan__command_find(const char *name)
{
    for (int i = 0; i < N; i++)
        if (strcmp(names[i], name) == 0) return commands[i];
    return NULL;
}

const char *gan__command_near(const char *word)
{
    return gan_nearest(word, names);
}

void gan__usage_print(FILE *f)
{
    fputs("usage: gan_mpi CONFIG [options]      train the job; with ranks: mpirun -np 16 gan_mpi CONFIG\n"
          "       gan_mpi COMMAND [options]     ",
          f);
    const char *comma = "";
    for (int i = 0; i < N; i++) {
        if (commands[i] == &gan_command_train) continue;
        fprintf(f, "%s%s", comma, names[i]);
        comma = ", ";
    }
    fputs("\n       gan_mpi --help                tells more, as does gan_mpi COMMAND --help\n", f);
}

/* ---- help -------------------------------------------------------------------------------------------------- */

static void print_commands(void)
{
    puts("\nCommands:");
    for (int i = 0; i < N; i++)
        if (commands[i] != &gan_command_train) printf("  %-10s %s\n", names[i], commands[i]->summary);
    puts("  help       the help of a command: gan_mpi help COMMAND, or gan_mpi COMMAND --help\n"
         "  --version  version, libraries and kernels");
}

gan_status gan__help_run(const gan_comm *comm, int argc, char **argv)
{
    const gan_command *c = argc > 0 ? gan__command_find(argv[0]) : &gan_command_train;
    if (argc > 1) return GAN_FAIL(GAN_EUSAGE, "gan_mpi help: \"%s\" is one word too many", argv[1]);
    if (!c) {
        const char *near = gan__command_near(argv[0]);
        return GAN_FAIL(GAN_EUSAGE, "gan_mpi help: unknown command \"%s\"%s%s%s \"gan_mpi --help\" lists all",
                        argv[0], near ? "; did you mean " : ";", near ? near : "", near ? "?" : "");
    }
    if (comm && comm->rank != 0) return GAN_OK;
    fputs(c->help, stdout);
    if (c == &gan_command_train) print_commands();
    return GAN_OK;
}

/* ---- version ----------------------------------------------------------------------------------------------- */

gan_status gan__version_run(const gan_comm *comm, int argc, char **argv)
{
    char mpi[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int n;
    unsigned v[3];
    if (argc > 0) return GAN_FAIL(GAN_EUSAGE, "gan_mpi --version: \"%s\" is one word too many", argv[0]);
    if (comm && comm->rank != 0) return GAN_OK;
    printf("gan_mpi %s\n", gan_version());
    printf("compiler  %s\n", GAN_COMPILER);
    if (MPI_Get_library_version(mpi, &n) == MPI_SUCCESS)
        printf("MPI       %.*s\n", (int)strcspn(mpi, ",\n"), mpi);
    if (H5get_libversion(&v[0], &v[1], &v[2]) >= 0) printf("HDF5      %u.%u.%u\n", v[0], v[1], v[2]);
    printf("kernels  ");
    for (int i = 0; i < gan_kernels_count(); i++) printf(" %s", gan_kernels_get(i)->name);
    puts("");
    return GAN_OK;
}
