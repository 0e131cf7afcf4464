/* Optimizer steps, and pixels to floats. Each block is read once: the sum of its squared gradient brings it
 * into the first cache and says whether the block may be used; the update then follows from there. */
#include "simd.h"

#include <math.h>

/* Vector number i of a block; the last one may be cut to `left` < LANES floats. */
INLINE vf load_at(const float *p, int64_t i, int64_t n)
{
    return n - i < LANES ? vf_load_some(p + i, n - i) : vf_load(p + i);
}

INLINE void store_at(float *p, int64_t i, int64_t n, vf v)
{
    if (n - i < LANES) {
        vf_store_some(p + i, n - i, v);
    } else {
        vf_store(p + i, v);
    }
}

INLINE void adam_at(int64_t i, int64_t n, const gan_adam *a, const float *g, float *w, float *m, float *v)
{
    vf ws = load_at(w, i, n);
    vf d = load_at(g, i, n) * a->grad_scale + vf_rounded(ws * a->weight_decay);
    vf ms = load_at(m, i, n) * a->beta1 + vf_rounded(d * (1 - a->beta1));
    vf vs = load_at(v, i, n) * a->beta2 + vf_rounded(d * d * (1 - a->beta2));
    store_at(m, i, n, ms);
    store_at(v, i, n, vs);
    store_at(w, i, n, ws - a->rate * ms / (vf_sqrt(vs * a->v_scale) + a->epsilon));
}

double GAN_NAME(adam)(int64_t n, const gan_adam *adam, const float *g, float *w, float *m, float *v)
{
    const gan_adam a = *adam;
    double total = 0;
    for (int64_t start = 0; start < n; start += GAN_UPDATE_BLOCK) {
        int64_t end = at_most(start + GAN_UPDATE_BLOCK, n), i = start;
        double squares = GAN_NAME(block_squares)(end - start, g + start);
        total += squares;
        if (!isfinite(squares)) continue;
        for (; i + LANES <= end; i += LANES) adam_at(i, i + LANES, &a, g, w, m, v);
        if (i < end) adam_at(i, end, &a, g, w, m, v);
    }
    return total;
}

typedef struct momentum {
    float rate, momentum, weight_decay, grad_scale;
} momentum;

INLINE void momentum_at(int64_t i, int64_t n, const momentum *a, const float *g, float *w, float *v)
{
    vf ws = load_at(w, i, n);
    vf d = load_at(g, i, n) * a->grad_scale + vf_rounded(ws * a->weight_decay);
    if (v) {
        d = load_at(v, i, n) * a->momentum + d;
        store_at(v, i, n, d);
    }
    store_at(w, i, n, ws - a->rate * d);
}

double GAN_NAME(momentum)(int64_t n, float rate, float momentum_, float weight_decay, float grad_scale,
                          const float *g, float *w, float *v)
{
    const momentum a = {rate, momentum_, weight_decay, grad_scale};
    double total = 0;
    for (int64_t start = 0; start < n; start += GAN_UPDATE_BLOCK) {
        int64_t end = at_most(start + GAN_UPDATE_BLOCK, n), i = start;
        double squares = GAN_NAME(block_squares)(end - start, g + start);
        total += squares;
        if (!isfinite(squares)) continue;
        for (; i + LANES <= end; i += LANES) momentum_at(i, i + LANES, &a, g, w, v);
        if (i < end) momentum_at(i, end, &a, g, w, v);
    }
    return total;
}

typedef struct rmsprop {
    float rate, decay, epsilon, weight_decay, grad_scale;
} rmsprop;

INLINE void rmsprop_at(int64_t i, int64_t n, const rmsprop *a, const float *g, float *w, float *v)
{
    vf ws = load_at(w, i, n);
    vf d = load_at(g, i, n) * a->grad_scale + vf_rounded(ws * a->weight_decay);
    vf vs = load_at(v, i, n) * a->decay + vf_rounded(d * d * (1 - a->decay));
    store_at(v, i, n, vs);
    store_at(w, i, n, ws - a->rate * d / (vf_sqrt(vs) + a->epsilon));
}

double GAN_NAME(rmsprop)(int64_t n, float rate, float decay, float epsilon, float weight_decay,
                         float grad_scale, const float *g, float *w, float *v)
{
    const rmsprop a = {rate, decay, epsilon, weight_decay, grad_scale};
    double total = 0;
    for (int64_t start = 0; start < n; start += GAN_UPDATE_BLOCK) {
        int64_t end = at_most(start + GAN_UPDATE_BLOCK, n), i = start;
        double squares = GAN_NAME(block_squares)(end - start, g + start);
        total += squares;
        if (!isfinite(squares)) continue;
        for (; i + LANES <= end; i += LANES) rmsprop_at(i, i + LANES, &a, g, w, v);
        if (i < end) rmsprop_at(i, end, &a, g, w, v);
    }
    return total;
}

INLINE void ema_at(int64_t i, int64_t n, float share, const float *w, float *e)
{
    vf es = load_at(e, i, n);
    store_at(e, i, n, es + share * (load_at(w, i, n) - es));
}

void GAN_NAME(ema)(int64_t n, float decay, const float *w, float *e)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) ema_at(i, i + LANES, 1 - decay, w, e);
    if (i < n) ema_at(i, n, 1 - decay, w, e);
}

typedef uint8_t bytes __attribute__((vector_size(LANES), aligned(1), may_alias));

INLINE vf scaled(const uint8_t *pixels, float p, float q)
{
    return __builtin_convertvector(*(const bytes *)pixels, vf) * p + q;
}

void GAN_NAME(from_u8)(int64_t n, const uint8_t *pixels, float p, float q, float *x)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) vf_store(x + i, scaled(pixels + i, p, q));
    if (i == n) return;
    uint8_t rest[LANES] = {0};
    for (int64_t j = i; j < n; j++) rest[j - i] = pixels[j];
    vf_store_some(x + i, n - i, scaled(rest, p, q));
}
