/* Sums over rows, over shards, over columns, and of squares; each in an order that only the sizes in its
 * contract decide. Columns are walked in strips of a few vectors, whose partial sums stay in registers or the
 * first cache. */
#include "simd.h"

enum { STRIP = 4, LEVELS = 64 };

/* A strip's vector i of a row at p; the last strip of a matrix may be narrower than a vector. */
INLINE vf load_strip(const float *p, int i, int64_t width)
{
    return width < LANES ? vf_load_some(p, width) : vf_load(p + i * LANES);
}

INLINE void store_strip(float *p, int i, int64_t width, vf v)
{
    if (width < LANES) {
        vf_store_some(p, width, v);
    } else {
        vf_store(p + i * LANES, v);
    }
}

INLINE void add_rows(int vectors, int64_t width, int64_t R, int64_t C, const float *x, float *y)
{
    vf sum[STRIP] = {0};
    for (int64_t r = 0; r < R; r++) {
        for (int i = 0; i < vectors; i++) sum[i] += load_strip(x + r * C, i, width);
    }
    for (int i = 0; i < vectors; i++) store_strip(y, i, width, sum[i]);
}

void GAN_NAME(sum_rows)(int64_t S, int64_t R, int64_t C, const float *x, float *y)
{
    for (int64_t s = 0; s < S; s++) {
        int64_t c = 0;
        const float *from = x + s * R * C;
        float *to = y + s * C;
        for (; c + STRIP * LANES <= C; c += STRIP * LANES)
            add_rows(STRIP, STRIP * LANES, R, C, from + c, to + c);
        for (; c + LANES <= C; c += LANES) add_rows(1, LANES, R, C, from + c, to + c);
        if (c < C) add_rows(1, C - c, R, C, from + c, to + c);
    }
}

/* The binary counter: digit l of `level` holds the sum of 2^l aligned rows while bit l of the row count is
 * set. */
INLINE void add_tree(int vectors, int64_t width, int64_t S, int64_t C, const float *x, float *y)
{
    vf level[LEVELS][STRIP], sum[STRIP];
    for (int64_t s = 0; s < S; s++) {
        int l = 0;
        for (int i = 0; i < vectors; i++) sum[i] = load_strip(x + s * C, i, width);
        for (; s >> l & 1; l++) {
            for (int i = 0; i < vectors; i++) sum[i] = level[l][i] + sum[i];
        }
        for (int i = 0; i < vectors; i++) level[l][i] = sum[i];
    }
    int l = __builtin_ctzll((unsigned long long)S);
    for (int i = 0; i < vectors; i++) sum[i] = level[l][i];
    for (l++; S >> l; l++) {
        if (!(S >> l & 1)) continue;
        for (int i = 0; i < vectors; i++) sum[i] = level[l][i] + sum[i];
    }
    for (int i = 0; i < vectors; i++) store_strip(y, i, width, sum[i]);
}

void GAN_NAME(sum_tree)(int64_t S, int64_t C, const float *x, float *y, float *scratch)
{
    (void)scratch;
    int64_t c = 0;
    for (; c + STRIP * LANES <= C; c += STRIP * LANES) add_tree(STRIP, STRIP * LANES, S, C, x + c, y + c);
    for (; c + LANES <= C; c += LANES) add_tree(1, LANES, S, C, x + c, y + c);
    if (c < C) add_tree(1, C - c, S, C, x + c, y + c);
}

/* Lane i of a panel takes the columns i, 16 + i, 32 + i ... */
void GAN_NAME(sum_cols)(int64_t N, int64_t C, const float *x, float *y)
{
    for (int64_t n = 0; n < N; n++, x += C) {
        vf sum[PARTS] = {0};
        int64_t c = 0;
        for (; c + GAN_PANEL <= C; c += GAN_PANEL) {
            for (int i = 0; i < PARTS; i++) sum[i] += vf_load(x + c + i * LANES);
        }
        float rest[GAN_PANEL] = {0};
        for (int64_t i = c; i < C; i++) rest[i - c] = x[i];
        for (int i = 0; i < PARTS; i++) sum[i] += vf_load(rest + i * LANES);
        y[n] = panel_sum(sum);
    }
}

typedef float half_vector __attribute__((vector_size(2 * LANES), aligned(4), may_alias));
typedef double vd __attribute__((vector_size(4 * LANES)));

/* Lane i of 32 takes the elements i, 32 + i ...; lanes are then summed in halves. */
double GAN_NAME(block_squares)(int64_t n, const float *x)
{
    enum { SQUARE_LANES = 32, VECTORS = 2 * SQUARE_LANES / LANES };
    vd sum[VECTORS] = {0};
    float rest[SQUARE_LANES] = {0};
    int64_t whole = n / SQUARE_LANES * SQUARE_LANES;
    for (int64_t i = whole; i < n; i++) rest[i - whole] = x[i];
    for (int64_t i = 0; i <= whole; i += SQUARE_LANES) {
        const float *at = i < whole ? x + i : rest;
        for (int j = 0; j < VECTORS; j++) {
            vd a = __builtin_convertvector(*(const half_vector *)(at + j * LANES / 2), vd);
            sum[j] += a * a;
        }
    }
    double lane[SQUARE_LANES];
    memcpy(lane, sum, sizeof lane);
    for (int half = SQUARE_LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) lane[i] += lane[i + half];
    }
    return lane[0];
}

double GAN_NAME(sum_squares)(int64_t n, const float *x)
{
    double total = 0;
    for (int64_t i = 0; i < n; i += GAN_UPDATE_BLOCK) {
        total += GAN_NAME(block_squares)(at_most(GAN_UPDATE_BLOCK, n - i), x + i);
    }
    return total;
}
