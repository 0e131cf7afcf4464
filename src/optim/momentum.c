/* Momentum (Polyak 1964) as in the code of Goodfellow et al. 2014: the coefficient rises linearly over the first steps. */
#include "rules.h"

double gan__momentum_at(const gan_optimizer *o, int64_t step)
{
    if (o->momentum_steps == 0) return o->momentum;
    double p = step >= o->momentum_steps ? 1 : (double)step / (double)o->momentum_steps;
    return o->momentum + (o->momentum_final - o->momentum) * p;
}

static double apply(const gan__range *r)
{
    const gan_optimizer *o = r->o;
    return r->k->momentum(r->n, r->rate, (float)gan__momentum_at(o, r->step), (float)o->weight_decay, r->scale,
                          r->grad, o->net->w + r->offset, o->array[0] + r->offset);
}

static gan_status unroll(const gan__unrolling *u, gan_id d, gan_id *moments, gan_id *step)
{
    gan_id kept;
    GAN_TRY(gan__unroll_times(u, moments[0], GAN__MOMENTUM, &kept));
    GAN_TRY(gan_add_add(u->g, kept, d, &moments[0]));
    return gan__unroll_times(u, moments[0], GAN__RATE, step);
}

const gan__rule gan__rule_momentum = {
    .name = "momentum", .n_arrays = 1, .arrays = {"velocity"}, .apply = apply, .unroll = unroll};
