/* Pictures beside and under each other in one: read with libpng's simplified interface as red, green and blue, made smaller by a whole factor
 * (means of squares of pixels) when there are many. Their sizes are read first, then one after the other is put into its place: of
 * many large ones only one is held. */
#include "canvas.h"

#include "gan/mem.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <string.h>

enum { GAP = 4, WIDTH = 1920, LARGEST = 8192 };

/* c NULL: only the size. *width, *height 0: not known yet; else what they must be. */
static gan_status read_picture(gan__canvas *c, const char *path, int64_t *width, int64_t *height)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    gan_status s = GAN_OK;
    if (!png_image_begin_read_from_file(&image, path)) return GAN_FAIL(GAN_EIO, "%s: cannot read the picture: %s", path, image.message);
    image.format = PNG_FORMAT_RGB;
    if (image.width > LARGEST || image.height > LARGEST)
        s = GAN_FAIL(GAN_EIO, "%s: %u x %u pixels are too many to join; at most %d a side", path, image.width, image.height, LARGEST);
    else if (*width && (image.width != *width || image.height != *height))
        s = GAN_FAIL(GAN_EIO, "%s: it changed while it was being read", path);
    *width = image.width, *height = image.height;
    if (s == GAN_OK && c) s = gan__canvas_new(c, image.width, image.height, 3, 0);
    if (s == GAN_OK && c && !png_image_finish_read(&image, NULL, c->pixels, 0, NULL))
        s = GAN_FAIL(GAN_EIO, "%s: cannot read the picture: %s", path, image.message);
    png_image_free(&image);
    return s;
}

/* The mean of a square of factor x factor pixels of c, from (x, y) on. */
static uint8_t mean(const gan__canvas *c, int64_t x, int64_t y, int64_t factor, int channel)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < factor; i++)
        for (int64_t k = 0; k < factor; k++) sum += gan__canvas_at(c, x + k, y + i)[channel];
    return (uint8_t)(sum / (factor * factor));
}

static void put(gan__canvas *to, int64_t x0, int64_t y0, const gan__canvas *from, int64_t factor)
{
    for (int64_t y = 0; y < from->height / factor; y++)
        for (int64_t x = 0; x < from->width / factor; x++)
            for (int k = 0; k < 3; k++) gan__canvas_at(to, x0 + x, y0 + y)[k] = mean(from, x * factor, y * factor, factor, k);
}

typedef struct cell {
    const char *path; /* NULL: it stays white */
    int64_t width, height;
} cell;

static gan_status fill(gan__canvas *all, int64_t x, int64_t y, cell *c, int64_t factor)
{
    gan__canvas one = {0};
    gan_status s = read_picture(&one, c->path, &c->width, &c->height);
    if (s == GAN_OK) put(all, x, y, &one, factor);
    gan_free(one.pixels);
    return s;
}

static gan_status join(gan__canvas *all, cell *cells, int rows, int columns)
{
    int64_t width = 1, height = 1, factor = 1;
    for (int i = 0; i < rows * columns; i++) {
        if (cells[i].path) GAN_TRY(read_picture(NULL, cells[i].path, &cells[i].width, &cells[i].height));
        if (cells[i].width > width) width = cells[i].width;
        if (cells[i].height > height) height = cells[i].height;
    }
    while (factor < width && factor < height && width / factor * columns > WIDTH) factor++;
    const int64_t step_x = width / factor + GAP, step_y = height / factor + GAP;
    if (step_x * columns > GAN_PNG_MAX_SIDE || step_y * rows > GAN_PNG_MAX_SIDE)
        return GAN_FAIL(GAN_EUSAGE, "%d x %d pictures do not fit into one; join fewer", columns, rows);
    GAN_TRY(gan__canvas_new(all, step_x * columns - GAP, step_y * rows - GAP, 3, 255));
    for (int i = 0; i < rows * columns; i++)
        if (cells[i].path) GAN_TRY(fill(all, i % columns * step_x, i / columns * step_y, &cells[i], factor));
    return GAN_OK;
}

gan_status gan_png_join(const char *path, const char *const *pictures, int rows, int columns)
{
    gan__canvas all = {0};
    cell *cells = gan_calloc((int64_t)rows * columns, sizeof *cells);
    gan_status s = cells ? GAN_OK : GAN_ENOMEM;
    for (int i = 0; cells && i < rows * columns; i++) cells[i].path = pictures[i];
    if (s == GAN_OK) s = join(&all, cells, rows, columns);
    if (s == GAN_OK) s = gan__canvas_write(path, &all);
    gan_free(cells);
    gan_free(all.pixels);
    return s;
}
