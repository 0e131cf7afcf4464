/* Penalties on the gradient of D by its input, added to D's loss; second derivatives are ordinary nodes of the graph. d = dD/dx at
 * one point for each pack of samples, |d| its length over all numbers of the pack, means over the points:
 *
 *   kind      point                                        adds                          source
 *   gradient  on the line between a real and a fake one    weight mean (|d| - target)^2  Gulrajani et al. 2017 (WGAN-GP), weight 10
 *   dragan    beside a real one: x + a u std(minibatch)/2  the same                      Kodali et al. 2017 and their code, weight 10
 *   r1        a real one                                   weight/2 mean |d|^2           Mescheder et al. 2018, weight 10
 *
 * a ~ U[0,1) for each pack, u ~ U[0,1) for each number of it. D judges the points in a pass of its own, among themselves where it couples
 * samples; what that pass says of batch statistics is not kept. */
#include "game.h"

#include "gan/rng.h"

enum { NONE, GRADIENT, DRAGAN, R1 }; /* choices of penalty.kind */

/* Inside the root: its derivative at 0 is not finite. A length of 1 is off by 5e-13 of it. */
static const float ROOT_EPSILON = 1e-12f;

/* [N] repeated to the shape of x [N, ...]. */
static gan_status spread(gan_graph *g, gan_id a, gan_id x, gan_id *y)
{
    const gan_form f = *gan_graph_form(g, x);
    GAN_TRY(gan_add_expand_cols(g, a, gan_form_floats(&f) / f.dims[0], y));
    return gan_add_reshape(g, *y, f.n_dims, f.dims, y);
}

/* U[0,1) for each row of x, repeated to its shape. */
static gan_status one_a_row(gan_graph *g, gan_id x, gan_id *a)
{
    const gan_form f = {.n_dims = 1, .dims = {gan_graph_form(g, x)->dims[0]}, .dist = GAN_SHARDED};
    GAN_TRY(gan_add_random(g, &f, GAN_RNG_PENALTY, false, 0, 1, a));
    return spread(g, *a, x, a);
}

/* The standard deviation of all numbers of the global minibatch, repeated to the shape of x. */
static gan_status deviation(gan__game *m, gan_id x, gan_id *y)
{
    gan_graph *g = m->s->graph;
    const gan_form f = *gan_graph_form(g, x);
    const int64_t n = gan_form_floats(&f) * gan_graph_ranks(g);
    gan_id mean, squares;
    GAN_TRY(gan_add_mean(g, x, n, &mean));
    GAN_TRY(gan_add_all_sum(g, mean, &mean));
    GAN_TRY(gan_add_expand_rows(g, mean, f.dims[0], &mean));
    GAN_TRY(gan_add_reshape(g, mean, 1, f.dims, &mean));
    GAN_TRY(spread(g, mean, x, &mean));
    GAN_TRY(gan_add_sub(g, x, mean, &squares));
    GAN_TRY(gan_add_square(g, squares, &squares));
    GAN_TRY(gan_add_mean(g, squares, n, &squares));
    GAN_TRY(gan_add_all_sum(g, squares, &squares));
    GAN_TRY(gan_add_sqrt(g, squares, &squares));
    GAN_TRY(gan_add_expand_rows(g, squares, f.dims[0], &squares));
    GAN_TRY(gan_add_reshape(g, squares, 1, f.dims, &squares));
    return spread(g, squares, x, y);
}

/* x - fake times a, from fake on. */
static gan_status between(gan__game *m, gan_id x, gan_id *at)
{
    gan_graph *g = m->s->graph;
    gan_id way, a;
    GAN_TRY(one_a_row(g, x, &a));
    GAN_TRY(gan_add_sub(g, x, m->fake_in, &way));
    GAN_TRY(gan_add_mul(g, a, way, &way));
    return gan_add_add(g, m->fake_in, way, at);
}

static gan_status beside(gan__game *m, gan_id x, gan_id *at)
{
    gan_graph *g = m->s->graph;
    gan_form f = *gan_graph_form(g, x);
    gan_id a, u, way;
    GAN_TRY(one_a_row(g, x, &a));
    GAN_TRY(gan_add_random(g, &f, GAN_RNG_PENALTY, false, 0, 0.5f, &u));
    GAN_TRY(deviation(m, x, &way));
    GAN_TRY(gan_add_mul(g, u, way, &way));
    GAN_TRY(gan_add_mul(g, a, way, &way));
    return gan_add_add(g, x, way, at);
}

