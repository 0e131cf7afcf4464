/* A classifier: one network, softmax cross-entropy, and the share of the minibatch that it has right. It makes no samples; measures use it
 * to tell what others have made. */
#include "gan/system.h"

enum { C };

static const char *const networks[] = {"classifier", NULL};
static const gan_default defaults[] = {{"data", "condition", "labels"}, {NULL, NULL, NULL}};

/* A layer that reads the label tells what is asked. */
static gan_status refuse_answers(const gan_model *m)
{
    if (!m->nets[C]->conditional) return GAN_OK;
    return GAN_FAIL(GAN_ECONFIG, "%s: a classifier that reads the label learns nothing; remove the layer %s",
                    gan_config_where(m->cfg, "classifier", "layers"), gan_network_layer_name(m->nets[C], gan_network_first_conditional(m->nets[C])));
}

static gan_status declare(gan_model *m)
{
    const gan_sample_shape classes = {1, {m->data.condition}};
    if (gan_config_choice(m->cfg, "data", "condition") != GAN_CONDITION_LABELS)
        return GAN_FAIL(GAN_ECONFIG, "%s: train.system = classifier learns labels; write data.condition = labels",
                        gan_config_where(m->cfg, "data", "condition"));
    GAN_TRY(gan_model_add(m, "classifier", &m->data, &classes, "a logit for each class"));
    return refuse_answers(m);
}

/* A number for each row, repeated over its columns. */
static gan_status over_columns(gan_graph *g, gan_id x, int64_t columns, gan_id *y)
{
    const int64_t rows = gan_graph_form(g, x)->dims[0];
    GAN_TRY(gan_add_reshape(g, x, 1, &rows, y));
    return gan_add_expand_cols(g, *y, columns, y);
}

/* logits [B,K] less the largest of their row, which changes no probability and keeps exponentials in range; a constant. */
static gan_status lowered(gan_graph *g, gan_id logits, gan_id *y)
{
    const int64_t K = gan_graph_form(g, logits)->dims[1];
    gan_id most;
    GAN_TRY(gan_add_group_pick(g, logits, logits, K, &most));
    GAN_TRY(gan_add_stop(g, most, &most));
    GAN_TRY(over_columns(g, most, K, &most));
    return gan_add_sub(g, logits, most, y);
}

/* The logit of each row's own class, [B]. */
static gan_status own(gan_graph *g, gan_id logits, gan_id labels, gan_id *y)
{
    GAN_TRY(gan_add_mul(g, logits, labels, y));
    return gan_add_sum_cols(g, *y, y);
}

/* Mean of  log sum exp l_k - l_own. */
static gan_status cross_entropy(gan_step *s, gan_id logits, gan_id labels, gan_id *loss)
{
    gan_graph *g = s->graph;
    gan_id mine;
    GAN_TRY(own(g, logits, labels, &mine));
    GAN_TRY(gan_add_exp(g, logits, loss));
    GAN_TRY(gan_add_sum_cols(g, *loss, loss));
    GAN_TRY(gan_add_log(g, *loss, loss));
    GAN_TRY(gan_add_sub(g, *loss, mine, loss));
    return gan_add_mean(g, *loss, gan_step_batch(s), loss);
}

/* The largest logit is 0 now: right where the own one is; by half where two are, and so on. */
static gan_status accuracy(gan_step *s, gan_id logits, gan_id labels)
{
    gan_graph *g = s->graph;
    gan_id largest, right;
    GAN_TRY(gan_add_sign(g, logits, &largest));
    GAN_TRY(gan_add_affine(g, largest, 1, 1, &largest));
    GAN_TRY(own(g, largest, labels, &right));
    GAN_TRY(gan_add_sum_cols(g, largest, &largest));
    GAN_TRY(gan_add_div(g, right, largest, &right));
    GAN_TRY(gan_add_mean(g, right, gan_step_batch(s), &right));
    return gan_step_metric(s, "accuracy", right);
}

static gan_status build(gan_step *s)
{
    gan_id x, labels, logits, loss;
    GAN_TRY(gan_step_phase(s, "C"));
    GAN_TRY(gan_step_data(s, &x));
    GAN_TRY(gan_step_condition(s, &labels));
    GAN_TRY(gan_step_apply(s, C, x, &logits));
    GAN_TRY(lowered(s->graph, logits, &logits));
    GAN_TRY(cross_entropy(s, logits, labels, &loss));
    GAN_TRY(gan_step_update(s, C, loss));
    GAN_TRY(gan_step_metric(s, "loss", loss));
    return accuracy(s, logits, labels);
}

const gan_system gan_system_classifier = {
    .name = "classifier",
    .summary = "an ordinary classifier: softmax cross-entropy and accuracy",
    .networks = networks,
    .defaults = defaults,
    .declare = declare,
    .build = build,
    .samples_nothing = true,
};
