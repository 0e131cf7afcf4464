/* Convolution and its two derivatives, the three passes of the trilinear form
 *     T(x, w, y) = sum of x[n, oy*stride + ky - pad, ox*stride + kx - pad, c] w[ky,kx,c,o] y[n,oy,ox,o].
 *
 * As with matmul each pass is the derivative of T by its missing argument, so gradients of any order stay among the three,
 * and conv_dx is the transposed convolution of generators. x, y are images, w a REPLICATED weight [kh*kw*C, O] in
 * panel layout, a result w is PARTIAL.
 *
 * How a pass is computed is decided here, from the shape (kernels choose; see gan/conv.h). Ways that want the weights
 * transformed read a conv_weights node instead, which passes of the same kind over the same weights share. */
#include "ops.h"

#include "gan/conv.h"

gan_window gan__conv_window(const gan_params *p)
{
    return (gan_window){p->conv.kh, p->conv.kw, p->conv.stride, p->conv.pad};
}

static gan_conv geometry(const gan_params *p, const gan_form *x, int64_t O)
{
    gan_conv c = {.N = x->dims[0], .H = x->dims[1], .W = x->dims[2], .C = x->dims[3], .O = O};
    c.kh = p->conv.kh, c.kw = p->conv.kw, c.stride = p->conv.stride;
    c.pad_top = c.pad_left = p->conv.pad;
    c.OH = gan__windows(c.H, c.kh, c.stride, p->conv.pad);
    c.OW = gan__windows(c.W, c.kw, c.stride, p->conv.pad);
    return c;
}

static gan_form image_form(const gan_form *like, int64_t h, int64_t w, int64_t channels)
{
    return (gan_form){.n_dims = 4, .dims = {like->dims[0], h, w, channels}, .dist = like->dist};
}

static bool is_image_of(const gan_form *f)
{
    return gan__is_image(f) && f->dist != GAN_PARTIAL;
}

static bool is_weight_of(const gan_form *w, const gan_conv *c)
{
    return w->n_dims == 2 && w->panel && w->dims[0] == c->kh * c->kw * c->C && w->dims[1] == c->O;
}

static int64_t floats_of_weights(const gan_params *p, const gan_conv *c, gan_conv_pass pass)
{
    return gan_conv_weight_floats((gan_conv_way)p->conv.way, c, pass);
}

static gan_conv_way way_of(const gan_node *y)
{
    return (gan_conv_way)y->p.conv.way;
}

/* Channels of x: the rows of w over the pixels of the kernel. */
static gan_conv dx_geometry(const gan_params *p, const gan_form *dy, const gan_form *w)
{
    const gan_form x = image_form(dy, p->conv.h, p->conv.w, w->dims[0] / (p->conv.kh * p->conv.kw));
    return geometry(p, &x, w->dims[1]);
}

static gan_conv_pass pass_of(const gan_node *y)
{
    return y->op == &gan_op_conv ? GAN_CONV_Y : y->op == &gan_op_conv_dx ? GAN_CONV_DX : GAN_CONV_DW;
}

/* The convolution that a node of any pass belongs to. */
static gan_conv shape_of(const gan_graph *g, const gan_node *y)
{
    const gan_form *a = gan__in(g, y, 0), *b = gan__in(g, y, 1);
    if (pass_of(y) == GAN_CONV_DX) return dx_geometry(&y->p, a, b);
    return geometry(&y->p, a, b->dims[pass_of(y) == GAN_CONV_DW ? 3 : 1]);
}

static int64_t scratch(const gan_graph *g, const gan_node *y)
{
    const gan_conv shape = shape_of(g, y);
    return gan_conv_scratch(way_of(y), &shape, pass_of(y), gan_graph_shards(g), gan_graph_threads(g));
}

/* This thread's images of Y or DX; *from is the first of them. The result may have another form than images. */
static gan_conv my_images(const gan_call *c, int64_t *from)
{
    gan_conv shape = shape_of(c->graph, c->y);
    const gan_span images = gan_part_of(c->part, shape.N);
    shape.N = images.to - images.from;
    *from = images.from;
    return shape;
}

static double flop(const gan_graph *g, const gan_node *y)
{
    const gan_conv shape = shape_of(g, y);
    return gan_conv_flop(&shape);
}

