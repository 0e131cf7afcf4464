/* HDF5 behind one thin wrapper: every return is read, every failure has a text with file and object.
 *
 * libhdf5 is not thread-safe in most builds and the checkpoint writer has a thread of its own: hold gan_h5_lock()
 * around every use of the library. HDF5's own error stack printing is off. */
#ifndef GAN_H5_H
#define GAN_H5_H

#include "gan/status.h"

#include <hdf5.h>
#include <stdint.h>

void gan_h5_lock(void);
void gan_h5_unlock(void);

/* What HDF5 said last (the innermost text of its error stack), for failure texts. Borrowed, thread-local. */
const char *gan_h5_reason(void);

#endif
