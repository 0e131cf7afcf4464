/* bfloat16 in plain loops. */
#include "ref.h"

#include <math.h>
#include <string.h>

static float upper_half(uint16_t h)
{
    const uint32_t bits = (uint32_t)h << 16;
    float x = 0;
    memcpy(&x, &bits, sizeof bits);
    return x;
}

static uint16_t rounded(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x)) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void gan__bf16_round_ref(int64_t n, const float *x, float *rest, uint16_t *h)
{
    for (int64_t i = 0; i < n; i++) {
        const float v = x[i] + rest[i];
        h[i] = rounded(v);
        rest[i] = isfinite(upper_half(h[i])) ? v - upper_half(h[i]) : 0;
    }
}

void gan__bf16_add_ref(int64_t n, const uint16_t *h, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] += upper_half(h[i]);
}

void gan__bf16_store_ref(int64_t n, const uint16_t *h, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = upper_half(h[i]);
}
