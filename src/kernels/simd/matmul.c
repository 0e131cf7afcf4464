/* y = x W on panels. A tile of a few rows times a few panels stays in registers while k runs over a block;
 * every element of y is one chain of multiply-adds over ascending k that starts at 0 and passes through
 * memory between blocks, so neither the tile's shape nor the blocks nor the other rows can be seen in its
 * bits. */
#include "simd.h"

/* Rows and panels of the largest tile: accumulators and operands must fit 16 (avx512: 32) registers. */
#define ROWS_plain    3
#define ROWS_x86_64   3
#define ROWS_avx2     6
#define ROWS_avx512   8
#define PANELS_plain  1
#define PANELS_x86_64 1
#define PANELS_avx2   1
#define PANELS_avx512 3

enum { ROWS = GAN_PASTE(ROWS, GAN_ISA), PANELS = GAN_PASTE(PANELS, GAN_ISA), WIDTH = PANELS * PARTS };
enum { BLOCK_N = 192, BLOCK_K = 256 };

/* k runs over [0,kc) here: x points at x[n, k0], W at W[k0, m], y at y[n, m]. */
typedef struct block {
    int64_t kc, ldx, ldw, ldy; /* ldw: from a panel to the next */
    bool first;                /* y starts at 0, else goes on from what is there */
} block;

INLINE void tile(int rows, int panels, const block *b, const float *x, const float *W, float *y)
{
    vf sum[ROWS][WIDTH];
    const int width = panels * PARTS;
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int i = 0; i < width; i++) sum[r][i] = b->first ? (vf){0} : vf_load(y + r * b->ldy + i * LANES);
    }
    for (int64_t k = 0; k < b->kc; k++) {
        vf w[WIDTH];
        UNROLL
        for (int i = 0; i < width; i++)
            w[i] = vf_load(W + i / PARTS * b->ldw + k * GAN_PANEL + i % PARTS * LANES);
        UNROLL
        for (int r = 0; r < rows; r++) {
            vf a = vf_all(x[r * b->ldx + k]);
            UNROLL
            for (int i = 0; i < width; i++) sum[r][i] += a * w[i];
        }
    }
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int i = 0; i < width; i++) vf_store(y + r * b->ldy + i * LANES, sum[r][i]);
    }
}

INLINE void tile_of(int rows, int panels, const block *b, const float *x, const float *W, float *y)
{
    if (panels == 1) tile(rows, 1, b, x, W, y);
    if (panels == 2 && PANELS >= 2) tile(rows, 2, b, x, W, y);
    if (panels == 3 && PANELS >= 3) tile(rows, 3, b, x, W, y);
}

static void any_tile(int rows, int panels, const block *b, const float *x, const float *W, float *y)
{
#define CASE(r)                                                                                              \
    case r:                                                                                                  \
        if (r <= ROWS) tile_of(r, panels, b, x, W, y);                                                       \
        break;
    switch (rows) {
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8)
    }
#undef CASE
}

/* The rows are dealt to as few tiles as possible, as evenly as possible: small tiles are the slow ones. */
static void all_rows(int64_t n, int panels, const block *b, const float *x, const float *W, float *y)
{
    int64_t tiles = (n + ROWS - 1) / ROWS;
    for (int64_t t = 0; t < tiles; t++) {
        int rows = (int)(n / tiles + (t < n % tiles));
        any_tile(rows, panels, b, x, W, y);
        x += rows * b->ldx;
        y += rows * b->ldy;
    }
}

/* The last panel when it is narrow: the same tile on a padded copy of it. */
static void narrow_panel(int64_t n, int width, const block *b, const float *x, const float *W, float *y,
                         float *scratch)
{
    float *w_padded = scratch, *y_padded = scratch + BLOCK_K * GAN_PANEL;
    block padded = {.kc = b->kc, .ldx = b->ldx, .ldy = GAN_PANEL, .first = b->first};
    for (int64_t k = 0; k < b->kc; k++) {
        UNROLL
        for (int i = 0; i < GAN_PANEL; i++) w_padded[k * GAN_PANEL + i] = i < width ? W[k * width + i] : 0;
    }
    for (int64_t r = 0; r < n && !b->first; r++) {
        UNROLL
        for (int i = 0; i < GAN_PANEL; i++) y_padded[r * GAN_PANEL + i] = i < width ? y[r * b->ldy + i] : 0;
    }
    all_rows(n, 1, &padded, x, w_padded, y_padded);
    for (int64_t r = 0; r < n; r++) {
        UNROLL
        for (int i = 0; i < width; i++) y[r * b->ldy + i] = y_padded[r * GAN_PANEL + i];
    }
}

void GAN_NAME(matmul)(int64_t N, int64_t K, int64_t M, const float *x, const float *W, float *y,
                      float *scratch)
{
    int64_t whole = M / GAN_PANEL * GAN_PANEL;
    for (int64_t n = 0; n < N; n += BLOCK_N) {
        int64_t rows = at_most(BLOCK_N, N - n);
        for (int64_t k = 0; k < K; k += BLOCK_K) {
            block b = {
                .kc = at_most(BLOCK_K, K - k), .ldx = K, .ldw = K * GAN_PANEL, .ldy = M, .first = k == 0};
            const float *x_block = x + n * K + k;
            for (int64_t m = 0; m < whole;) {
                const int panels = panels_next((whole - m) / GAN_PANEL, PANELS);
                all_rows(rows, panels, &b, x_block, W + m * K + k * GAN_PANEL, y + n * M + m);
                m += panels * GAN_PANEL;
            }
            int width = (int)(M - whole);
            if (width > 0)
                narrow_panel(rows, width, &b, x_block, W + whole * K + k * width, y + n * M + whole, scratch);
        }
    }
}
