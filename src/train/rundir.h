/* The run directory: made, moved aside, checked against the configuration, and searched for a checkpoint. Rank 0 only. */
#ifndef GAN_RUNDIR_H
#define GAN_RUNDIR_H

#include "gan/checkpoint.h"
#include "gan/config.h"

typedef struct gan_rundir {
    char *path, *checkpoints, *samples;
    char *resume_path; /* path of `resume`, for messages */
    gan_checkpoint *resume; /* to continue from; NULL: from the start */
} gan_rundir;

/* Make what is missing, move the old one aside when `fresh`, write config.ini, find the checkpoint to resume. Refuses a
 * changed configuration, naming the keys. */
gan_status gan_rundir_open(gan_rundir *d, const gan_config *cfg, bool fresh);
void gan_rundir_close(gan_rundir *d); /* takes a zeroed one */

#endif
