/* What a word of the command line means: by its ending, by what it names. */
#ifndef GAN_CLI_LOCATE_H
#define GAN_CLI_LOCATE_H

#include "gan/status.h"

#include <stdbool.h>

bool gan__ends_in(const char *word, const char *end); /* in any case, and is longer than it */
bool gan__is_directory(const char *path);

/* A file is itself; a run directory means its checkpoints/latest, a directory of checkpoints its latest. When that is damaged,
 * leads nowhere or is not there, the newest good one, with warnings. *out: a counted string. What is not there at all is left
 * to be named by who opens it. */
gan_status gan__locate_checkpoint(char **out, const char *path);

#endif
