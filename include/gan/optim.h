/* Optimizers: update rules as nodes of the step program.
 *
 * An optimizer owns the moments of one network (arrays laid out like its arena) and a schedule. Its update nodes each
 * read one range of the reduced gradient arena and write the same range of the parameters, of the moments and of the
 * moving average. A block of the gradient that is not finite is left out (see kernels.h); the train loop sees it in the norm. */
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

/* Reads the network's section of the configuration. net is borrowed for the optimizer's life. Local. */
gan_status gan_optimizer_new(gan_optimizer **out, const gan_config *cfg, gan_network *net);
void gan_optimizer_free(gan_optimizer *o); /* takes NULL */

/* Moments: how many arrays, their names ("moment1") and floats (laid out like the network's arena). */
int gan_optimizer_arrays(const gan_optimizer *o);
const char *gan_optimizer_array_name(const gan_optimizer *o, int i);
float *gan_optimizer_array(const gan_optimizer *o, int i);

/* One update of the network in a step; there may be several (k discriminator steps). */
void gan_optimizer_begin_update(gan_optimizer *o);
/* Append the update of floats [offset, offset+n) of the arena. The caller orders it after the range's reduction. With
 * clipping *norm is a node that must precede all updates of this begin_update (order: reduction, norm, update), else GAN_NONE. */
gan_status gan_add_update(gan_graph *g, gan_optimizer *o, int64_t offset, int64_t n, gan_id *update, gan_id *norm);

/* Norm of the network's gradient in the last update of the step that ran, before clipping; NaN or infinite if any
 * element of any of the step's updates was, batch statistics included. The same on all ranks. */
double gan_optimizer_gradient_norm(const gan_optimizer *o);
double gan_optimizer_rate(const gan_optimizer *o, int64_t step);

#endif
