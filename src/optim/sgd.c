/* Plain stochastic gradient descent: w -= rate * g. */
#include "rules.h"

static double apply(const gan__range *r)
{
    const gan_optimizer *o = r->o;
    return r->k->momentum(r->n, r->rate, 0, (float)o->weight_decay, r->scale, r->grad,
                          o->net->w + r->offset, NULL);
}

const gan__rule gan__rule_sgd = {.name = "sgd", .apply = apply};
