/* What tests of sums over ranks share: inputs of which any other order of additions gives other bits, and the tree. */
#ifndef GAN_MPI_SUMS_H
#define GAN_MPI_SUMS_H

#include <math.h>
#include <stdint.h>

enum { MAX_RANKS = 16 };

/* Pseudo-random sign and mantissa, magnitudes from 2^-12 to 2^12. */
static inline float input(int rank, int64_t i, int use)
{
    uint64_t h =
        (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)rank * 0x1234567 + (uint64_t)use * 0x89abcdef1;
    h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
    h ^= h >> 31;
    return ldexpf((float)(h >> 40) - 0x1p23f, (int)(h % 25) - 12 - 23);
}

/* Element i as the binary tree over ranks gives it; of ranks that are no power of two the last go without a partner. */
static inline float tree(int size, int64_t i, int use)
{
    float v[MAX_RANKS] = {0};
    for (int r = 0; r < size; r++) v[r] = input(r, i, use);
    for (int step = 1; step < size; step *= 2)
        for (int r = 0; r + step < size; r += 2 * step) v[r] += v[r + step];
    return v[0];
}

#endif
