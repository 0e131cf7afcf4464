/* How much scratch the matrix products of any table may use. */
#include "gan/kernels.h"

static int64_t largest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t gan_matmul_scratch(int64_t N, int64_t K, int64_t M)
{
    (void)K;
    int64_t row_floats = (M + GAN_PANEL - 1) / GAN_PANEL * GAN_PANEL;
    int64_t nt = ((N < 192 ? N : 192) + 16) * row_floats; /* packed rows of dy, a group of rows of W */
    int64_t nn = (256 + 192) * GAN_PANEL;                 /* a narrow panel and its part of y, padded */
    int64_t tn = N * (4 * GAN_PANEL + 256 + 16);          /* packed columns of dy and of x */
    return largest(nn, largest(nt, tn));
}
