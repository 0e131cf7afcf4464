/* Densities of data and samples, as far as they are known: p of a mixture always, q of the samples exactly where the generator is affine,
 * else by counting. For the measures that compare with the theory of the game. */
#ifndef GAN_EVAL_DENSITY_H
#define GAN_EVAL_DENSITY_H

#include "measure.h"

/* log p(x); x [m->dims]. */
double gan__mixture_log(const gan_mixture *m, const float *x);

/* ---- q of an affine generator: affine.c --------------------------------------------------------------------------- */

typedef struct gan__gaussian { /* N(mean, W W^T) in 1 or 2 dimensions */
    int dims;
    double mean[2], covariance[2][2];
} gan__gaussian;

/* Whether the first network has dense layers alone, and its noise is normal. */
bool gan__is_affine(const gan_eval *e);
/* Collective: what such a network makes, with its weights as they are now. */
gan_status gan__gaussian_take(gan_eval *e, gan__gaussian *q);
/* Samples on a line of the plane, or in a point, have none. */
bool gan__gaussian_has_density(const gan__gaussian *q);
double gan__gaussian_log(const gan__gaussian *q, const float *x);

/* ---- p and q in cells: cells.c -------------------------------------------------------------------------------- */

typedef struct gan__cells { /* squares (intervals) around a mixture; all that is outside is one cell more, the last */
    int dims;
    int64_t side[2], n;     /* cells along each axis; in all */
    double low[2], width;
    double *p;              /* [n] probability of the mixture, exact */
    int64_t *counts, total; /* [n] samples, and of how many */
} gan__cells;

gan_status gan__cells_open(gan__cells *c, const gan_mixture *m);        /* local */
gan_status gan__cells_count(gan__cells *c, gan_eval *e, int64_t n);     /* collective; the first n samples, anew */
int64_t gan__cells_of(const gan__cells *c, const float *x);
double gan__cells_width(const gan_mixture *m);
void gan__cells_close(gan__cells *c); /* takes a zeroed one */

/* ---- data against samples: contest.c ---------------------------------------------------------------------------- */

/* n real samples, which no training has seen, and n made ones. The logits of D and of the best D, D* = p / (p + q), so log p / q: infinite
 * where a density is 0. */
typedef struct gan__contest {
    int64_t n;
    double *best_real, *best_fake; /* [n] */
    double *real, *fake;           /* [n] of the discriminator; zeros where nobody judges */
} gan__contest;

enum { GAN__UNSEEN_AT = 40 }; /* real samples of measures are those from position 2^40 on */

/* An .open: refuses data of unknown density. */
gan_status gan__needs_density(const gan_eval *e, const gan_measure *m, void **state);
/* An .open, which makes *state a gan_judge: refuses discriminators for which p / (p + q) is not the best. */
gan_status gan__needs_odds(const gan_eval *e, const gan_measure *m, void **state);

/* Collective. judge: NULL, nobody. To be closed after a failure too. */
gan_status gan__contest_open(gan__contest *c, gan_eval *e, gan_judge *judge, int64_t n);
void gan__contest_close(gan__contest *c); /* takes a zeroed one */
/* JSD(p || q) in nats; *se: its standard error. */
double gan__contest_jsd(const gan__contest *c, double *se);
/* How q is known, for a protocol. */
void gan__density_protocol(const gan_eval *e, const char *what, char *text, size_t size);

double gan__softplus(double x); /* log(1 + e^x) */

#endif
