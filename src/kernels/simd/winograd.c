/* The passes Y and DX by Winograd's method. Of a block of images all tiles go to points, at each point there is one
 * matrix product with that point's part of u, and the results go back to pixels.
 *
 * A u that is too large for the caches is not made ahead but here, some columns at a time: the products then read it
 * from a cache, not from memory, and nobody keeps it. */
#include "winograd.h"

/* One pass from images to images. */
typedef struct pass {
    gan__grid from, to;
    gan__to_points *to_points;
    gan__to_pixels *to_pixels;
    bool adds; /* to_pixels adds to the image */
    int points;
    int64_t N, block, K, M; /* block: images at a time; u is [K,M] at each point */
    int64_t columns;        /* of u at a time; M if u was made ahead */
    gan_conv_way way;       /* what u is made of */
    gan_conv_pass pass;
    const gan_conv *c;
} pass;

/* Where a block's arrays are, and the distances from point to point. */
typedef struct room {
    float *outside, *v, *u, *products, *rest;
    int64_t outside_floats, step_v;
} room;

static room room_of(const pass *p, float *scratch)
{
    const int64_t tiles = p->block * p->from.tiles_y * p->from.tiles_x;
    room r = {.outside = scratch, .outside_floats = gan__panels_up(gan__most(p->from.C, p->to.C))};
    r.step_v = gan__point_step(tiles, p->K);
    r.v = scratch + r.outside_floats;
    r.products = r.v + p->points * r.step_v;
    r.u = r.products + p->points * gan__point_step(tiles, p->columns);
    r.rest = r.u + (p->columns < p->M ? p->points * gan__point_step(p->K, p->columns) : 0);
    return r;
}

/* Columns [m, m + count) of all products of a block, to pixels. */
static void columns(const pass *p, const room *r, int64_t images, int64_t m, int64_t count, const float *u,
                    float *y)
{
    const int64_t tiles = images * p->from.tiles_y * p->from.tiles_x;
    const int64_t step_u = gan__point_step(p->K, count), step_p = gan__point_step(tiles, count);
    for (int i = 0; i < p->points; i++) {
        const float *v = r->v + i * r->step_v;
        GAN_NAME(matmul)(tiles, p->K, count, v, u + i * step_u, r->products + i * step_p, r->rest);
    }
    GAN_NAME(to_pixels)(&p->to, p->to_pixels, images, r->products, m, count, step_p, r->outside, y);
}

/* u: made ahead, or w. */
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
        if (p->adds) memset(y, 0, (size_t)(images * to_floats) * sizeof *y);
        for (int64_t m = 0; m < p->M; m += p->columns) {
            const int64_t count = at_most(p->columns, p->M - m);
            if (p->columns < p->M) GAN_NAME(winograd_columns)(p->way, p->c, p->pass, (gan_part){0, 1}, m, count, u, r.u);
            columns(p, &r, images, m, count, p->columns < p->M ? r.u : u, y);
        }
        GAN_NAME(conv_tail)(images * to->H * to->W, to->C, tail, y);
    }
}

/* x to y as in gan/conv.h, of w's pass `made_for`: DX for a mirrored convolution. */
static void run_y(gan_conv_way way, const gan_conv *c, const gan_conv *w_of, gan_conv_pass made_for,
                  const float *x, const float *u, const gan_conv_tail *tail, float *y, float *scratch)
{
    const gan__winograd *f = &gan__winograd_of[way];
    const gan__transforms *t = &GAN_NAME(transforms)[way];
    pass p = {.from = x_grid(f, c), .to = y_grid(f, c), .to_points = t->x, .to_pixels = t->y};
    p.points = gan__winograd_points(f);
    p.N = c->N, p.block = gan__winograd_images(f, c);
    p.K = gan__winograd_rows(f, c), p.M = c->O, p.columns = gan__u_columns(f, p.K, p.M);
    p.way = way, p.pass = made_for, p.c = w_of;
    run(&p, x, u, tail, y, scratch);
}

void GAN_NAME(winograd_y)(gan_conv_way way, const gan_conv *c, const float *x, const float *u,
                          const gan_conv_tail *tail, float *y, float *scratch)
{
    run_y(way, c, c, GAN_CONV_Y, x, u, tail, y, scratch);
}

void GAN_NAME(winograd_dx)(gan_conv_way way, const gan_conv *c, const float *dy, const float *u,
                           const gan_conv_tail *tail, float *dx, float *scratch)
{
    const gan__winograd *f = &gan__winograd_of[way];
    const gan__transforms *t = &GAN_NAME(transforms)[way];
    const gan_conv mirrored = gan__conv_mirrored(c);
    if (f->stride == 1) {
        run_y(way, &mirrored, c, GAN_CONV_DX, dy, u, tail, dx, scratch);
        return;
    }
    pass p = {
        .from = y_grid(f, c), .to = x_grid(f, c), .to_points = t->dy, .to_pixels = t->add_dx, .adds = true};
    p.points = gan__winograd_points(f);
    p.N = c->N, p.block = gan__winograd_images(f, c);
    p.K = c->O, p.M = gan__winograd_rows(f, c), p.columns = gan__u_columns(f, p.K, p.M);
    p.way = way, p.pass = GAN_CONV_DX, p.c = c;
    run(&p, dy, u, tail, dx, scratch);
}