/* The last inputs: u (or w itself), and a tail's bias. */
static const float *u_of(const gan_call *c)
{
    return c->in[c->y->n_in - 1 - c->y->tail.bias];
}

static gan_conv_tail tail_of(const gan_call *c)
{
    const gan_tail *t = &c->y->tail;
    return (gan_conv_tail){t->bias ? c->in[c->y->n_in - 1] : NULL, t->maps ? (int)t->map : -1, t->p, t->q};
}

static gan_params params_of(const gan_window *k)
{
    return (gan_params){.conv = {.kh = k->kh, .kw = k->kw, .stride = k->stride, .pad = k->pad}};
}

static bool sensible(const gan_window *k)
{
    return k->kh > 0 && k->kw > 0 && k->stride > 0 && k->pad >= 0;
}

/* ---- transformed weights ------------------------------------------------------------------------------------- */

/* p.conv describes the pass it is made for: its images (h, w, channels) are part of the node. */
static gan_conv described(const gan_params *p)
{
    const gan_form x = {.n_dims = 4, .dims = {1, p->conv.h, p->conv.w, p->conv.channels}};
    return geometry(p, &x, p->conv.outputs);
}

static gan_status weights_infer(gan_graph *g, gan_node *y)
{
    const gan_conv c = described(&y->p);
    const gan_form *w = gan__in(g, y, 0);
    if (!is_weight_of(w, &c)) return gan_shape_error(g, y, "wanted the weights of a convolution");
    y->form = (gan_form){.n_dims = 1, .dims = {floats_of_weights(&y->p, &c, (gan_conv_pass)y->p.conv.pass)}};
    return GAN_OK;
}

static gan_status weights_forward(const gan_call *c)
{
    const gan_conv shape = described(&c->y->p);
    c->run->k->conv_weights(way_of(c->y), &shape, (gan_conv_pass)c->y->p.conv.pass, c->part, c->in[0], c->out);
    return GAN_OK;
}

const gan_op gan_op_conv_weights = {
    .name = "conv_weights", .infer = weights_infer, .forward = weights_forward, .shared = true};

static bool same_transform(const gan_params *a, const gan_params *b)
{
    return a->conv.way == b->conv.way && a->conv.pass == b->conv.pass && a->conv.kh == b->conv.kh &&
           a->conv.kw == b->conv.kw && a->conv.stride == b->conv.stride && a->conv.pad == b->conv.pad &&
           a->conv.h == b->conv.h && a->conv.w == b->conv.w;
}

/* Fill node->in[2] with the transformed weights of in[1], if the way wants them; a node that is there already is shared. */
static gan_status add_weights(gan_graph *g, gan_node *node, const gan_conv *c, gan_conv_pass pass)
{
    gan_node u = {.op = &gan_op_conv_weights, .n_in = 1, .in = {node->in[1]}, .p = node->p};
    if (floats_of_weights(&node->p, c, pass) == 0) return GAN_OK;
    u.p.conv.pass = pass;
    u.p.conv.h = c->H, u.p.conv.w = c->W, u.p.conv.channels = c->C, u.p.conv.outputs = c->O;
    node->n_in = 3;
    for (gan_id i = gan_graph_count(g) - 1; i >= 0; i--) {
        const gan_node *other = gan_graph_node(g, i);
        node->in[2] = i;
        if (other->op == u.op && other->in[0] == u.in[0] && same_transform(&other->p, &u.p)) return GAN_OK;
    }
    return gan_graph_add(g, &u, &node->in[2]);
}

/* ---- y = conv(x, w) -------------------------------------------------------------------------------------------- */

static gan_status y_infer(gan_graph *g, gan_node *y)
{
    const gan_form x = *gan__in(g, y, 0), *w = gan__in(g, y, 1);
    gan_conv c = {.O = w->dims[1]};
    if (!is_image_of(&x) || w->dist != GAN_REPLICATED ||
        (c = geometry(&y->p, &x, w->dims[1]), !is_weight_of(w, &c)))
        return gan_shape_error(g, y, "wanted images [n,h,w,c] and a weight [%d*%d*c,o]", y->p.conv.kh,
                               y->p.conv.kw);
    if (c.OH < 1 || c.OW < 1)
        return gan_shape_error(g, y, "a kernel of %dx%d is larger than the image with %d pixels of padding",
                               c.kh, c.kw, y->p.conv.pad);
    y->form = image_form(&x, c.OH, c.OW, c.O);
    return GAN_OK;
}

