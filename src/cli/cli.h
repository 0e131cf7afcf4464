/* Subcommands: one file each, listed in commands.def. */
#ifndef GAN_CLI_H
#define GAN_CLI_H

#include "gan/comm.h"
#include "gan/kernels.h"
#include "gan/status.h"

#include <stdbool.h>

typedef struct gan_command {
    const char *name;    /* "sample"; "" for training itself */
    const char *summary; /* one line, for the list of commands */
    const char *help;    /* whole text of --help, ends with a newline */
    bool uses_mpi;       /* started inside MPI_Init..MPI_Finalize, with a communicator; others start at once, comm is NULL */
    bool shares_work;    /* an other, but started as several ranks all of them run it, with a communicator */
    gan_status (*run)(const gan_comm *comm, int argc, char **argv); /* argv[0] is the first word after the name */
} gan_command;

#define GAN_COMMAND(sym) extern const gan_command gan_command_##sym;
#include "commands.def"
#undef GAN_COMMAND

/* Options of a command, as a table; words that are no options are positional. */
typedef struct gan_option {
    const char *name;    /* "--steps" */
    const char **text;   /* takes a value: where to put it; NULL: a flag */
    int n_text;          /* takes so many values, text[n_text]; 0: one */
    bool *flag;          /* flag: set to true */
    const char ***list;  /* with n_list: may be repeated; the array is taken from memory by gan_options_parse */
    int *n_list;
} gan_option;

/* Parse argv by the table. positional[max_positional] gets the other words, *n of them. "--name value" and "--name=value".
 * GAN_EUSAGE names the word, the nearest option, and the command whose --help to read. */
gan_status gan_options_parse(const char *command, int argc, char **argv, const gan_option *options, int n_options,
                             const char **positional, int max_positional, int *n);
/* A whole number in [min, max]; GAN_EUSAGE names option, text and range. */
gan_status gan_option_int(const char *option, const char *text, long long min, long long max, long long *out);
/* The same for a number in [min, max]. */
gan_status gan_option_real(const char *option, const char *text, double min, double max, double *out);
/* The kernel table of that name; text NULL: the best of this processor. GAN_EUSAGE lists those that there are. */
gan_status gan_option_kernels(const char *command, const char *text, const gan_kernels **k);

#endif
