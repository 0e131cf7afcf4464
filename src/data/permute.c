/* The order of an epoch: a pseudo-random bijection of 0..n-1, computed place by place.
 *
 * A Feistel network permutes the 2^(2h) numbers of 2h bits whatever its round function is; ours is the
 * counter-based generator with the right half as block number. Numbers that land at n or above are sent
 * through again
 * ("cycle walking", Black and Rogaway 2002): since the network is a bijection, the walk from a number below n
 * must come back below n, and two walks cannot end in one place. Less than four turns on average, for 2^(2h)
 * < 4n. */
#include "gan/data.h"
#include "gan/rng.h"

enum { ROUNDS = 6, ROUNDS_OF_SMALL = 12, SMALL_HALF = 2 };

/* Bits of half a number: the least h >= 1 with 4^h >= n. */
static int half_bits(int64_t n)
{
    int h = 1;
    while (h < 31 && ((int64_t)1 << (2 * h)) < n) h++;
    return h;
}

static uint64_t feistel(const gan_rng *epoch, int h, uint64_t x)
{
    uint64_t mask = ((uint64_t)1 << h) - 1, left = x >> h, right = x & mask, bits[4];
    uint64_t rounds = h > SMALL_HALF ? ROUNDS : ROUNDS_OF_SMALL;
    gan_rng at = *epoch;
    for (at.sample = 0; at.sample < rounds; at.sample++) {
        gan_rng_bits(&at, right, bits);
        uint64_t next = (left ^ bits[0]) & mask;
        left = right;
        right = next;
    }
    return left << h | right;
}

int64_t gan_permute(uint64_t seed, uint64_t epoch, int64_t n, int64_t i)
{
    gan_rng at = {.seed = seed, .purpose = GAN_RNG_SHUFFLE, .step = epoch};
    int h = half_bits(n);
    uint64_t x = (uint64_t)i;
    do x = feistel(&at, h, x);
    while (x >= (uint64_t)n);
    return (int64_t)x;
}
