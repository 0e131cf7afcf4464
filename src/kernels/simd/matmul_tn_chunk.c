/* matmul_tn for shards of few rows, where merging costs as much as multiplying. A chunk of rows of dy, a
 * vector or two wide, stays in registers while k runs: x is broadcast, the chunk's shards are summed and
 * merged in registers, and only what several chunks make of that, the higher digits of the binary counter,
 * goes through the first cache.
 *
 * Here the rows of a shard are a power of two, at most a chunk, and panels are whole; matmul_tn.c does
 * everything else, with equal bits. */
#include "simd.h"

/* Rows of a chunk: with their vectors they take half of the registers. */
#define ROWS_plain  4
#define ROWS_x86_64 4
#define ROWS_avx2   8
#define ROWS_avx512 16

enum { ROWS = GAN_PASTE(ROWS, GAN_ISA), VECTORS = ROWS >= 8 ? 1 : 2, WIDTH = VECTORS * LANES };
enum { BLOCK_K = 64, LEVELS = 6, PANELS = (WIDTH + GAN_PANEL - 1) / GAN_PANEL };

/* The binary counter over chunks, for the k's of a block: digit l holds sums of 2^l chunks, as panels of BLOCK_K rows. */
typedef struct counter {
    float digit[LEVELS][PANELS * BLOCK_K * GAN_PANEL];
} counter;

/* Sum of one shard at one k; x [R] at a distance of BLOCK_K. The first product must not be fused with a merge. */
INLINE void one_shard(int R, const float *x, const vf *dy, vf sum[VECTORS])
{
    UNROLL
    for (int i = 0; i < VECTORS; i++) sum[i] = vf_rounded(vf_all(x[0]) * dy[i]);
    UNROLL
    for (int r = 1; r < R; r++) {
        vf a = vf_all(x[r * BLOCK_K]);
        UNROLL
        for (int i = 0; i < VECTORS; i++) sum[i] += a * dy[r * VECTORS + i];
    }
}

INLINE void add(vf sum[VECTORS], const vf more[VECTORS])
{
    UNROLL
    for (int i = 0; i < VECTORS; i++) sum[i] += more[i];
}

INLINE void two_shards(int R, const float *x, const vf *dy, vf sum[VECTORS])
{
    vf right[VECTORS];
    one_shard(R, x, dy, sum);
    one_shard(R, x + R * BLOCK_K, dy + R * VECTORS, right);
    add(sum, right);
}

INLINE void four_shards(int R, const float *x, const vf *dy, vf sum[VECTORS])
{
    vf right[VECTORS];
    two_shards(R, x, dy, sum);
    two_shards(R, x + 2 * R * BLOCK_K, dy + 2 * R * VECTORS, right);
    add(sum, right);
}

INLINE void eight_shards(int R, const float *x, const vf *dy, vf sum[VECTORS])
{
    vf right[VECTORS];
    four_shards(R, x, dy, sum);
    four_shards(R, x + 4 * R * BLOCK_K, dy + 4 * R * VECTORS, right);
    add(sum, right);
}

INLINE void sixteen_shards(int R, const float *x, const vf *dy, vf sum[VECTORS])
{
    vf right[VECTORS];
    eight_shards(R, x, dy, sum);
    eight_shards(R, x + 8 * R * BLOCK_K, dy + 8 * R * VECTORS, right);
    add(sum, right);
}

INLINE void chunk_sum(int rows, int R, const float *x, const vf *dy, vf sum[VECTORS])
{
    if (rows == R) one_shard(R, x, dy, sum);
    if (rows == 2 * R) two_shards(R, x, dy, sum);
    if (rows == 4 * R) four_shards(R, x, dy, sum);
    if (rows == 8 * R) eight_shards(R, x, dy, sum);
    if (rows == 16 * R) sixteen_shards(R, x, dy, sum);
}

/* Where vector i of row k lies when a panel begins every `panel` floats. */
INLINE int64_t place(int64_t k, int i, int64_t panel)
{
    return i * LANES / GAN_PANEL * panel + k * GAN_PANEL + i * LANES % GAN_PANEL;
}

/* A place for sums: panels begin every `panel` floats. */
typedef struct place_of {
    float *at;
    int64_t panel;
} place_of;

/* One chunk of rows for `count` values of k: x [rows][BLOCK_K], rows of dy at a distance of ld. Its sums are merged with the
 * first `digits` of the counter and go to `to`. What all chunks together make goes to `dW`. */
typedef struct chunk {
    int64_t count, ld;
    const float *x, *dy;
    int digits;
    place_of to, dW;
} chunk;

/* The first chunk fetches the lines that the last one writes. */
INLINE void add_chunk(int rows, int R, int digits, const chunk *c, const counter *before)
{
    vf dy[ROWS * VECTORS];
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int i = 0; i < VECTORS; i++) dy[r * VECTORS + i] = vf_load(c->dy + r * c->ld + i * LANES);
    }
