/* A lock on a directory, for as long as its job lives. Local. */
#ifndef GAN_LOCK_H
#define GAN_LOCK_H

#include "gan/status.h"

/* *fd: the file "lock" there, -1 on failure, or where the file system has no locks (which is warned of). GAN_EIO names the job that
 * holds it. what: "run"; option: the key or option that names the directory. */
gan_status gan_lock_take(int *fd, const char *dir, const char *what, const char *option);
void gan_lock_drop(int *fd); /* takes -1 */

#endif
