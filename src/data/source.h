/* What every kind of source has in common. A source's own struct begins with a gan_source. */
#ifndef GAN_DATA_SOURCE_H
#define GAN_DATA_SOURCE_H

#include "gan/data.h"

typedef struct gan_source_kind {
    void (*read)(const gan_source *s, int64_t first, int64_t n, float *x);
    void (*read_condition)(const gan_source *s, int64_t first, int64_t n, float *c); /* NULL: never asked */
    void (*close)(gan_source *s); /* frees what is behind the gan_source, and it */
} gan_source_kind;

struct gan_source {
    const gan_source_kind *kind;
    gan_source_info info;
    uint64_t seed;
};

/* source_padded.c: image [H,W,C] into the middle of x [H + 2 pad, W + 2 pad, C], `value` around it. */
void gan__frame_image(const int64_t dims[3], int64_t pad, float value, const float *image, float *x);
/* The info of images with that frame; GAN_EDATA when they are none. */
gan_status gan__frame_info(gan_source_info *framed, const gan_source_info *info, int64_t pad);

#endif
