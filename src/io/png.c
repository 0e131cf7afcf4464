/* Pictures of samples: grids of images, scatter plots of points. Drawn into a canvas in memory, handed to libpng's
 * simplified interface (which has no setjmp), and published like every other file. */
#include "gan/png.h"

#include "canvas.h"
#include "gan/file.h"
#include "gan/mem.h"

#include <errno.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MIN_WIDTH = 512, MAX_SIDE = GAN_PNG_MAX_SIDE, BORDER_GREY = 128 };

static gan_status write_png(FILE *file, const char *path, const gan__canvas *c)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)c->width,
                       .height = (png_uint_32)c->height,
                       .format = c->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
    errno = 0;
    if (png_image_write_to_stdio(&image, file, 0, c->pixels, 0, NULL)) return GAN_OK;
    int error = errno;
    return GAN_FAIL(GAN_EIO, "%s: cannot write: %s; %s", path, error ? strerror(error) : image.message,
                    gan_file_remedy(error));
}

/* path: for failure texts. */
static gan_status write_temp(const char *temp, const char *path, const gan__canvas *c)
{
    FILE *file = fopen(temp, "wb");
    if (!file)
        return GAN_FAIL(GAN_EIO, "%s: cannot open: %s; %s", path, strerror(errno), gan_file_remedy(errno));
    gan_status s = write_png(file, path, c);
    if (fclose(file) != 0 && s == GAN_OK)
        s = GAN_FAIL(GAN_EIO, "%s: cannot write: %s; %s", path, strerror(errno), gan_file_remedy(errno));
    return s;
}

gan_status gan__canvas_write(const char *path, const gan__canvas *c)
{
    char *temp = gan_file_temp(path);
    if (!temp) return GAN_ENOMEM;
    gan_status s = write_temp(temp, path, c);
    if (s == GAN_OK)
        s = gan_file_publish(temp, path);
    else
        unlink(temp);
    gan_free(temp);
    return s;
}

/* 0..255; what is not a number becomes black. */
static uint8_t to_byte(float v, float lo, float hi)
{
    float t = (v - lo) / (hi - lo);
    return t > 0 ? t < 1 ? (uint8_t)(t * 255.0f + 0.5f) : 255 : 0;
}

typedef struct grid {
    int64_t n, H, W, C, columns, rows;
    int64_t factor; /* canvas pixels of an image's pixel */
    int64_t width, height; /* of the canvas */
    float lo, hi;
} grid;

static void draw_image(gan__canvas *c, const grid *g, int64_t i, const float *image)
{
    int64_t x0 = i % g->columns * (g->W * g->factor + 1), y0 = i / g->columns * (g->H * g->factor + 1);
    for (int64_t y = 0; y < g->H * g->factor; y++)
        for (int64_t x = 0; x < g->W * g->factor; x++) {
            const float *from = image + (y / g->factor * g->W + x / g->factor) * g->C;
            uint8_t *to = gan__canvas_at(c, x0 + x, y0 + y);
            for (int64_t k = 0; k < g->C; k++) to[k] = to_byte(from[k], g->lo, g->hi);
        }
}

static grid plan_grid(int64_t n, int64_t H, int64_t W, int columns)
{
    grid g = {.n = n, .H = H, .W = W, .columns = columns < n ? columns : n};
    int64_t narrow = g.columns * W;
    g.rows = (n + g.columns - 1) / g.columns;
    g.factor = narrow + g.columns - 1 >= MIN_WIDTH ? 1 : (MIN_WIDTH - g.columns + narrow) / narrow;
    g.width = g.columns * (W * g.factor + 1) - 1;
    g.height = g.rows * (H * g.factor + 1) - 1;
    return g;
}

bool gan_png_grid_fits(int64_t n, int64_t H, int64_t W, int columns, int64_t *width, int64_t *height)
{
    grid g = plan_grid(n, H, W, columns);
    *width = g.width, *height = g.height;
    return g.width <= MAX_SIDE && g.height <= MAX_SIDE;
}

static gan_status draw_grid(const char *path, const grid *g, const float *images)
{
    gan__canvas c;
    if (g->width > MAX_SIDE || g->height > MAX_SIDE)
        return GAN_FAIL(GAN_EIO, "%s: a picture of %lld x %lld pixels is too large; ask for fewer samples",
                        path, (long long)g->width, (long long)g->height);
    GAN_TRY(gan__canvas_new(&c, g->width, g->height, (int)g->C, BORDER_GREY));
    for (int64_t i = 0; i < g->n; i++) draw_image(&c, g, i, images + i * g->H * g->W * g->C);
    gan_status s = gan__canvas_write(path, &c);
    gan_free(c.pixels);
    return s;
}

gan_status gan_png_plot(const char *path, const gan_plot *p)
{
    gan__canvas c;
    if (p->n > INT32_MAX || p->n_real > INT32_MAX || !(p->lo < p->hi) || !isfinite(p->hi - p->lo))
        return GAN_FAIL(GAN_EINTERNAL, "%s: no plot of %lld and %lld points, %g .. %g", path, (long long)p->n, (long long)p->n_real,
                        (double)p->lo, (double)p->hi);
    GAN_TRY(gan__scatter(&c, p));
    gan_status s = gan__canvas_write(path, &c);
    gan_free(c.pixels);
    return s;
}

gan_status gan_png_grid(const char *path, int64_t n, int64_t H, int64_t W, int64_t C, int columns, float lo,
                        float hi, const float *images)
{
    bool scatter = H == 0 && W == 0;
    bool sizes_ok = scatter || (H > 0 && W > 0 && H <= MAX_SIDE && W <= MAX_SIDE && (C == 1 || C == 3));
    if (n < 1 || n > INT32_MAX || columns < 1 || columns > MAX_SIDE || !sizes_ok || !(lo < hi) ||
        !isfinite(hi - lo))
        return GAN_FAIL(
            GAN_EINTERNAL, "%s: no picture of %lld samples [%lld,%lld,%lld] in %d columns, %g .. %g", path,
            (long long)n, (long long)H, (long long)W, (long long)C, columns, (double)lo, (double)hi);
    if (scatter) return gan_png_plot(path, &(gan_plot){.lo = lo, .hi = hi, .n = n, .points = images});
    grid g = plan_grid(n, H, W, columns);
    g.C = C, g.lo = lo, g.hi = hi;
    return draw_grid(path, &g, images);
}
