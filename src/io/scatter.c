/* Scatter plots: a frame, thin lines at whole numbers (or multiples, when there would be too many), and points as
 * small soft discs that grow darker where many lie on each other, so that a cloud shows its density. */
#include "canvas.h"

#include "gan/mem.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { SIDE = 640, MARGIN = 16, INNER = SIDE - 2 * MARGIN, MAX_LINES = 21 };

static const float disc_radius = 1.8f, disc_alpha = 0.35f;
static const uint8_t ink[3] = {24, 72, 160};

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
static void draw_point(const gan__canvas *c, float x, float y)
{
    int x0 = (int)floorf(x), y0 = (int)floorf(y);
    for (int dy = -2; dy <= 2; dy++)
        for (int dx = -2; dx <= 2; dx++) {
            float far = hypotf((float)(x0 + dx) + 0.5f - x, (float)(y0 + dy) + 0.5f - y);
            float cover = disc_radius + 0.5f - far;
            if (cover > 0) blend(c, x0 + dx, y0 + dy, disc_alpha * (cover < 1 ? cover : 1), ink);
        }
}

gan_status gan__scatter(gan__canvas *c, int64_t n, float lo, float hi, const float *points)
{
    axis a = {lo, hi};
    GAN_TRY(gan__canvas_new(c, SIDE, SIDE, 3, 255));
    draw_axes(c, a);
    for (int64_t i = 0; i < n; i++) {
        float x = points[2 * i], y = points[2 * i + 1];
        bool inside = x >= lo && x <= hi && y >= lo && y <= hi; /* false for what is not a number */
        if (inside) draw_point(c, place(a, x), SIDE - place(a, y));
    }
    return GAN_OK;
}
