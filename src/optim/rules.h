/* Inside of optimizers. An update rule is one file: its hyper-parameters, its arrays, its step on a range. */
#ifndef GAN_RULES_H
#define GAN_RULES_H

#include "gan/optim.h"

enum { GAN_MAX_ARRAYS = GAN_MAX_MOMENTS + 1 }; /* moments of a rule; history */

/* One call on floats [offset, offset+n) of the arena, at most a block. */
typedef struct gan__range {
    const gan_optimizer *o;
    const gan_kernels *k;
    int64_t offset, n;
    const float *grad; /* [n], the sum over ranks */
    int64_t step;      /* of the run */
    double number;           /* of this update in the run, from 1 */
    double beta1_t, beta2_t; /* powers of the betas: that number */
    float rate;        /* learning rate of the step */
    float scale;       /* of the gradient: below 1 when it is clipped */
} gan__range;

/* The same update of one whole parameter as nodes, see unroll.c. */
typedef struct gan__unrolling {
    gan_graph *g;
    gan_optimizer *o;
    int update; /* which of the step's updates it would be */
} gan__unrolling;

typedef struct gan__rule {
    const char *name;
    int n_arrays;
    const char *arrays[GAN_MAX_MOMENTS];
    double (*apply)(const gan__range *r); /* returns the sum of squares of the gradient */
    /* *step: what is taken from the weights, for the gradient d; moments[n_arrays] become what they would be. */
    gan_status (*unroll)(const gan__unrolling *u, gan_id d, gan_id *moments, gan_id *step);
} gan__rule;

/* What the nodes that update a range know. */
typedef struct gan__job {
    gan_optimizer *o;
    gan_blocks blocks;
    int number;      /* of the range's reduction */
    int update;      /* which of the step's updates of this network */
    bool trained;    /* else states */
    double *squares; /* [blocks.n] sums of squares of the gradient in the step that ran last */
} gan__job;

struct gan_optimizer {
    gan_network *net;
    const gan__rule *rule;
    float *array[GAN_MAX_ARRAYS];  /* NULL until placed; history is the last */
    float *owned;                  /* where they lie when nobody lent memory */
    gan_schedule schedule;
    double beta1, beta2, epsilon, momentum, momentum_final, weight_decay, clip_norm, clip_weights, ema, historical_average;
    int64_t momentum_steps;
    int updates_per_step;
    gan__job **jobs; /* separately allocated: nodes point to them */
    int n_jobs;
};

extern const gan__rule gan__rule_sgd, gan__rule_momentum, gan__rule_adam, gan__rule_rmsprop;

double gan__momentum_at(const gan_optimizer *o, int64_t step); /* momentum.c: the coefficient */

/* unroll.c, words for `unroll`: x times a number of the step; decay * average + (1 - decay) * x; the root of x plus epsilon. */
typedef enum gan__number { GAN__RATE, GAN__MOMENTUM, GAN__ADAM_RATE, GAN__ADAM_V_SCALE, GAN__NUMBERS } gan__number;
gan_status gan__unroll_times(const gan__unrolling *u, gan_id x, gan__number which, gan_id *y);
gan_status gan__unroll_average(const gan__unrolling *u, float decay, gan_id average, gan_id x, gan_id *y);
gan_status gan__unroll_root(const gan__unrolling *u, gan_id x, gan_id *y);

double gan__update_number(const gan_call *c, const gan__job *job); /* of the job's update in the run, from 1 */
double gan__clip_scale(const gan_optimizer *o, int update); /* clip.c */
extern const gan_op gan__op_slice_norm, gan__op_gradient_norm;

/* clamp.c: the range of the weights after its update, back into the bounds of clip_weights. */
void gan__clamp_apply(const gan__range *r);

/* ema.c: the moving average of a range after its update. */
void gan__ema_apply(const gan_optimizer *o, const gan_kernels *k, int64_t offset, int64_t n);
/* state.c: move the batch statistics of a range towards those of this step. Returns the sum of squares. */
double gan__state_apply(const gan__range *r);

/* outer.c: r->grad with what flows through singular values; in room [r->n] if that is anything. */
const float *gan__with_outer(const gan__range *r, float *room);

/* history.c: the optimizer's last array, where historical_average is set: the mean of a network's past parameters. _with: r->grad with the
 * derivative of the distance to it; in room [r->n] if there is any. _apply: the mean takes in the parameters that the update begins with. */
const float *gan__with_history(const gan__range *r, float *room);
void gan__history_apply(const gan__range *r);

/* slice.c: do `block` to every block of this rank's slice of a job's range: r.offset, r.n and r.grad are set, what it
 * returns is the block's sum of squares, which is noted if wanted. Threads share the blocks, and all are done when it
 * returns. */
typedef double gan__block_fn(const gan__range *r);
void gan__each_block(const gan_call *c, gan__job *job, gan__range r, gan__block_fn *block, bool note);
int64_t gan__slice_scratch(const gan_graph *g, const gan_node *y); /* of the ops that call it */
/* Tell the team that this rank's slice is done / wait for all slices and take their squares. */
void gan__slice_done(const gan_call *c, gan__job *job, gan_event e);
gan_status gan__slices_done(const gan_call *c, gan__job *job, gan_event e);
/* sum + the squares of the job's blocks, one by one from the last to the first. */
double gan__add_squares(const gan__job *job, double sum);

#endif
