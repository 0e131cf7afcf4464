/* Scatter plots: a frame, thin lines at whole numbers (or multiples, when there would be too many), and points as
 * small soft discs that grow darker where many lie on each other, so that a cloud shows its density. Real samples are orange and
 * below the generated ones, which are blue; behind both may be shades of how real the discriminator holds each place: warm
 * above 1/2, cold below, with a line at 1/2. */
#include "canvas.h"

#include "gan/mem.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { SIDE = 640, MARGIN = 16, INNER = SIDE - 2 * MARGIN, MAX_LINES = 21 };

static const float disc_radius = 1.8f, disc_alpha = 0.35f;
static const uint8_t ink[3] = {24, 72, 160}, ink_real[3] = {224, 112, 0};
static const uint8_t warm[3] = {255, 214, 150}, cold[3] = {204, 219, 240}, level[3] = {120, 120, 120};

gan_status gan__canvas_new(gan__canvas *c, int64_t width, int64_t height, int channels, uint8_t fill)
{
    *c = (gan__canvas){width, height, channels, gan_calloc(width * height, (size_t)channels)};
    if (!c->pixels) return GAN_ENOMEM;
    memset(c->pixels, fill, (size_t)(width * height * channels));
    return GAN_OK;
}

typedef struct axis {
    float lo, hi;
} axis;

/* Canvas coordinate of a value; pixel centres are at .5. */
static float place(axis a, float v)
{
    return MARGIN + (v - a.lo) / (a.hi - a.lo) * INNER;
}

static void blend(const gan__canvas *c, int x, int y, float alpha, const uint8_t colour[3])
{
    if (x < MARGIN || y < MARGIN || x >= SIDE - MARGIN || y >= SIDE - MARGIN) return;
    uint8_t *p = gan__canvas_at(c, x, y);
    for (int k = 0; k < 3; k++)
        p[k] = (uint8_t)((float)p[k] + alpha * ((float)colour[k] - (float)p[k]) + 0.5f);
}

/* Both the upright and the level line at v. */
static void draw_lines(const gan__canvas *c, axis a, float v, uint8_t grey)
{
    const uint8_t colour[3] = {grey, grey, grey};
    int at = (int)place(a, v);
    for (int i = MARGIN; i < SIDE - MARGIN; i++) {
        blend(c, at, i, 1.0f, colour);
        blend(c, i, SIDE - 1 - at, 1.0f, colour);
    }
}

/* 1, or the least of 2, 5, 10, 20, ... that gives no more than MAX_LINES lines. */
static double line_step(axis a)
{
    static const double factors[3] = {2, 2.5, 2};
    double step = 1;
    for (int i = 0; ((double)a.hi - (double)a.lo) / step > MAX_LINES; i++) step *= factors[i % 3];
    return step;
}

static void draw_axes(const gan__canvas *c, axis a)
{
    double step = line_step(a);
    for (double k = ceil((double)a.lo / step); k * step <= (double)a.hi; k++)
        draw_lines(c, a, (float)(k * step), 224);
    if (a.lo <= 0 && a.hi >= 0) draw_lines(c, a, 0, 176); /* after, and so over, the others */
    for (int i = MARGIN - 1; i <= SIDE - MARGIN; i++)
        for (int k = 0; k < 3; k++) {
            gan__canvas_at(c, i, MARGIN - 1)[k] = gan__canvas_at(c, i, SIDE - MARGIN)[k] = 96;
            gan__canvas_at(c, MARGIN - 1, i)[k] = gan__canvas_at(c, SIDE - MARGIN, i)[k] = 96;
        }
}

/* A disc of fractional position; its rim is one pixel soft. */
static void draw_point(const gan__canvas *c, float x, float y, const uint8_t colour[3])
{
    int x0 = (int)floorf(x), y0 = (int)floorf(y);
    for (int dy = -2; dy <= 2; dy++)
        for (int dx = -2; dx <= 2; dx++) {
            float far = hypotf((float)(x0 + dx) + 0.5f - x, (float)(y0 + dy) + 0.5f - y);
            float cover = disc_radius + 0.5f - far;
            if (cover > 0) blend(c, x0 + dx, y0 + dy, disc_alpha * (cover < 1 ? cover : 1), colour);
        }
}

static void draw_points(const gan__canvas *c, axis a, int64_t n, const float *points, const uint8_t colour[3])
{
    for (int64_t i = 0; i < n; i++) {
        float x = points[2 * i], y = points[2 * i + 1];
        bool inside = x >= a.lo && x <= a.hi && y >= a.lo && y <= a.hi; /* false for what is not a number */
        if (inside) draw_point(c, place(a, x), SIDE - place(a, y), colour);
    }
}

/* ---- the surface ------------------------------------------------------------------------------------------- */

/* Between the centres of the surface's cells; u, v in 0..1 from the lower left corner. */
static float height_at(const gan_plot *p, float u, float v)
{
    const float x = fminf(fmaxf(u * (float)p->side - 0.5f, 0), (float)p->side - 1), y = fminf(fmaxf(v * (float)p->side - 0.5f, 0), (float)p->side - 1);
    const int64_t i = (int64_t)x, k = (int64_t)y, right = i + 1 < p->side ? i + 1 : i, above = k + 1 < p->side ? k + 1 : k;
    const float s = x - (float)i, t = y - (float)k;
    const float *low = p->surface + k * p->side, *high = p->surface + above * p->side;
    return (1 - t) * ((1 - s) * low[i] + s * low[right]) + t * ((1 - s) * high[i] + s * high[right]);
}

/* Of the pixel in column i and row k from the top of the inner square. */
static float height_of(const gan_plot *p, int i, int k)
{
    return height_at(p, ((float)i + 0.5f) / INNER, 1 - ((float)k + 0.5f) / INNER);
}

static void draw_surface(const gan__canvas *c, const gan_plot *p)
{
    for (int k = 0; k < INNER; k++)
        for (int i = 0; i < INNER; i++) {
            const float h = height_of(p, i, k);
            const bool crossed = (h < 0.5f) != (height_of(p, i + 1, k) < 0.5f) || (h < 0.5f) != (height_of(p, i, k + 1) < 0.5f);
            if (!(h >= 0 && h <= 1)) continue;
            blend(c, MARGIN + i, MARGIN + k, fabsf(2 * h - 1), h > 0.5f ? warm : cold);
            if (crossed) blend(c, MARGIN + i, MARGIN + k, 0.8f, level);
        }
}

gan_status gan__scatter(gan__canvas *c, const gan_plot *p)
{
    const axis a = {p->lo, p->hi};
    GAN_TRY(gan__canvas_new(c, SIDE, SIDE, 3, 255));
    if (p->surface) draw_surface(c, p);
    draw_axes(c, a);
    draw_points(c, a, p->n_real, p->real, ink_real);
    draw_points(c, a, p->n, p->points, ink);
    return GAN_OK;
}
