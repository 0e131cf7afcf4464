/* Centre crop, channels, and resizing: see picture.h.
 *
 * Separable: rows first, then columns. Reducing by a factor f, the triangle is f times as wide on either side, so every
 * pixel counts and nothing aliases; enlarging, it is bilinear interpolation; at equal size it copies. */
#include "picture.h"

#include "gan/mem.h"

#include <math.h>

typedef struct window { /* of one output pixel: what it is made of */
    int first, n;
    float *w;
} window;

typedef struct filter {
    int n_in, n_out, most; /* most: pixels in a window */
    window *windows;       /* [n_out] */
    float *weights;        /* [n_out, most] */
} filter;

static void fill_window(const filter *f, int o)
{
    window *w = &f->windows[o];
    double scale = (double)f->n_in / f->n_out, reach = scale > 1 ? scale : 1, centre = (o + 0.5) * scale,
           sum = 0;
    double from = floor(centre - reach), to = ceil(centre + reach);
    w->first = from > 0 ? (int)from : 0;
    w->n = (to < f->n_in ? (int)to : f->n_in) - w->first;
    w->w = f->weights + (int64_t)o * f->most;
    for (int i = 0; i < w->n; i++) {
        double t = 1 - fabs(w->first + i + 0.5 - centre) / reach;
        w->w[i] = t > 0 ? (float)t : 0;
        sum += (double)w->w[i];
    }
    for (int i = 0; i < w->n; i++) w->w[i] = (float)((double)w->w[i] / sum);
}

static gan_status filter_new(filter *f, int n_in, int n_out)
{
    double reach = n_in > n_out ? (double)n_in / n_out : 1;
    *f = (filter){.n_in = n_in, .n_out = n_out, .most = 2 * (int)ceil(reach) + 2};
    f->windows = gan_calloc(n_out, sizeof *f->windows);
    f->weights = gan_calloc((int64_t)n_out * f->most, sizeof *f->weights);
    if (!f->windows || !f->weights) return GAN_ENOMEM;
    for (int o = 0; o < n_out; o++) fill_window(f, o);
    return GAN_OK;
}

static void filter_free(filter *f)
{
    gan_free(f->windows);
    gan_free(f->weights);
}

/* One pixel of the picture in `channels` channels. */
static void load(const uint8_t *in, int in_channels, int channels, float *out)
{
    if (channels == in_channels)
        for (int c = 0; c < channels; c++) out[c] = in[c];
    else if (channels == 1)
        out[0] = 0.299f * in[0] + 0.587f * in[1] + 0.114f * in[2];
    else
        for (int c = 0; c < channels; c++) out[c] = in[0];
}

/* Row y of the square, made narrow: out [size, channels]; row [side, channels] is scratch. */
static void narrow_row(const gan__picture *p, const filter *f, int channels, int y, float *row, float *out)
{
    int left = (p->width - f->n_in) / 2, top = (p->height - f->n_in) / 2;
    const uint8_t *in = p->pixels + ((int64_t)(top + y) * p->width + left) * p->channels;
    for (int x = 0; x < f->n_in; x++) load(in + x * p->channels, p->channels, channels, row + x * channels);
    for (int o = 0; o < f->n_out; o++) {
        const window *w = &f->windows[o];
        for (int c = 0; c < channels; c++) {
            float sum = 0;
            for (int i = 0; i < w->n; i++) sum += w->w[i] * row[(w->first + i) * channels + c];
            out[o * channels + c] = sum;
        }
    }
}

static uint8_t to_byte(float v)
{
    return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)(v + 0.5f);
}

/* narrow [side, size, channels] -> out [size, size, channels] */
static void shorten(const filter *f, int row_floats, const float *narrow, uint8_t *out)
{
    for (int o = 0; o < f->n_out; o++) {
        const window *w = &f->windows[o];
        for (int x = 0; x < row_floats; x++) {
            float sum = 0;
            for (int i = 0; i < w->n; i++) sum += w->w[i] * narrow[(int64_t)(w->first + i) * row_floats + x];
            out[(int64_t)o * row_floats + x] = to_byte(sum);
        }
    }
}

gan_status gan__picture_fit(const gan__picture *p, int size, int channels, uint8_t *out)
{
    filter f = {0};
    int side = p->width < p->height ? p->width : p->height, row_floats = size * channels;
    float *row = gan_calloc((int64_t)side * channels, sizeof *row);
    float *narrow = gan_calloc((int64_t)side * row_floats, sizeof *narrow);
    gan_status s = row && narrow ? filter_new(&f, side, size) : GAN_ENOMEM;
    if (s == GAN_OK) {
        for (int y = 0; y < side; y++) narrow_row(p, &f, channels, y, row, narrow + (int64_t)y * row_floats);
        shorten(&f, row_floats, narrow, out);
    }
    filter_free(&f);
    gan_free(row);
    gan_free(narrow);
    return s;
}
