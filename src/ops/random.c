/* Noise: each row is a function of (seed, purpose, stream, step, global row), so any rank can draw any row. */
#include "ops.h"

static gan_status infer(gan_graph *g, gan_node *y)
{
    (void)g, (void)y;
    return GAN_OK;
}

static gan_status forward(const gan_call *c)
{
    const gan_form *f = &c->y->form;
    int64_t cols = gan__cols(f), first = f->dist == GAN_SHARDED ? c->run->rank * f->dims[0] : 0;
    float a = c->y->p.random.a, b = c->y->p.random.b;
    gan_rng at = {.seed = c->run->seed,
                  .purpose = c->y->p.random.purpose,
                  .stream = c->y->p.random.stream,
                  .step = c->y->p.random.fixed ? 0 : (uint64_t)c->run->step};
    const gan_span rows = gan__my_rows(c);
    for (int64_t r = rows.from; r < rows.to; r++) {
        at.sample = (uint64_t)(first + r);
        if (c->y->p.random.normal)
            gan_rng_normal(&at, 0, cols, a, b, c->out + r * cols);
        else
            gan_rng_uniform(&at, 0, cols, a, b, c->out + r * cols);
    }
    return GAN_OK;
}

const gan_op gan_op_random = {.name = "random", .infer = infer, .forward = forward, .shared = true};

gan_status gan_add_random(gan_graph *g, const gan_form *form, gan_rng_purpose purpose, bool normal, float a,
                          float b, gan_id *y)
{
    gan_node node = {.op = &gan_op_random,
                     .form = *form,
                     .p = {.random = {purpose, normal, gan_graph_next_stream(g), a, b}}};
    return gan_graph_add(g, &node, y);
}

gan_status gan_add_reference_noise(gan_graph *g, const gan_form *form, bool normal, float a, float b, gan_id *y)
{
    gan_node node = {.op = &gan_op_random, .form = *form, .p = {.random = {GAN_RNG_REFERENCE, normal, 0, a, b, true}}};
    return gan_graph_add(g, &node, y);
}
