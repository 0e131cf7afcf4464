/* The game of two players (Goodfellow et al. 2014, Algorithm 1), whatever the objective: D learns to tell real samples from fakes,
 * gan.d_steps times; then G learns to make D err. What keys add to a loss stands in the lists of terms. */
#include "game.h"

#include <string.h>

/* Terms of D's loss, and of G's. */
static gan__term *const terms_d[] = {gan__term_penalty, NULL};
static gan__term *const terms_g[] = {gan__term_feature_matching, gan__term_mode_seeking, gan__term_reconstruction, NULL};

/* ---- declaring --------------------------------------------------------------------------------------------- */

gan_status gan__game_declare_generator(gan_model *m)
{
    const gan_sample_shape z = {1, {gan_config_int(m->cfg, "noise", "size")}, m->data.condition};
    return gan_model_add(m, "generator", &z, &m->data, "the shape of a real sample");
}

/* A sigmoid where the loss has it already, or a bound on what must be free, trains badly and without any sign of it. */
static gan_status check_unbounded(const gan_model *m, const char *name)
{
    static const char *const bounding[] = {"sigmoid", "tanh", "relu", "softplus"};
    int n;
    const gan_layer_text *layers = gan_config_layers(m->cfg, name, &n);
    for (size_t i = 0; i < sizeof bounding / sizeof bounding[0]; i++)
        if (strcmp(layers[n - 1].name, bounding[i]) == 0)
            return GAN_FAIL(GAN_ECONFIG,
                            "%s: %s ends in %s, but gan.loss = %s is computed from a number without bounds%s; remove that layer",
                            layers[n - 1].where, name, bounding[i], gan_config_text(m->cfg, "gan", "loss"),
                            gan__losses[gan_config_choice(m->cfg, "gan", "loss")]->probability ? " (the logit of a probability)" : "");
    return GAN_OK;
}

gan_status gan__game_declare_judge(gan_model *m, const char *name, const gan_sample_shape *sample)
{
    const gan_sample_shape in = gan__pack_shape(sample, gan_config_int(m->cfg, "gan", "pack")), logit = {1, {1}};
    GAN_TRY(check_unbounded(m, name));
    GAN_TRY(gan_model_add(m, name, &in, &logit, "one logit"));
    m->nets[m->n_nets - 1]->reference_rows /= gan_config_int(m->cfg, "gan", "pack");
    return GAN_OK;
}

gan_status gan__game_declare(gan_model *m)
{
    GAN_TRY(gan__game_declare_generator(m));
    GAN_TRY(gan__game_declare_judge(m, "discriminator", &m->data));
    return gan__game_declare_reconstructor(m);
}

/* ---- pieces ------------------------------------------------------------------------------------------------ */

static gan_status check_smoothing(const gan__game *m)
{
    const gan_config *cfg = m->s->model->cfg;
    if (m->loss->targets || gan_config_real(cfg, "gan", "label_smoothing") == 0) return GAN_OK;
    return GAN_FAIL(GAN_ECONFIG, "%s: gan.label_smoothing needs a loss with targets; gan.loss = %s (%s) has none: set it to 0",
                    gan_config_where(cfg, "gan", "label_smoothing"), m->loss->name, gan_config_where(cfg, "gan", "loss"));
}

gan_status gan__game_begin(gan__game *m, gan_step *s)
{
    const gan_config *cfg = s->model->cfg;
    *m = (gan__game){.s = s,
                     .loss = gan__losses[gan_config_choice(cfg, "gan", "loss")],
                     .pack = gan_config_int(cfg, "gan", "pack"),
                     .x = GAN_NONE, .c = GAN_NONE, .z = GAN_NONE, .fake = GAN_NONE};
    GAN_TRY(check_smoothing(m));
    return gan__pack_check(m);
}

gan_status gan__game_deal(gan__game *m)
{
    GAN_TRY(gan_step_data(m->s, &m->x));
    return gan_step_condition(m->s, &m->c);
}

/* What network `net` judges or makes next comes with the minibatch's condition, of packs that of all their samples. */
static gan_status give(gan__game *m, int net, int64_t pack)
{
    gan_id c = m->c;
    if (c != GAN_NONE) GAN_TRY(gan__pack(m->s->graph, c, pack, &c));
    gan_step_give(m->s, net, c);
    return GAN_OK;
}

