/* Parameters: initial values, and the way between panel layout and plain arrays.
 *
 * Initial values are drawn by the parameter's name and the element's logical place, so they do not change when layers
 * are added elsewhere or the layout changes. Glorot and Bengio 2010 (xavier), He et al. 2015 (he), Saxe et al. 2014 (orthogonal). */
#include "layer.h"

#include "gan/digest.h"
#include "gan/mem.h"
#include "gan/rng.h"

#include <math.h>
#include <string.h>

static int64_t columns(const gan_param *p)
{
    return p->n_dims > 1 ? p->dims[1] : 1;
}

void gan_param_unpack(const gan_param *p, const float *arena, float *plain)
{
    const float *a = arena + p->offset;
    int64_t K = p->dims[0], M = columns(p);
    if (!p->panel) memcpy(plain, a, (size_t)p->floats * sizeof *plain);
    for (int64_t k = 0; p->panel && k < K; k++)
        for (int64_t m = 0; m < M; m++) plain[k * M + m] = a[gan_panel_at(K, M, k, m)];
}

void gan_param_pack(const gan_param *p, const float *plain, float *arena)
{
    float *a = arena + p->offset;
    int64_t K = p->dims[0], M = columns(p);
    if (!p->panel) memcpy(a, plain, (size_t)p->floats * sizeof *plain);
    for (int64_t k = 0; p->panel && k < K; k++)
        for (int64_t m = 0; m < M; m++) a[gan_panel_at(K, M, k, m)] = plain[k * M + m];
}

static float default_scale(gan_init init)
{
    return init == GAN_INIT_NORMAL ? 0.02f : init == GAN_INIT_UNIFORM ? 0.05f : 1.0f;
}

void gan__choose_init(const gan_layer *l, int arg, gan_param *w)
{
    double scale = l->value[arg + 1].r > 0 ? l->value[arg + 1].r : l->net_init_scale->r;
    w->init = (gan_init)(l->value[arg].i ? l->value[arg].i - 1 : l->net_init->i);
    w->init_scale = scale > 0 ? (float)scale : default_scale(w->init);
}

/* Standard deviation (normal kinds) or half width (uniform kinds). */
static float spread(const gan_param *p)
{
    double in = p->fan_in, out = p->fan_out, gain = p->init_scale;
    switch (p->init) {
    case GAN_INIT_XAVIER_NORMAL: return (float)(gain * sqrt(2 / (in + out)));
    case GAN_INIT_XAVIER_UNIFORM: return (float)(gain * sqrt(6 / (in + out)));
    case GAN_INIT_HE_NORMAL: return (float)(gain * sqrt(2 / in));
    case GAN_INIT_HE_UNIFORM: return (float)(gain * sqrt(6 / in));
    default: return p->init_scale;
    }
}

/* Normal numbers over their length: all directions alike (and never none). */
static void draw_direction(const gan_param *p, const gan_rng *at, float *plain)
{
    double squares = 0;
    gan_rng_normal(at, 0, p->floats, 0, 1, plain);
    for (int64_t i = 0; i < p->floats; i++) squares += (double)plain[i] * (double)plain[i];
    if (squares == 0) plain[0] = 1, squares = 1;
    for (int64_t i = 0; i < p->floats; i++) plain[i] = (float)((double)plain[i] / sqrt(squares));
}

/* Of vectors of n numbers, `step` floats from one to the next. */
static double dot(int64_t n, const float *a, const float *b, int64_t step)
{
    double sum = 0;
    for (int64_t i = 0; i < n * step; i += step) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* Rows of length 1 at right angles to each other, or columns where those are fewer, all turns alike: normal numbers, made so one
 * after the other (Gram and Schmidt; twice, against rounding); then times the gain. */
static void draw_orthogonal(const gan_param *p, const gan_rng *at, float *plain)
{
    const int64_t K = p->dims[0], M = columns(p);
    const int64_t vectors = K < M ? K : M, n = K < M ? M : K, step = K < M ? 1 : M, next = K < M ? M : 1;
    gan_rng_normal(at, 0, p->floats, 0, 1, plain);
    for (float *v = plain; v < plain + vectors * next; v += next) {
        for (int pass = 0; pass < 2; pass++)
            for (float *w = plain; w < v; w += next) {
                const double along = dot(n, v, w, step);
                for (int64_t i = 0; i < n * step; i += step) v[i] -= (float)along * w[i];
            }
        const double length = sqrt(dot(n, v, v, step));
        for (int64_t i = 0; i < n * step; i += step) v[i] = (float)((double)v[i] / length);
    }
    for (int64_t i = 0; i < p->floats; i++) plain[i] *= p->init_scale;
}

static void draw(const gan_param *p, const gan_rng *at, float *plain)
{
    bool normal = p->init == GAN_INIT_NORMAL || p->init == GAN_INIT_XAVIER_NORMAL || p->init == GAN_INIT_HE_NORMAL;
    float s = spread(p);
    if (p->init == GAN_INIT_CONSTANT)
        for (int64_t i = 0; i < p->floats; i++) plain[i] = p->init_scale;
    else if (p->init == GAN_INIT_DIRECTION) draw_direction(p, at, plain);
    else if (p->init == GAN_INIT_ORTHOGONAL) draw_orthogonal(p, at, plain);
    else if (normal) gan_rng_normal(at, 0, p->floats, 0, s, plain);
    else gan_rng_uniform(at, 0, p->floats, -s, s, plain);
}

gan_status gan_network_init(gan_network *net, uint64_t seed)
{
    for (int i = 0; i < net->n_params; i++) {
        const gan_param *p = &net->params[i];
        float *plain = gan_calloc(p->floats, sizeof *plain);
        if (!plain) return GAN_ENOMEM;
        uint64_t name = gan_digest(GAN_DIGEST_START, net->name, strlen(net->name));
        gan_rng at = {.seed = seed, .purpose = GAN_RNG_INIT, .stream = gan_digest(name, p->name, strlen(p->name))};
        draw(p, &at, plain);
        gan_param_pack(p, plain, net->w);
        gan_free(plain);
    }
    if (net->ema) memcpy(net->ema, net->w, (size_t)net->arena_floats * sizeof *net->w);
    return GAN_OK;
}