#pragma GCC unroll 2
    for (int64_t k = 0; k < c->count; k++) {
        vf sum[VECTORS];
        UNROLL
        for (int i = 0; i < VECTORS && digits == 0; i++)
            __builtin_prefetch(c->dW.at + place(k, i, c->dW.panel), 1);
        chunk_sum(rows, R, c->x + k, dy, sum);
        UNROLL
        for (int l = 0; l < digits; l++) {
            UNROLL
            for (int i = 0; i < VECTORS; i++) {
                sum[i] = vf_load(before->digit[l] + place(k, i, BLOCK_K * GAN_PANEL)) + sum[i];
            }
        }
        UNROLL
        for (int i = 0; i < VECTORS; i++) vf_store(c->to.at + place(k, i, c->to.panel), sum[i]);
    }
}

/* What is left in the counter of a number of chunks that is no power of two: from the smallest digit to the largest. */
static void merge_left(uint64_t chunks, const counter *before, int64_t count, place_of dW)
{
    for (int64_t k = 0; k < count; k++) {
        UNROLL
        for (int i = 0; i < VECTORS; i++) {
            const int64_t at = place(k, i, BLOCK_K * GAN_PANEL);
            uint64_t left = chunks & (chunks - 1);
            vf sum = vf_load(before->digit[__builtin_ctzll(chunks)] + at);
            for (; left; left &= left - 1) sum = vf_load(before->digit[__builtin_ctzll(left)] + at) + sum;
            vf_store(dW.at + place(k, i, dW.panel), sum);
        }
    }
}

/* dW of a block of k's and WIDTH columns. c has the first chunk. */
INLINE void strip(int rows, int R, int64_t N, chunk c)
{
    counter before;
    const uint64_t chunks = (uint64_t)(N / rows);
    const bool full = (chunks & (chunks - 1)) == 0;
    for (uint64_t i = 0; i < chunks; i++) {
        const bool last = full && i == chunks - 1;
        c.digits = __builtin_ctzll(~i);
        c.to = last ? c.dW : (place_of){before.digit[c.digits], BLOCK_K * GAN_PANEL};
        switch (c.digits) {
        case 0: add_chunk(rows, R, 0, &c, &before); break;
        case 1: add_chunk(rows, R, 1, &c, &before); break;
        case 2: add_chunk(rows, R, 2, &c, &before); break;
        default: add_chunk(rows, R, c.digits, &c, &before); break;
        }
        c.x += rows * BLOCK_K;
        c.dy += rows * c.ld;
    }
    if (!full) merge_left(chunks, &before, c.count, c.dW);
}

static void any_strip(int rows, int R, int64_t N, chunk c)
{
#define CASE(n, r)                                                                                           \
    if (rows == n && R == r && n <= ROWS) strip(n, r, N, c);
    /* clang-format off */
    CASE(16, 1) CASE(16, 2) CASE(16, 4) CASE(16, 8) CASE(16, 16)
    CASE(8, 1) CASE(8, 2) CASE(8, 4) CASE(8, 8) CASE(4, 1) CASE(4, 2) CASE(4, 4) CASE(2, 1) CASE(2, 2)
    /* clang-format on */
#undef CASE
}

/* Rows of the chunks for these sizes, 0 when they are not for this file. */
static int chunk_rows(int64_t N, int64_t R)
{
    int rows = (int)at_most(ROWS, N);
    bool fits = rows > 1 && (rows & (rows - 1)) == 0 && N % rows == 0 && N / rows < 1 << LEVELS;
    return fits && R <= rows && (R & (R - 1)) == 0 ? rows : 0;
}

int64_t GAN_NAME(matmul_tn_chunks)(int64_t N, int64_t K, int64_t M, int64_t ld, int64_t shards, const float *x,
                                   const float *dy, float *dW, float *scratch)
{
    const int R = (int)(N / shards), rows = chunk_rows(N, N / shards);
    const int64_t columns = M / GAN_PANEL * GAN_PANEL / WIDTH * WIDTH;
    if (rows == 0) return 0;
    for (int64_t k = 0; k < K; k += BLOCK_K) {
        const int64_t count = at_most(BLOCK_K, K - k);
        for (int64_t n = 0; n < N; n++)
            memcpy(scratch + n * BLOCK_K, x + n * K + k, (size_t)count * sizeof *x);
        for (int64_t m = 0; m < columns; m += WIDTH) {
            float *to = dW + m / GAN_PANEL * GAN_PANEL * K + k * GAN_PANEL + m % GAN_PANEL;
            chunk first = {.count = count, .ld = ld, .x = scratch, .dy = dy + m, .dW = {to, K * GAN_PANEL}};
            any_strip(rows, R, N, first);
        }
    }
    return columns;
}
