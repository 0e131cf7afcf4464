/* A Gaussian window around each of n points: the density that Parzen's estimate takes a generator for. */
#ifndef GAN_EVAL_WINDOW_H
#define GAN_EVAL_WINDOW_H

#include "gan/kernels.h"
#include "gan/status.h"

enum { GAN__WINDOW_ROWS = 64 }; /* rows that it takes at once */

typedef struct gan__window {
    const gan_kernels *k;
    int64_t n, floats;
    float *points;   /* [floats, n] in panels */
    double *squares; /* [n] squared lengths of the points */
    float *products; /* [GAN__WINDOW_ROWS, n] */
    float *scratch;
} gan__window;

/* Local. points [n, floats]; k is borrowed. */
gan_status gan__window_open(gan__window *w, const gan_kernels *k, int64_t n, int64_t floats, const float *points);
/* log of the density of each row x [rows, floats], rows at most GAN__WINDOW_ROWS, for each of n_sigmas widths: log_p [rows, n_sigmas]. A
 * row's values do not depend on the others, to the bit. Takes rows n floats multiplications, and rows n n_sigmas exponentials. */
void gan__window_log(gan__window *w, int64_t rows, const float *x, int n_sigmas, const double *sigmas, double *log_p);
void gan__window_close(gan__window *w); /* takes a zeroed one */

#endif
