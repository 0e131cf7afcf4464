/* Momentum (Polyak 1964) as in the code of Goodfellow et al. 2014: the coefficient rises linearly over the first steps. */
#include "rules.h"

static double coefficient(const gan_optimizer *o, int64_t step)
{
    if (o->momentum_steps == 0) return o->momentum;
    double p = step >= o->momentum_steps ? 1 : (double)step / (double)o->momentum_steps;
    return o->momentum + (o->momentum_final - o->momentum) * p;
}

static double apply(const gan__range *r)
{
    const gan_optimizer *o = r->o;
    return r->k->momentum(r->n, r->rate, (float)coefficient(o, r->step), (float)o->weight_decay, r->scale,
                          r->grad, o->net->w + r->offset, o->array[0] + r->offset);
}

const gan__rule gan__rule_momentum = {.name = "momentum", .n_arrays = 1, .arrays = {"velocity"}, .apply = apply};
