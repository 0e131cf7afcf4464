/* minibatch_discrimination (Salimans et al. 2016, section 3.2): D sees of every sample how near others of its kind are, so a generator that
 * makes one sample again and again is found out. With M(x) = x T, B vectors of C numbers for each sample:
 *
 *     c_b(i, j) = exp(-|M_ib - M_jb|_1)      o_b(i) = sum over the others j of c_b(i, j)      y = [x, o]
 *
 * The paper's sum has j = i as well, which adds 1 whatever the weights are; the authors' code leaves it out, and so is it here (the sum is
 * taken with it, and 1 subtracted: the distance is 0 to the bit). The others are those of the shard, or of the global batch: then M of all
 * ranks is brought together, B_global x BC floats. Sums over j go by global row, those of gradients by shard and tree, so both give
 * the same bits on any number of ranks. In sampling a sample is alone, for its bits may depend on no other: o is 0.
 *
 * Written with primitives, so gradients of any order follow. Values of B_local x others x BC floats are made; in T the B kernels of a
 * dimension stand beside each other, so that sums over dimensions add rows of B floats. */
#include "layer.h"

enum { KERNELS, DIMS, SCOPE, INIT, INIT_SCALE };

static const gan_key args[] = {
    {"minibatch_discrimination", "kernels", GAN_INT, "", NULL, 1, 1e6, NULL, false, "B: numbers that are added to the features"},
    {"minibatch_discrimination", "dims", GAN_INT, "", "5", 1, 1e6, NULL, false, "C: dimensions in which each of them measures distance"},
    {"minibatch_discrimination", "scope", GAN_CHOICE, "", "batch", 0, 0, "batch|shard", false,
     "the others are those of the global batch, or of the shard"},
    {"minibatch_discrimination", "init", GAN_CHOICE, "", "network", 0, 0, "network|" GAN_INIT_CHOICES, false, "initial weights"},
    {"minibatch_discrimination", "init_scale", GAN_REAL, "", "0", 0, 1e6, NULL, false, "as the network's key; 0: the network's"},
};

static gan_status declare(gan_network *net, gan_layer *l)
{
    const int64_t features = gan_sample_floats(&l->in), B = l->value[KERNELS].i, C = l->value[DIMS].i;
    if (B > INT32_MAX / C) return gan__layer_error(l, "%lld kernels of %lld dimensions are too many", (long long)B, (long long)C);
    GAN_TRY(gan__dense_declare(net, l, B * C, INIT, false));
    l->out = (gan_sample_shape){1, {features + B}};
    return GAN_OK;
}

/* m [n,K] -> for each sample M of all that it is compared with, itself included: [n,others,K] */
static gan_status of_others(gan_graph *g, gan_id m, int64_t others, bool per_shard, gan_id *y)
{
    const int64_t n = gan_graph_form(g, m)->dims[0], K = gan_graph_form(g, m)->dims[1], S = gan_graph_shards(g);
    const int64_t table[2] = {S, others * K}, each[3] = {n, others, K};
    if (per_shard) {
        GAN_TRY(gan_add_reshape(g, m, 2, table, y));
        GAN_TRY(gan_add_shard_expand(g, *y, n, y));
    } else {
        GAN_TRY(gan_add_place_rows(g, m, y));
        GAN_TRY(gan_add_all_sum(g, *y, y));
        GAN_TRY(gan_add_expand_rows(g, *y, n, y));
    }
    return gan_add_reshape(g, *y, 3, each, y);
}

/* m [n,K] -> [n,others,K], its own again and again: one window over a column of pixels. */
static gan_status of_itself(gan_graph *g, gan_id m, int64_t others, gan_id *y)
{
    const int64_t n = gan_graph_form(g, m)->dims[0], K = gan_graph_form(g, m)->dims[1];
    const int64_t window[4] = {n, 1, 1, K}, each[3] = {n, others, K};
    GAN_TRY(gan_add_reshape(g, m, 4, window, y));
    GAN_TRY(gan_add_window_spread(g, *y, others, 1, (int)others, 1, 1, 0, y));
    return gan_add_reshape(g, *y, 3, each, y);
}

/* o [n,B] of m [n,BC] */
static gan_status nearness(const gan_layer *l, gan_graph *g, gan_id m, int64_t others, gan_id *o)
{
    const int64_t n = gan_graph_form(g, m)->dims[0], B = l->value[KERNELS].i, C = l->value[DIMS].i;
    const int64_t dims[4] = {n * others, C, 1, B}, column[4] = {n, others, 1, B}, row[2] = {n, B};
    gan_id itself;
    GAN_TRY(of_others(g, m, others, l->value[SCOPE].i == 1, o));
    GAN_TRY(of_itself(g, m, others, &itself));
    GAN_TRY(gan_add_sub(g, itself, *o, o));
    GAN_TRY(gan_add_abs(g, *o, o));
    GAN_TRY(gan_add_reshape(g, *o, 4, dims, o));
    GAN_TRY(gan_add_window_sum(g, *o, (int)C, 1, 1, 0, o));
    GAN_TRY(gan_add_affine(g, *o, -1, 0, o));
    GAN_TRY(gan_add_exp(g, *o, o));
    GAN_TRY(gan_add_reshape(g, *o, 4, column, o));
    GAN_TRY(gan_add_window_sum(g, *o, (int)others, 1, 1, 0, o));
    GAN_TRY(gan_add_reshape(g, *o, 2, row, o));
    return gan_add_affine(g, *o, 1, -1, o); /* without itself */
}

static gan_status training(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_id *o)
{
    const int64_t n = gan_graph_form(g, x)->dims[0];
    const int64_t others = l->value[SCOPE].i == 1 ? n / gan_graph_shards(g) : n * gan_graph_ranks(g);
    if (others < 2) return gan__layer_error(l, "it compares samples and needs at least 2 (a larger batch, or fewer shards)");
    GAN_TRY(gan__dense_apply(net, l, g, x, o));
    return nearness(l, g, *o, others, o);
}

static gan_status apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    gan_id o;
    GAN_TRY(gan__as_features(g, x, &l->in, &x));
    const gan_form alone = {.n_dims = 2, .dims = {gan_graph_form(g, x)->dims[0], l->value[KERNELS].i}, .dist = GAN_SHARDED};
    if (mode == GAN_TRAINING) GAN_TRY(training(net, l, g, x, &o));
    else GAN_TRY(gan_add_constant(g, &alone, 0, &o));
    return gan_add_concat(g, x, o, 1, y);
}

const gan_layer_kind gan_layer_minibatch_discrimination = {
    .name = "minibatch_discrimination",
    .meaning = "for discriminators: the features, and how near other samples of the minibatch are (Salimans et al. 2016)",
    .args = args,
    .n_args = sizeof args / sizeof args[0],
    .couples = true,
    .declare = declare,
    .apply = apply};
