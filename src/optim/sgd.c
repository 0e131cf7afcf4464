/* Plain stochastic gradient descent: w -= rate * g. */
#include "rules.h"

static double apply(const gan__range *r)
{
    const gan_optimizer *o = r->o;
    return r->k->momentum(r->n, r->rate, 0, (float)o->weight_decay, r->scale, r->grad,
                          o->net->w + r->offset, NULL);
}

static gan_status unroll(const gan__unrolling *u, gan_id d, gan_id *moments, gan_id *step)
{
    (void)moments;
    return gan__unroll_times(u, d, GAN__RATE, step);
}

const gan__rule gan__rule_sgd = {.name = "sgd", .apply = apply, .unroll = unroll};
