/* What the checkpoint files share. The order of work is: checkpoint.c (the list in memory),
 * checkpoint_envelope.c (the text block with length and checksum), checkpoint_write.c, checkpoint_read.c,
 * checkpoint_dir.c. */
#ifndef GAN_IO_CHECKPOINT_H
#define GAN_IO_CHECKPOINT_H

#include "gan/checkpoint.h"
#include "gan/h5.h"

enum {
    GAN_ENVELOPE_BYTES = 512,
    GAN_CHECKPOINT_MAX_NAME = 255,
    GAN_CHECKPOINT_MAX_TENSORS = 16384,
    GAN_CHECKPOINT_MAX_TEXTS = 1024
};

/* Write the envelope of a finished HDF5 file and sync it to disk, past the page cache where the system
 * allows. */
gan_status gan__envelope_stamp(const char *path);
/* Read the whole file and compare. length: bytes after the envelope. GAN_ECKPT says how the file differs. */
gan_status gan__envelope_check(const char *path, int64_t *length);

/* The numbers in /state: X(field, type in the file, type in memory). */
#define GAN_CHECKPOINT_STATE(X)                                                                              \
    X(step, H5T_STD_I64LE, H5T_NATIVE_INT64)                                                                 \
    X(epoch_position, H5T_STD_I64LE, H5T_NATIVE_INT64)                                                       \
    X(seed, H5T_STD_U64LE, H5T_NATIVE_UINT64)                                                                \
    X(elapsed_s, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE)                                                          \
    X(best_score, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE)                                                         \
    X(digest, H5T_STD_U64LE, H5T_NATIVE_UINT64)

/* Whether a tensor may be called that: printable parts between single slashes, none of them "." or "..", and
 * not inside the groups that have another meaning. */
bool gan__tensor_name_ok(const char *name);
/* The same for the key of a text: one printable part. */
bool gan__text_key_ok(const char *key);

/* Read the tensor `name` of an open file; with the lock held.
 * data: room for `elements` floats, which is what the file must have. */
gan_status gan__tensor_read(hid_t file, const char *path, const gan_tensor *t);

int64_t gan__tensor_elements(const gan_tensor *t);

#endif
