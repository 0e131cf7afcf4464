/* The run directory: made, moved aside, checked against the configuration, and searched for a checkpoint. Rank 0 only. */
#ifndef GAN_RUNDIR_H
#define GAN_RUNDIR_H

#include "gan/checkpoint.h"
#include "gan/config.h"

typedef struct gan_rundir {
    char *path, *checkpoints, *samples;
    char *resume_path; /* path of `resume`, for messages */
    gan_checkpoint *resume; /* to continue from; NULL: from the start */
    int lock;               /* file that is locked while the run goes on, -1 */
} gan_rundir;

/* Make what is missing, move the old one aside when `fresh`, find the checkpoint to resume. Refuses a
 * changed configuration, naming the keys, and a directory that another job is using. */
gan_status gan_rundir_open(gan_rundir *d, const gan_config *cfg, bool fresh);
/* config.ini, the job as it is going to be run. */
gan_status gan_rundir_write_config(const gan_rundir *d, const gan_config *cfg);
void gan_rundir_close(gan_rundir *d); /* takes a zeroed one */

/* move_aside.c: make room for a new run at `path`. GAN_EIO for a directory that is no run, or is in use. */
gan_status gan__run_move_aside(const char *path);

#endif
