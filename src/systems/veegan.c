/* VEEGAN: Srivastava, Valkov, Russell, Gutmann and Sutton, "VEEGAN: reducing mode collapse in GANs using implicit variational
 * learning", NeurIPS 2017, Algorithm 1. A reconstructor F leads from samples to noise. D judges pairs: (F(x), x) of real samples
 * against (z, G(z)). With gan.loss = log_ratio its logit is, at its best, the logarithm of the ratio of the two densities; G
 * minimises its negative on (z, G(z)), which is the Kullback-Leibler divergence, and like F the reconstruction error
 * |z - F(G(z))|^2 (term_reconstruction.c). So F must map real samples, of every mode, onto the noise, and G must invert it.
 *
 * Two things are as in the other families: a positive logit says real (in the paper, the pair of G), and D is updated before G
 * and F, which have fresh samples (Algorithm 1 takes all gradients of one draw). A pair is a row: z, then the numbers of x. */
#include "game.h"

static const char *const networks[] = {"generator", "discriminator", "reconstructor", NULL};

static const gan_default defaults[] = {
    {"gan", "loss", "log_ratio"},
    {"gan", "reconstruction", "1"},
    {NULL, NULL, NULL},
};

static gan_status declare(gan_model *m)
{
    const int64_t numbers = gan_config_int(m->cfg, "noise", "size") + gan_sample_floats(&m->data);
    const gan_sample_shape pair = {1, {numbers}, m->data.condition};
    GAN_TRY(gan__game_declare_generator(m));
    GAN_TRY(gan__game_declare_judge(m, "discriminator", &pair));
    return gan__game_declare_reconstructor(m);
}

static gan_status pair(gan__game *m, gan_id z, gan_id x, gan_id *y)
{
    const int64_t dims[2] = {m->s->rows, gan_sample_floats(&m->s->model->data)};
    GAN_TRY(gan_add_reshape(m->s->graph, x, 2, dims, &x));
    return gan_add_concat(m->s->graph, z, x, 1, y);
}

static gan_status phase_d(gan__game *m, bool last)
{
    const int64_t dims[2] = {m->s->rows, gan_config_int(m->s->model->cfg, "noise", "size")};
    const int F = gan_model_find(m->s->model, "reconstructor");
    gan_id z_of_x, real, fake, on_real, on_fake;
    GAN_TRY(gan__game_begin_d(m, last));
    gan_step_give(m->s, F, m->c);
    GAN_TRY(gan_step_apply(m->s, F, m->x, &z_of_x));
    GAN_TRY(gan_add_reshape(m->s->graph, z_of_x, 2, dims, &z_of_x));
    GAN_TRY(pair(m, z_of_x, m->x, &real));
    GAN_TRY(pair(m, m->z, m->fake, &fake));
    GAN_TRY(gan__game_judge_both(m, GAN__D, real, fake, &on_real, &on_fake));
    return gan__game_end_d(m, GAN__D, on_real, on_fake);
}

static gan_status phase_g(gan__game *m, bool last)
{
    gan_id fake, on_fake;
    GAN_TRY(gan__game_begin_g(m, last));
    GAN_TRY(pair(m, m->z, m->fake, &fake));
    GAN_TRY(gan__game_judge(m, GAN__D, fake, &on_fake));
    return gan__game_end_g(m, on_fake);
}

static gan_status build(gan_step *s)
{
    return gan__game_alternate(s, phase_d, phase_g);
}

const gan_system gan_system_veegan = {
    .name = "veegan",
    .summary = "D judges pairs of noise and sample, a reconstructor inverts G (Srivastava et al. 2017, Algorithm 1)",
    .networks = networks,
    .defaults = defaults,
    .declare = declare,
    .build = build,
};
