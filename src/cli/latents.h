/* Which latents `gan_mpi sample` makes samples of: fixed noise, a way between two samples, arithmetic with samples, or sweeps
 * of directions. */
#ifndef GAN_CLI_LATENTS_H
#define GAN_CLI_LATENTS_H

#include "expression.h"

#include "gan/latent.h"

enum { GAN__MAX_SAMPLES = 10000000 };

typedef struct gan__latents_text { /* values of options as they were typed; NULL: not given */
    const char *n, *interpolate[3], *arithmetic, *neighbours, *grid, *at, *span;
} gan__latents_text;

typedef struct gan__latents {
    const struct gan__way *way;
    int64_t n, columns; /* samples, and a good number of columns for their picture */
    char text[1024];    /* "slerp from sample 3 to sample 9"; "" for fixed noise */
    /* of one way or another: */
    bool slerp;
    int64_t a, b; /* sample numbers */
    gan__expression expression;
    int64_t neighbours;
    int64_t axis[2], side;
    int n_axes;
    double span;
} gan__latents;

/* Local. GAN_EUSAGE names options that exclude each other, or the one whose value is wrong and what is allowed. */
gan_status gan__latents_parse(gan__latents *l, const gan__latents_text *t);
/* Local. z [n, noise->size]. GAN_EUSAGE when a direction is none of the latents'; GAN_ENOMEM. */
gan_status gan__latents_fill(const gan__latents *l, const gan_noise *noise, float *z);
void gan__latents_free(gan__latents *l); /* takes a zeroed one */

#endif
