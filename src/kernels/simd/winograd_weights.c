/* u = G w G' of Winograd's passes Y and DX: at each point a matrix in panel layout, [phases and channels of x, O] for Y
 * and the transpose of that for DX. Made as a whole once per update, or some columns at a time by the passes. */
#include "winograd.h"

/* Row of w for tap (i,j) of a phase's kernel. */
INLINE int64_t w_row(const gan__winograd *f, const gan_conv *c, int64_t row, int i, int j)
{
    const int64_t phase = row / c->C;
    const int64_t ky = f->stride * i + phase / f->stride, kx = f->stride * j + phase % f->stride;
    return (ky * c->kw + kx) * c->C + row % c->C;
}

/* Columns of u to make, and the transform of a tile of taps. */
typedef struct columns {
    int64_t first, count;
    gan__to_points *transform;
} columns;

/* Columns are those of w. */
static void weights_y(const gan__winograd *f, const gan_conv *c, const columns *m, const float *w, float *u)
{
    const int64_t rows = gan__winograd_rows(f, c), K = gan__conv_taps(c),
                  step = gan__point_step(rows, m->count);
    const float *at[GAN_POINTS];
    for (int64_t j = 0; j < m->count; j += GAN_PANEL, u += GAN_PANEL * rows) {
        const int64_t o = m->first + j, width = at_most(GAN_PANEL, m->count - j);
        for (int64_t row = 0; row < rows; row++) {
            for (int tap = 0; tap < f->r * f->r; tap++)
                at[tap] = w + o * K + w_row(f, c, row, tap / f->r, tap % f->r) * width;
            m->transform(width, at, u + row * width, step);
        }
    }
}

enum { TAPS = 9 };

/* The block of w for 16 rows of a phase and 16 columns, transposed: block[tap][column][row]. At stride 1 DX is a
 * convolution with the taps in reverse order. */
static void transpose(const gan__winograd *f, const gan_conv *c, const float *w, int64_t row, int64_t rows,
                      int64_t o, int64_t width, float block[TAPS][GAN_PANEL][GAN_PANEL])
{
    const int64_t K = gan__conv_taps(c);
    for (int tap = 0; tap < f->r * f->r; tap++) {
        float(*to)[GAN_PANEL] = block[f->stride == 1 ? f->r * f->r - 1 - tap : tap];
        for (int64_t i = 0; i < rows; i++) {
            const float *from = w + o * K + w_row(f, c, row + i, tap / f->r, tap % f->r) * width;
            for (int64_t j = 0; j < width; j++) to[j][i] = from[j];
        }
    }
}

/* Columns are phases and channels. */
static void weights_dx(const gan__winograd *f, const gan_conv *c, const columns *m, const float *w, float *u)
{
    const int64_t step = gan__point_step(c->O, m->count);
    float block[TAPS][GAN_PANEL][GAN_PANEL];
    const float *at[TAPS];
    for (int64_t i = 0; i < m->count; i += GAN_PANEL) {
        const int64_t rows = at_most(GAN_PANEL, m->count - i);
        for (int64_t o = 0; o < c->O; o += GAN_PANEL) {
            const int64_t width = at_most(GAN_PANEL, c->O - o);
            transpose(f, c, w, m->first + i, rows, o, width, block);
            for (int64_t j = 0; j < width; j++, u += rows) {
                for (int tap = 0; tap < f->r * f->r; tap++) at[tap] = block[tap][j];
                m->transform(rows, at, u, step);
            }
        }
    }
}

void GAN_NAME(winograd_columns)(gan_conv_way way, const gan_conv *c, gan_conv_pass pass, int64_t first,
                                int64_t count, const float *w, float *u)
{
    const gan__winograd *f = &gan__winograd_of[way];
    const columns m = {first, count, GAN_NAME(transforms)[way].w};
    if (pass == GAN_CONV_Y) {
        weights_y(f, c, &m, w, u);
    } else {
        weights_dx(f, c, &m, w, u);
    }
}

void GAN_NAME(winograd_weights)(gan_conv_way way, const gan_conv *c, gan_conv_pass pass, const float *w,
                                float *u)
{
    const int64_t all = pass == GAN_CONV_Y ? c->O : gan__winograd_rows(&gan__winograd_of[way], c);
    GAN_NAME(winograd_columns)(way, c, pass, 0, all, w, u);
}
