/* RMSProp (Tieleman and Hinton 2012): the step is divided by the root of the mean square. */
#include "rules.h"

static double apply(const gan__range *r)
{
    const gan_optimizer *o = r->o;
    return r->k->rmsprop(r->n, r->rate, (float)o->beta2, (float)o->epsilon, (float)o->weight_decay, r->scale,
                         r->grad, o->net->w + r->offset, o->array[0] + r->offset);
}

const gan__rule gan__rule_rmsprop = {.name = "rmsprop", .n_arrays = 1, .arrays = {"mean_square"}, .apply = apply};
