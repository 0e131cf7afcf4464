/* dx = dy W^T on panels, as dot products: lane i of an element's sum takes the columns i, 16 + i, 32 + i ...
 * and the lanes are summed in one order at the end. So a row of W is read as it lies, nothing is transposed,
 * and an element's bits depend on M only.
 *
 * A group of rows of W is copied to contiguous scratch first (its pieces lie 64 K bytes apart, for K a power
 * of two in one and the same cache set) and then meets all rows of dy. Narrow vectors take the panel's parts
 * one after the other, so that the tile is as large in elements as the registers allow. */
#include "simd.h"

/* Rows of dy times rows of W in the largest tile. The latter is at most LANES. */
#define ROWS_plain   3
#define ROWS_x86_64  3
#define ROWS_avx2    3
#define ROWS_avx512  6
#define GROUP_plain  4
#define GROUP_x86_64 4
#define GROUP_avx2   4
#define GROUP_avx512 4

enum { ROWS = GAN_PASTE(ROWS, GAN_ISA), GROUP = GAN_PASTE(GROUP, GAN_ISA), BLOCK_N = 192 };

/* Vectors a and b consist of segments of `size` lanes, one per element. The result has the elements of a,
 * then those of b, each with its segment's upper half added to the lower one. */
#define LOWER(size, i)                                                                                       \
    (((i) % (LANES / 2) / ((size) / 2) * (size) + (i) % ((size) / 2) + (i) / (LANES / 2) * LANES) %          \
     (2 * LANES))
#define UPPER(size, i) ((LOWER(size, i) + (size) / 2) % (2 * LANES))
#define LIST_4(f, s)   f(s, 0), f(s, 1), f(s, 2), f(s, 3)
#define LIST_8(f, s)   LIST_4(f, s), f(s, 4), f(s, 5), f(s, 6), f(s, 7)
#define LIST_16(f, s)                                                                                        \
    LIST_8(f, s), f(s, 8), f(s, 9), f(s, 10), f(s, 11), f(s, 12), f(s, 13), f(s, 14), f(s, 15)
#define FOLD(size, a, b)                                                                                     \
    (__builtin_shufflevector(a, b, GAN_PASTE(LIST, LANES)(LOWER, size)) +                                    \
     __builtin_shufflevector(a, b, GAN_PASTE(LIST, LANES)(UPPER, size)))

INLINE vf fold(int size, vf a, vf b)
{
    return size == 16  ? FOLD(16, a, b)
           : size == 8 ? FOLD(8, a, b)
           : size == 4 ? FOLD(4, a, b)
                       : FOLD(2, a, b);
}

/* The lane sums of GROUP vectors, in the order of panel_sum, as the first GROUP lanes of one. */
INLINE vf lane_sums(vf v[GROUP])
{
    int vectors = GROUP;
    UNROLL
    for (int size = LANES; size > 1; size /= 2) {
        if (vectors == 1) {
            v[0] = fold(size, v[0], v[0]);
            continue;
        }
        vectors /= 2;
        UNROLL
        for (int i = 0; i < vectors; i++) v[i] = fold(size, v[2 * i], v[2 * i + 1]);
    }
    return v[0];
}

/* A group of rows of W, packed as [PARTS][panels][GROUP][LANES], zeros in missing rows and columns. `ahead` are pieces
 * of a later row, a line per panel at a distance of `step`: fetched while the group is used, for no stride prefetcher
 * follows them. */
typedef struct group {
    int64_t panels;
    int count; /* rows that are there */
    const float *w, *ahead;
    int64_t step;
} group;

/* One part: dot products of `rows` rows of dy with the group, a vector of lane sums each. dy [panels][rows][LANES]. */
INLINE void tile_part(int rows, int part, const group *g, const float *dy, vf sum[ROWS][GROUP])
{
    const float *w = g->w + part * g->panels * GROUP * LANES, *ahead = g->ahead;
    dy += part * g->panels * rows * LANES;
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int i = 0; i < GROUP; i++) sum[r][i] = (vf){0};
    }
    for (int64_t j = 0; j < g->panels; j++) {
        vf a[ROWS];
        if (part == 0) __builtin_prefetch(ahead + j * g->step);
        UNROLL
        for (int r = 0; r < rows; r++) a[r] = vf_load(dy + (j * rows + r) * LANES);
        UNROLL
        for (int i = 0; i < GROUP; i++) {
            vf b = vf_load(w + (j * GROUP + i) * LANES);
            UNROLL
            for (int r = 0; r < rows; r++) sum[r][i] += a[r] * b;
        }
    }
}

