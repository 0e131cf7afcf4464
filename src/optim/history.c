/* Historical averaging (Salimans et al. 2016, section 3.3): the loss of a network has weight |theta - mean|^2 in addition, where `mean` is
 * that of its parameters as all updates of the run began with them, this one included, (1/t) sum_{i=1..t} theta_i. It counts as a constant, so
 * the gradient has 2 weight (theta - mean) in addition: nothing in the first update.
 *
 * This is done block by block within the update, so the sum over ranks does not have it, and neither has the gradient in the arena. With
 * clipping the norm of all blocks is taken before, and it has it too; so an update's mean is computed where it is asked for, and kept when
 * the block is updated. */
#include "rules.h"

#include <string.h>

static bool has_history(const gan__range *r)
{
    return r->o->historical_average > 0 && r->offset < r->o->net->trained_floats;
}

static float *kept(const gan__range *r)
{
    return r->o->array[gan_optimizer_arrays(r->o) - 1] + r->offset;
}

/* The mean with w as the newest of its 1 / part values; w itself if it is the only one. */
static float mean_with(float mean, float w, float part)
{
    return mean + (w - mean) * part;
}

const float *gan__with_history(const gan__range *r, float *room)
{
    if (!has_history(r)) return r->grad;
    const float factor = (float)(2 * r->o->historical_average), part = (float)(1 / r->number);
    const float *w = r->o->net->w + r->offset, *mean = kept(r);
    if (r->grad != room) memcpy(room, r->grad, (size_t)r->n * sizeof *room);
    for (int64_t i = 0; i < r->n; i++) room[i] += factor * (w[i] - mean_with(mean[i], w[i], part));
    return room;
}

void gan__history_apply(const gan__range *r)
{
    const float part = (float)(1 / r->number);
    const float *w = r->o->net->w + r->offset;
    float *mean = kept(r);
    for (int64_t i = 0; i < r->n; i++) mean[i] = mean_with(mean[i], w[i], part);
}
