/* Picture files to pixels: see picture.h. A file is read whole, then decoded from memory: so a bad disk and a bad
 * picture are told apart, and no decoder reads more than the limit. */
#include "picture.h"

#include "gan/mem.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_FILE_BYTES = 1 << 28 };

#define BAD(...) (snprintf(why, GAN__WHY, __VA_ARGS__), GAN_EDATA)

gan_status gan__picture_room(gan__picture *p, int64_t width, int64_t height, int channels, char why[GAN__WHY])
{
    if (width < 1 || height < 1 || width > GAN__PICTURE_MAX_SIDE || height > GAN__PICTURE_MAX_SIDE ||
        width * height > GAN__PICTURE_MAX_PIXELS)
        return BAD("%lld x %lld pixels; at most %d x %d and %d in all are taken", (long long)width,
                   (long long)height, GAN__PICTURE_MAX_SIDE, GAN__PICTURE_MAX_SIDE, GAN__PICTURE_MAX_PIXELS);
    *p = (gan__picture){.width = (int)width, .height = (int)height, .channels = channels};
    p->pixels = gan_calloc(width * height, (size_t)channels);
    return p->pixels ? GAN_OK : GAN_ENOMEM;
}

/* libpng's simplified interface: it expands palettes and 1 to 16 bits, and has no setjmp. What is transparent becomes
 * white. */
gan_status gan__picture_from_png(gan__picture *p, const uint8_t *bytes, int64_t n, char why[GAN__WHY])
{
    static const png_color white = {255, 255, 255};
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, bytes, (size_t)n)) return BAD("PNG: %s", image.message);
    image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB; /* libpng would take 16 bits without a word on gamma for linear light */
    bool colour = image.format & PNG_FORMAT_FLAG_COLOR;
    gan_status s = gan__picture_room(p, image.width, image.height, colour ? 3 : 1, why);
    if (s == GAN_OK) {
        image.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
        if (!png_image_finish_read(&image, &white, p->pixels, 0, NULL)) s = BAD("PNG: %s", image.message);
    }
    png_image_free(&image);
    return s;
}

static gan_status decode(gan__picture *p, const uint8_t *bytes, int64_t n, char why[GAN__WHY])
{
    static const uint8_t png[4] = {0x89, 'P', 'N', 'G'}, jpeg[3] = {0xff, 0xd8, 0xff};
    if (n == 0) return BAD("the file is empty");
    if (n > 4 && memcmp(bytes, png, sizeof png) == 0) return gan__picture_from_png(p, bytes, n, why);
    if (n > 4 && memcmp(bytes, jpeg, sizeof jpeg) == 0) return gan__picture_from_jpeg(p, bytes, n, why);
    return BAD("neither PNG nor JPEG by its first bytes");
}

/* All bytes of an open file. */
static gan_status read_all(FILE *f, uint8_t **bytes, int64_t *n, char why[GAN__WHY])
{
    struct stat st;
    if (fstat(fileno(f), &st) != 0) return BAD("cannot read: %s", strerror(errno));
    if (!S_ISREG(st.st_mode)) return BAD("not a regular file");
    if (st.st_size > MAX_FILE_BYTES) return BAD("more than %d MiB", MAX_FILE_BYTES >> 20);
    *n = st.st_size;
    if (!(*bytes = gan_calloc(*n + 1, 1))) return GAN_ENOMEM;
    if (fread(*bytes, 1, (size_t)*n, f) == (size_t)*n) return GAN_OK;
    return BAD("cannot read: %s", ferror(f) ? strerror(errno) : "the file shrank");
}

gan_status gan__picture_read(gan__picture *p, const char *path, char why[GAN__WHY])
{
    uint8_t *bytes = NULL;
    int64_t n = 0;
    struct stat st;
    *p = (gan__picture){0};
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) return BAD("not a regular file"); /* opening a fifo would wait */
    FILE *f = fopen(path, "rb");
    if (!f) return BAD("cannot open: %s", strerror(errno));
    gan_status s = read_all(f, &bytes, &n, why);
    fclose(f);
    if (s == GAN_OK) s = decode(p, bytes, n, why);
    gan_free(bytes);
    if (s == GAN_OK) return s;
    gan_free(p->pixels);
    p->pixels = NULL;
    return s;
}
