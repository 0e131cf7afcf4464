/* Axes of a drawing: from values to pixels, with ticks at round numbers. */
#ifndef GAN_CLI_SCALE_AXES_H
#define GAN_CLI_SCALE_AXES_H

#include "gan/svg.h"

#include <stdbool.h>

typedef struct gan__axis {
    double low, high; /* values at the ends */
    double from, to;  /* their pixels */
    bool doublings;   /* logarithmic, with ticks at powers of two; else linear */
} gan__axis;

double gan__axis_at(const gan__axis *a, double value);
/* 1, 2 or 5 times a power of ten, so that `range` has at most `most` of them. */
double gan__axis_step(double range, int most);

/* A grid line and a number at each tick of an axis of y; x from .. to are the plot's sides. */
void gan__axis_draw_y(gan_svg *svg, const gan__axis *y, double x_from, double x_to);
/* A number below each tick of an axis of doublings, below `bottom`. */
void gan__axis_draw_x(gan_svg *svg, const gan__axis *x, double bottom);

#endif
