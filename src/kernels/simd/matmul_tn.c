/* dW = x^T dy on panels, summed over rows shard by shard and merged in the tree of gan/kernels.h. A tile of a
 * few k times a few panels stays in registers while the rows of a shard go by. With several shards the tile
 * is half as large, so that two neighbouring shards are summed side by side and merged in registers; only the
 * higher digits of the binary counter live in memory, which is the first cache. */
#include "simd.h"

/* k's and panels of a tile for one shard, and of one of the two tiles for many shards. */
#define TALL_plain  3
#define TALL_x86_64 3
#define TALL_avx2   6
#define TALL_avx512 8
#define WIDE_plain  1
#define WIDE_x86_64 1
#define WIDE_avx2   1
#define WIDE_avx512 3
#define PAIR_plain  1
#define PAIR_x86_64 1
#define PAIR_avx2   3
#define PAIR_avx512 4

enum { TALL = GAN_PASTE(TALL, GAN_ISA), PANELS = GAN_PASTE(WIDE, GAN_ISA), PAIR = GAN_PASTE(PAIR, GAN_ISA) };
enum { WIDTH = PANELS * PARTS, LEVELS = 64, BLOCK_K = 252 };

/* The rows of one call: shards of R rows each. */
typedef struct rows {
    int64_t shards, R;
} rows;

/* sum (+)= x[row, 0..tall)^T dy[row, panels]. The first product must not be fused with a merge. */
INLINE void add_row(bool first, int tall, int width, const float *x, const float *dy, vf sum[][WIDTH])
{
    vf w[WIDTH];
    UNROLL
    for (int i = 0; i < width; i++) w[i] = vf_load(dy + i * LANES);
    UNROLL
    for (int k = 0; k < tall; k++) {
        vf a = vf_all(x[k]);
        UNROLL
        for (int i = 0; i < width; i++) sum[k][i] = first ? vf_rounded(a * w[i]) : sum[k][i] + a * w[i];
    }
}

/* sum = before + sum. */
INLINE void merge(int tall, int width, vf before[][WIDTH], vf sum[][WIDTH])
{
    UNROLL
    for (int k = 0; k < tall; k++) {
        UNROLL
        for (int i = 0; i < width; i++) sum[k][i] = before[k][i] + sum[k][i];
    }
}

INLINE void copy(int tall, int width, vf from[][WIDTH], vf to[][WIDTH])
{
    UNROLL
    for (int k = 0; k < tall; k++) {
        UNROLL
        for (int i = 0; i < width; i++) to[k][i] = from[k][i];
    }
}

INLINE void one_shard(int tall, int width, const rows *r, int64_t shard, const float *x, const float *dy,
                      vf sum[][WIDTH])
{
    x += shard * r->R * tall;
    dy += shard * r->R * width * LANES;
    add_row(true, tall, width, x, dy, sum);
    for (int64_t n = 1; n < r->R; n++) add_row(false, tall, width, x + n * tall, dy + n * width * LANES, sum);
}

/* a = sum of shard + sum of shard + 1. */
INLINE void two_shards(int tall, int width, const rows *r, int64_t shard, const float *x, const float *dy,
                       vf a[][WIDTH])
{
    vf b[PAIR][WIDTH];
    const int64_t next_x = r->R * tall, next_dy = r->R * width * LANES;
    x += shard * next_x;
    dy += shard * next_dy;
    add_row(true, tall, width, x, dy, a);
    add_row(true, tall, width, x + next_x, dy + next_dy, b);
    for (int64_t n = 1; n < r->R; n++) {
        x += tall;
        dy += width * LANES;
        add_row(false, tall, width, x, dy, a);
        add_row(false, tall, width, x + next_x, dy + next_dy, b);
    }
    merge(tall, width, b, a);
}

/* The tree over two or more shards. Digit l of the counter, the sum of 2^l pairs, is level[l]. */
INLINE void all_shards(int tall, int width, const rows *r, const float *x, const float *dy, vf sum[][WIDTH])
{
    vf level[LEVELS][PAIR][WIDTH];
    uint64_t pairs = (uint64_t)r->shards / 2, left = pairs;
    for (uint64_t s = 0; s < pairs; s++) {
        int l = 0;
        two_shards(tall, width, r, 2 * (int64_t)s, x, dy, sum);
        for (; s >> l & 1; l++) merge(tall, width, level[l], sum);
        copy(tall, width, sum, level[l]);
    }
    if (r->shards % 2) {
        one_shard(tall, width, r, r->shards - 1, x, dy, sum);
    } else {
        copy(tall, width, level[__builtin_ctzll(left)], sum);
        left &= left - 1;
    }
    for (; left; left &= left - 1) merge(tall, width, level[__builtin_ctzll(left)], sum);
}

/* Sum of a tile to `out`: panels at a distance of `ld`, [tall][16] in each. x [N][tall] and dy
 * [N][panels][16] packed. */