static gan_status y_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    const gan_form x = *gan__in(g, &node, 0);
    gan_window k = gan__conv_window(&node.p);
    GAN_TRY(gan_add_conv_dw(g, node.in[0], dy, &k, &dx[1]));
    return gan_add_conv_dx(g, dy, node.in[1], &k, x.dims[1], x.dims[2], &dx[0]);
}

static gan_status y_forward(const gan_call *c)
{
    int64_t n;
    const gan_conv mine = my_images(c, &n);
    const float *x = c->in[0] + n * mine.H * mine.W * mine.C;
    float *y = c->out + n * mine.OH * mine.OW * mine.O;
    const gan_conv_tail tail = tail_of(c);
    if (mine.N > 0) c->run->k->conv_y(way_of(c->y), &mine, x, u_of(c), &tail, y, c->scratch);
    return GAN_OK;
}

const gan_op gan_op_conv = {.name = "conv",
                            .infer = y_infer,
                            .backward = y_backward,
                            .forward = y_forward,
                            .shared = true,
                            .takes_tail = true,
                            .scratch = scratch,
                            .flop = flop};

/* Set the way of a pass, and its transformed weights; forms that do not fit are left to infer. */
static gan_status decide(gan_graph *g, gan_node *node, gan_conv *c, gan_conv_pass pass)
{
    node->p.conv.way = gan_conv_choose(c, pass, gan_graph_shards(g), gan_graph_direct(g));
    return pass == GAN_CONV_DW ? GAN_OK : add_weights(g, node, c, pass);
}

gan_status gan_add_conv(gan_graph *g, gan_id x, gan_id w, const gan_window *k, gan_id *y)
{
    gan_node node = {.op = &gan_op_conv, .n_in = 2, .in = {x, w}, .p = params_of(k)};
    const gan_form fx = *gan_graph_form(g, x), fw = *gan_graph_form(g, w);
    if (sensible(k) && is_image_of(&fx)) {
        gan_conv c = geometry(&node.p, &fx, fw.dims[1]);
        if (is_weight_of(&fw, &c) && c.OH > 0 && c.OW > 0) GAN_TRY(decide(g, &node, &c, GAN_CONV_Y));
    }
    return gan_graph_add(g, &node, y);
}

/* ---- x = conv_dx(y, w) ------------------------------------------------------------------------------------------ */

static bool dx_fits(const gan_conv *c, const gan_form *dy, const gan_form *w)
{
    return is_image_of(dy) && is_weight_of(w, c) && c->OH == dy->dims[1] && c->OW == dy->dims[2] &&
           c->O == dy->dims[3];
}

static gan_status dx_infer(gan_graph *g, gan_node *y)
{
    const gan_form dy = *gan__in(g, y, 0), w = *gan__in(g, y, 1);
    const gan_conv c = dx_geometry(&y->p, &dy, &w);
    if (w.dist != GAN_REPLICATED || !dx_fits(&c, &dy, &w))
        return gan_shape_error(
            g, y,
            "wanted what a convolution %dx%d (stride %d, padding %d) makes of %lldx%lld, and its weight",
            c.kh, c.kw, c.stride, y->p.conv.pad, (long long)c.H, (long long)c.W);
    y->form = image_form(&dy, c.H, c.W, c.C);
    return GAN_OK;
}

static gan_status dx_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    gan_window k = gan__conv_window(&node.p);
    GAN_TRY(gan_add_conv_dw(g, dy, node.in[0], &k, &dx[1]));
    return gan_add_conv(g, dy, node.in[1], &k, &dx[0]);
}

static gan_status dx_forward(const gan_call *c)
{
    int64_t n;
    const gan_conv mine = my_images(c, &n);
    const float *dy = c->in[0] + n * mine.OH * mine.OW * mine.O;
    float *x = c->out + n * mine.H * mine.W * mine.C;
    const gan_conv_tail tail = tail_of(c);
    if (mine.N > 0) c->run->k->conv_dx(way_of(c->y), &mine, dy, u_of(c), &tail, x, c->scratch);
    return GAN_OK;
}

