/* Speed of the matrix products beside OpenBLAS, on the layers of the MLP GAN; run by hand, on an idle core:
 *     OPENBLAS_NUM_THREADS=1 bench_kernels [table] [rows ...]
 * All operands of a pass over the layers together are larger than the second-level cache, as in training, so weights
 * come from further away each time. Medians of short rounds; own and OpenBLAS's rounds alternate. The last columns are
 * what matmul_tn costs with 8 and 16 shards, relative to one. */
#include "gan/clock.h"
#include "gan/kernels.h"
#include "gan/median.h"
#include "gan/mem.h"
#include "gan/rng.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 7, ROUNDS = 15 };

static const struct {
    int64_t K, M;
} layers[LAYERS] = {{100, 256}, {256, 512}, {512, 1024}, {1024, 784}, {784, 512}, {512, 256}, {256, 1}};

/* What is timed. */
typedef enum product { NN, NT, TN, TN8, TN16, BLAS_NN, BLAS_NT, BLAS_TN, PRODUCTS } product;

typedef struct bench {
    const gan_kernels *k;
    int64_t N;
    float *x[LAYERS], *y[LAYERS], *W[LAYERS], *scratch;
} bench;

static float *random_array(int64_t n, uint64_t seed)
{
    float *p = gan_calloc(n, sizeof *p);
    gan_rng at = {.seed = seed, .purpose = GAN_RNG_TEST};
    if (!p) exit(1);
    gan_rng_uniform(&at, 0, n, -1, 1, p);
    return p;
}

static bench bench_new(const gan_kernels *k, int64_t N)
{
    bench b = {.k = k, .N = N};
    int64_t scratch = 0;
    for (int i = 0; i < LAYERS; i++) {
        int64_t K = layers[i].K, M = layers[i].M, need = gan_matmul_scratch(N, K, M);
        b.x[i] = random_array(N * K, 1);
        b.y[i] = random_array(N * M, 2);
        b.W[i] = random_array(K * M, 3);
        if (need > scratch) scratch = need;
    }
    b.scratch = random_array(scratch, 4);
    return b;
}

static void bench_free(bench *b)
{
    for (int i = 0; i < LAYERS; i++) gan_free(b->x[i]), gan_free(b->y[i]), gan_free(b->W[i]);
    gan_free(b->scratch);
}

static void once(const bench *b, product p, int layer)
{
    int64_t N = b->N, K = layers[layer].K, M = layers[layer].M;
    int n = (int)N, k = (int)K, m = (int)M;
    float *x = b->x[layer], *y = b->y[layer], *W = b->W[layer], *s = b->scratch;
    switch (p) {
    case NN: b->k->matmul(N, K, M, x, W, y, s); break;
    case NT: b->k->matmul_nt(N, K, M, y, W, x, s); break;
    case TN: b->k->matmul_tn(N, K, M, M, 1, x, y, W, s); break;
    case TN8: b->k->matmul_tn(N, K, M, M, 8, x, y, W, s); break;
    case TN16: b->k->matmul_tn(N, K, M, M, 16, x, y, W, s); break;
    case BLAS_NN:
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, m, k, 1, x, k, W, m, 0, y, m);
        break;
    case BLAS_NT:
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, k, m, 1, y, m, W, m, 0, x, k);
        break;
    case BLAS_TN:
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, k, m, n, 1, x, k, y, m, 0, W, m);
        break;
    default: break;
    }
}

/* Median seconds of each product on each layer. Values would grow from pass to pass: small ones are put back. */
static void measure(const bench *b, double s[PRODUCTS][LAYERS])
{
    static double t[PRODUCTS][LAYERS][ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        for (int p = 0; p < PRODUCTS; p++) {
            for (int i = 0; i < LAYERS; i++) {
                double start = gan_clock_s();
                once(b, (product)p, i);
                t[p][i][round] = gan_clock_s() - start;
            }
        }
        for (int i = 0; i < LAYERS; i++) {
            memset(b->x[i], 0, (size_t)(b->N * layers[i].K) * sizeof(float));
            memset(b->y[i], 0, (size_t)(b->N * layers[i].M) * sizeof(float));
        }
    }
    for (int p = 0; p < PRODUCTS; p++) {
        for (int i = 0; i < LAYERS; i++) s[p][i] = gan_median(t[p][i], ROUNDS);
    }
}

static void row(const char *what, int64_t N, double flop, const double s[PRODUCTS])
{
    printf("%4lld %-10s", (long long)N, what);
    for (int p = 0; p < 3; p++) printf("  %6.1f %6.1f", flop / s[p] * 1e-9, flop / s[p + BLAS_NN] * 1e-9);
    printf("  %5.2f %5.2f\n", s[TN8] / s[TN], s[TN16] / s[TN]);
}

static void report(const gan_kernels *k, int64_t N)
{
    double s[PRODUCTS][LAYERS], all[PRODUCTS] = {0}, flop = 0;
    bench b = bench_new(k, N);
    measure(&b, s);
    for (int i = 0; i < LAYERS; i++) {
        double one[PRODUCTS], work = 2.0 * (double)(N * layers[i].K * layers[i].M);
        char what[24];
        for (int p = 0; p < PRODUCTS; p++) all[p] += one[p] = s[p][i];
        flop += work;
        snprintf(what, sizeof what, "%lldx%lld", (long long)layers[i].K, (long long)layers[i].M);
        row(what, N, work, one);
    }
    row("all", N, flop, all);
    bench_free(&b);
}

int main(int argc, char **argv)
{
    const gan_kernels *k = argc > 1 ? gan_kernels_named(argv[1]) : gan_kernels_get(gan_kernels_count() - 1);
    static const int64_t usual[] = {32, 64, 128, 256};
    if (!k) return fprintf(stderr, "no table %s here\n", argv[1]), 2;
    printf("table %s, OpenBLAS %s; GFLOP/s, own and OpenBLAS\n", k->name, openblas_get_corename());
    printf("rows layer         matmul         matmul_nt      matmul_tn     8 sh  16 sh\n");
    if (argc <= 2) {
        for (int i = 0; i < 4; i++) report(k, usual[i]);
    }
    for (int i = 2; i < argc; i++) report(k, atoll(argv[i]));
    return 0;
}
