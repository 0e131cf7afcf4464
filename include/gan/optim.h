/* Optimizers: update rules as nodes of the step program.
 *
 * An optimizer has the moments of one network (arrays laid out like its arena) and a schedule. Its update nodes each
 * read one range of the summed gradient and write the same range of the parameters, of the moments and of the moving
 * average. The ranks of a team have these in common, and each updates its slice of the range. A block of the gradient that
 * is not finite is left out (see kernels.h); the train loop sees it in the norm. */
#ifndef GAN_OPTIM_H
#define GAN_OPTIM_H

#include "gan/config.h"
#include "gan/graph.h"
#include "gan/nn.h"

typedef enum gan_schedule_kind {
    GAN_SCHEDULE_CONSTANT, GAN_SCHEDULE_LINEAR, GAN_SCHEDULE_COSINE, GAN_SCHEDULE_STEP, GAN_SCHEDULE_EXPONENTIAL
} gan_schedule_kind;

typedef struct gan_schedule {
    gan_schedule_kind kind;
    double base, factor;
    int64_t steps, warmup_steps;
} gan_schedule;

/* Learning rate at a step (0 is the first). */
double gan_schedule_rate(const gan_schedule *s, int64_t step);

typedef struct gan_optimizer gan_optimizer;

/* Whether the keys of a network's section fit together. GAN_ECONFIG. */
gan_status gan_optimizer_check(const gan_config *cfg, const char *network);
/* Reads the network's section of the configuration. net is borrowed for the optimizer's life. Local. It has no memory for
 * moments yet. */
gan_status gan_optimizer_new(gan_optimizer **out, const gan_config *cfg, gan_network *net);
/* Let the moments lie in memory of the caller [arrays][arena floats], zero, or in memory of its own. */
void gan_optimizer_place(gan_optimizer *o, float *moments);
gan_status gan_optimizer_alloc(gan_optimizer *o);
void gan_optimizer_free(gan_optimizer *o); /* takes NULL */

/* Moments: how many arrays, their names ("moment1") and floats (laid out like the network's arena). */
int gan_optimizer_arrays(const gan_optimizer *o);
const char *gan_optimizer_array_name(const gan_optimizer *o, int i);
float *gan_optimizer_array(const gan_optimizer *o, int i);

/* One update of the network in a step; there may be several (k discriminator steps). */
void gan_optimizer_begin_update(gan_optimizer *o);
/* The nodes that update a range. The caller lets `first` run after the range's reduction and, with clipping, all updates
 * of this begin_update after all their norms. */
typedef struct gan_update_nodes {
    gan_id first;  /* reads the gradient before the others do */
    gan_id norm;   /* knows the range's share of the norm; GAN_NONE without clipping */
    gan_id update;
    gan_id done;   /* from here on the new weights may be read, and the gradient be overwritten */
} gan_update_nodes;

/* Append the update of these blocks of the arena. number: of the range's reduction, as given to the nodes that start it and wait
 * for it; of no meaning in a run of one rank. The ranges of an update go from the end of the arena to its begin (states apart):
 * the norm is a sum over blocks from the last to the first, whatever ranges they are in. */
gan_status gan_add_update(gan_graph *g, gan_optimizer *o, gan_blocks blocks, int number, gan_update_nodes *nodes);

/* Updates that are not made, but followed by gradients (Metz et al. 2016): nodes of what weights and moments would be.
 * _check: GAN_ECONFIG where the keys of the section allow none. */
enum { GAN_MAX_MOMENTS = 2 };
gan_status gan_optimizer_check_unrolled(const gan_config *cfg, const char *network);
/* moments[gan_optimizer_arrays()] of a parameter as they are in memory, to be read after the latest update. */
gan_status gan_optimizer_moments(gan_graph *g, const gan_optimizer *o, int param, gan_id *moments);
/* One update of one parameter, ahead + 1 updates behind the latest of the step program: *w and moments[] become the new values.
 * grad, *w, moments: of the parameter's form, REPLICATED (grad: summed over ranks). */
gan_status gan_add_unrolled(gan_graph *g, gan_optimizer *o, int ahead, gan_id grad, gan_id *w, gan_id *moments);

/* Norm of the network's gradient in the last update of the step that ran, before clipping; NaN or infinite if any
 * element of any of the step's updates was, batch statistics included. The same on all ranks. */
double gan_optimizer_gradient_norm(const gan_optimizer *o);
double gan_optimizer_rate(const gan_optimizer *o, int64_t step);

#endif
