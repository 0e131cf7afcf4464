/* The passes Y and DX by Winograd's method, and what both need of w. Of a block of images all tiles go to points, at
 * each point there is one matrix product with that point's part of u, and the results go back to pixels. */
#include "winograd.h"

/* ---- u: G w G', a matrix in panel layout for each point ----------------------------------------------------- */

/* Row of w for tap (i,j) of a phase's kernel. */
INLINE int64_t w_row(const gan__winograd *f, const gan_conv *c, int64_t row, int i, int j)
{
    const int64_t phase = row / c->C, ky = f->stride * i + phase / f->stride,
                  kx = f->stride * j + phase % f->stride;
    return (ky * c->kw + kx) * c->C + row % c->C;
}

/* For Y, [rows, O]. */
static void weights_y(const gan__winograd *f, gan__to_points *g, const gan_conv *c, const float *w, float *u)
{
    const int64_t rows = gan__winograd_rows(f, c), K = gan__conv_taps(c), step = gan__point_step(rows, c->O);
    const float *at[GAN_POINTS];
    for (int64_t o = 0; o < c->O; o += GAN_PANEL) {
        const int64_t width = at_most(GAN_PANEL, c->O - o);
        for (int64_t row = 0; row < rows; row++) {
            for (int i = 0; i < f->r; i++) {
                for (int j = 0; j < f->r; j++) at[i * f->r + j] = w + o * K + w_row(f, c, row, i, j) * width;
            }
            g(width, at, u + o * rows + row * width, step);
        }
    }
}

enum { TAPS = 9 };

/* The block of w for 16 rows of a phase and 16 columns, transposed: block[tap][column][row]. At stride 1 DX is a
 * convolution with the taps in reverse order. */
static void transpose(const gan__winograd *f, const gan_conv *c, const float *w, int64_t row, int64_t rows,
                      int64_t o, int64_t columns, float block[TAPS][GAN_PANEL][GAN_PANEL])
{
    const int64_t K = gan__conv_taps(c);
    for (int tap = 0; tap < f->r * f->r; tap++) {
        float(*to)[GAN_PANEL] = block[f->stride == 1 ? f->r * f->r - 1 - tap : tap];
        for (int64_t i = 0; i < rows; i++) {
            const float *from = w + o * K + w_row(f, c, row + i, tap / f->r, tap % f->r) * columns;
            for (int64_t j = 0; j < columns; j++) to[j][i] = from[j];
        }
    }
}

/* For DX, [O, rows]. */
static void weights_dx(const gan__winograd *f, gan__to_points *g, const gan_conv *c, const float *w, float *u)
{
    const int64_t rows = gan__winograd_rows(f, c), step = gan__point_step(c->O, rows);
    float block[TAPS][GAN_PANEL][GAN_PANEL];
    const float *at[TAPS];
    for (int64_t row = 0; row < rows; row += GAN_PANEL) {
        const int64_t width = at_most(GAN_PANEL, rows - row);
        for (int64_t o = 0; o < c->O; o += GAN_PANEL) {
            const int64_t columns = at_most(GAN_PANEL, c->O - o);
            transpose(f, c, w, row, width, o, columns, block);
            for (int64_t j = 0; j < columns; j++) {
                for (int tap = 0; tap < f->r * f->r; tap++) at[tap] = block[tap][j];
                g(width, at, u + row * c->O + (o + j) * width, step);
            }
        }
    }
}

void GAN_NAME(winograd_weights)(gan_conv_way way, const gan_conv *c, gan_conv_pass pass, const float *w,
                                float *u)
{
    const gan__winograd *f = &gan__winograd_of[way];
    gan__to_points *g = GAN_NAME(transforms)[way].w;
    if (pass == GAN_CONV_Y) {
        weights_y(f, g, c, w, u);
    } else {
        weights_dx(f, g, c, w, u);
    }
}

/* ---- passes ------------------------------------------------------------------------------------------------- */

