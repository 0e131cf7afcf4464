/* The original GAN: Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, Algorithm 1, with the objectives of its
 * successors (losses.c) and all that keys may add to a phase (the lists of terms in game.c). */
#include "game.h"

static const char *const networks[] = {"generator", "discriminator", "?reconstructor", NULL};

const gan_system gan_system_gan = {
    .name = "gan",
    .summary = "the game of two players (Goodfellow et al. 2014, Algorithm 1), with any loss",
    .networks = networks,
    .declare = gan__game_declare,
    .build = gan__game_build,
};
