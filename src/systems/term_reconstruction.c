/* Latent reconstruction: Srivastava, Valkov, Russell, Gutmann and Sutton, "VEEGAN", NeurIPS 2017. A network F reads samples and
 * shall give back the noise that they were made of; where G maps distant z to one sample, it cannot. Both G and F minimise
 *
 *     weight * |z - F(G(z))|^2,     a mean over the minibatch of the squared length,
 *
 * F this alone. Both gradients are taken before either is updated. By itself the term does not keep modes: G may hide z within
 * one; the system veegan adds what does. */
#include "game.h"

gan_status gan__game_declare_reconstructor(gan_model *m)
{
    const gan_sample_shape z = {1, {gan_config_int(m->cfg, "noise", "size")}};
    const double weight = gan_config_real(m->cfg, "gan", "reconstruction");
    const char *where = gan_config_where(m->cfg, "gan", "reconstruction");
    const bool there = gan_config_has_network(m->cfg, "reconstructor");
    if (weight > 0 && !there)
        return GAN_FAIL(GAN_ECONFIG,
                        "%s: gan.reconstruction = %g needs a network that gives the noise back; write a section [reconstructor], "
                        "whose layers lead from a sample to noise.size = %lld numbers",
                        where, weight, (long long)z.dims[0]);
    if (weight == 0 && there)
        return GAN_FAIL(GAN_ECONFIG,
                        "%s: gan.reconstruction = 0 leaves [reconstructor] nothing to do; set it to 1, say, or remove the section",
                        where);
    if (!there) return GAN_OK;
    return gan_model_add(m, "reconstructor", &m->data, &z, "the noise that the sample was made of, noise.size numbers");
}

gan_status gan__term_reconstruction(gan__game *m, gan_id *loss)
{
    const double weight = gan_config_real(m->s->model->cfg, "gan", "reconstruction");
    const int net = gan_model_find(m->s->model, "reconstructor");
    const gan_form z = *gan_graph_form(m->s->graph, m->z);
    gan_graph *g = m->s->graph;
    gan_id off;
    if (weight == 0) return GAN_OK;
    gan_step_give(m->s, net, m->c);
    GAN_TRY(gan_step_apply(m->s, net, m->fake, &off));
    GAN_TRY(gan_add_reshape(g, off, z.n_dims, z.dims, &off));
    GAN_TRY(gan_add_sub(g, off, m->z, &off));
    GAN_TRY(gan_add_square(g, off, &off));
    GAN_TRY(gan_add_mean(g, off, gan_step_batch(m->s), &off));
    GAN_TRY(gan_add_affine(g, off, (float)weight, 0, &off));
    GAN_TRY(gan_add_add(g, *loss, off, loss));
    GAN_TRY(gan_step_update(m->s, net, off));
    return m->records ? gan_step_metric(m->s, "reconstruction", off) : GAN_OK;
}
