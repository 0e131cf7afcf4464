/* Picture files: found, decoded, and brought to one size. */
#ifndef GAN_DATA_PICTURE_H
#define GAN_DATA_PICTURE_H

#include "gan/status.h"

#include <stdint.h>

enum { GAN__WHY = 256, GAN__PICTURE_MAX_SIDE = 1 << 15, GAN__PICTURE_MAX_PIXELS = 1 << 26 };

typedef struct gan__picture {
    int width, height, channels; /* channels: 1 or 3 */
    uint8_t *pixels;             /* [height,width,channels], counted memory */
} gan__picture;

/* Decode a file by what it holds, not by its name. GAN_EDATA: the picture is bad, `why` says in which way and there is
 * no failure text; any other failure is one as usual. On success the pixels are the caller's. */
gan_status gan__picture_read(gan__picture *p, const char *path, char why[GAN__WHY]);

/* The formats, from the bytes of a whole file. gan__picture_room checks the size and takes memory for the pixels. */
gan_status gan__picture_from_png(gan__picture *p, const uint8_t *bytes, int64_t n, char why[GAN__WHY]);
gan_status gan__picture_from_jpeg(gan__picture *p, const uint8_t *bytes, int64_t n, char why[GAN__WHY]);
gan_status gan__picture_room(gan__picture *p, int64_t width, int64_t height, int channels, char why[GAN__WHY]);

/* out [size,size,channels]: the largest square in the middle (the extra row or column of an odd rest stays at the right
 * or below), brought to `size` by a triangle filter that widens with the reduction, in float, rounded at the end; grey
 * and colour are converted as JPEG does (0.299 R + 0.587 G + 0.114 B). */
gan_status gan__picture_fit(const gan__picture *p, int size, int channels, uint8_t *out);

/* All .png, .jpg and .jpeg files below a directory, sorted by path; names that begin with a dot are left out, and
 * other formats with a warning. GAN_EDATA: no such directory, or no picture. Freed by gan__picture_list_free. */
gan_status gan__picture_list(const char *dir, char ***paths, int64_t *n);
void gan__picture_list_free(char **paths, int64_t n);

#endif
