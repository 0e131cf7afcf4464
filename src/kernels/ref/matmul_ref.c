/* The three contractions, element by element in the order that gan/kernels.h states. */
#include "ref.h"

void gan__matmul_ref(int64_t N, int64_t K, int64_t M, const float *x, const float *W, float *y,
                     float *scratch)
{
    (void)scratch;
    for (int64_t n = 0; n < N; n++) {
        for (int64_t m = 0; m < M; m++) {
            float sum = 0;
            for (int64_t k = 0; k < K; k++) sum += x[n * K + k] * W[gan_panel_at(K, M, k, m)];
            y[n * M + m] = sum;
        }
    }
}

void gan__matmul_nt_ref(int64_t N, int64_t K, int64_t M, const float *dy, const float *W, float *dx,
                        float *scratch)
{
    (void)scratch;
    for (int64_t n = 0; n < N; n++) {
        for (int64_t k = 0; k < K; k++) {
            float sum = 0;
            for (int64_t m = 0; m < M; m++) sum += dy[n * M + m] * W[gan_panel_at(K, M, k, m)];
            dx[n * K + k] = sum;
        }
    }
}

void gan__matmul_tn_ref(int64_t N, int64_t K, int64_t M, int64_t ld, int64_t shards, const float *x, const float *dy,
                        float *dW, float *scratch)
{
    (void)scratch;
    int64_t R = N / shards;
    for (int64_t k = 0; k < K; k++) {
        for (int64_t m = 0; m < M; m++) {
            gan__tree t = {0};
            for (int64_t s = 0; s < shards; s++) {
                float sum = 0;
                for (int64_t n = s * R; n < (s + 1) * R; n++) sum += x[n * K + k] * dy[n * ld + m];
                gan__tree_add(&t, sum);
            }
            dW[gan_panel_at(K, M, k, m)] = gan__tree_total(&t);
        }
    }
}
