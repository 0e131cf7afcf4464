/* log p(x) = log (1/n) sum_j N(x; s_j, sigma^2 I), with |x - s_j|^2 = |x|^2 + |s_j|^2 - 2 x s_j: all products of a block of rows are one
 * matrix product. They are floats, sums over points are double, with the largest exponent taken out first. */
#include "window.h"

#include "gan/mem.h"

#include <math.h>

static void pack(gan__window *w, const float *points)
{
    for (int64_t j = 0; j < w->n; j++)
        for (int64_t i = 0; i < w->floats; i++) {
            const float v = points[j * w->floats + i];
            w->points[gan_panel_at(w->floats, w->n, i, j)] = v;
            w->squares[j] += (double)v * (double)v;
        }
}

gan_status gan__window_open(gan__window *w, const gan_kernels *k, int64_t n, int64_t floats, const float *points)
{
    *w = (gan__window){.k = k, .n = n, .floats = floats};
    w->points = gan_calloc(n * floats, sizeof *w->points);
    w->squares = gan_calloc(n, sizeof *w->squares);
    w->products = gan_calloc(GAN__WINDOW_ROWS * n, sizeof *w->products);
    w->scratch = gan_calloc(gan_matmul_scratch(GAN__WINDOW_ROWS, floats, n), sizeof *w->scratch);
    if (!w->points || !w->squares || !w->products || !w->scratch) {
        gan__window_close(w);
        return GAN_ENOMEM;
    }
    pack(w, points);
    return GAN_OK;
}

/* log of the mean of exp(-distance^2 / (2 sigma^2)) over the points. */
static double log_mean(const gan__window *w, const float *products, double square, double sigma)
{
    const double scale = 1 / (2 * sigma * sigma);
    double least = INFINITY, sum = 0;
    for (int64_t j = 0; j < w->n; j++) least = fmin(least, square + w->squares[j] - 2 * (double)products[j]);
    for (int64_t j = 0; j < w->n; j++) sum += exp(scale * (least - (square + w->squares[j] - 2 * (double)products[j])));
    return log(sum / (double)w->n) - scale * fmax(least, 0);
}

void gan__window_log(gan__window *w, int64_t rows, const float *x, int n_sigmas, const double *sigmas, double *log_p)
{
    w->k->matmul(rows, w->floats, w->n, x, w->points, w->products, w->scratch);
    for (int64_t t = 0; t < rows; t++) {
        double square = 0;
        for (int64_t i = 0; i < w->floats; i++) square += (double)x[t * w->floats + i] * (double)x[t * w->floats + i];
        for (int s = 0; s < n_sigmas; s++) {
            const double norm = (double)w->floats * log(sigmas[s] * sqrt(2 * 3.14159265358979323846));
            *log_p++ = log_mean(w, w->products + t * w->n, square, sigmas[s]) - norm;
        }
    }
}

void gan__window_close(gan__window *w)
{
    gan_free(w->points);
    gan_free(w->squares);
    gan_free(w->products);
    gan_free(w->scratch);
    *w = (gan__window){0};
}
