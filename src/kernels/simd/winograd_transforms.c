/* The transforms of tiles, vectors of channels at a time, and their walk over images. A line is written with one
 * product per sum, so that where the compiler may fuse there is no choice. */
#include "winograd.h"

/* ---- F(4,2) ------------------------------------------------------------------------------------------------ */

INLINE void x_42(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s], e = in[4 * s];
    out[0] = (d - b) + 2 * (a - c);
    out[t] = (d - c) - 2 * b;
    out[2 * t] = (d - c) + 2 * (b - c);
    out[3 * t] = d - b;
    out[4 * t] = (e - c) + 2 * (b - d);
}

INLINE void y_42(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s], e = in[4 * s];
    const vf sum = b + c, difference = b - c;
    out[0] = (a + d) + sum;
    out[t] = difference + 2 * d;
    out[2 * t] = sum + 4 * d;
    out[3 * t] = (difference + e) + 8 * d;
}

INLINE void dy_42(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s];
    const vf even = a + c, odd = b + d;
    out[0] = a;
    out[t] = even + odd;
    out[2 * t] = even - odd;
    out[3 * t] = (a + 4 * c) + 2 * (b + 4 * d);
    out[4 * t] = d;
}

INLINE void dx_42(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s], e = in[4 * s];
    out[0] = a + a;
    out[t] = 2 * ((c - b) + e) - (a + d);
    out[2 * t] = -2 * (a + c) - ((b + c) + e);
    out[3 * t] = ((a + b) + (c + d)) - 2 * e;
    out[4 * t] = e;
}

INLINE void w_42(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s];
    out[0] = a * 0.5f;
    out[t] = (a + b) * -0.5f;
    out[2 * t] = (b - a) * (1.0f / 6);
    out[3 * t] = (a + 2 * b) * (1.0f / 6);
    out[4 * t] = b;
}

/* ---- F(4,3) ------------------------------------------------------------------------------------------------ */

INLINE void x_43(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s], e = in[4 * s], f = in[5 * s];
    const vf even = e - 4 * c, odd = d - 4 * b, even2 = e - c, odd2 = d - b;
    out[0] = even2 + 4 * (a - c);
    out[t] = even + odd;
    out[2 * t] = even - odd;
    out[3 * t] = even2 + 2 * odd2;
    out[4 * t] = even2 - 2 * odd2;
    out[5 * t] = (f - d) - 4 * odd2;
}

INLINE void y_43(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s], e = in[4 * s], f = in[5 * s];
    const vf sum = b + c, difference = b - c, sum2 = d + e, difference2 = d - e;
    out[0] = (a + sum) + sum2;
    out[t] = difference + 2 * difference2;
    out[2 * t] = sum + 4 * sum2;
    out[3 * t] = (difference + f) + 8 * difference2;
}

INLINE void dy_43(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s];
    const vf even = a + c, odd = b + d, even2 = a + 4 * c, odd2 = b + 4 * d;
    out[0] = a;
    out[t] = even + odd;
    out[2 * t] = even - odd;
    out[3 * t] = even2 + 2 * odd2;
    out[4 * t] = even2 - 2 * odd2;
    out[5 * t] = d;
}

INLINE void w_43(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s];
    const vf even = a + c, even2 = a + 4 * c, odd2 = b + b;
    out[0] = a * 0.25f;
    out[t] = (even + b) * (-1.0f / 6);
    out[2 * t] = (even - b) * (-1.0f / 6);
    out[3 * t] = (even2 + odd2) * (1.0f / 24);
    out[4 * t] = (even2 - odd2) * (1.0f / 24);
    out[5 * t] = c;
}

/* ---- F(2,3) ------------------------------------------------------------------------------------------------ */

INLINE void x_23(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s];
    out[0] = a - c;
    out[t] = b + c;
    out[2 * t] = c - b;
    out[3 * t] = b - d;
}

INLINE void y_23(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s], d = in[3 * s];
    out[0] = (a + b) + c;
    out[t] = (b - c) - d;
}

INLINE void dy_23(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s];
    out[0] = a;
    out[t] = a + b;
    out[2 * t] = a - b;
    out[3 * t] = -b;
}

INLINE void w_23(const vf *in, int s, vf *out, int t)
{
    const vf a = in[0], b = in[s], c = in[2 * s];
    const vf even = a + c;
    out[0] = a;
    out[t] = (even + b) * 0.5f;
    out[2 * t] = (even - b) * 0.5f;
    out[3 * t] = c;
}

/* ---- tiles ------------------------------------------------------------------------------------------------- */

/* A vector, or its first `count` < LANES floats. */
INLINE vf load(const float *p, int64_t count)
{
    return count == LANES ? vf_load(p) : vf_load_some(p, count);
}

INLINE void store(float *p, int64_t count, vf a)
{
    if (count == LANES) {
        vf_store(p, a);
    } else {
        vf_store_some(p, count, a);
    }
}

/* `count` channels of a tile of n x n pixels to k x k points: all columns, then all rows. */
INLINE void vector_to_points(int n, int k, gan__line *f, int64_t count, int64_t c, const float *const *at,
                             float *v, int64_t step)
{
    vf half[GAN_POINTS], in[GAN_SIDE], out[GAN_SIDE];
    UNROLL
    for (int j = 0; j < n; j++) {
        UNROLL
        for (int i = 0; i < n; i++) in[i] = load(at[i * n + j] + c, count);
        f(in, 1, half + j, n);
    }
    UNROLL
    for (int i = 0; i < k; i++) {
        f(half + i * n, 1, out, 1);
        UNROLL
        for (int j = 0; j < k; j++) store(v + (i * k + j) * step + c, count, out[j]);
    }
}

