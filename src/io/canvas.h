/* A picture in memory, 8 bits a channel. */
#ifndef GAN_IO_CANVAS_H
#define GAN_IO_CANVAS_H

#include "gan/png.h"

#include <stdint.h>

typedef struct gan__canvas {
    int64_t width, height;
    int channels;    /* 1 grey, 3 red, green, blue */
    uint8_t *pixels; /* [height, width, channels]; gan_free */
} gan__canvas;

gan_status gan__canvas_new(gan__canvas *c, int64_t width, int64_t height, int channels, uint8_t fill);

static inline uint8_t *gan__canvas_at(const gan__canvas *c, int64_t x, int64_t y)
{
    return c->pixels + (y * c->width + x) * c->channels;
}

gan_status gan__canvas_write(const char *path, const gan__canvas *c); /* as PNG, atomically */
gan_status gan__scatter(gan__canvas *c, const gan_plot *p); /* a new canvas */

#endif
