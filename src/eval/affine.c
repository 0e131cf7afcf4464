/* The density of data and of an affine generator's samples, by formula.
 *
 * A network of dense layers without activations makes x = W z + b of normal noise z, so its samples are N(b, W W^T). W and b are not
 * collected from the layers: they are what the network makes of a latent 0 and of the unit vectors. */
#include "density.h"

#include "gan/latent.h"

#include <math.h>
#include <string.h>

static const double log_2pi = 1.8378770664093454836;

double gan__mixture_log(const gan_mixture *m, const float *x)
{
    const double s2 = (double)m->std * (double)m->std;
    double nearest = INFINITY, sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int k = 0; k < m->n_modes; k++) {
            double d = 0;
            for (int i = 0; i < m->dims; i++) d += pow((double)x[i] - (double)m->centres[k][i], 2) / (2 * s2);
            if (pass == 0) nearest = fmin(nearest, d);
            else sum += exp(nearest - d); /* the largest term is 1 */
        }
    return log(sum / m->n_modes) - nearest - m->dims * (log_2pi + log(s2)) / 2;
}

/* ---- the generator ------------------------------------------------------------------------------------------- */

bool gan__is_affine(const gan_eval *e)
{
    int n;
    const gan_network *net = e->setup.model->nets[0];
    const gan_layer_text *layers = gan_config_layers(e->setup.cfg, net->name, &n);
    for (int i = 0; i < n; i++)
        if (strcmp(layers[i].name, "dense") != 0) return false;
    return !net->conditional && gan_noise_of(e->setup.cfg, 0).normal;
}

/* Local. One draw for up to GAN_EVAL_BLOCK - 1 unit vectors; latent 0 comes last. */
static gan_status add_columns(gan_eval *e, int64_t first, gan__gaussian *q)
{
    gan_sampler *s = e->drawn.sampler;
    const int64_t size = gan_noise_of(e->setup.cfg, 0).size, left = size - first;
    const int64_t n = left < GAN_EVAL_BLOCK - 1 ? left : GAN_EVAL_BLOCK - 1;
    const float *x;
    float *z = gan_sampler_latents(s);
    memset(z, 0, (size_t)(GAN_EVAL_BLOCK * size) * sizeof *z);
    for (int64_t i = 0; i < n; i++) z[i * size + first + i] = 1;
    GAN_TRY(gan_sampler_draw(s, &x));
    for (int k = 0; k < q->dims; k++) q->mean[k] = (double)x[n * q->dims + k];
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < q->dims; k++)
            for (int l = 0; l < q->dims; l++)
                q->covariance[k][l] += ((double)x[i * q->dims + k] - q->mean[k]) * ((double)x[i * q->dims + l] - q->mean[l]);
    return GAN_OK;
}

gan_status gan__gaussian_take(gan_eval *e, gan__gaussian *q)
{
    const int64_t size = gan_noise_of(e->setup.cfg, 0).size;
    gan_status s = GAN_OK;
    *q = (gan__gaussian){.dims = (int)e->drawn.floats};
    if (e->drawn.rank == 0)
        for (int64_t at = 0; at < size && s == GAN_OK; at += GAN_EVAL_BLOCK - 1) s = add_columns(e, at, q);
    GAN_TRY(gan_comm_agree(e->setup.comm, s));
    return e->setup.comm ? gan_comm_bcast(e->setup.comm, q, sizeof *q) : GAN_OK;
}

/* ---- its samples --------------------------------------------------------------------------------------------- */

static double determinant(const gan__gaussian *q)
{
    const double(*c)[2] = q->covariance;
    return q->dims == 1 ? c[0][0] : c[0][0] * c[1][1] - c[0][1] * c[1][0];
}

/* Weights have 24 bits, so an axis that is a millionth of the other is none. */
bool gan__gaussian_has_density(const gan__gaussian *q)
{
    const double trace = q->covariance[0][0] + q->covariance[1][1];
    return determinant(q) > (q->dims == 1 ? 0 : 1e-12 * trace * trace);
}

double gan__gaussian_log(const gan__gaussian *q, const float *x)
{
    const double(*c)[2] = q->covariance;
    const double d = (double)x[0] - q->mean[0], e = q->dims == 1 ? 0 : (double)x[1] - q->mean[1];
    const double squares = q->dims == 1 ? d * d : c[1][1] * d * d - 2 * c[0][1] * d * e + c[0][0] * e * e;
    return -squares / (2 * determinant(q)) - (q->dims * log_2pi + log(determinant(q))) / 2;
}