INLINE void to_points(int n, int k, gan__line *f, int64_t channels, const float *const *at, float *v,
                      int64_t step)
{
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) vector_to_points(n, k, f, LANES, c, at, v, step);
    if (c < channels) vector_to_points(n, k, f, channels - c, c, at, v, step);
}

INLINE void vector_to_pixels(int n, int k, bool add, gan__line *f, int64_t count, int64_t c, const float *v,
                             int64_t step, float *const *at)
{
    vf half[GAN_POINTS], in[GAN_SIDE], out[GAN_SIDE];
    UNROLL
    for (int j = 0; j < n; j++) {
        UNROLL
        for (int i = 0; i < n; i++) in[i] = load(v + (i * n + j) * step + c, count);
        f(in, 1, half + j, n);
    }
    UNROLL
    for (int i = 0; i < k; i++) {
        f(half + i * n, 1, out, 1);
        UNROLL
        for (int j = 0; j < k; j++) {
            float *to = at[i * k + j] + c;
            store(to, count, add ? load(to, count) + out[j] : out[j]);
        }
    }
}

INLINE void to_pixels(int n, int k, bool add, gan__line *f, int64_t channels, const float *v, int64_t step,
                      float *const *at)
{
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) vector_to_pixels(n, k, add, f, LANES, c, v, step, at);
    if (c < channels) vector_to_pixels(n, k, add, f, channels - c, c, v, step, at);
}

#define TO_POINTS(name, n, k)                                                                                \
    static void tile_##name(int64_t channels, const float *const *at, float *v, int64_t step)                \
    {                                                                                                        \
        to_points(n, k, name, channels, at, v, step);                                                        \
    }
#define TO_PIXELS(name, n, k, add)                                                                           \
    static void tile_##name(int64_t channels, const float *v, int64_t step, float *const *at)                \
    {                                                                                                        \
        to_pixels(n, k, add, name, channels, v, step, at);                                                   \
    }
TO_POINTS(x_42, 5, 5)
TO_POINTS(dy_42, 4, 5)
TO_POINTS(w_42, 2, 5)
TO_PIXELS(y_42, 5, 4, false)
TO_PIXELS(dx_42, 5, 5, true)
TO_POINTS(x_43, 6, 6)
TO_POINTS(dy_43, 4, 6)
TO_POINTS(w_43, 3, 6)
TO_PIXELS(y_43, 6, 4, false)
TO_POINTS(x_23, 4, 4)
TO_POINTS(dy_23, 2, 4)
TO_POINTS(w_23, 3, 4)
TO_PIXELS(y_23, 4, 2, false)

const gan__transforms GAN_NAME(transforms)[GAN_CONV_WAYS] = {
    [GAN_CONV_WINOGRAD_4X4_2X2] = {tile_x_42, tile_dy_42, tile_w_42, tile_y_42, tile_dx_42},
    [GAN_CONV_WINOGRAD_4X4_3X3] = {tile_x_43, tile_dy_43, tile_w_43, tile_y_43, NULL},
    [GAN_CONV_WINOGRAD_2X2_3X3] = {tile_x_23, tile_dy_23, tile_w_23, tile_y_23, NULL},
};

/* ---- images ------------------------------------------------------------------------------------------------ */

/* Where the pixels of a tile's phase are in an image. */
static void pixels_of(const gan__grid *g, int64_t tile, int phase, const float *image, const float *outside,
                      const float *at[])
{
    const int64_t h0 = g->stride * g->m * (tile / g->tiles_x) + phase / g->stride - g->pad_top;
    const int64_t w0 = g->stride * g->m * (tile % g->tiles_x) + phase % g->stride - g->pad_left;
    for (int i = 0; i < g->side; i++) {
        const int64_t h = h0 + i * g->stride;
        for (int j = 0; j < g->side; j++) {
            const int64_t w = w0 + j * g->stride;
            const bool inside = h >= 0 && h < g->H && w >= 0 && w < g->W;
            *at++ = inside ? image + (h * g->W + w) * g->C : outside;
        }
    }
}

void GAN_NAME(to_points)(const gan__grid *g, gan__to_points *f, int64_t images, const float *x,
                         const float *outside, float *v, int64_t ld, int64_t step)
{
    const float *at[GAN_POINTS];
    for (int64_t n = 0; n < images; n++, x += g->H * g->W * g->C) {
        for (int64_t t = 0; t < g->tiles_y * g->tiles_x; t++, v += ld) {
            for (int phase = 0; phase < g->stride * g->stride; phase++) {
                pixels_of(g, t, phase, x, outside, at);
                f(g->C, at, v + phase * g->C, step);
            }
        }
    }
}

void GAN_NAME(to_pixels)(const gan__grid *g, gan__to_pixels *f, int64_t images, const float *v, int64_t first,
                         int64_t count, int64_t step, float *outside, float *x)
{
    const float *at[GAN_POINTS];
    for (int64_t n = 0; n < images; n++, x += g->H * g->W * g->C) {
        for (int64_t t = 0; t < g->tiles_y * g->tiles_x; t++, v += count) {
            for (int phase = 0; phase < g->stride * g->stride; phase++) {
                const int64_t begin = gan__most(first, phase * g->C),
                              end = at_most(first + count, (phase + 1) * g->C);
                if (begin >= end) continue;
                pixels_of(g, t, phase, x + (begin - phase * g->C), outside, at);
                f(end - begin, v + (begin - first), step, (float *const *)at);
            }
        }
    }
}
