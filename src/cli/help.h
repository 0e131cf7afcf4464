/* What the program says about itself, and its list of commands. */
#ifndef GAN_CLI_HELP_H
#define GAN_CLI_HELP_H

#include "cli.h"

#include <stdio.h>

/* The command of that name, "train" included; NULL when there is none. */
const gan_command *gan__command_find(const char *name);
/* The command whose name is nearest to `word`, NULL when none is near. */
const char *gan__command_near(const char *word);

/* A few lines: how to call the program. */
void gan__usage_print(FILE *f);

/* Commands of their own, although not in the list: "help [COMMAND]" and "--version". Under ranks one of them speaks. */
gan_status gan__help_run(const gan_comm *comm, int argc, char **argv);
gan_status gan__version_run(const gan_comm *comm, int argc, char **argv);

#endif
