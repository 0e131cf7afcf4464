/* Measures of quality while a run goes on: section [eval]. What they find goes into the record and a line of the log.
 *
 * They are worth less than the run: one that fails in its midst is warned of, and has no value in that record. */
#ifndef GAN_QUALITY_H
#define GAN_QUALITY_H

#include "gan/snapshot.h"
#include "gan/train.h"

typedef struct gan_quality {
    gan_eval *eval; /* NULL: nothing is to be measured */
    gan_snapshot of_classifier;
    gan_labeller labeller;
} gan_quality;

/* Collective. Nothing to measure when eval.metrics is empty. GAN_ECONFIG names what there is not, or what the data cannot support. The
 * session is borrowed, and q stays where it is. */
gan_status gan_quality_open(gan_quality *q, gan_session *s);
/* Collective, when the state is settled and, in a sharded run, with the first team. values [gan_eval_values(q->eval)]. Fails only
 * where MPI does. */
gan_status gan_quality_measure(gan_quality *q, int64_t step, double *values);
void gan_quality_close(gan_quality *q); /* takes a zeroed one */

#endif
