/* The files that a run leaves besides its configuration: checkpoints, metrics, pictures. Rank 0; all writing is done by the
 * writer's thread. */
#ifndef GAN_OUTPUTS_H
#define GAN_OUTPUTS_H

#include "record.h"
#include "rundir.h"
#include "writer.h"

typedef struct gan_outputs gan_outputs;

/* resume_step: metrics after it are cut off. Everything is borrowed for the outputs' life. */
gan_status gan_outputs_new(gan_outputs **out, gan_session *s, const gan_rundir *d, const gan_record *r,
                           int64_t resume_step);
gan_status gan_outputs_checkpoint(gan_outputs *o, int64_t step, double elapsed_s);
gan_status gan_outputs_record(gan_outputs *o, const gan_record *r, int64_t step);
gan_status gan_outputs_samples(gan_outputs *o, int64_t step);
bool gan_outputs_failed(gan_outputs *o);
gan_status gan_outputs_finish(gan_outputs *o); /* wait until all is written */
const char *gan_outputs_last_picture(const gan_outputs *o); /* that was written; "" if none */
void gan_outputs_free(gan_outputs *o); /* takes NULL */

#endif
