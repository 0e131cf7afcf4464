/* Drawings as SVG files: lines, boxes, circles and texts, dressed by classes of one style sheet. Local.
 *
 * Lengths are pixels, y grows downwards. Classes are names from the style sheet, several with blanks between. Texts are
 * escaped here. Failures to write are kept and come out of gan_svg_close. */
#ifndef GAN_SVG_H
#define GAN_SVG_H

#include "gan/status.h"

#include <stdio.h>

typedef struct gan_svg {
    FILE *file;
    const char *path; /* borrowed */
    char *temp;
} gan_svg;

/* title: what the whole shows, for those who cannot see it. head: a <style> and <defs>, as they are. GAN_EIO names path
 * and reason, then nothing is open. Written under a temporary name. */
gan_status gan_svg_open(gan_svg *s, const char *path, double width, double height, const char *title, const char *head);
/* With GAN_OK the file gets its name, with another status it goes away; returns what went wrong first. */
gan_status gan_svg_close(gan_svg *s, gan_status status);

void gan_svg_line(gan_svg *s, const char *classes, double x1, double y1, double x2, double y2);
void gan_svg_lines(gan_svg *s, const char *classes, int n, const double *xy); /* through xy[n][2] */
void gan_svg_box(gan_svg *s, const char *classes, double x, double y, double width, double height);
void gan_svg_circle(gan_svg *s, const char *classes, double x, double y, double radius);
/* (x, y) is the base line; where the text lies to it says text-anchor in the style sheet. */
__attribute__((format(printf, 5, 6))) void gan_svg_text(gan_svg *s, const char *classes, double x, double y, const char *fmt,
                                                        ...);
/* Upwards, around (x, y). */
void gan_svg_text_up(gan_svg *s, const char *classes, double x, double y, const char *text);

#endif
