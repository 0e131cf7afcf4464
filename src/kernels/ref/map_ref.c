/* The elementwise functions through libm. Selections are written so that NaN passes through all of them. */
#include "ref.h"

#include <math.h>

static float softplus(float a)
{
    if (isnan(a)) return a;
    return (a > 0 ? a : 0) + log1pf(expf(-fabsf(a)));
}

static float sigmoid(float a)
{
    float t = expf(-fabsf(a)); /* at most 1: no overflow, and small results keep all their bits */
    return (a > 0 ? 1 : t) / (1 + t);
}

static float leaky_mask(float a, float p)
{
    if (isnan(a)) return a;
    return a > 0 ? 1 : p;
}

static float sign(float a)
{
    if (isnan(a)) return a;
    return (float)((a > 0) - (a < 0));
}

#define MAP(name, value)                                                                                     \
    void gan__map_##name##_ref(int64_t n, const float *as, const float *bs, float p, float q, float *y)      \
    {                                                                                                        \
        for (int64_t i = 0; i < n; i++) {                                                                    \
            float a = as[i], b = bs ? bs[i] : 0;                                                             \
            (void)b, (void)p, (void)q;                                                                       \
            y[i] = value;                                                                                    \
        }                                                                                                    \
    }

/* clang-format off */
MAP(add,        a + b)
MAP(sub,        a - b)
MAP(mul,        a * b)
MAP(div,        a / b)
MAP(affine,     p * a + q)
MAP(relu,       a <= 0 ? 0 : a)
MAP(leaky_relu, a > 0 ? a : p * a)
MAP(leaky_mask, leaky_mask(a, p))
MAP(tanh,       tanhf(a))
MAP(sigmoid,    sigmoid(a))
MAP(softplus,   softplus(a))
MAP(exp,        expf(a))
MAP(log,        logf(a))
MAP(sqrt,       sqrtf(a))
MAP(reciprocal, 1 / a)
MAP(square,     a * a)
MAP(abs,        fabsf(a))
MAP(sign,       sign(a))
/* clang-format on */
