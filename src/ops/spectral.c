/* The largest singular value of a weight, by power iteration (Miyato et al. 2018, section 2.1 and Algorithm 1):
 *
 *     v = W u / |W u|,   u' = v W / |v W|,   sigma = v W u'        (rows; W is [K,M], u of M, v of K)
 *
 * u and v are constants to gradients (equations 10 to 12 of the paper), so d sigma / d W = v u'. All of it is REPLICATED: every
 * rank computes the same bits. */
#include "ops.h"

/* x [1,n] / |x|; of zeros: zeros. */
static gan_status direction(gan_graph *g, gan_id x, gan_id *y)
{
    gan_id length;
    GAN_TRY(gan_add_square(g, x, &length));
    GAN_TRY(gan_add_sum_cols(g, length, &length));
    GAN_TRY(gan_add_affine(g, length, 1, 1e-30f, &length));
    GAN_TRY(gan_add_sqrt(g, length, &length));
    GAN_TRY(gan_add_expand_cols(g, length, gan_graph_form(g, x)->dims[1], &length));
    GAN_TRY(gan_add_div(g, x, length, y));
    return gan_add_stop(g, *y, y);
}

gan_status gan_add_singular(gan_graph *g, gan_id W, gan_id u, bool iterate, gan_singular *s)
{
    const int64_t row[2] = {1, gan_form_floats(gan_graph_form(g, u))};
    gan_id image;
    GAN_TRY(gan_add_reshape(g, u, 2, row, &s->u));
    GAN_TRY(gan_add_matmul_nt(g, s->u, W, &image));
    GAN_TRY(direction(g, image, &s->v));
    GAN_TRY(gan_add_matmul(g, s->v, W, &image));
    if (iterate) GAN_TRY(direction(g, image, &s->u));
    GAN_TRY(gan_add_mul(g, image, s->u, &image));
    return gan_add_sum_cols(g, image, &s->sigma);
}
