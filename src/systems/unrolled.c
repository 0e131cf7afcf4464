/* Unrolled GANs: Metz, Poole, Pfau and Sohl-Dickstein 2016. G plays against the D that k = unrolled.steps further updates on the
 * same minibatch would make, and its gradient flows through them, so that G does not move to where D would follow it at once. D
 * itself is trained as ever; the updates ahead are not made.
 *
 * G's objective is that of its loss plus D's on the real samples with the opposite sign: the ahead D depends on G there as well.
 * With gan.loss = minimax this is the whole value of the game, f(G, D_k) of the paper's equations 7 to 10. Updates ahead have the
 * loss of D's real ones, penalties too, and random numbers of their own: dropout masks, points of a penalty. With steps = 0 this is
 * the system gan. */
#include "game.h"

static const char *const networks[] = {"generator", "discriminator", NULL};

static gan_status update_ahead(gan__game *m, gan_look_ahead *ahead)
{
    const bool records = m->records;
    gan_id on_x, on_fake, loss;
    GAN_TRY(gan__game_judge_pair(m, GAN__D, &on_x, &on_fake));
    GAN_TRY(gan__game_loss_d(m, on_x, on_fake, &loss));
    m->records = false;
    GAN_TRY(gan__game_terms_d(m, &loss));
    m->records = records;
    return gan_step_update_ahead(m->s, ahead, loss);
}

/* *loss: G's against D after `steps` updates; *adversarial: its part on fakes. */
static gan_status unroll(gan__game *m, gan_look_ahead *ahead, int64_t steps, gan_id *adversarial, gan_id *loss)
{
    gan_id on_x, on_fake, real;
    for (int64_t k = 0; k < steps; k++) GAN_TRY(update_ahead(m, ahead));
    GAN_TRY(gan__game_judge_pair(m, GAN__D, &on_x, &on_fake));
    GAN_TRY(gan__game_loss_g(m, on_fake, adversarial));
    GAN_TRY(gan__game_loss_real(m, on_x, &real));
    return gan_add_sub(m->s->graph, *adversarial, real, loss);
}

static gan_status phase_g(gan__game *m, bool last)
{
    const int64_t steps = gan_config_int(m->s->model->cfg, "unrolled", "steps");
    gan_look_ahead *ahead;
    gan_id adversarial, loss;
    GAN_TRY(gan__game_begin_g(m, last));
    GAN_TRY(gan_step_look_ahead(m->s, GAN__D, &ahead));
    const gan_status status = unroll(m, ahead, steps, &adversarial, &loss);
    gan_step_look_back(m->s, ahead);
    GAN_TRY(status);
    return gan__game_update_g(m, adversarial, loss);
}

static gan_status build(gan_step *s)
{
    if (gan_config_int(s->model->cfg, "unrolled", "steps") == 0) return gan__game_build(s);
    return gan__game_alternate(s, gan__game_phase_d, phase_g);
}

const gan_system gan_system_unrolled = {
    .name = "unrolled",
    .summary = "G's gradient flows through updates that D would make (Metz et al. 2016)",
    .networks = networks,
    .declare = gan__game_declare,
    .build = build,
};
