/* The table of variants that scripts/sweep.sh trains. */
#ifndef GAN_CLI_SLURM_VARIANTS_H
#define GAN_CLI_SLURM_VARIANTS_H

#include "gan/status.h"

/* What is to be done with a variant: its job file and overrides, in order. */
typedef gan_status gan__variant_visit(const char *config, const char *const *sets, int n_sets, void *with);

/* Visit every variant; *n of them. The first failure ends it, with the line's place in front of its text. GAN_EUSAGE where a line
 * is not NAME CONFIG [--set SECTION.KEY=VALUE]..., and where there is none. */
gan_status gan__variants_read(const char *path, gan__variant_visit *visit, void *with, int *n);

#endif