const gan_op gan_op_conv_dx = {.name = "conv_dx",
                               .infer = dx_infer,
                               .backward = dx_backward,
                               .forward = dx_forward,
                               .shared = true,
                               .takes_tail = true,
                               .scratch = scratch,
                               .flop = flop};

gan_status gan_add_conv_dx(gan_graph *g, gan_id dy, gan_id w, const gan_window *k, int64_t H, int64_t W,
                           gan_id *x)
{
    gan_node node = {.op = &gan_op_conv_dx, .n_in = 2, .in = {dy, w}, .p = params_of(k)};
    const gan_form fy = *gan_graph_form(g, dy), fw = *gan_graph_form(g, w);
    node.p.conv.h = H, node.p.conv.w = W;
    if (sensible(k)) {
        gan_conv c = dx_geometry(&node.p, &fy, &fw);
        if (dx_fits(&c, &fy, &fw)) GAN_TRY(decide(g, &node, &c, GAN_CONV_DX));
    }
    return gan_graph_add(g, &node, x);
}

/* ---- w = conv_dw(x, y) ------------------------------------------------------------------------------------------ */

static bool dw_fits(const gan_conv *c, const gan_form *x, const gan_form *dy)
{
    return is_image_of(x) && is_image_of(dy) && x->dist == GAN_SHARDED && dy->dist == GAN_SHARDED &&
           x->dims[0] == dy->dims[0] && c->OH == dy->dims[1] && c->OW == dy->dims[2];
}

static gan_status dw_infer(gan_graph *g, gan_node *y)
{
    const gan_form x = *gan__in(g, y, 0), dy = *gan__in(g, y, 1);
    const gan_conv c = geometry(&y->p, &x, dy.dims[3]);
    if (!dw_fits(&c, &x, &dy))
        return gan_shape_error(
            g, y, "wanted sharded images and what a convolution %dx%d (stride %d, padding %d) makes of them",
            c.kh, c.kw, c.stride, y->p.conv.pad);
    y->form = (gan_form){.n_dims = 2, .dims = {c.kh * c.kw * c.C, c.O}, .dist = GAN_PARTIAL, .panel = true};
    return GAN_OK;
}

static gan_status dw_backward(gan_graph *g, gan_id y, gan_id dy, gan_id *dx)
{
    const gan_node node = *gan_graph_node(g, y);
    const gan_form x = *gan__in(g, &node, 0);
    gan_window k = gan__conv_window(&node.p);
    GAN_TRY(gan_add_conv_dx(g, node.in[1], dy, &k, x.dims[1], x.dims[2], &dx[0]));
    return gan_add_conv(g, node.in[0], dy, &k, &dx[1]);
}

static gan_status dw_forward(const gan_call *c)
{
    const gan_conv shape = shape_of(c->graph, c->y);
    c->run->k->conv_dw(way_of(c->y), &shape, gan_graph_shards(c->graph), c->part, c->in[0], c->in[1], c->out,
                       c->scratch);
    return GAN_OK;
}

const gan_op gan_op_conv_dw = {.name = "conv_dw",
                               .infer = dw_infer,
                               .backward = dw_backward,
                               .forward = dw_forward,
                               .shared = true,
                               .scratch_in_common = true,
                               .scratch = scratch,
                               .flop = flop};

gan_status gan_add_conv_dw(gan_graph *g, gan_id x, gan_id dy, const gan_window *k, gan_id *w)
{
    gan_node node = {.op = &gan_op_conv_dw, .n_in = 2, .in = {x, dy}, .p = params_of(k)};
    const gan_form fx = *gan_graph_form(g, x), fy = *gan_graph_form(g, dy);
    if (sensible(k)) {
        gan_conv c = geometry(&node.p, &fx, fy.dims[3]);
        if (dw_fits(&c, &fx, &fy)) GAN_TRY(decide(g, &node, &c, GAN_CONV_DW));
    }
    return gan_graph_add(g, &node, w);
}
