/* Inside of optimizers. An update rule is one file: its hyper-parameters, its arrays, its step on a range. */
#ifndef GAN_RULES_H
#define GAN_RULES_H

#include "gan/optim.h"

enum { GAN_MAX_MOMENTS = 2 };

/* One call on floats [offset, offset+n) of the arena. */
typedef struct gan__range {
    const gan_optimizer *o;
    const gan_kernels *k;
    int64_t offset, n;
    int64_t step;    /* of the run */
    int64_t updates; /* of this network before this one */
    float rate;      /* learning rate of the step */
    float scale;     /* of the gradient: below 1 when it is clipped */
} gan__range;

typedef struct gan__rule {
    const char *name;
    int n_arrays;
    const char *arrays[GAN_MAX_MOMENTS];
    double (*apply)(const gan__range *r); /* returns the sum of squares of the gradient */
} gan__rule;

/* An update node and what it knows. */
typedef struct gan__job {
    gan_optimizer *o;
    int64_t offset, n;
    int update;     /* which of the step's updates of this network */
    double squares; /* sum of squares of its gradient in the step that ran last */
} gan__job;

struct gan_optimizer {
    gan_network *net;
    const gan__rule *rule;
    float *array[GAN_MAX_MOMENTS];
    gan_schedule schedule;
    double beta1, beta2, epsilon, momentum, momentum_final, weight_decay, clip_norm, ema;
    int64_t momentum_steps;
    int updates_per_step;
    gan__job **jobs; /* separately allocated: nodes point to them */
    int n_jobs;
};

extern const gan__rule gan__rule_sgd, gan__rule_momentum, gan__rule_adam, gan__rule_rmsprop;

double gan__clip_scale(const gan_optimizer *o, int update); /* clip.c */
extern const gan_op gan__op_gradient_norm;                   /* clip.c */

/* ema.c: the moving average of a range after its update. */
void gan__ema_apply(const gan_optimizer *o, const gan_kernels *k, int64_t offset, int64_t n);
/* state.c: move the batch statistics of a range towards those of this step. Returns the sum of squares. */
double gan__state_apply(const gan_optimizer *o, const gan_kernels *k, int64_t offset, int64_t n);

#endif
