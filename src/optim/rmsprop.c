/* RMSProp (Tieleman and Hinton 2012): the step is divided by the root of the mean square. */
#include "rules.h"

static double apply(const gan__range *r)
{
    const gan_optimizer *o = r->o;
    return r->k->rmsprop(r->n, r->rate, (float)o->beta2, (float)o->epsilon, (float)o->weight_decay, r->scale,
                         r->grad, o->net->w + r->offset, o->array[0] + r->offset);
}

static gan_status unroll(const gan__unrolling *u, gan_id d, gan_id *moments, gan_id *step)
{
    gan_id square, root;
    GAN_TRY(gan_add_square(u->g, d, &square));
    GAN_TRY(gan__unroll_average(u, (float)u->o->beta2, moments[0], square, &moments[0]));
    GAN_TRY(gan__unroll_root(u, moments[0], &root));
    GAN_TRY(gan_add_div(u->g, d, root, step));
    return gan__unroll_times(u, *step, GAN__RATE, step);
}

const gan__rule gan__rule_rmsprop = {
    .name = "rmsprop", .n_arrays = 1, .arrays = {"mean_square"}, .apply = apply, .unroll = unroll};
