/* virtual_batch_norm (Salimans et al. 2016, section 3.4): statistics of a fixed reference batch of n samples and of the sample itself, so what
 * a sample becomes depends on no other one of its minibatch. Of each feature, or of the channels of images over their pixels:
 *
 *     mean = (n mean_ref + mean_x) / (n + 1)      mean square likewise      y = gamma (x - mean) / sqrt(variance + epsilon) + beta
 *
 * The variance is computed as a var_ref + b var_x + a b (mean_x - mean_ref)^2 with a = n/(n+1), b = 1/(n+1), which is the same without the
 * difference of two large squares. The reference batch passes through the network before (systems/reference.c), normalised by its own
 * statistics, and gradients flow through them too. Those of the last update are states, for sampling. */
#include "layer.h"

enum { EPSILON };
enum { GAMMA, BETA, MEAN, VARIANCE };

static const gan_key args[] = {
    {"virtual_batch_norm", "epsilon", GAN_REAL, "", "1e-5", 1e-12, 1, NULL, false, "added to the variance"},
};

static gan_status declare(gan_network *net, gan_layer *l)
{
    static const char *const roles[] = {"reference_mean", "reference_variance"};
    GAN_TRY(gan__scale_declare(net, l));
    for (int i = 0; i < 2; i++) {
        const gan_param p = {.n_dims = 1, .dims = {gan__channels(&l->in)}, .state = true, .init = GAN_INIT_CONSTANT, .init_scale = (float)i};
        GAN_TRY(gan__param_declare(net, l, roles[i], &p));
    }
    return GAN_OK;
}

/* ---- the reference batch ----------------------------------------------------------------------------------------- */

/* Mean of the rows of x [pixels,C] on all ranks, [C] REPLICATED, and as a state's statistic. */
static gan_status batch_mean(gan_graph *g, gan_id x, gan_id *mean, gan_id *stat)
{
    const int64_t n = gan_graph_form(g, x)->dims[0] * gan_graph_ranks(g);
    GAN_TRY(gan_add_sum_batch(g, x, stat));
    GAN_TRY(gan_add_affine(g, *stat, 1.0f / (float)n, 0, stat));
    return gan_add_all_sum(g, *stat, mean);
}

/* gamma / sqrt(variance + epsilon), both of the same form */
static gan_status factor_of(const gan_layer *l, gan_graph *g, gan_id variance, gan_id gamma, gan_id *factor)
{
    GAN_TRY(gan_add_affine(g, variance, 1, (float)l->value[EPSILON].r, factor));
    GAN_TRY(gan_add_sqrt(g, *factor, factor));
    GAN_TRY(gan_add_reciprocal(g, *factor, factor));
    return gan_add_mul(g, *factor, gamma, factor);
}

static gan_status reference(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_id *y)
{
    const int64_t rows = gan_graph_form(g, x)->dims[0];
    gan_id mean, squares, factor, *stat = net->stat + l->first_param, *of = net->reference + l->first_param;
    GAN_TRY(batch_mean(g, x, &of[MEAN], &stat[MEAN]));
    GAN_TRY(gan_add_expand_rows(g, of[MEAN], rows, &mean));
    GAN_TRY(gan_add_sub(g, x, mean, y));
    GAN_TRY(gan_add_square(g, *y, &squares));
    GAN_TRY(batch_mean(g, squares, &of[VARIANCE], &stat[VARIANCE]));
    GAN_TRY(factor_of(l, g, of[VARIANCE], net->leaf[l->first_param + GAMMA], &factor));
    GAN_TRY(gan_add_expand_rows(g, factor, rows, &factor));
    return gan_add_mul(g, *y, factor, y);
}

/* ---- samples --------------------------------------------------------------------------------------------------- */

static int64_t pixels_of(const gan_layer *l)
{
    return gan_sample_floats(&l->in) / gan__channels(&l->in);
}

/* x [B*P,C] -> means over the P pixels of each sample, [B,C] */
static gan_status mean_of_pixels(const gan_layer *l, gan_graph *g, gan_id x, gan_id *mean)
{
    const int64_t P = pixels_of(l), C = gan__channels(&l->in), B = gan_graph_form(g, x)->dims[0] / P;
    const int64_t column[4] = {B, P, 1, C}, row[2] = {B, C};
    *mean = x;
    if (P == 1) return GAN_OK;
    GAN_TRY(gan_add_reshape(g, x, 4, column, mean));
    GAN_TRY(gan_add_window_sum(g, *mean, (int)P, 1, 1, 0, mean));
    GAN_TRY(gan_add_reshape(g, *mean, 2, row, mean));
    return gan_add_affine(g, *mean, 1.0f / (float)P, 0, mean);
}

