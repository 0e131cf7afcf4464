/* An update rule as nodes that gradients flow through, for one parameter: what the weights would be after a further update, which
 * is not made (Metz et al. 2016, "Unrolled Generative Adversarial Networks"). Each rule writes its own formula; here is what
 * they share. Numbers that depend on the step, rates and powers of the betas, are known when it runs: an op fills a value of the
 * parameter's form with them. */
#include "rules.h"

#include <math.h>

/* ---- numbers of the step ------------------------------------------------------------------------------------------- */

static double rate(const gan_optimizer *o, int64_t step, double number)
{
    (void)number;
    return gan_optimizer_rate(o, step);
}

static double coefficient(const gan_optimizer *o, int64_t step, double number)
{
    (void)number;
    return gan__momentum_at(o, step);
}

static double adam_rate(const gan_optimizer *o, int64_t step, double number)
{
    return (float)gan_optimizer_rate(o, step) / (1 - pow(o->beta1, number));
}

static double adam_v_scale(const gan_optimizer *o, int64_t step, double number)
{
    (void)step;
    return 1 / (1 - pow(o->beta2, number));
}

static double (*const numbers[])(const gan_optimizer *o, int64_t step, double number) = {
    [GAN__RATE] = rate, [GAN__MOMENTUM] = coefficient, [GAN__ADAM_RATE] = adam_rate, [GAN__ADAM_V_SCALE] = adam_v_scale};

static gan_status infer(gan_graph *g, gan_node *y)
{
    (void)g, (void)y;
    return GAN_OK;
}

/* The index: update of the step * GAN__NUMBERS + which number. */
static gan_status forward(const gan_call *c)
{
    const gan_optimizer *o = c->y->p.call.user;
    const int update = c->y->p.call.index / GAN__NUMBERS, which = c->y->p.call.index % GAN__NUMBERS;
    const double number = (double)(c->run->step * o->updates_per_step + update + 1);
    const float value = (float)numbers[which](o, c->run->step, number);
    for (int64_t i = 0, n = gan_form_floats(&c->y->form); i < n; i++) c->out[i] = value;
    return GAN_OK;
}

static const gan_op op_step_number = {.name = "step_number", .infer = infer, .forward = forward};

/* ---- words of the rules -------------------------------------------------------------------------------------------- */

gan_status gan__unroll_times(const gan__unrolling *u, gan_id x, gan__number which, gan_id *y)
{
    gan_node node = {.op = &op_step_number,
                     .form = *gan_graph_form(u->g, x),
                     .p = {.call = {u->o, u->update * GAN__NUMBERS + (int)which}}};
    gan_id factor;
    GAN_TRY(gan_graph_add(u->g, &node, &factor));
    return gan_add_mul(u->g, x, factor, y);
}

gan_status gan__unroll_average(const gan__unrolling *u, float decay, gan_id average, gan_id x, gan_id *y)
{
    gan_id old, new;
    GAN_TRY(gan_add_affine(u->g, average, decay, 0, &old));
    GAN_TRY(gan_add_affine(u->g, x, 1 - decay, 0, &new));
    return gan_add_add(u->g, old, new, y);
}

/* At 0 the root of 1 is taken and multiplied by 0: the same value, and the derivative is 0 instead of infinite. A parameter
 * without influence, behind a unit that is off, has such a moment. */
gan_status gan__unroll_root(const gan__unrolling *u, gan_id x, gan_id *y)
{
    gan_id above, at_zero;
    GAN_TRY(gan_add_leaky_mask(u->g, x, 0, &above));
    GAN_TRY(gan_add_affine(u->g, above, -1, 1, &at_zero));
    GAN_TRY(gan_add_add(u->g, x, at_zero, y));
    GAN_TRY(gan_add_sqrt(u->g, *y, y));
    GAN_TRY(gan_add_mul(u->g, *y, above, y));
    return gan_add_affine(u->g, *y, 1, (float)u->o->epsilon, y);
}

static gan_status add_decay(const gan__unrolling *u, gan_id w, gan_id *d)
{
    gan_id decay;
    if (u->o->weight_decay == 0) return GAN_OK;
    GAN_TRY(gan_add_affine(u->g, w, (float)u->o->weight_decay, 0, &decay));
    return gan_add_add(u->g, *d, decay, d);
}

/* ---- for systems --------------------------------------------------------------------------------------------------- */

gan_status gan_optimizer_check_unrolled(const gan_config *cfg, const char *net)
{
    static const char *const clips[] = {"clip_norm", "clip_weights"};
    for (int i = 0; i < 2; i++)
        if (gan_config_real(cfg, net, clips[i]) > 0)
            return GAN_FAIL(GAN_ECONFIG, "%s: updates of %s are unrolled, and clipping cannot be: set %s.%s = 0",
                            gan_config_where(cfg, net, clips[i]), net, net, clips[i]);
    if (gan_config_real(cfg, net, "historical_average") > 0)
        return GAN_FAIL(GAN_ECONFIG, "%s: updates of %s are unrolled, and a historical average cannot be: set %s.historical_average = 0",
                        gan_config_where(cfg, net, "historical_average"), net, net);
    return GAN_OK;
}

gan_status gan_optimizer_moments(gan_graph *g, const gan_optimizer *o, int param, gan_id *moments)
{
    const gan_param *p = &o->net->params[param];
    const gan_form f = *gan_graph_form(g, o->net->leaf[param]);
    for (int i = 0; i < o->rule->n_arrays; i++)
        GAN_TRY(gan_add_param(g, &f, o->array[i] + p->offset, o, param, &moments[i]));
    return GAN_OK;
}

gan_status gan_add_unrolled(gan_graph *g, gan_optimizer *o, int ahead, gan_id grad, gan_id *w, gan_id *moments)
{
    const gan__unrolling u = {.g = g, .o = o, .update = o->updates_per_step + ahead};
    gan_id step;
    GAN_TRY(add_decay(&u, *w, &grad));
    GAN_TRY(o->rule->unroll(&u, grad, moments, &step));
    return gan_add_sub(g, *w, step, w);
}
