/* Picking from windows of an image, for max pooling.
 *
 * max_pick(x, v) is, of each window, the v at the place of the largest x, and max_spread(x, d) adds d at that place. Both
 * are linear in their second argument and piecewise constant in x, and each is the other's adjoint, as with the groups of
 * maxout (group.c). max_pool(x) = max_pick(x, x). */
#include "ops.h"

/* Where in image x, [H,W,C] at channel c, a window has its largest value: the first; a NaN wins, so that it is seen. */
static int64_t place_of_max(const float *x, const gan_form *image, gan_span rows, gan_span cols, int64_t c)
{
    const int64_t W = image->dims[2], C = image->dims[3];
    int64_t best = (rows.from * W + cols.from) * C + c;
    for (int64_t h = rows.from; h < rows.to; h++)
        for (int64_t w = cols.from; w < cols.to; w++) {
            int64_t at = (h * W + w) * C + c;
            if (x[at] > x[best] || x[at] != x[at]) best = at;
        }
    return best;
}

/* Calls for each output element of each window: y[i], and where in v its place is. */
typedef void move_fn(float *pixel, float *window);

static void move_all(gan_span images, const gan_form *image, const gan_form *windows, const gan_params *p, const float *x,
                     float *v, float *y, move_fn *move)
{
    const int64_t H = image->dims[1], W = image->dims[2], C = image->dims[3];
    x += images.from * H * W * C;
    v += images.from * H * W * C;
    y += images.from * gan__cols(windows);
    for (int64_t n = images.from; n < images.to; n++, x += H * W * C, v += H * W * C)
        for (int64_t i = 0; i < windows->dims[1]; i++)
            for (int64_t j = 0; j < windows->dims[2]; j++)
                for (int64_t c = 0; c < C; c++)
                    move(v + place_of_max(x, image, gan__window(p, p->window.kh, i, H),
                                          gan__window(p, p->window.kw, j, W), c),
                         y++);
}

static void pick(float *pixel, float *window)
{
    *window = *pixel;
}

static void spread(float *pixel, float *window)
{
    *pixel += *window;
}

/* ---- pick ---------------------------------------------------------------------------------------------------- */

static gan_status pick_infer(gan_graph *g, gan_node *y)
{
    const gan_form x = *gan__in(g, y, 0), *v = gan__in(g, y, 1);
    if (!gan_form_equal(&x, v)) return gan_shape_error(g, y, "wanted two values of one form");
    return gan__windows_form(g, y, &x);
}

static gan_status pick_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    return gan_add_max_spread(g, node.in[0], dy, node.p.window.kh, node.p.window.kw, node.p.window.stride,
                              node.p.window.pad, &dx[1]);
}

static gan_status pick_forward(const gan_call *c)
{
    move_all(gan__my_rows(c), gan__in(c->graph, c->y, 0), &c->y->form, &c->y->p, c->in[0], (float *)(uintptr_t)c->in[1],
             c->out, pick);
    return GAN_OK;
}

const gan_op gan_op_max_pick = {
    .name = "max_pick", .infer = pick_infer, .backward = pick_backward, .forward = pick_forward, .shared = true};

gan_status gan_add_max_pick(gan_graph *g, gan_id x, gan_id v, int kh, int kw, int stride, int pad, gan_id *y)
{
    gan_params p = {.window = {kh, kw, stride, pad, 0, 0}};
    return gan__add2(g, &gan_op_max_pick, x, v, &p, y);
}

/* ---- spread -------------------------------------------------------------------------------------------------- */

static gan_status spread_infer(gan_graph *g, gan_node *y)
{
    const gan_form *x = gan__in(g, y, 0), *d = gan__in(g, y, 1);
    if (!gan__is_image(x) || !gan__is_image(d) || !gan__windows_fit(&y->p, x, d))
        return gan_shape_error(g, y, "wanted images and a value for each of their windows");
    y->form = *x;
    return GAN_OK;
}

static gan_status spread_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    return gan_add_max_pick(g, node.in[0], dy, node.p.window.kh, node.p.window.kw, node.p.window.stride,
                            node.p.window.pad, &dx[1]);
}

static gan_status spread_forward(const gan_call *c)
{
    gan__clear_my_rows(c);
    move_all(gan__my_rows(c), &c->y->form, gan__in(c->graph, c->y, 1), &c->y->p, c->in[0], c->out,
             (float *)(uintptr_t)c->in[1], spread);
    return GAN_OK;
}

const gan_op gan_op_max_spread = {
    .name = "max_spread", .infer = spread_infer, .backward = spread_backward, .forward = spread_forward, .shared = true};

gan_status gan_add_max_spread(gan_graph *g, gan_id x, gan_id d, int kh, int kw, int stride, int pad,
                              gan_id *y)
{
    gan_params p = {.window = {kh, kw, stride, pad, 0, 0}};
    return gan__add2(g, &gan_op_max_spread, x, d, &p, y);
}
