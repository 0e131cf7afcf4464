/* Images at another size, nearest or bilinear, and the adjoint. Each row of the result is a weighted sum of at most two rows
 * of the source, each column of two columns, with the weights of pixel centres (corners not aligned): pixel i lies at
 * (i + 1/2) * in/out - 1/2 of the source. */
#include "ops.h"

/* What a row (or column) is made of. */
typedef struct taps {
    int64_t at[2];
    float weight[2];
} taps;

static taps taps_of(bool bilinear, int64_t i, int64_t in, int64_t out)
{
    if (!bilinear) return (taps){{i * in / out, 0}, {1, 0}};
    double x = ((double)i + 0.5) * (double)in / (double)out - 0.5;
    if (x < 0) x = 0;
    int64_t low = (int64_t)x, high = low + 1 < in ? low + 1 : low;
    float part = (float)(x - (double)low);
    return (taps){{low, high}, {1 - part, part}};
}

/* y += weight * x, or the other way round. */
typedef void mix_fn(int64_t C, float weight, float *small, float *large);

static void gather(int64_t C, float weight, float *restrict source, float *restrict result)
{
    for (int64_t c = 0; c < C; c++) result[c] += weight * source[c];
}

static void scatter(int64_t C, float weight, float *restrict source, float *restrict result)
{
    for (int64_t c = 0; c < C; c++) source[c] += weight * result[c];
}

/* source [N,H,W,C] and result [N,h,w,C]. */
static void mix_all(gan_span images, bool bilinear, const gan_form *fx, const gan_form *fy, float *x, float *y, mix_fn *mix)
{
    const int64_t H = fx->dims[1], W = fx->dims[2], C = fx->dims[3];
    x += images.from * H * W * C;
    y += images.from * gan__cols(fy);
    for (int64_t n = images.from; n < images.to; n++, x += H * W * C)
        for (int64_t i = 0; i < fy->dims[1]; i++) {
            const taps row = taps_of(bilinear, i, H, fy->dims[1]);
            for (int64_t j = 0; j < fy->dims[2]; j++, y += C) {
                const taps col = taps_of(bilinear, j, W, fy->dims[2]);
                for (int k = 0; k < 4; k++) {
                    float weight = row.weight[k / 2] * col.weight[k % 2];
                    if (weight != 0) mix(C, weight, x + (row.at[k / 2] * W + col.at[k % 2]) * C, y);
                }
            }
        }
}

static gan_status infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    if (!gan__is_image(x) || y->p.resize.h < 1 || y->p.resize.w < 1)
        return gan_shape_error(g, y, "wanted images [n,height,width,channels] and a size of at least 1x1");
    y->form = *x;
    y->form.dims[1] = y->p.resize.h;
    y->form.dims[2] = y->p.resize.w;
    return GAN_OK;
}

static double flop(const gan_graph *g, const gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0);
    int64_t a = gan_form_floats(x), b = gan_form_floats(&y->form);
    return 8.0 * (double)(a > b ? a : b);
}

/* ---- resize -------------------------------------------------------------------------------------------------- */

static gan_status resize_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    const gan_form *x = gan__in(g, &node, 0);
    return gan_add_resize_adjoint(g, dy, x->dims[1], x->dims[2], node.p.resize.bilinear, &dx[0]);
}

static gan_status resize_forward(const gan_call *c)
{
    gan__clear_my_rows(c);
    mix_all(gan__my_rows(c), c->y->p.resize.bilinear, gan__in(c->graph, c->y, 0), &c->y->form, (float *)(uintptr_t)c->in[0],
            c->out, gather);
    return GAN_OK;
}

const gan_op gan_op_resize = {
    .name = "resize", .infer = infer, .backward = resize_backward, .forward = resize_forward, .shared = true, .flop = flop};

gan_status gan_add_resize(gan_graph *g, gan_id x, int64_t h, int64_t w, bool bilinear, gan_id *y)
{
    gan_params p = {.resize = {bilinear, h, w}};
    return gan__add1(g, &gan_op_resize, x, &p, y);
}

/* ---- its adjoint ------------------------------------------------------------------------------------------- */

static gan_status adjoint_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    const gan_form *d = gan__in(g, &node, 0);
    return gan_add_resize(g, dy, d->dims[1], d->dims[2], node.p.resize.bilinear, &dx[0]);
}

static gan_status adjoint_forward(const gan_call *c)
{
    gan__clear_my_rows(c);
    mix_all(gan__my_rows(c), c->y->p.resize.bilinear, &c->y->form, gan__in(c->graph, c->y, 0), c->out,
            (float *)(uintptr_t)c->in[0], scatter);
    return GAN_OK;
}

const gan_op gan_op_resize_adjoint = {.name = "resize_adjoint",
                                      .infer = infer,
                                      .backward = adjoint_backward,
                                      .forward = adjoint_forward,
                                      .shared = true,
                                      .flop = flop};

gan_status gan_add_resize_adjoint(gan_graph *g, gan_id d, int64_t h, int64_t w, bool bilinear, gan_id *y)
{
    gan_params p = {.resize = {bilinear, h, w}};
    return gan__add1(g, &gan_op_resize_adjoint, d, &p, y);
}
