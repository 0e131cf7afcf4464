/* Feature matching (Salimans et al. 2016, section 3.1): G no longer works against what D says of its fakes, but makes them agree with real
 * samples in the mean of what a layer f of D gives:
 *
 *     loss of G = |mean f(x) - mean f(G(z))|^2
 *
 * with means over the global minibatch and the length over all numbers of the layer. D has a look at the real samples of its last phase
 * beside this one, with its new weights; what that says of batch statistics is not kept. */
#include "game.h"

#include "gan/mem.h"

static gan_status unknown_layer(const gan_config *cfg, const gan_network *d, const char *name)
{
    const char **names = gan_calloc(d->n_layers + 1, sizeof *names); /* the last is NULL */
    if (!names) return GAN_ENOMEM;
    for (int i = 0; i < d->n_layers; i++) names[i] = gan_network_layer_name(d, i);
    const char *near = gan_nearest(name, names);
    gan_status status = GAN_FAIL(GAN_ECONFIG, "%s: gan.feature_matching = %s is no layer of %s; did you mean %s? Layers are named by kind and number, in "
                                 "order: `gan_mpi --dry-run` lists them",
                                 gan_config_where(cfg, "gan", "feature_matching"), name, d->name, near ? near : names[0]);
    gan_free(names);
    return status;
}

/* The mean over the global minibatch of what layer `layer` of D gave last, PARTIAL [features]. */
static gan_status mean_features(gan__game *m, int layer, gan_id *mean)
{
    gan_graph *g = m->s->graph;
    const gan_network *d = m->s->model->nets[GAN__D];
    const int64_t n = gan_step_batch(m->s) / m->pack, features = gan_sample_floats(gan_network_layer_shape(d, layer));
    const int64_t rows[2] = {gan_form_floats(gan_graph_form(g, d->layer_out[layer])) / features, features};
    GAN_TRY(gan_add_reshape(g, d->layer_out[layer], 2, rows, mean));
    GAN_TRY(gan_add_sum_batch(g, *mean, mean));
    return gan_add_affine(g, *mean, 1.0f / (float)n, 0, mean);
}

/* |a|^2 of a PARTIAL [F], PARTIAL [1] */
static gan_status squared_length(gan_graph *g, gan_id a, gan_id *y)
{
    GAN_TRY(gan_add_all_sum(g, a, y));
    GAN_TRY(gan_add_square(g, *y, y));
    const int64_t row[2] = {1, gan_form_floats(gan_graph_form(g, *y))};
    GAN_TRY(gan_add_reshape(g, *y, 2, row, y));
    GAN_TRY(gan_add_sum_cols(g, *y, y));
    return gan_add_one_rank(g, *y, y);
}

gan_status gan__term_feature_matching(gan__game *m, gan_id *loss)
{
    const gan_config *cfg = m->s->model->cfg;
    const char *name = gan_config_text(cfg, "gan", "feature_matching");
    const gan_network *d = m->s->model->nets[GAN__D];
    gan_graph *g = m->s->graph;
    gan_id on_fake, on_x, x, logits;
    if (!*name) return GAN_OK;
    const int layer = gan_network_layer(d, name);
    if (layer < 0) return unknown_layer(cfg, d, name);
    GAN_TRY(mean_features(m, layer, &on_fake));
    GAN_TRY(gan__pack(g, m->x, m->pack, &x));
    GAN_TRY(gan_step_apply_aside(m->s, GAN__D, x, &logits));
    GAN_TRY(mean_features(m, layer, &on_x));
    GAN_TRY(gan_add_sub(g, on_x, on_fake, loss));
    GAN_TRY(squared_length(g, *loss, loss));
    return m->records ? gan_step_metric(m->s, "feature_matching", *loss) : GAN_OK;
}
