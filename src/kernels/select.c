/* Which kernels this binary has for this processor. The only file that asks what the processor is. */
#include "gan/kernels.h"
#include "ref/ref.h"

#include <stdbool.h>
#include <string.h>

/* X(table, does the processor have it?); each needs all that the ones before it need. */
#if defined(__x86_64__)
#define TABLES(X)                                                                                            \
    X(gan__kernels_x86_64, true)                                                                             \
    X(gan__kernels_avx2, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))                    \
    X(gan__kernels_avx512, __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&        \
                               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
#else
#define TABLES(X) X(gan__kernels_plain, true)
#endif

#define X(table, there) extern const gan_kernels table;
TABLES(X)
#undef X

static const gan_kernels *const tables[] = {&gan__kernels_ref,
#define X(table, there) &table,
                                            TABLES(X)
#undef X
};

int gan_kernels_count(void)
{
    int n = 1;
#define X(table, there)                                                                                      \
    if (!(there)) return n;                                                                                  \
    n++;
    TABLES(X)
#undef X
    return n;
}

const gan_kernels *gan_kernels_get(int i)
{
    return i >= 0 && i < gan_kernels_count() ? tables[i] : NULL;
}

const gan_kernels *gan_kernels_named(const char *name)
{
    for (int i = 0; i < gan_kernels_count(); i++) {
        if (strcmp(tables[i]->name, name) == 0) return tables[i];
    }
    return NULL;
}
