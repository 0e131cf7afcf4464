/* bfloat16, the upper half of a float: sums that travel between nodes in half the bytes. */
#include "simd.h"

typedef uint16_t halves __attribute__((vector_size(2 * LANES), aligned(2), may_alias));

enum { HALF_OF_LAST = 0x7fff, NAN_BIT = 0x400000, INFINITE = 0x7f800000 };

INLINE vu pick_bits(vi mask, vu a, vu b)
{
    return ((vu)mask & a) | (~(vu)mask & b);
}

/* The nearest of the two neighbours, the even one in the middle; its upper 16 bits are the bfloat16. A NaN stays one. */
INLINE vu rounded(vf v)
{
    const vu bits = (vu)v;
    const vi nan = (vi)(bits & 0x7fffffff) > INFINITE;
    return pick_bits(nan, bits | NAN_BIT, bits + HALF_OF_LAST + (bits >> 16 & 1)) & 0xffff0000;
}

INLINE void round_one(vf x, vf *rest, halves *h)
{
    const vf v = x + *rest;
    const vu bits = rounded(v);
    const vi infinite = (vi)(bits & INFINITE) == INFINITE;
    *h = __builtin_convertvector(bits >> 16, halves);
    *rest = vf_pick(infinite, (vf){0}, v - (vf)bits);
}

void GAN_NAME(bf16_round)(int64_t n, const float *x, float *rest, uint16_t *h)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        vf r = vf_load(rest + i);
        round_one(vf_load(x + i), &r, (halves *)(h + i));
        vf_store(rest + i, r);
    }
    if (i == n) return;
    uint16_t some[LANES];
    vf r = vf_load_some(rest + i, n - i);
    round_one(vf_load_some(x + i, n - i), &r, (halves *)some);
    vf_store_some(rest + i, n - i, r);
    memcpy(h + i, some, (size_t)(n - i) * sizeof *h);
}

INLINE vf as_floats(const uint16_t *h)
{
    return (vf)(__builtin_convertvector(*(const halves *)h, vu) << 16);
}

INLINE vf some_as_floats(const uint16_t *h, int64_t n)
{
    uint16_t some[LANES] = {0};
    memcpy(some, h, (size_t)n * sizeof *h);
    return as_floats(some);
}

void GAN_NAME(bf16_add)(int64_t n, const uint16_t *h, float *y)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) vf_store(y + i, vf_load(y + i) + as_floats(h + i));
    if (i < n) vf_store_some(y + i, n - i, vf_load_some(y + i, n - i) + some_as_floats(h + i, n - i));
}

void GAN_NAME(bf16_store)(int64_t n, const uint16_t *h, float *y)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) vf_store(y + i, as_floats(h + i));
    if (i < n) vf_store_some(y + i, n - i, some_as_floats(h + i, n - i));
}