/* Where D is looked at: packs, constants to gradients. */
static gan_status points(gan__game *m, int kind, gan_id *at)
{
    if (kind == GRADIENT) GAN_TRY(between(m, m->real_in, at));
    else if (kind == DRAGAN) GAN_TRY(beside(m, m->real_in, at));
    else *at = m->real_in;
    return gan_add_stop(m->s->graph, *at, at);
}

/* |dD/dx|^2 at each point, [N]. */
static gan_status squared_lengths(gan__game *m, gan_id at, gan_id *y)
{
    gan_graph *g = m->s->graph;
    gan_id logits, sum;
    GAN_TRY(gan_step_apply_aside(m->s, m->d, at, &logits));
    GAN_TRY(gan_add_mean(g, logits, 1, &sum));
    GAN_TRY(gan_graph_grad(g, sum, &at, 1, y));
    const gan_form f = *gan_graph_form(g, at);
    const int64_t rows[2] = {f.dims[0], gan_form_floats(&f) / f.dims[0]};
    GAN_TRY(gan_add_square(g, *y, y));
    GAN_TRY(gan_add_reshape(g, *y, 2, rows, y));
    return gan_add_sum_cols(g, *y, y);
}

/* (|d| - target)^2 */
static gan_status off_target(gan__game *m, gan_id squares, gan_id *y)
{
    const float target = (float)gan_config_real(m->s->model->cfg, "penalty", "target");
    GAN_TRY(gan_add_affine(m->s->graph, squares, 1, ROOT_EPSILON, y));
    GAN_TRY(gan_add_sqrt(m->s->graph, *y, y));
    GAN_TRY(gan_add_affine(m->s->graph, *y, 1, -target, y));
    return gan_add_square(m->s->graph, *y, y);
}

/* Onto the loss; every few steps only, as many times as much of it (Karras et al. 2020, lazy regularisation). */
static gan_status join(gan__game *m, gan_id penalty, gan_id *loss)
{
    const int64_t every = gan_config_int(m->s->model->cfg, "penalty", "every");
    gan_id more;
    if (every == 1) return gan_add_add(m->s->graph, *loss, penalty, loss);
    GAN_TRY(gan_add_affine(m->s->graph, penalty, (float)every, 0, &more));
    return gan_step_add_rarely(m->s, every, more);
}

/* A penalty of no weight would cost its passes all the same. */
static gan_status check_weight(const gan_config *cfg, float weight)
{
    if (weight > 0) return GAN_OK;
    return GAN_FAIL(GAN_ECONFIG, "%s: penalty.weight = 0 under penalty.kind = %s (%s): give it a weight, or set the kind to none",
                    gan_config_where(cfg, "penalty", "weight"), gan_config_text(cfg, "penalty", "kind"),
                    gan_config_where(cfg, "penalty", "kind"));
}

gan_status gan__term_penalty(gan__game *m, gan_id *loss)
{
    const gan_config *cfg = m->s->model->cfg;
    const int kind = gan_config_choice(cfg, "penalty", "kind");
    const float weight = (float)gan_config_real(cfg, "penalty", "weight");
    gan_graph *g = m->s->graph;
    gan_id at, penalty;
    if (kind == NONE) return GAN_OK;
    GAN_TRY(check_weight(cfg, weight));
    GAN_TRY(points(m, kind, &at));
    GAN_TRY(squared_lengths(m, at, &penalty));
    if (kind != R1) GAN_TRY(off_target(m, penalty, &penalty));
    GAN_TRY(gan_add_mean(g, penalty, gan_step_batch(m->s) / m->pack, &penalty));
    GAN_TRY(gan_add_affine(g, penalty, kind == R1 ? weight / 2 : weight, 0, &penalty));
    GAN_TRY(join(m, penalty, loss));
    return m->records && m->d == GAN__D ? gan_step_metric(m->s, "penalty", penalty) : GAN_OK;
}
