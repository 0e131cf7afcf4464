/* Conditional GAN: Mirza and Osindero, "Conditional generative adversarial nets", 2014. The game of two players, both of which see the
 * class (or the attributes) that a sample has, or is to have: fakes are made for the conditions of the real minibatch. How they see it is
 * for the layers to say: `condition` (through a dense layer, behind noise and image), `planes`, `projection` (Miyato and Koyama 2018). */
#include "game.h"

static const char *const networks[] = {"generator", "discriminator", "?reconstructor", NULL};
static const gan_default defaults[] = {{"data", "condition", "labels"}, {NULL, NULL, NULL}};

/* A player that cannot see the condition makes the other's knowledge of it worthless. */
static gan_status declare(gan_model *m)
{
    GAN_TRY(gan__game_declare(m));
    for (int i = GAN__G; i <= GAN__D; i++)
        if (!m->nets[i]->conditional)
            return GAN_FAIL(GAN_ECONFIG, "%s: under train.system = cgan both networks see the condition, and none of %s.layers reads it; add "
                                         "`condition UNITS`, `planes` or, at a discriminator's end, `projection`",
                            gan_config_where(m->cfg, m->nets[i]->name, "layers"), m->nets[i]->name);
    return GAN_OK;
}

const gan_system gan_system_cgan = {
    .name = "cgan",
    .summary = "the conditional GAN (Mirza and Osindero 2014): both networks see labels or attributes",
    .networks = networks,
    .defaults = defaults,
    .declare = declare,
    .build = gan__game_build,
};
