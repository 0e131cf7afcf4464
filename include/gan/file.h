/* Files that appear whole or not at all: written under a temporary name, synced, renamed. Local. */
#ifndef GAN_FILE_H
#define GAN_FILE_H

#include "gan/status.h"

/* "<path>.tmp-<process id>", in the same directory, so that rename() is atomic; counted string. */
char *gan_file_temp(const char *path);
#define GAN_FILE_TEMP_MARK ".tmp-"

/* Sync `temp` to disk, give it the name `path` (replacing what was there) and sync the directory.
 * On failure (GAN_EIO with path and reason) `path` is as it was and `temp` is gone. */
gan_status gan_file_publish(const char *temp, const char *path);

/* What can be done about an errno of a file operation: "free some space there, or ...". */
const char *gan_file_remedy(int error);

#endif
