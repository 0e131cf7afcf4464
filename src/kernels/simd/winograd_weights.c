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

/* Columns of u to make, of them the panels that are this thread's, and the transform of a tile of taps. */
typedef struct columns {
    int64_t first, count;
    gan_span panels;
    gan__to_points *transform;
} columns;

/* Columns are those of w. */
static void weights_y(const gan__winograd *f, const gan_conv *c, const columns *m, const float *w, float *u)
{
    const int64_t rows = gan__winograd_rows(f, c), K = gan__conv_taps(c),
                  step = gan__point_step(rows, m->count);
    const float *at[GAN_POINTS];
    for (int64_t panel = m->panels.from; panel < m->panels.to; panel++) {
        const int64_t j = panel * GAN_PANEL, o = m->first + j, width = at_most(GAN_PANEL, m->count - j);
        for (int64_t row = 0; row < rows; row++) {
            for (int tap = 0; tap < f->r * f->r; tap++)
                at[tap] = w + o * K + w_row(f, c, row, tap / f->r, tap % f->r) * width;
            m->transform(width, at, u + j * rows + row * width, step);
        }
    }
}

enum { TAPS = 9 };

typedef float four __attribute__((vector_size(16), aligned(4), may_alias));

/* Four rows and columns of a matrix with rows of a panel, transposed. */
INLINE void transpose_4(const float *from, float *to)
{
    enum { NEXT = GAN_PANEL };
    const four a = *(const four *)from, b = *(const four *)(from + NEXT);
    const four c = *(const four *)(from + 2 * NEXT), d = *(const four *)(from + 3 * NEXT);
    const four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const four ba = __builtin_shufflevector(a, b, 2, 6, 3, 7), dc = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    *(four *)to = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
    *(four *)(to + NEXT) = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    *(four *)(to + 2 * NEXT) = __builtin_shufflevector(ba, dc, 0, 1, 4, 5);
    *(four *)(to + 3 * NEXT) = __builtin_shufflevector(ba, dc, 2, 3, 6, 7);
}

static void transpose_16(const float *from, float *to)
{
    for (int i = 0; i < GAN_PANEL; i += 4) {
        UNROLL
        for (int j = 0; j < GAN_PANEL; j += 4) transpose_4(from + i * GAN_PANEL + j, to + j * GAN_PANEL + i);
    }
}

/* A block of w, some rows (phases and channels) of some columns, at most 16, transposed: to[tap][column][row]. At
 * stride 1 DX is a convolution with the taps in reverse order. */
static void transpose(const gan__winograd *f, const gan_conv *c, const float *w, int64_t row, int64_t rows,
                      int64_t o, int64_t width, float to[TAPS][GAN_PANEL][GAN_PANEL])
{
    const bool whole = width == GAN_PANEL && rows == GAN_PANEL && row % c->C + rows <= c->C;
    const float *panel = w + o * gan__conv_taps(c);
    for (int tap = 0; tap < f->r * f->r; tap++) {
        const int ky = tap / f->r, kx = tap % f->r, at = f->stride == 1 ? f->r * f->r - 1 - tap : tap;
        if (whole) {
            transpose_16(panel + w_row(f, c, row, ky, kx) * width, to[at][0]);
            continue;
        }
        for (int64_t i = 0; i < rows; i++) {
            const float *from = panel + w_row(f, c, row + i, ky, kx) * width;
            for (int64_t j = 0; j < width; j++) to[at][j][i] = from[j];
        }
    }
}

/* Columns are phases and channels. */
static void weights_dx(const gan__winograd *f, const gan_conv *c, const columns *m, const float *w, float *u)
{
    const int64_t step = gan__point_step(c->O, m->count);
    float block[TAPS][GAN_PANEL][GAN_PANEL];
    const float *at[TAPS];
    u += m->panels.from * GAN_PANEL * c->O;
    for (int64_t panel = m->panels.from; panel < m->panels.to; panel++) {
        const int64_t i = panel * GAN_PANEL, rows = at_most(GAN_PANEL, m->count - i);
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

void GAN_NAME(winograd_columns)(gan_conv_way way, const gan_conv *c, gan_conv_pass pass, gan_part part, int64_t first,
                                int64_t count, const float *w, float *u)
{
    const gan__winograd *f = &gan__winograd_of[way];
    const columns m = {first, count, gan_part_of(part, gan__panels_up(count) / GAN_PANEL),
                       GAN_NAME(transforms)[way].w};
    if (pass == GAN_CONV_Y) {
        weights_y(f, c, &m, w, u);
    } else {
        weights_dx(f, c, &m, w, u);
    }
}

void GAN_NAME(winograd_weights)(gan_conv_way way, const gan_conv *c, gan_conv_pass pass, gan_part part, const float *w,
                                float *u)
{
    const int64_t all = pass == GAN_CONV_Y ? c->O : gan__winograd_rows(&gan__winograd_of[way], c);
    GAN_NAME(winograd_columns)(way, c, pass, part, 0, all, w, u);
}
