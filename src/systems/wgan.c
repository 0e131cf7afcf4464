/* Wasserstein GAN: Arjovsky, Chintala and Bottou, "Wasserstein generative adversarial networks", ICML 2017, Algorithm 1. D is a
 * critic: the difference of its mean outputs, once it is trained, is the earth mover's distance between data and fakes up to a
 * factor, as long as it stays Lipschitz; so its weights are clipped, it is trained five times for each step of G, and neither
 * optimizer has momentum. The metric wasserstein_estimate is that difference. */
#include "game.h"

static const char *const networks[] = {"generator", "discriminator", "?reconstructor", NULL};

/* The values of Algorithm 1; RMSProp's decay is that of the authors' code. */
static const gan_default defaults[] = {
    {"gan", "loss", "wasserstein"},
    {"gan", "d_steps", "5"},
    {"train", "batch", "64"},
    {"generator", "optimizer", "rmsprop"},
    {"generator", "learning_rate", "5e-5"},
    {"generator", "beta2", "0.99"},
    {"discriminator", "optimizer", "rmsprop"},
    {"discriminator", "learning_rate", "5e-5"},
    {"discriminator", "beta2", "0.99"},
    {"discriminator", "clip_weights", "0.01"},
    {NULL, NULL, NULL},
};

static gan_status check_loss(const gan_config *cfg)
{
    const char *loss = gan_config_text(cfg, "gan", "loss");
    if (gan__losses[gan_config_choice(cfg, "gan", "loss")]->distance) return GAN_OK;
    return GAN_FAIL(GAN_ECONFIG, "%s: gan.loss = %s under train.system = wgan; leave it out, or use train.system = gan for other losses",
                    gan_config_where(cfg, "gan", "loss"), loss);
}

static gan_status declare(gan_model *m)
{
    GAN_TRY(check_loss(m->cfg));
    return gan__game_declare(m);
}

const gan_system gan_system_wgan = {
    .name = "wgan",
    .summary = "the Wasserstein GAN (Arjovsky et al. 2017, Algorithm 1), with its defaults",
    .networks = networks,
    .defaults = defaults,
    .declare = declare,
    .build = gan__game_build,
};
