/* HDF5 behind one thin wrapper: every return is read, every failure has a text with file and object.
 *
 * libhdf5 is not thread-safe in most builds and the checkpoint writer has a thread of its own: hold
 * gan_h5_lock() around every use of the library. HDF5's own error stack printing is off. */
#ifndef GAN_H5_H
#define GAN_H5_H

#include "gan/status.h"

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

void gan_h5_lock(void);
void gan_h5_unlock(void);

/* What HDF5 said last (the innermost text of its error stack), for failure texts. Borrowed, thread-local. */
const char *gan_h5_reason(void);

/* ---- all below: with the lock held ---------------------------------------------------------------------------- */

typedef enum gan_h5_mode {
    GAN_H5_READ,
    GAN_H5_CHANGE, /* an existing file, for reading and writing */
    GAN_H5_CREATE  /* a new one; a file of that name is emptied */
} gan_h5_mode;

/* An HDF5 file behind a driver of our own (src/io/h5_file.c): no file locks, and a failing write is kept in
 * `error` instead of being told to libhdf5, which may crash on it. Must stay where it is while open. */
typedef struct gan_h5_file {
    hid_t id; /* as from H5Fopen; 0 when not open */
    int fd;
    int error; /* errno of the first read or write that failed, 0: none did */
} gan_h5_file;

/* user_block: bytes in front of a new file that HDF5 leaves alone, 0 or a power of two from 512 on.
 * GAN_EIO names the path and the reason (missing, not HDF5, truncated, no permission); then nothing is open.
 */
gan_status gan_h5_open(gan_h5_file *f, const char *path, gan_h5_mode mode, int64_t user_block);
/* GAN_EIO when anything written since gan_h5_open did not reach the file. Takes one that is not open. */
gan_status gan_h5_close(gan_h5_file *f, const char *path);

/* Attributes of an open object. `type` is the type in memory (a native one), n the number of elements.
 * False on failure: see gan_h5_reason(). get_ fails when there is none, it is not numeric or has another
 * size. */
bool gan_h5_put_attribute(hid_t object, const char *name, hid_t file_type, hid_t type, int64_t n,
                          const void *values);
bool gan_h5_get_attribute(hid_t object, const char *name, hid_t type, int64_t n, void *values);
/* A string, fixed-length UTF-8 as h5py and h5dump show it. */
bool gan_h5_put_text(hid_t object, const char *name, const char *text);

#endif
