/* Sample grids as PNG files, by libpng. Local. */
#ifndef GAN_PNG_H
#define GAN_PNG_H

#include "gan/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { GAN_PNG_MAX_SIDE = 1 << 15 };

/* Pixels of the grid below, and whether they are few enough for a picture. */
bool gan_png_grid_fits(int64_t n, int64_t H, int64_t W, int columns, int64_t *width, int64_t *height);

/* n images [n,H,W,C] (C 1 or 3) with values lo..hi as a grid of `columns` with one pixel of border between; clipped.
 * 2-D points [n,2] (H=W=0) are drawn as a scatter plot with axes over [lo,hi] squared.
 * Small pictures are enlarged by a whole factor so that the grid is at least 512 pixels wide.
 * Written atomically (temporary name, rename). GAN_EIO names the path and the reason. */
gan_status gan_png_grid(const char *path, int64_t n, int64_t H, int64_t W, int64_t C, int columns, float lo, float hi,
                        const float *images);

/* Points in the plane over the square [lo,hi] x [lo,hi]. All is borrowed. */
typedef struct gan_plot {
    float lo, hi;
    int64_t n, n_real;
    const float *points, *real; /* [n,2], generated; [n_real,2], below them */
    int64_t side;
    const float *surface; /* [side,side], rows from bottom to top: how real the discriminator holds the middle of each cell, 0..1; NULL: white */
} gan_plot;

/* A scatter plot, 640 x 640 pixels; as above otherwise. */
gan_status gan_png_plot(const char *path, const gan_plot *p);

/* Pictures [rows*columns], row by row, in one; NULL leaves its place white. PNG files of any kind, at most 8192 pixels a side; all are made
 * smaller by one factor when they are wide. GAN_EIO names the file that cannot be read. */
gan_status gan_png_join(const char *path, const char *const *pictures, int rows, int columns);

#endif
