/* Sums in plain order. */
#include "ref.h"

void gan__sum_rows_ref(int64_t S, int64_t R, int64_t C, const float *x, float *y)
{
    for (int64_t s = 0; s < S; s++) {
        for (int64_t c = 0; c < C; c++) {
            float sum = 0;
            for (int64_t r = 0; r < R; r++) sum += x[(s * R + r) * C + c];
            y[s * C + c] = sum;
        }
    }
}

void gan__sum_tree_ref(int64_t S, int64_t C, const float *x, float *y, float *scratch)
{
    (void)scratch;
    for (int64_t c = 0; c < C; c++) {
        gan__tree t = {0};
        for (int64_t s = 0; s < S; s++) gan__tree_add(&t, x[s * C + c]);
        y[c] = gan__tree_total(&t);
    }
}

void gan__sum_cols_ref(int64_t N, int64_t C, const float *x, float *y)
{
    for (int64_t n = 0; n < N; n++) {
        float sum = 0;
        for (int64_t c = 0; c < C; c++) sum += x[n * C + c];
        y[n] = sum;
    }
}

double gan__sum_squares_ref(int64_t n, const float *x)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
    return sum;
}
