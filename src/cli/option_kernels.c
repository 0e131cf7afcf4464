/* The option --kernels of commands that run networks without a job. */
#include "cli.h"

#include "gan/config.h"

#include <stdio.h>

enum { MAX_TABLES = 8 };

gan_status gan_option_kernels(const char *command, const char *text, const gan_kernels **k)
{
    const char *names[MAX_TABLES + 1] = {NULL};
    char all[128] = "";
    size_t at = 0;
    *k = text ? gan_kernels_named(text) : gan_kernels_get(gan_kernels_count() - 1);
    if (*k) return GAN_OK;
    for (int i = 0; i < gan_kernels_count() && i < MAX_TABLES && at < sizeof all; i++) {
        names[i] = gan_kernels_get(i)->name;
        at += (size_t)snprintf(all + at, sizeof all - at, "%s%s", i ? ", " : "", names[i]);
    }
    const char *near = gan_nearest(text, names);
    return GAN_FAIL(GAN_EUSAGE, "gan_mpi %s: this processor has no kernels \"%s\"%s%s%s (there are: %s)", command, text,
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "", all);
}
