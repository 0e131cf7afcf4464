/* batch_norm (Ioffe and Szegedy 2015) over features, or over the channels of images (then every pixel counts as a sample),
 * written with primitives, so its gradients of any order follow.
 *
 * Mean and variance are taken per shard (ghost statistics, nothing is exchanged) or over the global batch
 * (two small sums over ranks in each direction). Both give the same bits on any number of ranks. Sampling uses running
 * means: the statistic of a step stands in the gradient arena like a gradient, and the update moves the state towards it. */
#include "layer.h"

enum { SCOPE, MOMENTUM, EPSILON };
enum { MEAN = 2, VARIANCE }; /* behind gamma and beta */

static const gan_key args[] = {
    {"batch_norm", "scope", GAN_CHOICE, "", "batch", 0, 0, "batch|shard", false,
     "statistics over the global batch, or over each shard"},
    {"batch_norm", "momentum", GAN_REAL, "", "0.9", 0, 0.99999, NULL, false, "of the running mean and variance"},
    {"batch_norm", "epsilon", GAN_REAL, "", "1e-5", 1e-12, 1, NULL, false, "added to the variance"},
};

static gan_status declare(gan_network *net, gan_layer *l)
{
    static const char *const roles[] = {"running_mean", "running_variance"};
    GAN_TRY(gan__scale_declare(net, l));
    for (int i = 0; i < 2; i++) {
        gan_param p = {.n_dims = 1, .dims = {gan__channels(&l->in)}, .state = true, .init = GAN_INIT_CONSTANT};
        p.init_scale = (float)i; /* mean 0, variance 1 */
        p.momentum = (float)l->value[MOMENTUM].r;
        GAN_TRY(gan__param_declare(net, l, roles[i], &p));
    }
    return GAN_OK;
}

/* A value of the scope, [C] or [S,C], repeated to `rows` rows. */
static gan_status repeat(gan_graph *g, gan_id x, bool per_shard, int64_t rows, gan_id *y)
{
    return per_shard ? gan_add_shard_expand(g, x, rows, y) : gan_add_expand_rows(g, x, rows, y);
}

/* The mean of x [B,C] over the scope, and its mean over the global batch as PARTIAL [C]. */
static gan_status batch_mean(gan_graph *g, gan_id x, bool per_shard, gan_id *mean, gan_id *global)
{
    int64_t B = gan_graph_form(g, x)->dims[0], S = gan_graph_shards(g);
    GAN_TRY(gan_add_shard_sum(g, x, mean));
    GAN_TRY(gan_add_tree_sum(g, *mean, global));
    GAN_TRY(gan_add_affine(g, *global, 1.0f / (float)(B * gan_graph_ranks(g)), 0, global));
    if (per_shard) return gan_add_affine(g, *mean, (float)S / (float)B, 0, mean);
    return gan_add_all_sum(g, *global, mean);
}

/* x * (gamma / sqrt(variance + epsilon)) + beta; x is already centred. What belongs to a channel is one factor before it is
 * repeated, so there is one product for each pixel, and one sum over pixels in its gradient. */
static gan_status scale(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_id variance, bool per_shard, gan_id *y)
{
    gan_id factor, gamma = net->leaf[l->first_param];
    GAN_TRY(gan_add_affine(g, variance, 1, (float)l->value[EPSILON].r, &factor));
    GAN_TRY(gan_add_sqrt(g, factor, &factor));
    GAN_TRY(gan_add_reciprocal(g, factor, &factor));
    if (per_shard) GAN_TRY(gan_add_expand_rows(g, gamma, gan_graph_shards(g), &gamma));
    GAN_TRY(gan_add_mul(g, factor, gamma, &factor));
    GAN_TRY(repeat(g, factor, per_shard, gan_graph_form(g, x)->dims[0], &factor));
    GAN_TRY(gan_add_mul(g, x, factor, y));
    return gan__bias_apply(net, l, g, y);
}

static gan_status training(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_id *y)
{
    bool per_shard = l->value[SCOPE].i == 1;
    int64_t B = gan_graph_form(g, x)->dims[0];
    int64_t n = per_shard ? B / gan_graph_shards(g) : B * gan_graph_ranks(g);
    gan_id mean, squares, variance, *stat = net->stat + l->first_param;
    if (n < 2) return gan__layer_error(l, "statistics need at least 2 samples (a larger batch, or fewer shards)");
    GAN_TRY(batch_mean(g, x, per_shard, &mean, &stat[MEAN]));
    GAN_TRY(repeat(g, mean, per_shard, B, &mean));
    GAN_TRY(gan_add_sub(g, x, mean, y));
    GAN_TRY(gan_add_square(g, *y, &squares));
    GAN_TRY(batch_mean(g, squares, per_shard, &variance, &stat[VARIANCE]));
    /* the unbiased estimate is kept */
    GAN_TRY(gan_add_affine(g, stat[VARIANCE], (float)n / (float)(n - 1), 0, &stat[VARIANCE]));
    return scale(net, l, g, *y, variance, per_shard, y);
}

static gan_status sampling(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_id *y)
{
    const gan_id *leaf = net->leaf + l->first_param;
    gan_id mean;
    GAN_TRY(repeat(g, leaf[MEAN], false, gan_graph_form(g, x)->dims[0], &mean));
    GAN_TRY(gan_add_sub(g, x, mean, y));
    return scale(net, l, g, *y, leaf[VARIANCE], false, y);
}

static gan_status apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    GAN_TRY(gan__as_pixels(g, x, &l->in, &x));
    return mode == GAN_TRAINING ? training(net, l, g, x, y) : sampling(net, l, g, x, y);
}

const gan_layer_kind gan_layer_batch_norm = {.name = "batch_norm",
                                             .meaning = "every feature (of images: channel) to mean 0 and variance 1 over the batch, then scaled and shifted",
                                             .args = args,
                                             .n_args = sizeof args / sizeof args[0],
                                             .couples = true,
                                             .refines = true,
                                             .declare = declare,
                                             .apply = apply};
