/* The original GAN: Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, Algorithm 1, with the objectives of its
 * successors (losses.c) and all that keys may add to a phase (the lists of terms in game.c). */
#include "game.h"

static const char *const networks[] = {"generator", "discriminator", NULL};

static gan_status declare(gan_model *m)
{
    GAN_TRY(gan__game_declare_generator(m));
    return gan__game_declare_judge(m, "discriminator");
}

static gan_status build(gan_step *s)
{
    gan__game m;
    gan_id on_fake;
    GAN_TRY(gan__game_begin(&m, s));
    GAN_TRY(gan__game_phases_d(&m));
    GAN_TRY(gan__game_begin_g(&m));
    GAN_TRY(gan__game_judge(&m, GAN__D, m.fake, &on_fake));
    return gan__game_end_g(&m, on_fake);
}

const gan_system gan_system_gan = {
    .name = "gan",
    .summary = "the game of two players (Goodfellow et al. 2014, Algorithm 1), with any loss",
    .networks = networks,
    .declare = declare,
    .build = build,
};
