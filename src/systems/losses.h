/* Objectives of the two-player game, for the files of this module: what D and G make of D's outputs. */
#ifndef GAN_LOSSES_H
#define GAN_LOSSES_H

#include "gan/ops.h"

/* logits [n of this rank, 1], D's last layer as it is; n: over all ranks. Each appends the mean over the n outputs, PARTIAL [1], to be
 * minimised. */
typedef gan_status gan__loss_fn(gan_graph *g, gan_id logits, float target, int64_t n, gan_id *loss);

typedef struct gan__loss {
    const char *name;
    bool probability; /* sigmoid(logit) is the probability that the sample is real; else the output is a score */
    bool distance;    /* D's mean output on real samples less that on fakes estimates their distance */
    bool targets;     /* real samples have the target 1, which may be smoothed to less */
    gan__loss_fn *real, *fake, *generator; /* D on real samples (target 1), on fakes (target 0); G on fakes (target 1) */
} gan__loss;

/* In the order of the choices of the key gan.loss. */
extern const gan__loss *const gan__losses[];

#endif
