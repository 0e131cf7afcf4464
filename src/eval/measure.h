/* What a measure is, and what it may ask of the evaluation that runs it.
 *
 * A new measure: a file that defines `const gan_measure gan_measure_NAME`, and GAN_MEASURE(NAME) in measures.def. */
#ifndef GAN_EVAL_MEASURE_H
#define GAN_EVAL_MEASURE_H

#include "gan/eval.h"

typedef struct gan_measure gan_measure;
struct gan_measure {
    const char *name, *summary;
    const char *needs;         /* of the data, for the list */
    const char *const *values; /* names of the numbers that it gives, NULL-terminated; the first is its name */
    int64_t samples;           /* of its published protocol */
    /* Local. Refuse what the data cannot support with gan__refuse, read what is needed beside samples. *state is NULL before. May be NULL
     * when nothing can be wrong; e has its setup only. */
    gan_status (*open)(const gan_eval *e, const gan_measure *m, void **state);
    /* Collective. Measure the first n samples drawn; values as named, all NaN before. */
    gan_status (*compute)(gan_eval *e, void *state, int64_t n, double *values);
    /* What was compared with what, for a reader who wants to do the same. */
    void (*protocol)(const gan_eval *e, const void *state, char *text, size_t size);
    void (*close)(void *state); /* takes NULL; may be NULL when there is no state */
};

#define GAN_MEASURE(sym) extern const gan_measure gan_measure_##sym;
#include "measures.def"
#undef GAN_MEASURE

/* measures.c: NULL-terminated. */
extern const gan_measure *const gan__measures[];

/* ---- samples ------------------------------------------------------------------------------------------------- */

typedef struct gan__drawn { /* draw.c */
    gan_sampler *sampler;   /* of GAN_EVAL_BLOCK samples */
    int64_t n, floats;      /* samples of all ranks; numbers in one */
    int rank, workers;      /* block b is of rank b % workers */
    float *x;               /* this rank's blocks, one after the other */
} gan__drawn;

gan_status gan__drawn_open(gan__drawn *d, const gan_eval_setup *s, int64_t n); /* local */
gan_status gan__drawn_draw(gan__drawn *d, const gan_eval_setup *s);            /* collective */
void gan__drawn_close(gan__drawn *d);

/* This rank's samples among the first n, block by block: for (gan__rows r = {0}; gan__next_rows(e, n, &r);) ... */
typedef struct gan__rows {
    int64_t first, n; /* numbers of the samples */
    const float *x;   /* [n, floats] */
    int64_t blocks;   /* seen so far */
} gan__rows;
bool gan__next_rows(const gan_eval *e, int64_t n, gan__rows *r);
/* Collective. The first n samples on every rank, [n, floats] in order; to be freed. */
gan_status gan__all_rows(gan_eval *e, int64_t n, float **x);

/* ---- modes of a mixture (tally.c) ------------------------------------------------------------------------------ */

typedef struct gan__tally { /* high-quality samples of each mode */
    int64_t n;              /* of so many samples; 0: not counted yet */
    int64_t *counts;        /* [modes] */
    int64_t good;           /* their sum */
} gan__tally;

/* An .open: refuses data that is no mixture. */
gan_status gan__needs_mixture(const gan_eval *e, const gan_measure *m, void **state);
/* Collective. Count the first n samples; the same tally serves all measures that ask for it. */
gan_status gan__tally_take(gan_eval *e, int64_t n, const gan__tally **t);
/* KL(p || uniform) in nats of counts[n] as a distribution; NaN when all are 0. */
double gan__kl_to_uniform(const int64_t *counts, int64_t n);

/* ---- the evaluation ------------------------------------------------------------------------------------------ */

typedef struct gan__chosen {
    const gan_measure *measure;
    void *state;
    int64_t samples;
} gan__chosen;

struct gan_eval {
    gan_eval_setup setup;
    gan__chosen chosen[GAN_EVAL_MAX_MEASURES];
    int n;
    gan__drawn drawn;
    gan__tally tally;
};

/* The refusal of a measure: "ASKED: MEASURE WHY". */
__attribute__((format(printf, 3, 4))) gan_status gan__refuse(const gan_eval *e, const gan_measure *m, const char *fmt, ...);

#endif
