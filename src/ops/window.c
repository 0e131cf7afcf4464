/* Sums over windows of an image, and their adjoint, which gives every pixel the sum of what its windows got. Average pooling is
 * a window sum times 1/k^2, nearest upsampling by k the adjoint of windows side by side; so one pair serves both. */
#include "ops.h"

/* Windows along one axis: window i covers pixels [i*stride - pad, i*stride - pad + kernel) cut to [0, n). */
int64_t gan__windows(int64_t n, int kernel, int stride, int pad)
{
    return n + 2 * pad < kernel ? 0 : (n + 2 * pad - kernel) / stride + 1;
}

gan_span gan__window(const gan_params *p, int kernel, int64_t i, int64_t n)
{
    int64_t from = i * p->window.stride - p->window.pad, to = from + kernel;
    return (gan_span){from > 0 ? from : 0, to < n ? to : n};
}

bool gan__is_image(const gan_form *f)
{
    return f->n_dims == 4 && !f->panel;
}

bool gan__windows_fit(const gan_params *p, const gan_form *image, const gan_form *windows)
{
    return p->window.kh > p->window.pad && p->window.kw > p->window.pad && p->window.stride > 0 &&
           p->window.pad >= 0 && image->dims[0] == windows->dims[0] && image->dims[3] == windows->dims[3] &&
           image->dist == windows->dist &&
           gan__windows(image->dims[1], p->window.kh, p->window.stride, p->window.pad) == windows->dims[1] &&
           gan__windows(image->dims[2], p->window.kw, p->window.stride, p->window.pad) == windows->dims[2] &&
           windows->dims[1] > 0 && windows->dims[2] > 0;
}

gan_status gan__windows_form(gan_graph *g, gan_node *y, const gan_form *image)
{
    if (!gan__is_image(image)) return gan_shape_error(g, y, "wanted images [n,height,width,channels]");
    y->form = *image;
    y->form.dims[1] = gan__windows(image->dims[1], y->p.window.kh, y->p.window.stride, y->p.window.pad);
    y->form.dims[2] = gan__windows(image->dims[2], y->p.window.kw, y->p.window.stride, y->p.window.pad);
    if (gan__windows_fit(&y->p, image, &y->form)) return GAN_OK;
    return gan_shape_error(g, y, "a window of %dx%d (stride %d, padding %d) does not fit the image", y->p.window.kh,
                           y->p.window.kw, y->p.window.stride, y->p.window.pad);
}

/* ---- sum ----------------------------------------------------------------------------------------------------- */

static gan_status sum_infer(gan_graph *g, gan_node *y)
{
    const gan_form x = *gan__in(g, y, 0);
    return gan__windows_form(g, y, &x);
}

static gan_status sum_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    const gan_form *x = gan__in(g, &node, 0);
    return gan_add_window_spread(g, dy, x->dims[1], x->dims[2], node.p.window.kh, node.p.window.kw,
                                 node.p.window.stride, node.p.window.pad, &dx[0]);
}

/* What both directions walk: of every window of image n the pixels in it, rows of C floats each. */
typedef void visit_fn(int64_t C, float *pixel, float *window);

static void visit_all(gan_span images, const gan_form *image, const gan_form *windows, const gan_params *p, float *x,
                      float *y, visit_fn *visit)
{
    const int64_t H = image->dims[1], W = image->dims[2], C = image->dims[3];
    x += images.from * H * W * C;
    y += images.from * gan__cols(windows);
    for (int64_t n = images.from; n < images.to; n++, x += H * W * C)
        for (int64_t i = 0; i < windows->dims[1]; i++)
            for (int64_t j = 0; j < windows->dims[2]; j++, y += C) {
                gan_span rows = gan__window(p, p->window.kh, i, H),
                          cols = gan__window(p, p->window.kw, j, W);
                for (int64_t h = rows.from; h < rows.to; h++)
                    for (int64_t w = cols.from; w < cols.to; w++) visit(C, x + (h * W + w) * C, y);
            }
}

static void add_to_window(int64_t C, float *restrict pixel, float *restrict window)
{
    for (int64_t c = 0; c < C; c++) window[c] += pixel[c];
}

static void add_to_pixel(int64_t C, float *restrict pixel, float *restrict window)
{
    for (int64_t c = 0; c < C; c++) pixel[c] += window[c];
}

static gan_status sum_forward(const gan_call *c)
{
    gan__clear_my_rows(c);
    visit_all(gan__my_rows(c), gan__in(c->graph, c->y, 0), &c->y->form, &c->y->p, (float *)(uintptr_t)c->in[0], c->out,
              add_to_window);
    return GAN_OK;
}

static double sum_flop(const gan_graph *g, const gan_node *y)
{
    (void)g;
    return (double)gan_form_floats(&y->form) * y->p.window.kh * y->p.window.kw;
}

const gan_op gan_op_window_sum = {.name = "window_sum",
                                  .infer = sum_infer,
                                  .backward = sum_backward,
                                  .forward = sum_forward,
                                  .shared = true,
                                  .flop = sum_flop};

gan_status gan_add_window_sum(gan_graph *g, gan_id x, int kh, int kw, int stride, int pad, gan_id *y)
{
    gan_params p = {.window = {kh, kw, stride, pad, 0, 0}};
    return gan__add1(g, &gan_op_window_sum, x, &p, y);
}

/* ---- its adjoint ------------------------------------------------------------------------------------------- */

static gan_status spread_infer(gan_graph *g, gan_node *y)
{
    const gan_form *d = gan__in(g, y, 0);
    if (!gan__is_image(d)) return gan_shape_error(g, y, "wanted images [n,height,width,channels]");
    y->form = *d;
    y->form.dims[1] = y->p.window.h;
    y->form.dims[2] = y->p.window.w;
    if (gan__windows_fit(&y->p, &y->form, d)) return GAN_OK;
    return gan_shape_error(g, y, "these are not the windows of images of %lldx%lld", (long long)y->p.window.h,
                           (long long)y->p.window.w);
}

static gan_status spread_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_params p = gan_graph_node(g, y)->p;
    return gan_add_window_sum(g, dy, p.window.kh, p.window.kw, p.window.stride, p.window.pad, &dx[0]);
}

static gan_status spread_forward(const gan_call *c)
{
    gan__clear_my_rows(c);
    visit_all(gan__my_rows(c), &c->y->form, gan__in(c->graph, c->y, 0), &c->y->p, c->out, (float *)(uintptr_t)c->in[0],
              add_to_pixel);
    return GAN_OK;
}

static double spread_flop(const gan_graph *g, const gan_node *y)
{
    return (double)gan_form_floats(gan__in(g, y, 0)) * y->p.window.kh * y->p.window.kw;
}

const gan_op gan_op_window_spread = {.name = "window_spread",
                                     .infer = spread_infer,
                                     .backward = spread_backward,
                                     .forward = spread_forward,
                                     .shared = true,
                                     .flop = spread_flop};

gan_status gan_add_window_spread(gan_graph *g, gan_id d, int64_t h, int64_t w, int kh, int kw, int stride,
                                 int pad, gan_id *y)
{
    gan_params p = {.window = {kh, kw, stride, pad, h, w}};
    return gan__add1(g, &gan_op_window_spread, d, &p, y);
}
