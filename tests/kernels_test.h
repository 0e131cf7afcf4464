/* What the kernel tests share: operands that end at an unreadable page, random contents, bit comparison, ulps. */
#ifndef GAN_KERNELS_TEST_H
#define GAN_KERNELS_TEST_H

#include "gan/kernels.h"
#include "gan/mem.h"
#include "gan/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* n bytes whose last one is the last of a page, with nothing mapped behind; `align` moves the block down to a multiple.
 * So a kernel that reads or writes past an operand dies here, vector loads included. */
typedef struct edge {
    void *base;
    size_t mapped;
    void *at;
} edge;

static inline edge edge_new(int64_t n, size_t align)
{
    size_t page = 4096, bytes = ((size_t)n + page - 1) / page * page + page;
    edge e = {mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
              bytes + page, NULL};
    assert_true(e.base != MAP_FAILED);
    assert_int_equal(mprotect((char *)e.base + bytes, page, PROT_NONE), 0);
    uintptr_t at = (uintptr_t)e.base + bytes - (size_t)n;
    e.at = (void *)(at / align * align);
    return e;
}

static inline void edge_free(edge e)
{
    munmap(e.base, e.mapped);
}

static inline edge floats(int64_t n)
{
    return edge_new(n * (int64_t)sizeof(float), sizeof(float));
}

/* n floats, uniform in [lo, hi). */
static inline edge random_floats(int64_t n, uint64_t seed, float lo, float hi)
{
    edge e = floats(n);
    gan_rng at = {.seed = seed, .purpose = GAN_RNG_TEST};
    gan_rng_uniform(&at, 0, n, lo, hi, e.at);
    return e;
}

/* The byte before an output and a pattern in it: what a kernel must leave and what it must overwrite. */
static inline void assert_same_bits(const char *what, const float *got, const float *want, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (memcmp(got + i, want + i, sizeof *got) == 0) continue;
        fail_msg("%s: element %lld of %lld is %a (%.9g), expected the bits of %a (%.9g)", what, (long long)i,
                 (long long)n, (double)got[i], (double)got[i], (double)want[i], (double)want[i]);
    }
}

/* Distance of `got` from the exact value in units of the last place of the float nearest to it. Both NaN, or both the
 * same infinity: 0. Beyond the floats' range the exact value counts as what it rounds to. */
static inline double ulps(float got, double exact)
{
    float rounded = (float)exact;
    if (isnan(exact) || isnan(got)) return isnan(exact) && isnan(got) ? 0 : INFINITY;
    if (isinf(rounded) || isinf(got)) return rounded == got ? 0 : INFINITY;
    int exponent;
    frexp(exact, &exponent);
    if (exact == 0 || exponent < -125) exponent = -125;
    return fabs((double)got - exact) / ldexp(1, exponent - 24);
}

#endif