/* fake = G(z) */
static gan_status make_fakes(gan__game *m)
{
    m->stale = false;
    GAN_TRY(give(m, GAN__G, 1));
    GAN_TRY(gan_step_apply(m->s, GAN__G, m->z, &m->fake));
    return gan_step_as_data(m->s, m->fake, &m->fake);
}

gan_status gan__game_generate(gan__game *m)
{
    GAN_TRY(gan_step_noise(m->s, &m->z));
    return make_fakes(m);
}

gan_status gan__game_judge(gan__game *m, int net, gan_id x, gan_id *logits)
{
    gan_id packed;
    GAN_TRY(give(m, net, m->pack));
    GAN_TRY(gan__pack(m->s->graph, x, m->pack, &packed));
    return gan_step_apply(m->s, net, packed, logits);
}

gan_status gan__game_judge_both(gan__game *m, int net, gan_id a, gan_id b, gan_id *on_a, gan_id *on_b)
{
    GAN_TRY(give(m, net, m->pack));
    GAN_TRY(gan__pack(m->s->graph, a, m->pack, &m->real_in));
    GAN_TRY(gan__pack(m->s->graph, b, m->pack, &m->fake_in));
    return gan_step_apply_pair(m->s, net, m->real_in, m->fake_in, on_a, on_b);
}

gan_status gan__game_judge_pair(gan__game *m, int net, gan_id *on_x, gan_id *on_fake)
{
    return gan__game_judge_both(m, net, m->x, m->fake, on_x, on_fake);
}

static int64_t outputs(const gan__game *m)
{
    return gan_step_batch(m->s) / m->pack;
}

gan_status gan__game_loss_real(gan__game *m, gan_id on_x, gan_id *loss)
{
    const float smoothing = (float)gan_config_real(m->s->model->cfg, "gan", "label_smoothing");
    return m->loss->real(m->s->graph, on_x, 1 - smoothing, outputs(m), loss);
}

gan_status gan__game_loss_d(gan__game *m, gan_id on_x, gan_id on_fake, gan_id *loss)
{
    gan_id loss_fake;
    GAN_TRY(gan__game_loss_real(m, on_x, loss));
    GAN_TRY(m->loss->fake(m->s->graph, on_fake, 0, outputs(m), &loss_fake));
    return gan_add_add(m->s->graph, *loss, loss_fake, loss);
}

gan_status gan__game_loss_g(gan__game *m, gan_id on_fake, gan_id *loss)
{
    return m->loss->generator(m->s->graph, on_fake, 1, outputs(m), loss);
}

static gan_status add_terms(gan__game *m, gan__term *const *terms, gan_id *loss)
{
    for (; *terms; terms++) GAN_TRY((*terms)(m, loss));
    return GAN_OK;
}

gan_status gan__game_terms_d(gan__game *m, gan_id *loss)
{
    return add_terms(m, terms_d, loss);
}

/* ---- phases ------------------------------------------------------------------------------------------------ */

/* D's mean output, as a probability where it is one. */
static gan_status mean_output(gan__game *m, const char *name, gan_id logits)
{
    gan_id p = logits;
    if (m->loss->probability) GAN_TRY(gan_add_sigmoid(m->s->graph, logits, &p));
    GAN_TRY(gan_add_mean(m->s->graph, p, outputs(m), &p));
    return gan_step_metric(m->s, name, p);
}

/* The critic minimises its negative. */
static gan_status estimate(gan__game *m, gan_id loss)
{
    gan_id distance;
    GAN_TRY(gan_add_affine(m->s->graph, loss, -1, 0, &distance));
    return gan_step_metric(m->s, "wasserstein_estimate", distance);
}

/* Of the first discriminator, and of more where there are more. */
static const struct {
    const char *loss, *real, *fake;
} metrics_d[] = {
    {"loss_d", "d_real", "d_fake"},    {"loss_d2", "d2_real", "d2_fake"}, {"loss_d3", "d3_real", "d3_fake"},
    {"loss_d4", "d4_real", "d4_fake"}, {"loss_d5", "d5_real", "d5_fake"}, {"loss_d6", "d6_real", "d6_fake"},
};

