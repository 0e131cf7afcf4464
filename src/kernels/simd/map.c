/* The elementwise functions. A tail is padded and runs the same vector code, so an element's bits do not
 * depend on where in an array it stands. NaN comes through all of them: selections test so that NaN keeps the
 * argument.
 *
 * Reductions and polynomials of exp and tanh are those of Cephes (Moshier 1989), of log those of fdlibm.
 * Their errors, measured against double, are bounded in tests/test_kernels.c. */
#include "simd.h"

#include <math.h>

#define SIGN_BIT INT32_MIN

/* 2^n for n in [-126, 127]. */
INLINE vf power_of_2(vi n)
{
    return (vf)(((vu)n + 127) << 23);
}

/* exp(a) = 2^n exp(r), |r| <= ln(2)/2. Scaling in two steps lets results become subnormal, 0 or infinite by
 * rounding, as they should; the bounds only keep n within what two steps can do. */
INLINE vf v_exp(vf a)
{
    const float round =
        12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer, which is then in the low bits */
    vf x = vf_pick(a > 89.0f, vf_all(89.0f), a);
    x = vf_pick(x < -105.0f, vf_all(-105.0f), x);
    vf shifted = x * 1.44269504088896341f + round;
    vi n = (vi)((vu)shifted - (vu)vf_all(round));
    vf whole = shifted - round;
    vf r = x - whole * 0.693359375f; /* ln(2) in two parts; products with the first are exact */
    r += whole * 2.12194440e-4f;
    vf s = r * 1.9875691500e-4f + 1.3981999507e-3f;
    s = s * r + 8.3334519073e-3f;
    s = s * r + 4.1665795894e-2f;
    s = s * r + 1.6666665459e-1f;
    s = s * r + 5.0000001201e-1f;
    s = s * (r * r) + r + 1.0f;
    vi half = n >> 1;
    return s * power_of_2(half) * power_of_2(n - half);
}

/* log(a) = k ln(2) + log(1 + f), 1 + f in [sqrt(1/2), sqrt(2)). */
INLINE vf v_log(vf a)
{
    vi tiny = a < 0x1p-126f;
    vu bits = (vu)vf_pick(tiny, a * 0x1p25f, a) + (0x3f800000 - 0x3f3504f3);
    vf k = __builtin_convertvector((vi)(bits >> 23) - 127 - (tiny & 25), vf);
    vf f = (vf)((bits & 0x7fffff) + 0x3f3504f3) - 1.0f;
    vf s = f / (f + 2.0f), z = s * s, w = z * z;
    vf odd = vf_rounded(z * (w * 0.28498786688f + 0.66666662693f));
    vf r = w * (w * 0.24279078841f + 0.40000972152f) + odd;
    vf half_square = vf_rounded(f * f * 0.5f);
    vf low = s * (half_square + r) + vf_rounded(k * 9.0580006145e-06f);
    vf y = k * 6.9313812256e-01f + (low - half_square + f);
    vf special = vf_pick(a == 0.0f, vf_all(-INFINITY), vf_pick(a < 0.0f, vf_all(NAN), a));
    return vf_pick((a > 0.0f) & (a < INFINITY), y, special);
}

/* log(1 + u) = 2 atanh(s), s = u / (2 + u), for u in [0, 1]: nothing to reduce, and small u keep all their
 * bits. */
INLINE vf v_log1p(vf u)
{
    vf s = u / (u + 2.0f), z = s * s, twice = s + s;
    vf t = z * (1.0f / 15) + 1.0f / 13;
    t = t * z + 1.0f / 11;
    t = t * z + 1.0f / 9;
    t = t * z + 1.0f / 7;
    t = t * z + 1.0f / 5;
    t = t * z + 1.0f / 3;
    return twice * (t * z) + twice;
}

INLINE vf v_relu(vf a)
{
    return (vf)((vi)a & ~(a <= 0.0f));
}

INLINE vf v_tanh(vf a)
{
    vf z = a * a, size = vf_abs(a);
    vf s = z * -5.70498872745e-3f + 2.06390887954e-2f;
    s = s * z - 5.37397155531e-2f;
    s = s * z + 1.33314422036e-1f;
    s = s * z - 3.33332819422e-1f;
    s = s * (z * a) + a;
    vf large = 1.0f - 2.0f / (v_exp(size + size) + 1.0f);
    return (vf)((vi)vf_pick(size < 0.625f, s, large) | ((vi)a & SIGN_BIT)); /* -0 too */
}

INLINE vf v_exp_of_minus_size(vf a)
{
    return v_exp((vf)((vi)a | SIGN_BIT));
}

INLINE vf v_sigmoid(vf a)
{
    vf t = v_exp_of_minus_size(a); /* at most 1: no overflow, and small results keep all their bits */
    return vf_pick(a > 0.0f, vf_all(1.0f), t) / (t + 1.0f);
}

INLINE vf v_sign(vf a)
{
    vi one = (vi)vf_all(1.0f);
    vf size = (vf)(one & (a != 0.0f));
    vf y = (vf)((vi)size | ((vi)a & SIGN_BIT & (a != 0.0f)));
    return vf_pick(a == a, y, a);
}

INLINE void map(int64_t n, const float *a, const float *b, float p, float q, float *y,
                vf (*f)(vf, vf, vf, vf))
{
    vf ps = vf_all(p), qs = vf_all(q);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) vf_store(y + i, f(vf_load(a + i), vf_load(b + i), ps, qs));
    if (i < n) vf_store_some(y + i, n - i, f(vf_load_some(a + i, n - i), vf_load_some(b + i, n - i), ps, qs));
}

#define MAP(name, value)                                                                                     \
    INLINE vf f_##name(vf a, vf b, vf p, vf q)                                                               \
    {                                                                                                        \
        (void)a, (void)b, (void)p, (void)q;                                                                  \
        return value;                                                                                        \
    }                                                                                                        \
    void GAN_NAME(map_##name)(int64_t n, const float *a, const float *b, float p, float q, float *y)         \
    {                                                                                                        \
        map(n, a, b ? b : a, p, q, y, f_##name);                                                             \
    }

/* clang-format off */
MAP(add,        a + b)
MAP(sub,        a - b)
MAP(mul,        a * b)
MAP(div,        a / b)
MAP(affine,     p * a + q)
MAP(relu,       v_relu(a))
MAP(leaky_relu, vf_pick(a > 0.0f, a, p * a))
MAP(leaky_mask, vf_pick(a == a, vf_pick(a > 0.0f, vf_all(1.0f), p), a))
MAP(tanh,       v_tanh(a))
MAP(sigmoid,    v_sigmoid(a))
MAP(softplus,   v_relu(a) + v_log1p(v_exp_of_minus_size(a)))
MAP(exp,        v_exp(a))
MAP(log,        v_log(a))
MAP(sqrt,       vf_sqrt(a))
MAP(reciprocal, 1.0f / a)
MAP(square,     a * a)
MAP(abs,        vf_abs(a))
MAP(sign,       v_sign(a))
/* clang-format on */
