/* Shared by the files of this module: the rules that all elementwise ops have in common, and node templates. */
#ifndef GAN_OPS_INSIDE_H
#define GAN_OPS_INSIDE_H

#include "gan/ops.h"

/* Shape, kernel and cost of an elementwise op; its file adds the gradient rule. */
gan_status gan__map_infer(gan_graph *g, gan_node *y);
gan_status gan__map_forward(const gan_call *c);

/* Append op with one or two inputs and parameters p (NULL: none). */
gan_status gan__add1(gan_graph *g, const gan_op *op, gan_id a, const gan_params *p, gan_id *y);
gan_status gan__add2(gan_graph *g, const gan_op *op, gan_id a, gan_id b, const gan_params *p, gan_id *y);

/* partial.c: append an elementwise node with a PARTIAL input as a function of that input's summands; *y is GAN_NONE where
 * that is not possible. */
gan_status gan__move_to_summands(gan_graph *g, const gan_node *node, gan_id *y);

/* The form of input i of a node that is being inferred or called. */
static inline const gan_form *gan__in(const gan_graph *g, const gan_node *y, int i)
{
    return gan_graph_form(g, y->in[i]);
}

/* Elements behind the first dimension. */
static inline int64_t gan__cols(const gan_form *f)
{
    return gan_form_floats(f) / f->dims[0];
}

/* Rows of the result that are this thread's, of an op that computes it row by row; and sets them to 0. */
static inline gan_span gan__my_rows(const gan_call *c)
{
    return gan_part_of(c->part, c->y->form.dims[0]);
}
void gan__clear_my_rows(const gan_call *c);

/* Any tensor as [outer, mid, inner] around an axis; axis 0 of a SHARDED value is the rows of each shard. */
typedef struct gan__axis {
    int64_t outer, mid, inner;
} gan__axis;
gan__axis gan__axis_of(const gan_graph *g, const gan_form *f, int axis);

/* window.c: windows of images. */
bool gan__is_image(const gan_form *f);
int64_t gan__windows(int64_t n, int kernel, int stride, int pad); /* along an axis of n pixels; 0: none fits */
gan_span gan__window(const gan_params *p, int kernel, int64_t i, int64_t n); /* the pixels of window i that are there */
bool gan__windows_fit(const gan_params *p, const gan_form *image, const gan_form *windows);
gan_status gan__windows_form(gan_graph *g, gan_node *y, const gan_form *image); /* sets y->form */

gan_window gan__conv_window(const gan_params *p); /* conv.c: of p.conv */

#define GAN_OP(ID, sym) extern const gan_op gan_op_##sym;
#include "ops.def"
#undef GAN_OP

#endif
