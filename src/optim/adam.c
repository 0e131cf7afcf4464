/* Adam (Kingma and Ba 2015, Algorithm 1), with both bias corrections. */
#include "rules.h"

static double apply(const gan__range *r)
{
    const gan_optimizer *o = r->o;
    gan_adam a = {.rate = (float)(r->rate / (1 - r->beta1_t)),
                  .beta1 = (float)o->beta1,
                  .beta2 = (float)o->beta2,
                  .epsilon = (float)o->epsilon,
                  .v_scale = (float)(1 / (1 - r->beta2_t)),
                  .weight_decay = (float)o->weight_decay,
                  .grad_scale = r->scale};
    return r->k->adam(r->n, &a, r->grad, o->net->w + r->offset, o->array[0] + r->offset,
                      o->array[1] + r->offset);
}

static gan_status unroll(const gan__unrolling *u, gan_id d, gan_id *moments, gan_id *step)
{
    gan_id square, root;
    GAN_TRY(gan_add_square(u->g, d, &square));
    GAN_TRY(gan__unroll_average(u, (float)u->o->beta1, moments[0], d, &moments[0]));
    GAN_TRY(gan__unroll_average(u, (float)u->o->beta2, moments[1], square, &moments[1]));
    GAN_TRY(gan__unroll_times(u, moments[1], GAN__ADAM_V_SCALE, &root));
    GAN_TRY(gan__unroll_root(u, root, &root));
    GAN_TRY(gan_add_div(u->g, moments[0], root, step));
    return gan__unroll_times(u, *step, GAN__ADAM_RATE, step);
}

const gan__rule gan__rule_adam = {
    .name = "adam", .n_arrays = 2, .arrays = {"moment1", "moment2"}, .apply = apply, .unroll = unroll};
