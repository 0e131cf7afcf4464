/* Metrics of a run: metrics.jsonl (the record: one JSON object per line) and metrics.h5 (the same, one extendible
 * float64 dataset per quantity, all of one length). Local functions, for rank 0.
 *
 * The HDF5 file is replaced as a whole and takes no locks, so that h5py can read it at any moment of the run, and keep
 * it open: it then has the file as it was. It is derived: on resume both files are cut back to the checkpoint's step, the
 * HDF5 one rebuilt from the lines. */
#ifndef GAN_METRICS_H
#define GAN_METRICS_H

#include "gan/status.h"

#include <stdint.h>

typedef struct gan_metrics gan_metrics;

/* names[n]: the quantities of a record after "step", e.g. "loss_d". Records with a step larger than `step` are cut
 * off, as are torn last lines, and with a warning other lines that are no records; step 0 starts empty,
 * with a warning when there are records already.
 * dir/metrics.jsonl, dir/metrics.h5. */
gan_status gan_metrics_open(gan_metrics **out, const char *dir, const char *const *names, int n, int64_t step);
/* Append one record to memory; values[n], non-finite ones become null in JSON. */
gan_status gan_metrics_add(gan_metrics *m, int64_t step, const double *values);
/* Write what has been added since the last flush to both files (to the HDF5 one not at each flush once it is so large
 * that this would cost more than some percent of the time; gan_metrics_close brings it up). GAN_EIO when the lines
 * cannot be written: the records are kept, a later flush tries again. Trouble with the HDF5 file is only warned of. */
gan_status gan_metrics_flush(gan_metrics *m);
void gan_metrics_close(gan_metrics *m); /* flushes; takes NULL */

#endif
