/* The writer: a thread of rank 0 that does all writing of files while training goes on.
 *
 * libhdf5 is not thread-safe, so every file of a run is written here, in the order of posting. A failure stops
 * later jobs and waits to be collected; training asks gan_writer_failed at each step boundary. */
#ifndef GAN_WRITER_H
#define GAN_WRITER_H

#include "gan/status.h"

typedef struct gan_writer gan_writer;
typedef gan_status gan_writer_job(void *arg); /* owns arg: frees it whatever happens */

/* meanwhile: called several times a second while the caller of a function below waits in it; may be NULL. */
gan_status gan_writer_new(gan_writer **out, void (*meanwhile)(void *user), void *user);
/* Hand a job over; blocks while too many are waiting. `drop` frees arg when an earlier failure keeps it from running. */
gan_status gan_writer_post(gan_writer *w, gan_writer_job *run, void (*drop)(void *arg), void *arg);
bool gan_writer_failed(gan_writer *w);
/* Wait for all jobs; the first failure, with its text in this thread. */
gan_status gan_writer_drain(gan_writer *w);
void gan_writer_free(gan_writer *w); /* drains; takes NULL */

#endif