INLINE void tile(bool single, int panels, const rows *r, const float *x, const float *dy, float *out,
                 int64_t ld)
{
    vf sum[TALL][WIDTH];
    const int width = panels * PARTS, tall = single ? TALL : PAIR;
    UNROLL
    for (int p = 0; p < panels; p++) {
        UNROLL
        for (int k = 0; k < tall; k++) __builtin_prefetch(out + p * ld + k * GAN_PANEL, 1);
    }
    if (single) {
        one_shard(TALL, width, r, 0, x, dy, sum);
    } else {
        all_shards(PAIR, width, r, x, dy, sum);
    }
    UNROLL
    for (int i = 0; i < width; i++) {
        UNROLL
        for (int k = 0; k < tall; k++)
            vf_store(out + i / PARTS * ld + k * GAN_PANEL + i % PARTS * LANES, sum[k][i]);
    }
}

static void any_tile(int panels, const rows *r, const float *x, const float *dy, float *out, int64_t ld)
{
#define CASE(single, p)                                                                                      \
    if (panels == p && PANELS >= p) tile(single, p, r, x, dy, out, ld);
    if (r->shards == 1) {
        CASE(true, 1) CASE(true, 2) CASE(true, 3)
    } else {
        CASE(false, 1) CASE(false, 2) CASE(false, 3)
    }
#undef CASE
}

/* x [N, count] at a distance of ld to [tiles][N][tall], zeros behind the last column. A few rows at a time: lines are
 * read while they are near, and the tiles, which lie a power of two apart, get runs of lines. */
INLINE void pack_x(int64_t N, int64_t count, int64_t ld, int tall, const float *x, float *to)
{
    enum { NEAR = 8 };
    for (int64_t n0 = 0; n0 < N; n0 += NEAR) {
        const int64_t n1 = at_most(n0 + NEAR, N);
        for (int64_t k = 0; k < count; k += tall) {
            float *at = to + k * N + n0 * tall;
            for (int64_t n = n0; n < n1; n++, at += tall) {
                const float *from = x + n * ld + k;
                if (k + tall <= count) {
                    UNROLL
                    for (int i = 0; i < tall; i++) at[i] = from[i];
                } else {
                    for (int i = 0; i < tall; i++) at[i] = k + i < count ? from[i] : 0;
                }
            }
        }
    }
}

/* The panels of dy that begin at column m, to [N][panels][16], zeros behind the last column. */
static void pack_dy(int64_t N, int64_t M, int64_t ld, int64_t m, int panels, const float *dy, float *to)
{
    const int64_t columns = panels * GAN_PANEL, here = at_most(columns, M - m);
    for (int64_t n = 0; n < N; n++, to += columns) {
        int64_t i = 0;
        for (; i + LANES <= here; i += LANES) vf_store(to + i, vf_load(dy + n * ld + m + i));
        for (; i < columns; i++) to[i] = i < here ? dy[n * ld + m + i] : 0;
    }
}

/* Tiles that reach beyond K or M go through a buffer, of which `count` rows of `width` columns are kept. */
static void cut_tile(int panels, const rows *r, int64_t count, int64_t width, const float *x, const float *dy,
                     float *out, int64_t ld)
{
    float whole[PANELS * TALL * GAN_PANEL];
    any_tile(panels, r, x, dy, whole, TALL * GAN_PANEL);
    for (int p = 0; p < panels; p++) {
        for (int64_t k = 0; k < count; k++) {
            for (int64_t i = 0; i < width; i++)
                out[p * ld + k * width + i] = whole[(p * TALL + k) * GAN_PANEL + i];
        }
    }
}

/* All k in [k0, k0 + count) of the panels that begin at column m. */
static void strip(int64_t K, int64_t M, int64_t m, int panels, const rows *r, int64_t k0, int64_t count,
                  const float *x, const float *dy, float *dW)
{
    const int64_t tall = r->shards == 1 ? TALL : PAIR, width = at_most(GAN_PANEL, M - m);
    for (int64_t k = 0; k < count; k += tall, x += r->shards * r->R * tall) {
        float *out = dW + m * K + (k0 + k) * width;
        if (width == GAN_PANEL && k + tall <= count) {
            any_tile(panels, r, x, dy, out, K * GAN_PANEL);
        } else {
            cut_tile(panels, r, at_most(tall, count - k), width, x, dy, out, K * GAN_PANEL);
        }
    }
}

void GAN_NAME(matmul_tn)(int64_t N, int64_t K, int64_t M, int64_t ld, int64_t shards, const float *x, const float *dy,
                         float *dW, float *scratch)
{
    const rows r = {shards, N / shards};
    const int tall = shards == 1 ? TALL : PAIR;
    const int64_t whole = M / GAN_PANEL * GAN_PANEL, block = BLOCK_K / tall * tall;
    float *dy_packed = scratch, *x_packed = scratch + N * PANELS * GAN_PANEL;
    const int64_t done = shards == 1 ? 0 : GAN_NAME(matmul_tn_chunks)(N, K, M, ld, shards, x, dy, dW, scratch);
    if (done == M) return;
    for (int64_t k = 0; k < K; k += block) {
        int64_t count = at_most(block, K - k);
        if (shards == 1) {
            pack_x(N, count, K, TALL, x + k, x_packed);
        } else {
            pack_x(N, count, K, PAIR, x + k, x_packed);
        }
        for (int64_t m = done; m < M;) {
            const int panels = m == whole ? 1 : panels_next((whole - m) / GAN_PANEL, PANELS);
            pack_dy(N, M, ld, m, panels, dy, dy_packed);
            strip(K, M, m, panels, &r, k, count, x_packed, dy_packed, dW);
            m += panels * GAN_PANEL;
        }
    }
}
