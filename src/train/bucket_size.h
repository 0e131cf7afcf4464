/* The size of buckets: as configured, or measured. */
#ifndef GAN_BUCKET_SIZE_H
#define GAN_BUCKET_SIZE_H

#include "gan/train.h"

/* Collective. When the networks have their memory and before the program is written; the gradients are zero before and after. */
gan_status gan_buckets_choose(gan_session *s, int ranks);
/* The banner's line about it; -v: what was measured. */
void gan_bucket_size_say(const gan_session *s);

#endif
