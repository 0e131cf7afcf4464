/* Between a model in memory and a checkpoint: names, shapes and layout. Local. */
#ifndef GAN_SNAPSHOT_H
#define GAN_SNAPSHOT_H

#include "gan/checkpoint.h"
#include "gan/eval.h"
#include "gan/system.h"

/* The whole state after `step` finished steps: networks/<net>/<layer>/<param>, ema/..., optimizers/<net>/<moment>/<layer>/
 * <param>; texts: config (INI), data_shape ("28x28x1"), and provenance (version, compiler, libraries, kernels, ...).
 * GAN_ENUMERIC names an array that holds a value which is not finite. */
gan_status gan_snapshot_take(gan_checkpoint **out, const gan_model *m, int64_t step);

/* Fill the model from a checkpoint. GAN_ECKPT names the first parameter that is missing or has another shape, with both shapes.
 * path: of the checkpoint, for that text. */
gan_status gan_snapshot_restore(gan_model *m, const gan_checkpoint *c, const char *path);

/* The model of a checkpoint, from the configuration inside it; for sample and info. Frees with gan_snapshot_close. */
typedef struct gan_snapshot {
    gan_checkpoint *ckpt;
    gan_config *cfg;
    gan_model *model;
} gan_snapshot;
gan_status gan_snapshot_open(gan_snapshot *s, const char *path);
void gan_snapshot_close(gan_snapshot *s); /* takes a zeroed one */
/* The data of such a run where they are a mixture; *out NULL where they are not. GAN_ECKPT when its networks were made for other data. */
gan_status gan_snapshot_mixture(gan_source **out, const gan_snapshot *s, const char *path);

/* A snapshot and the classifier in it, by checkpoint or run directory. GAN_ECKPT when it has none. The snapshot is to be closed in any
 * case. */
gan_status gan_labeller_open(gan_labeller *l, gan_snapshot *s, const char *word);

#endif