gan_status gan__game_end_d(gan__game *m, int net, gan_id on_x, gan_id on_fake)
{
    gan_id adversarial, loss;
    m->d = net;
    GAN_TRY(gan__game_loss_d(m, on_x, on_fake, &adversarial));
    loss = adversarial;
    GAN_TRY(gan__game_terms_d(m, &loss));
    GAN_TRY(gan_step_update(m->s, net, loss));
    if (!m->records) return GAN_OK;
    GAN_TRY(gan_step_metric(m->s, metrics_d[net - GAN__D].loss, adversarial));
    if (m->loss->distance && net == GAN__D) GAN_TRY(estimate(m, adversarial));
    GAN_TRY(mean_output(m, metrics_d[net - GAN__D].real, on_x));
    GAN_TRY(mean_output(m, metrics_d[net - GAN__D].fake, on_fake));
    return net == GAN__D ? gan__game_measure_spread(m) : GAN_OK;
}

gan_status gan__game_begin_d(gan__game *m, bool last)
{
    m->records = last;
    GAN_TRY(gan_step_phase(m->s, "D"));
    GAN_TRY(gan__game_deal(m));
    return gan__game_generate(m);
}

gan_status gan__game_phase_d(gan__game *m, bool last)
{
    gan_id on_x, on_fake;
    GAN_TRY(gan__game_begin_d(m, last));
    GAN_TRY(gan__game_judge_pair(m, GAN__D, &on_x, &on_fake));
    return gan__game_end_d(m, GAN__D, on_x, on_fake);
}

gan_status gan__game_begin_g(gan__game *m, bool last)
{
    m->records = last;
    GAN_TRY(gan_step_phase(m->s, "G"));
    if (gan_config_bool(m->s->model->cfg, "gan", "fresh_noise")) return gan__game_generate(m);
    return m->stale ? make_fakes(m) : GAN_OK;
}

gan_status gan__game_update_g(gan__game *m, gan_id adversarial, gan_id loss)
{
    GAN_TRY(add_terms(m, terms_g, &loss));
    GAN_TRY(gan_step_update(m->s, GAN__G, loss));
    m->stale = true;
    return m->records ? gan_step_metric(m->s, "loss_g", adversarial) : GAN_OK;
}

gan_status gan__game_end_g(gan__game *m, gan_id on_fake)
{
    gan_id adversarial;
    GAN_TRY(gan__game_loss_g(m, on_fake, &adversarial));
    return gan__game_update_g(m, adversarial, adversarial);
}

static gan_status phase_g(gan__game *m, bool last)
{
    gan_id on_fake;
    GAN_TRY(gan__game_begin_g(m, last));
    GAN_TRY(gan__game_judge(m, GAN__D, m->fake, &on_fake));
    return gan__game_end_g(m, on_fake);
}

/* A family with a generator phase of its own has a loss of G that feature matching would replace without a word. */
static gan_status check_matching(const gan_config *cfg, gan__phase *g)
{
    if (g == phase_g || !*gan_config_text(cfg, "gan", "feature_matching")) return GAN_OK;
    return GAN_FAIL(GAN_ECONFIG, "%s: gan.feature_matching replaces G's loss, and train.system = %s has one of its own: remove that key, or set "
                    "train.system = gan", gan_config_where(cfg, "gan", "feature_matching"), gan_config_text(cfg, "train", "system"));
}

gan_status gan__game_alternate(gan_step *s, gan__phase *d, gan__phase *g)
{
    const gan_config *cfg = s->model->cfg;
    const int64_t d_steps = gan_config_int(cfg, "gan", "d_steps"), g_steps = gan_config_int(cfg, "gan", "g_steps");
    gan__game m;
    GAN_TRY(check_matching(cfg, g));
    GAN_TRY(gan__game_begin(&m, s));
    for (int64_t j = 0; j < d_steps; j++) GAN_TRY(d(&m, j == d_steps - 1));
    for (int64_t j = 0; j < g_steps; j++) GAN_TRY(g(&m, j == g_steps - 1));
    return GAN_OK;
}

gan_status gan__game_build(gan_step *s)
{
    return gan__game_alternate(s, gan__game_phase_d, phase_g);
}
