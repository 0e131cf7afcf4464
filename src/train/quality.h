/* Measures of quality while a run goes on: section [eval]. What they find goes into the record and a line of the log.
 *
 * They are worth less than the run: one that fails in its midst is warned of, and has no value in that record. */
#ifndef GAN_QUALITY_H
#define GAN_QUALITY_H

#include "gan/eval.h"
#include "gan/train.h"

/* Collective. *out NULL when eval.metrics is empty. GAN_ECONFIG names what there is not, or what the data cannot support. The session
 * is borrowed. */
gan_status gan_quality_open(gan_eval **out, gan_session *s);
/* Collective, when the state is settled and, in a sharded run, with the first team. values [gan_eval_values(e)]. Fails only where MPI
 * does. */
gan_status gan_quality_measure(gan_eval *e, int64_t step, double *values);

#endif
