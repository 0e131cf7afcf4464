/* Measures of quality: what a generator makes, compared with what it should make.
 *
 * Samples are those of `gan_mpi sample`: sample i is a function of seed and i alone. They are dealt out to the ranks in blocks of
 * GAN_EVAL_BLOCK, and what ranks find is put together as counts, or in the order of samples; so a measure has the same bits on any
 * number of ranks. A measure is one file in src/eval and a line in measures.def (src/eval/measure.h). */
#ifndef GAN_EVAL_H
#define GAN_EVAL_H

#include "gan/system.h"

#include <stdio.h>

enum { GAN_EVAL_BLOCK = 64, GAN_EVAL_MAX_MEASURES = 16, GAN_EVAL_MAX_VALUES = 32 };

typedef struct gan_eval gan_eval;

/* A classifier of another run. */
typedef struct gan_labeller {
    gan_network *net; /* its output are logits, one for each class */
    float low, high;  /* the range of the data that it was trained on */
    char name[256];   /* for protocols: "runs/digits at step 5000, checkpoint 0123456789abcdef" */
} gan_labeller;

/* What is measured, and by which rules. Borrowed for the evaluation's life, but for the texts that only _open reads. */
typedef struct gan_eval_setup {
    const gan_comm *comm; /* NULL: a process alone */
    int workers;          /* ranks 0 .. workers-1 draw, all take part */
    const gan_kernels *k;
    const gan_config *cfg;
    gan_model *model;
    const gan_source *source; /* of the job's data; NULL: it is not open */
    const char *metrics;      /* "modes,high_quality"; of _open */
    int64_t samples;          /* 0: as many as each measure's protocol says */
    uint64_t seed;            /* of the noise */
    const char *data;         /* a dataset file of real samples, for measures that want one; "": none */
    const gan_labeller *classifier; /* for measures that want one; NULL: none */
    const char *asked;        /* where the metrics come from, for failures: "gan_mpi eval --metrics", "job.ini:12: eval.metrics"; of _open */
    gan_status bad;           /* status of what is asked in vain: GAN_EUSAGE or GAN_ECONFIG */
} gan_eval_setup;

/* Collective. `bad`: a measure that there is not (named with the nearest), that is named twice, or that this data cannot support
 * (with the remedy). Failures to read the files that measures want; GAN_ENOMEM. */
gan_status gan_eval_open(gan_eval **out, const gan_eval_setup *s);
void gan_eval_close(gan_eval *e); /* local; takes NULL */

/* The numbers it gives, measure by measure in the order asked: modes, parzen, parzen_se ... */
int gan_eval_values(const gan_eval *e);
const char *gan_eval_name(const gan_eval *e, int value);
/* The measure that a value belongs to, as its number; its name, samples, and what was compared with what, in a line. Borrowed. */
int gan_eval_measure(const gan_eval *e, int value);
const char *gan_eval_measure_name(const gan_eval *e, int measure);
int64_t gan_eval_measure_samples(const gan_eval *e, int measure);
void gan_eval_protocol(const gan_eval *e, int measure, char *text, size_t size);

/* Collective. Draw samples with the weights as they are now (averaged ones where the model keeps them) and measure them.
 * values[gan_eval_values(e)], the same on all ranks; NaN where a measure is not defined. GAN_ENUMERIC: samples are not finite. */
gan_status gan_eval_run(gan_eval *e, double *values);

/* `gan_mpi eval --list`. */
void gan_measures_print(FILE *f);

#endif
