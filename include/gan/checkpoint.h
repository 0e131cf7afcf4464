/* Checkpoint files: the whole state of a run, checksummed, verified and replaced atomically.
 *
 * The file is HDF5 with a user block of 512 bytes in front that says in text what it is and carries length and CRC-32
 * of the rest. A reader checks these before libhdf5 sees a byte, so a flipped bit anywhere is found and named. Inside,
 * every dataset is chunked with fletcher32 as well, so that other programs notice damage too.
 *
 * Local functions, for rank 0; nothing here knows networks: a checkpoint is a list of named arrays and a few texts. */
#ifndef GAN_CHECKPOINT_H
#define GAN_CHECKPOINT_H

#include "gan/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { GAN_TENSOR_MAX_DIMS = 5 };

typedef struct gan_tensor {
    char *name; /* path in the file: "networks/generator/dense1/weight" */
    int n_dims;
    int64_t dims[GAN_TENSOR_MAX_DIMS];
    float *data; /* row-major */
} gan_tensor;

typedef struct gan_text {
    char *key, *value; /* an attribute of /provenance, or "config" */
} gan_text;

typedef struct gan_checkpoint {
    int64_t step;    /* finished steps; an attribute of /state, as the next four are */
    int64_t epoch_position; /* samples of the data stream consumed so far */
    uint64_t seed;
    double elapsed_s; /* training time so far */
    double best_score;
    uint64_t digest; /* gan_checkpoint_digest; filled by write, verified by read */
    int n_tensors, n_texts;
    gan_tensor *tensors;
    gan_text *texts; /* "config" -> /config; all others -> attributes of /provenance */
} gan_checkpoint;

/* An empty checkpoint; add_* copy names and texts. add_tensor returns where to put the floats (owned by the checkpoint). */
gan_status gan_checkpoint_new(gan_checkpoint **out);
gan_status gan_checkpoint_add_tensor(gan_checkpoint *c, const char *name, int n_dims, const int64_t *dims, float **data);
gan_status gan_checkpoint_add_text(gan_checkpoint *c, const char *key, const char *value);
void gan_checkpoint_free(gan_checkpoint *c); /* takes NULL */
const gan_tensor *gan_checkpoint_find(const gan_checkpoint *c, const char *name);   /* NULL if absent */
const char *gan_checkpoint_text(const gan_checkpoint *c, const char *key);          /* NULL if absent */

/* Digest over step and all tensors (names sorted, shapes, bits): what `gan_mpi hash` prints. Independent of ranks,
 * threads, hosts and wall time. */
uint64_t gan_checkpoint_digest(const gan_checkpoint *c);

/* Write to a temporary name in the same directory, flush, sync, read back and compare, rename, sync the directory.
 * On failure (GAN_EIO: full disk, no permission, verification) nothing with the final name has changed, and the
 * temporary file is gone. */
gan_status gan_checkpoint_write(gan_checkpoint *c, const char *path);

/* Read and verify. GAN_ECKPT names the file and what is wrong with it (too short, checksum, missing part ...). */
gan_status gan_checkpoint_read(gan_checkpoint **out, const char *path);
/* The envelope only: length and checksum of the file. */
gan_status gan_checkpoint_check(const char *path);

/* GAN_EUSAGE when a checkpoint of that name is there already, whole or not: what other commands write shall not replace it. */
gan_status gan_checkpoint_spare(const char *path);

/* ---- the directory: step-000012000.h5, latest -> step-000012000.h5 ------------------------------------------- */

/* Path of the checkpoint of a step in `dir`; counted string. */
char *gan_checkpoint_path(const char *dir, int64_t step);
/* Point `latest` (atomically) at the step's file and delete all but the newest `keep` checkpoints. */
gan_status gan_checkpoint_publish(const char *dir, int64_t step, int keep);
/* GAN_EIO when a directory has the name of a checkpoint, or is called latest: nothing could be published there. */
gan_status gan_checkpoint_names_free(const char *dir);
/* The newest checkpoint that is whole. Damaged newer ones are named in a warning each, with the reason. *out is NULL
 * when the directory has none at all; GAN_ECKPT when it has some but every one is damaged. */
gan_status gan_checkpoint_latest(gan_checkpoint **out, const char *dir);
/* A file is itself; a run directory means its checkpoints/latest, a directory of checkpoints its latest. When that is damaged,
 * leads nowhere or is not there, the newest good one, with warnings. *out: a counted string. What is not there at all is left
 * to be named by who opens it. */
gan_status gan_checkpoint_locate(char **out, const char *path);

#endif
