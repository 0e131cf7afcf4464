/* Optimizer steps, and pixels to floats. A block of GAN_UPDATE_BLOCK with a non-finite gradient is left
 * alone. */
#include "ref.h"

#include <math.h>

/* Length of the block that starts at i. */
static int64_t block_length(int64_t i, int64_t n)
{
    return n - i < GAN_UPDATE_BLOCK ? n - i : GAN_UPDATE_BLOCK;
}

double gan__adam_ref(int64_t n, const gan_adam *a, const float *g, float *w, float *m, float *v)
{
    double total = 0;
    for (int64_t start = 0; start < n; start += GAN_UPDATE_BLOCK) {
        int64_t length = block_length(start, n);
        double squares = gan__sum_squares_ref(length, g + start);
        total += squares;
        if (!isfinite(squares)) continue;
        for (int64_t i = start; i < start + length; i++) {
            float d = a->grad_scale * g[i] + a->weight_decay * w[i];
            m[i] = a->beta1 * m[i] + (1 - a->beta1) * d;
            v[i] = a->beta2 * v[i] + (1 - a->beta2) * (d * d);
            w[i] -= a->rate * m[i] / (sqrtf(v[i] * a->v_scale) + a->epsilon);
        }
    }
    return total;
}

double gan__momentum_ref(int64_t n, float rate, float momentum, float weight_decay, float grad_scale,
                         const float *g, float *w, float *v)
{
    double total = 0;
    for (int64_t start = 0; start < n; start += GAN_UPDATE_BLOCK) {
        int64_t length = block_length(start, n);
        double squares = gan__sum_squares_ref(length, g + start);
        total += squares;
        if (!isfinite(squares)) continue;
        for (int64_t i = start; i < start + length; i++) {
            float d = grad_scale * g[i] + weight_decay * w[i];
            if (v) d = v[i] = momentum * v[i] + d;
            w[i] -= rate * d;
        }
    }
    return total;
}

double gan__rmsprop_ref(int64_t n, float rate, float decay, float epsilon, float weight_decay,
                        float grad_scale, const float *g, float *w, float *v)
{
    double total = 0;
    for (int64_t start = 0; start < n; start += GAN_UPDATE_BLOCK) {
        int64_t length = block_length(start, n);
        double squares = gan__sum_squares_ref(length, g + start);
        total += squares;
        if (!isfinite(squares)) continue;
        for (int64_t i = start; i < start + length; i++) {
            float d = grad_scale * g[i] + weight_decay * w[i];
            v[i] = decay * v[i] + (1 - decay) * (d * d);
            w[i] -= rate * d / (sqrtf(v[i]) + epsilon);
        }
    }
    return total;
}

void gan__ema_ref(int64_t n, float decay, const float *w, float *e)
{
    for (int64_t i = 0; i < n; i++) e[i] += (1 - decay) * (w[i] - e[i]);
}

void gan__from_u8_ref(int64_t n, const uint8_t *pixels, float p, float q, float *x)
{
    for (int64_t i = 0; i < n; i++) x[i] = p * (float)pixels[i] + q;
}