/* dx[r][0..count) for a tile of rows. */
INLINE void tile(int rows, const group *g, const float *dy, float *dx, int64_t ld)
{
    vf sum[PARTS][ROWS][GROUP];
    UNROLL
    for (int part = 0; part < PARTS; part++) tile_part(rows, part, g, dy, sum[part]);
    UNROLL
    for (int r = 0; r < rows; r++) {
        UNROLL
        for (int half = PARTS / 2; half > 0; half /= 2) {
            UNROLL
            for (int part = 0; part < half; part++) {
                UNROLL
                for (int i = 0; i < GROUP; i++) sum[part][r][i] += sum[part + half][r][i];
            }
        }
        vf y = lane_sums(sum[0][r]);
        if (g->count == GROUP) {
            memcpy(dx + r * ld, &y, GROUP * sizeof *dx);
        } else {
            vf_store_some(dx + r * ld, g->count, y);
        }
    }
}

static void any_tile(int rows, const group *g, const float *dy, float *dx, int64_t ld)
{
#define CASE(r)                                                                                              \
    case r:                                                                                                  \
        if (r <= ROWS) tile(r, g, dy, dx, ld);                                                               \
        break;
    switch (rows) {
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
    }
#undef CASE
}

/* A panel's piece of a row: 16 floats, of which the first `width` are there and the others 0, one part of it each
 * `step` floats. */
INLINE void put_piece(const float *from, int64_t width, float *to, int64_t step)
{
    float padded[GAN_PANEL] = {0};
    if (width < GAN_PANEL) {
        for (int64_t i = 0; i < width; i++) padded[i] = from[i];
        from = padded;
    }
    UNROLL
    for (int part = 0; part < PARTS; part++) vf_store(to + part * step, vf_load(from + part * LANES));
}

/* Rows of dy for a tile, to [PARTS][panels][rows][LANES]. */
static void pack_rows(int rows, int64_t M, int64_t panels, const float *dy, float *to)
{
    for (int64_t j = 0; j < panels; j++) {
        for (int r = 0; r < rows; r++) {
            put_piece(dy + r * M + j * GAN_PANEL, at_most(GAN_PANEL, M - j * GAN_PANEL),
                      to + (j * rows + r) * LANES, panels * rows * LANES);
        }
    }
}

/* `count` rows of W from row k on, to a group. */
static void pack_group(int count, int64_t K, int64_t M, int64_t panels, const float *W, int64_t k, float *to)
{
    for (int64_t j = 0; j < panels; j++) {
        int64_t width = at_most(GAN_PANEL, M - j * GAN_PANEL);
        const float *from = W + j * GAN_PANEL * K + k * width;
        UNROLL
        for (int i = 0; i < GROUP; i++) {
            put_piece(from + i * width, i < count ? width : 0, to + (j * GROUP + i) * LANES,
                      panels * GROUP * LANES);
        }
    }
}

/* Rows are dealt to tiles as in matmul. */
typedef struct deal {
    int64_t n, tiles;
} deal;

INLINE int rows_of(deal d, int64_t t)
{
    return (int)(d.n / d.tiles + (t < d.n % d.tiles));
}

static void rows_block(int64_t n, int64_t K, int64_t M, const float *dy, const float *W, float *dx,
                       float *scratch)
{
    const deal d = {n, (n + ROWS - 1) / ROWS};
    const int64_t panels = (M + GAN_PANEL - 1) / GAN_PANEL, row_floats = panels * GAN_PANEL;
    float *w = scratch, *packed = scratch + GROUP * row_floats;
    for (int64_t t = 0, row = 0; t < d.tiles; row += rows_of(d, t++)) {
        pack_rows(rows_of(d, t), M, panels, dy + row * M, packed + row * row_floats);
    }
    for (int64_t k = 0; k < K; k += GROUP) {
        group g = {.panels = panels, .count = (int)at_most(GROUP, K - k), .w = w};
        pack_group(g.count, K, M, panels, W, k, w);
        for (int64_t t = 0, row = 0; t < d.tiles; row += rows_of(d, t++)) {
            bool more = t < GROUP && k + GROUP + t < K;
            g.ahead = more ? W + (k + GROUP + t) * GAN_PANEL : w;
            g.step = more ? K * GAN_PANEL : 0;
            any_tile(rows_of(d, t), &g, packed + row * row_floats, dx + row * K + k, K);
        }
    }
}

void GAN_NAME(matmul_nt)(int64_t N, int64_t K, int64_t M, const float *dy, const float *W, float *dx,
                         float *scratch)
{
    for (int64_t n = 0; n < N; n += BLOCK_N) {
        rows_block(at_most(BLOCK_N, N - n), K, M, dy + n * M, W, dx + n * K, scratch);
    }
}
