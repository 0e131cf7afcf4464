/* The same sources in double precision, for finite differences: given to the compiler with `-include` before a file of
 * base, config, graph, ops, nn, optim, systems, kernels/ref or a test of them. At 1e-6 a wrong gradient cannot hide behind rounding, and what is
 * checked is the very code that trains in float.
 *
 * All system headers come first, so only our own `float` changes its meaning, and calls of libm follow it. */
#ifndef GAN_IN_DOUBLE_H
#define GAN_IN_DOUBLE_H

#include <Random123/philox.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __clang__
#pragma clang diagnostic ignored "-Wkeyword-macro"
#endif
#define float double
#define expf   exp
#define fabsf  fabs
#define log1pf log1p
#define logf   log
#define sqrtf  sqrt
#define tanhf  tanh

#endif
