/* Files that appear whole or not at all: written under a temporary name, synced, renamed. Local. */
#ifndef GAN_FILE_H
#define GAN_FILE_H

#include "gan/status.h"

#include <stdio.h>

/* "<path>.tmp-<process id>", in the same directory, so that rename() is atomic; counted string. */
char *gan_file_temp(const char *path);
#define GAN_FILE_TEMP_MARK ".tmp-"

/* For failure texts, which name what was asked for: length of `path` without the mark and number of a temporary. Print it
 * with "%.*s", gan_file_shown(path), path. */
int gan_file_shown(const char *path);

/* Sync `temp` to disk, give it the name `path` (replacing what was there, unless that is a device) and sync the directory.
 * On failure (GAN_EIO with path and reason) `temp` is gone and `path` is as it was, unless only the directory could
 * not be synced. */
gan_status gan_file_publish(const char *temp, const char *path);

/* A text file, as `print` writes it, under a temporary name until it is whole. GAN_EIO with path and reason; then `path` is
 * as it was. */
gan_status gan_file_write(const char *path, void (*print)(const void *user, FILE *f), const void *user);

/* Make a directory and those above it, where they are missing. GAN_EIO with `what` (the key or option that named it) in
 * front. */
gan_status gan_file_make_dir(const char *what, const char *path);

/* Remove the temporaries "<prefix>*.tmp-<number>" that writers who died have left in a directory. Only where nobody else
 * may be writing such files. What cannot be removed stays, without a word. */
void gan_file_sweep(const char *dir, const char *prefix);

/* GAN_EIO when `path` is there but no file: opening a fifo would wait for ever. What is not there is left to who opens it. */
gan_status gan_file_regular(const char *path);

/* What can be done about an errno of a file operation: "free some space there, or ...". */
const char *gan_file_remedy(int error);

#endif
