/* gan_mpi bench kernels. */
#ifndef GAN_CLI_BENCH_KERNELS_H
#define GAN_CLI_BENCH_KERNELS_H

#include "gan/status.h"

/* Local. Time and print every way of every convolution of the usual networks; table: NULL for the best. */
gan_status gan__bench_kernels(const char *table);

#endif
