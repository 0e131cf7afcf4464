/* The original GAN: Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, Algorithm 1.
 *
 * k times: D ascends  mean log D(x) + mean log(1 - D(G(z)));  then once: G descends  mean log(1 - D(G(z)))  (minimax),
 * or ascends  mean log D(G(z))  (non-saturating, section 3 of the paper). All from logits, so nothing saturates to log 0. */
#include "gan/system.h"

enum { G, D };

static const char *const networks[] = {"generator", "discriminator", NULL};

static gan_status declare(gan_model *m)
{
    gan_sample_shape z = {1, {gan_config_int(m->cfg, "noise", "size")}};
    const gan_sample_shape logit = {1, {1}};
    GAN_TRY(gan_model_add(m, "generator", &z, &m->data, "the shape of a real sample"));
    return gan_model_add(m, "discriminator", &m->data, &logit, "one logit");
}

static gan_status mean_probability(gan_step *s, const char *name, gan_id logits)
{
    gan_id p;
    GAN_TRY(gan_add_sigmoid(s->graph, logits, &p));
    GAN_TRY(gan_add_mean(s->graph, p, gan_step_batch(s), &p));
    return gan_step_metric(s, name, p);
}

static gan_status discriminator_phase(gan_step *s, bool last, gan_id *fake)
{
    float smoothing = (float)gan_config_real(s->model->cfg, "gan", "label_smoothing");
    gan_id x, z, on_x, on_fake, loss, loss_fake;
    GAN_TRY(gan_step_phase(s, "D"));
    GAN_TRY(gan_step_data(s, &x));
    GAN_TRY(gan_step_noise(s, &z));
    GAN_TRY(gan_step_apply(s, G, z, fake));
    GAN_TRY(gan_step_as_data(s, *fake, fake));
    GAN_TRY(gan_step_apply_pair(s, D, x, *fake, &on_x, &on_fake));
    GAN_TRY(gan_add_bce_logits(s->graph, on_x, 1 - smoothing, gan_step_batch(s), &loss));
    GAN_TRY(gan_add_bce_logits(s->graph, on_fake, 0, gan_step_batch(s), &loss_fake));
    GAN_TRY(gan_add_add(s->graph, loss, loss_fake, &loss));
    GAN_TRY(gan_step_update(s, D, loss));
    if (!last) return GAN_OK;
    GAN_TRY(gan_step_metric(s, "loss_d", loss));
    GAN_TRY(mean_probability(s, "d_real", on_x));
    return mean_probability(s, "d_fake", on_fake);
}

static gan_status generator_phase(gan_step *s, gan_id fake)
{
    const gan_config *cfg = s->model->cfg;
    bool minimax = gan_config_choice(cfg, "gan", "loss") == 1;
    gan_id z, logits, loss;
    GAN_TRY(gan_step_phase(s, "G"));
    if (gan_config_bool(cfg, "gan", "fresh_noise")) {
        GAN_TRY(gan_step_noise(s, &z));
        GAN_TRY(gan_step_apply(s, G, z, &fake));
        GAN_TRY(gan_step_as_data(s, fake, &fake));
    }
    GAN_TRY(gan_step_apply(s, D, fake, &logits));
    GAN_TRY(gan_add_bce_logits(s->graph, logits, minimax ? 0 : 1, gan_step_batch(s), &loss));
    if (minimax) GAN_TRY(gan_add_affine(s->graph, loss, -1, 0, &loss));
    GAN_TRY(gan_step_update(s, G, loss));
    return gan_step_metric(s, "loss_g", loss);
}

static gan_status build(gan_step *s)
{
    int64_t k = gan_config_int(s->model->cfg, "gan", "d_steps");
    gan_id fake = GAN_NONE;
    for (int64_t j = 0; j < k; j++) GAN_TRY(discriminator_phase(s, j == k - 1, &fake));
    return generator_phase(s, fake);
}

const gan_system gan_system_gan = {
    .name = "gan",
    .summary = "the original GAN (Goodfellow et al. 2014, Algorithm 1), minimax or non-saturating",
    .networks = networks,
    .declare = declare,
    .build = build,
};
