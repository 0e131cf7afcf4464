/* Dropout (Srivastava et al. 2014), inverted: 1/keep with probability keep, else 0; a leaf, multiplied by the layer.
 * Keyed like noise by global row, so the mask does not depend on the ranks. */
#include "ops.h"

static gan_status infer(gan_graph *g, gan_node *y)
{
    float keep = y->p.dropout.keep;
    if (!(keep > 0 && keep <= 1)) return gan_shape_error(g, y, "keeping %g is not in 0..1", (double)keep);
    return GAN_OK;
}

static gan_status forward(const gan_call *c)
{
    const gan_form *f = &c->y->form;
    int64_t cols = gan__cols(f), first = f->dist == GAN_SHARDED ? c->run->rank * f->dims[0] : 0;
    float keep = c->y->p.dropout.keep;
    gan_rng at = {.seed = c->run->seed,
                  .purpose = GAN_RNG_DROPOUT,
                  .stream = c->y->p.dropout.stream,
                  .step = (uint64_t)c->run->step};
    const gan_span rows = gan__my_rows(c);
    for (int64_t r = rows.from; r < rows.to; r++) {
        float *row = c->out + r * cols;
        at.sample = (uint64_t)(first + r);
        gan_rng_uniform(&at, 0, cols, 0, 1, row);
        for (int64_t i = 0; i < cols; i++) row[i] = row[i] < keep ? 1.0f / keep : 0.0f;
    }
    return GAN_OK;
}

const gan_op gan_op_dropout_mask = {.name = "dropout_mask", .infer = infer, .forward = forward, .shared = true};

gan_status gan_add_dropout_mask(gan_graph *g, const gan_form *form, float keep, gan_id *y)
{
    gan_node node = {
        .op = &gan_op_dropout_mask, .form = *form, .p = {.dropout = {gan_graph_next_stream(g), keep}}};
    return gan_graph_add(g, &node, y);
}
