/* The threads of a rank do a kernel's work together; each is told which part is its own. How the work is divided is never
 * seen in the bits: what a thread computes is whole elements of the result. */
#ifndef GAN_PART_H
#define GAN_PART_H

#include <stdint.h>

/* Part i of n, 0 <= i < n; {0,1} is all of it. */
typedef struct gan_part {
    int i, n;
} gan_part;

/* [from, to) of `count` things that are dealt evenly. */
typedef struct gan_span {
    int64_t from, to;
} gan_span;

static inline gan_span gan_part_of(gan_part p, int64_t count)
{
    return (gan_span){count * p.i / p.n, count * (p.i + 1) / p.n};
}

/* Waits until all n threads have come, and sees what they have written. */
static inline void gan_part_meet(gan_part p)
{
    (void)p;
#ifdef _OPENMP
    if (p.n > 1) {
#pragma omp barrier
    }
#endif
}

#endif