/* One pass from images to images. */
typedef struct pass {
    gan__grid from, to;
    gan__to_points *to_points;
    gan__to_pixels *to_pixels;
    bool adds; /* to_pixels adds to the image */
    int points;
    int64_t N, block, K, M; /* block: images at a time */
} pass;

/* Where a block's arrays are, and their distances from point to point. */
typedef struct room {
    float *outside, *v, *products, *rest;
    int64_t outside_floats, step_v, step_u, step_p;
} room;

static room room_of(const pass *p, float *scratch)
{
    const int64_t tiles = p->block * p->from.tiles_y * p->from.tiles_x;
    room r = {.outside = scratch, .outside_floats = gan__panels_up(gan__most(p->from.C, p->to.C))};
    r.step_v = gan__point_step(tiles, p->K);
    r.step_u = gan__point_step(p->K, p->M);
    r.step_p = gan__point_step(tiles, p->M);
    r.v = scratch + r.outside_floats;
    r.products = r.v + p->points * r.step_v;
    r.rest = r.products + p->points * r.step_p;
    return r;
}

static void multiply(const pass *p, const room *r, int64_t tiles, const float *u)
{
    for (int i = 0; i < p->points; i++) {
        const float *v = r->v + i * r->step_v, *w = u + i * r->step_u;
        GAN_NAME(matmul)(tiles, p->K, p->M, v, w, r->products + i * r->step_p, r->rest);
    }
}

static void run(const pass *p, const float *x, const float *u, const gan_conv_tail *tail, float *y,
                float *scratch)
{
    const gan__grid *from = &p->from, *to = &p->to;
    const int64_t from_floats = from->H * from->W * from->C, to_floats = to->H * to->W * to->C;
    const room r = room_of(p, scratch);
    for (int64_t n = 0, images; n < p->N; n += images, x += images * from_floats, y += images * to_floats) {
        images = at_most(p->block, p->N - n);
        memset(r.outside, 0, (size_t)r.outside_floats * sizeof *r.outside);
        GAN_NAME(to_points)(from, p->to_points, images, x, r.outside, r.v, p->K, r.step_v);
        multiply(p, &r, images * from->tiles_y * from->tiles_x, u);
        if (p->adds) memset(y, 0, (size_t)(images * to_floats) * sizeof *y);
        GAN_NAME(to_pixels)(to, p->to_pixels, images, r.products, p->M, r.step_p, r.outside, y);
        GAN_NAME(conv_tail)(images * to->H * to->W, to->C, tail, y);
    }
}

void GAN_NAME(winograd_y)(gan_conv_way way, const gan_conv *c, const float *x, const float *u,
                          const gan_conv_tail *tail, float *y, float *scratch)
{
    const gan__winograd *f = &gan__winograd_of[way];
    const gan__transforms *t = &GAN_NAME(transforms)[way];
    pass p = {.from = x_grid(f, c), .to = y_grid(f, c), .to_points = t->x, .to_pixels = t->y};
    p.points = gan__winograd_points(f);
    p.N = c->N, p.block = gan__winograd_images(f, c);
    p.K = gan__winograd_rows(f, c), p.M = c->O;
    run(&p, x, u, tail, y, scratch);
}

void GAN_NAME(winograd_dx)(gan_conv_way way, const gan_conv *c, const float *dy, const float *u,
                           const gan_conv_tail *tail, float *dx, float *scratch)
{
    const gan__winograd *f = &gan__winograd_of[way];
    const gan__transforms *t = &GAN_NAME(transforms)[way];
    const gan_conv mirrored = gan__conv_mirrored(c);
    if (f->stride == 1) {
        GAN_NAME(winograd_y)(way, &mirrored, dy, u, tail, dx, scratch);
        return;
    }
    pass p = {
        .from = y_grid(f, c), .to = x_grid(f, c), .to_points = t->dy, .to_pixels = t->add_dx, .adds = true};
    p.points = gan__winograd_points(f);
    p.N = c->N, p.block = gan__winograd_images(f, c);
    p.K = c->O, p.M = gan__winograd_rows(f, c);
    run(&p, dy, u, tail, dx, scratch);
}
