/* What can be said of a job without its data. */
#ifndef GAN_CLI_JOB_CHECK_H
#define GAN_CLI_JOB_CHECK_H

#include "gan/config.h"

/* GAN_ECONFIG names the layer or the key that is wrong, of the first network that has one. */
gan_status gan__job_check(const gan_config *c);

#endif
