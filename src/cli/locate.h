/* What a word of the command line means: by its ending, by what it names. */
#ifndef GAN_CLI_LOCATE_H
#define GAN_CLI_LOCATE_H

#include <stdbool.h>

bool gan__ends_in(const char *word, const char *end); /* in any case, and is longer than it */
bool gan__is_directory(const char *path);

#endif
