/* Multiply-and-fold over 16 bytes a turn (the mixing of wyhash: the 128-bit product's halves, xored). */
#include "gan/digest.h"

#include <string.h>

__extension__ typedef unsigned __int128 u128;

static uint64_t mix(uint64_t a, uint64_t b)
{
    u128 p = (u128)(a ^ UINT64_C(0xa0761d6478bd642f)) * (b ^ UINT64_C(0xe7037ed1a0b428db));
    return (uint64_t)p ^ (uint64_t)(p >> 64);
}

uint64_t gan_digest(uint64_t h, const void *bytes, size_t n)
{
    const char *p = bytes;
    uint64_t w[2];
    h = mix(h, n);
    for (; n >= sizeof w; n -= sizeof w, p += sizeof w) {
        memcpy(w, p, sizeof w);
        h = mix(h ^ w[0], w[1]) + h;
    }
    w[0] = w[1] = 0;
    memcpy(w, p, n);
    return mix(h ^ w[0], w[1]) + h;
}
