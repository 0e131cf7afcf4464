/* What is drawn behind the samples of 2-D data: real samples, and how the discriminator sees the plane. Local. */
#ifndef GAN_PLANE_H
#define GAN_PLANE_H

#include "gan/system.h"

enum { GAN_PLANE_SIDE = 64 };

typedef struct gan_plane {
    float lo, hi; /* of the picture */
    int64_t n;    /* real samples */
    float *real;  /* [n,2], the first of the stream; NULL: their source is not open */
    gan_judge *judge; /* NULL: there is no discriminator of samples alone */
} gan_plane;

/* source: of the real samples; NULL: none are drawn. */
gan_status gan_plane_open(gan_plane *p, gan_model *m, const gan_kernels *k, const gan_source *source, int64_t n);
/* [GAN_PLANE_SIDE, GAN_PLANE_SIDE] as gan_plot.surface, borrowed until the next call; NULL where there is no judge. */
gan_status gan_plane_look(gan_plane *p, const float **surface);
void gan_plane_close(gan_plane *p); /* takes a zeroed one */

#endif
