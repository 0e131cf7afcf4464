/* Mode seeking: Mao, Lee, Tseng, Ma and Yang, "Mode seeking generative adversarial networks for diverse image synthesis", CVPR
 * 2019. Where G has lost modes, distant z are mapped to samples that are close; so G's loss gets
 *
 *     weight / (d(G(z), G(z2)) / d(z, z2) + 1e-5),     d: mean of |a - b| over all numbers of the minibatch, of all ranks,
 *
 * as in the authors' code, where the ratio is one of the whole minibatch too, not of each pair. z2 is a second draw of noise
 * under the same condition. Its fakes serve this term only, so that it fits under any system; the authors' code lets D judge both. */
#include "game.h"

static gan_status distance(gan_step *s, gan_id a, gan_id b, gan_id *d)
{
    const int64_t numbers = gan_form_floats(gan_graph_form(s->graph, a)) / gan_graph_form(s->graph, a)->dims[0];
    GAN_TRY(gan_add_sub(s->graph, a, b, d));
    GAN_TRY(gan_add_abs(s->graph, *d, d));
    GAN_TRY(gan_add_mean(s->graph, *d, gan_step_batch(s) * numbers, d));
    return gan_add_all_sum(s->graph, *d, d);
}

gan_status gan__term_mode_seeking(gan__game *m, gan_id *loss)
{
    const double weight = gan_config_real(m->s->model->cfg, "gan", "mode_seeking");
    gan_graph *g = m->s->graph;
    gan_id z2, fake2, apart, ratio;
    if (weight == 0) return GAN_OK;
    GAN_TRY(gan_step_noise(m->s, &z2));
    GAN_TRY(gan_step_apply_aside(m->s, GAN__G, z2, &fake2));
    GAN_TRY(gan_step_as_data(m->s, fake2, &fake2));
    GAN_TRY(distance(m->s, z2, m->z, &apart));
    GAN_TRY(distance(m->s, fake2, m->fake, &ratio));
    GAN_TRY(gan_add_div(g, ratio, apart, &ratio));
    GAN_TRY(gan_add_affine(g, ratio, 1, 1e-5f, &ratio));
    GAN_TRY(gan_add_reciprocal(g, ratio, &ratio));
    GAN_TRY(gan_add_affine(g, ratio, (float)weight, 0, &ratio));
    GAN_TRY(gan_add_one_rank(g, ratio, &ratio));
    GAN_TRY(gan_add_add(g, *loss, ratio, loss));
    return m->records ? gan_step_metric(m->s, "mode_seeking", ratio) : GAN_OK;
}
