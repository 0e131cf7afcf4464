/* Pictures of samples from fixed noise, drawn while a run goes on. Rank 0.
 *
 * They are worth less than the run: one that cannot be written is warned of, once until one can be written again. */
#ifndef GAN_PICTURES_H
#define GAN_PICTURES_H

#include "rundir.h"
#include "writer.h"

#include "gan/train.h"

typedef struct gan_pictures gan_pictures;

/* Whether the grid that [samples] asks for fits into a picture; GAN_ECONFIG names the keys. Local, any rank. */
gan_status gan_pictures_check(const gan_session *s);

/* Says so when samples of this shape cannot be drawn; then draw does nothing. Everything is borrowed. */
gan_status gan_pictures_new(gan_pictures **out, gan_session *s, const gan_rundir *d, gan_writer *w);
/* Draw now, and leave the writing to the writer. Fails only for lack of memory. */
gan_status gan_pictures_draw(gan_pictures *p, int64_t step);
const char *gan_pictures_last(const gan_pictures *p); /* the last one that was written, "" if none; after gan_writer_drain */
void gan_pictures_free(gan_pictures *p); /* when the writer has ended; takes NULL */

#endif
