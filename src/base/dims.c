/* Dimensions as text: see gan/dims.h. */
#include "gan/dims.h"

#include <stdio.h>

void gan_dims_text(int n_dims, const int64_t *dims, char *text, size_t n)
{
    size_t at = 0;
    *text = '\0';
    for (int i = 0; i < n_dims && at < n; i++)
        at += (size_t)snprintf(text + at, n - at, "%s%lld", i ? "x" : "", (long long)dims[i]);
}