/* [B,C] -> [B*P,C] */
static gan_status to_pixels(const gan_layer *l, gan_graph *g, gan_id x, gan_id *y)
{
    const int64_t P = pixels_of(l), B = gan_graph_form(g, x)->dims[0], C = gan__channels(&l->in);
    const int64_t window[4] = {B, 1, 1, C}, pixels[2] = {B * P, C};
    *y = x;
    if (P == 1) return GAN_OK;
    GAN_TRY(gan_add_reshape(g, x, 4, window, y));
    GAN_TRY(gan_add_window_spread(g, *y, P, 1, (int)P, 1, 1, 0, y));
    return gan_add_reshape(g, *y, 2, pixels, y);
}

/* The variance of the sample's own pixels, [B,C]. */
static gan_status own_variance(const gan_layer *l, gan_graph *g, gan_id x, gan_id own, gan_id *variance)
{
    GAN_TRY(to_pixels(l, g, own, variance));
    GAN_TRY(gan_add_sub(g, x, *variance, variance));
    GAN_TRY(gan_add_square(g, *variance, variance));
    return mean_of_pixels(l, g, *variance, variance);
}

/* What the sample and the reference give together: mean and variance, [B,C]. ref: of the reference, [C]. */
static gan_status together(const gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, const gan_id *ref, gan_id *mean, gan_id *variance)
{
    const float n = (float)net->reference_rows, a = n / (n + 1), b = 1 / (n + 1);
    gan_id own, off, more;
    GAN_TRY(mean_of_pixels(l, g, x, &own));
    const int64_t B = gan_graph_form(g, own)->dims[0];
    GAN_TRY(gan_add_expand_rows(g, ref[MEAN], B, mean));
    GAN_TRY(gan_add_sub(g, own, *mean, &off));
    GAN_TRY(gan_add_affine(g, off, b, 0, &more));
    GAN_TRY(gan_add_add(g, *mean, more, mean));
    GAN_TRY(gan_add_expand_rows(g, ref[VARIANCE], B, variance));
    GAN_TRY(gan_add_affine(g, *variance, a, 0, variance));
    GAN_TRY(gan_add_square(g, off, &more));
    GAN_TRY(gan_add_affine(g, more, a * b, 0, &more));
    GAN_TRY(gan_add_add(g, *variance, more, variance));
    if (pixels_of(l) == 1) return GAN_OK;
    GAN_TRY(own_variance(l, g, x, own, &more));
    GAN_TRY(gan_add_affine(g, more, b, 0, &more));
    return gan_add_add(g, *variance, more, variance);
}

static gan_status sample(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, const gan_id *ref, gan_id *y)
{
    gan_id mean, variance, factor, gamma;
    GAN_TRY(together(net, l, g, x, ref, &mean, &variance));
    GAN_TRY(gan_add_expand_rows(g, net->leaf[l->first_param + GAMMA], gan_graph_form(g, mean)->dims[0], &gamma));
    GAN_TRY(factor_of(l, g, variance, gamma, &factor));
    GAN_TRY(to_pixels(l, g, mean, &mean));
    GAN_TRY(to_pixels(l, g, factor, &factor));
    GAN_TRY(gan_add_sub(g, x, mean, y));
    return gan_add_mul(g, *y, factor, y);
}

static gan_status apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    const gan_id *ref = (mode == GAN_TRAINING ? net->reference : net->leaf) + l->first_param;
    if (mode == GAN_TRAINING && !net->referring && !net->referred)
        return GAN_FAIL(GAN_EINTERNAL, "%s is applied without a reference batch", l->label);
    GAN_TRY(gan__as_pixels(g, x, &l->in, &x));
    GAN_TRY(net->referring ? reference(net, l, g, x, y) : sample(net, l, g, x, ref, y));
    return gan__bias_apply(net, l, g, y);
}

const gan_layer_kind gan_layer_virtual_batch_norm = {
    .name = "virtual_batch_norm",
    .meaning = "as batch_norm, by statistics of the run's first minibatch (of G: of fixed noise) and the sample itself (Salimans et al. 2016)",
    .args = args,
    .n_args = sizeof args / sizeof args[0],
    .refines = true,
    .refers = true,
    .declare = declare,
    .apply = apply};
