/* Several discriminators: Durugkar, Gemp and Mahadevan, "Generative multi-adversarial networks", ICLR 2017. Each of D_1..D_N,
 * which may be different networks, is trained on its own loss. G minimises F(V_1, ..., V_N), where V_i is its loss against D_i, a
 * mean over the global minibatch:
 *
 *     max      the largest V: the hardest discriminator
 *     softmax  sum w_i V_i with w_i = exp(lambda V_i) / sum exp(lambda V_j); lambda = 0 is the mean, and to infinity the largest
 *     learned  the same, less reward * lambda, with lambda = softplus(a) > 0 a parameter of G's that is trained with it (GMAN*):
 *              a stricter choice costs G, and it is paid for that
 *
 * As in the authors' code V_i is the part of the value that G acts on, and the gradient goes through the weights as well. */
#include "game.h"

#include <math.h>
#include <string.h>

static const char *const networks[] = {"generator",       "discriminator",   "?discriminator2", "?discriminator3",
                                       "?discriminator4", "?discriminator5", "?discriminator6", "?reconstructor", NULL};

static const gan_default defaults[] = {{"gan", "loss", "minimax"}, {NULL, NULL, NULL}}; /* "original, untampered" */

enum { SOFTMAX, MEAN, MAX, LEARNED }; /* choices of gman.combine */

static gan_status declare_lambda(gan_model *m)
{
    const double lambda = gan_config_real(m->cfg, "gman", "lambda");
    if (gan_config_choice(m->cfg, "gman", "combine") != LEARNED) return GAN_OK;
    if (lambda > 0) return gan_network_add_number(m->nets[GAN__G], "gman", "lambda", (float)(lambda + log(-expm1(-lambda))));
    return GAN_FAIL(GAN_ECONFIG, "%s: gman.lambda = 0 cannot be learned from, for it stays above 0; start with 1, or set "
                                 "gman.combine = mean",
                    gan_config_where(m->cfg, "gman", "lambda"));
}

static gan_status declare(gan_model *m)
{
    GAN_TRY(gan__game_declare_generator(m));
    GAN_TRY(declare_lambda(m));
    for (const char *const *name = gan_config_networks(m->cfg); *name; name++)
        if (strncmp(*name, "discriminator", 13) == 0) GAN_TRY(gan__game_declare_judge(m, *name, &m->data));
    return gan__game_declare_reconstructor(m);
}

static int discriminators(const gan__game *m)
{
    return m->s->model->n_nets - GAN__D - (gan_model_find(m->s->model, "reconstructor") >= 0);
}

static gan_status add_lambda(gan__game *m, int how, gan_id *lambda)
{
    const gan_network *g = m->s->model->nets[GAN__G];
    const gan_form one = {.n_dims = 1, .dims = {1}};
    const double fixed = how == MEAN ? 0 : gan_config_real(m->s->model->cfg, "gman", "lambda");
    if (how != LEARNED) return gan_add_constant(m->s->graph, &one, (float)fixed, lambda);
    return gan_add_softplus(m->s->graph, g->leaf[gan_network_param(g, "gman/lambda")], lambda);
}

/* sum w V of V [1,N], where top is the largest: no weight overflows when it is subtracted. */
static gan_status soften(gan_graph *g, gan_id V, gan_id top, gan_id lambda, int n, gan_id *F)
{
    gan_id w, sum;
    GAN_TRY(gan_add_stop(g, top, &w));
    GAN_TRY(gan_add_expand_cols(g, w, n, &w));
    GAN_TRY(gan_add_sub(g, V, w, &w));
    GAN_TRY(gan_add_expand_cols(g, lambda, n, &lambda));
    GAN_TRY(gan_add_mul(g, w, lambda, &w));
    GAN_TRY(gan_add_exp(g, w, &w));
    GAN_TRY(gan_add_sum_cols(g, w, &sum));
    GAN_TRY(gan_add_mul(g, w, V, &w));
    GAN_TRY(gan_add_sum_cols(g, w, F));
    return gan_add_div(g, *F, sum, F);
}

/* F - reward * lambda */
static gan_status add_reward(gan__game *m, gan_id lambda, gan_id *F)
{
    const double reward = gan_config_real(m->s->model->cfg, "gman", "reward");
    gan_id part;
    GAN_TRY(gan_add_one_rank(m->s->graph, lambda, &part));
    if (m->records) GAN_TRY(gan_step_metric(m->s, "lambda", part));
    GAN_TRY(gan_add_affine(m->s->graph, lambda, (float)reward, 0, &part));
    return gan_add_sub(m->s->graph, *F, part, F);
}

/* V [N] PARTIAL -> F [1] PARTIAL. */
static gan_status combine(gan__game *m, gan_id V, int n, gan_id *F)
{
    const int how = gan_config_choice(m->s->model->cfg, "gman", "combine");
    gan_graph *g = m->s->graph;
    gan_id lambda;
    GAN_TRY(gan_add_all_sum(g, V, &V));
    GAN_TRY(gan_add_reshape(g, V, 2, (int64_t[]){1, n}, &V));
    GAN_TRY(gan_add_group_pick(g, V, V, n, F));
    GAN_TRY(gan_add_reshape(g, *F, 1, (int64_t[]){1}, F));
    if (how != MAX) {
        GAN_TRY(add_lambda(m, how, &lambda));
        GAN_TRY(soften(g, V, *F, lambda, n, F));
        if (how == LEARNED) GAN_TRY(add_reward(m, lambda, F));
    }
    return gan_add_one_rank(g, *F, F);
}

static bool own_minibatch(const gan__game *m, int i)
{
    return i > 0 && gan_config_choice(m->s->model->cfg, "gman", "minibatches") == 1;
}

static gan_status phase_d(gan__game *m, bool last)
{
    gan_id on_x, on_fake;
    GAN_TRY(gan__game_begin_d(m, last));
    for (int i = 0; i < discriminators(m); i++) {
        if (own_minibatch(m, i)) {
            GAN_TRY(gan__game_deal(m));
            GAN_TRY(gan__game_generate(m));
        }
        GAN_TRY(gan__game_judge_pair(m, GAN__D + i, &on_x, &on_fake));
        GAN_TRY(gan__game_end_d(m, GAN__D + i, on_x, on_fake));
    }
    return GAN_OK;
}

static gan_status phase_g(gan__game *m, bool last)
{
    gan_id V, one;
    GAN_TRY(gan__game_begin_g(m, last));
    for (int i = 0; i < discriminators(m); i++) {
        if (own_minibatch(m, i)) GAN_TRY(gan__game_generate(m));
        GAN_TRY(gan__game_judge(m, GAN__D + i, m->fake, &one));
        GAN_TRY(gan__game_loss_g(m, one, &one));
        if (i == 0) V = one;
        else GAN_TRY(gan_add_concat(m->s->graph, V, one, 0, &V));
    }
    GAN_TRY(combine(m, V, discriminators(m), &one));
    return gan__game_update_g(m, one, one);
}

static gan_status build(gan_step *s)
{
    return gan__game_alternate(s, phase_d, phase_g);
}

const gan_system gan_system_gman = {
    .name = "gman",
    .summary = "several discriminators, whose verdicts G's loss combines (Durugkar et al. 2017)",
    .networks = networks,
    .defaults = defaults,
    .declare = declare,
    .build = build,
};
