/* The fused op: a small program of elementwise steps, run on blocks that stay in L1, so values in between are neither
 * written to memory nor given any. Operands may be a row or a column that is repeated to the full shape. */
#include "graph.h"

enum { BLOCK = 1024 }; /* floats of an operand that are worked on at a time */

/* A block is `rows` whole rows, or a part of one row: contiguous in full operands either way. */
typedef struct block {
    int64_t row, rows, col, cols, width; /* width: floats in a full row */
    bool first;                          /* of this call */
} block;

/* Operand of a block, where needed as a tile; all blocks share that of a repeated row. */
static const float *operand(gan_broadcast kind, const float *in, const block *b, float *tile)
{
    if (kind == GAN_BROADCAST_NONE) return in + b->row * b->width + b->col;
    if (kind == GAN_BROADCAST_ROWS && b->rows == 1) return in + b->col;
    if (kind == GAN_BROADCAST_ROWS && !b->first) return tile;
    for (int64_t r = 0; r < b->rows; r++)
        for (int64_t c = 0; c < b->cols; c++)
            tile[r * b->cols + c] = kind == GAN_BROADCAST_ROWS ? in[b->col + c] : in[b->row + r];
    return tile;
}

static void run_block(const gan_call *call, const struct gan_chain *chain, const block *b)
{
    const float *value[GAN_MAX_IN + GAN_CHAIN_MAX];
    int64_t n = b->rows * b->cols;
    for (int i = 0; i < chain->n_in; i++)
        value[i] = operand(chain->kind[i], call->in[i], b, call->scratch + i * BLOCK);
    for (int i = 0; i < chain->n; i++) {
        float *to = i == chain->n - 1 ? call->out + b->row * b->width + b->col
                                      : call->scratch + (chain->n_in + i) * BLOCK;
        int second = chain->step[i].b;
        call->run->k->map[chain->step[i].f](n, value[chain->step[i].a], second < 0 ? NULL : value[second],
                                            chain->step[i].p, chain->step[i].q, to);
        value[chain->n_in + i] = to;
    }
}

static gan_status forward(const gan_call *c)
{
    const struct gan_chain *chain = c->y->p.fused.chain;
    int64_t N = c->y->form.dims[0], C = gan_form_floats(&c->y->form) / N;
    bool flat = true;
    for (int i = 0; i < chain->n_in; i++) flat &= chain->kind[i] == GAN_BROADCAST_NONE;
    if (flat) N *= C, C = 1;
    const int64_t rows = C < BLOCK ? BLOCK / C : 1, cols = C < BLOCK ? C : BLOCK;
    const gan_span mine = gan_part_of(c->part, N);
    for (int64_t r = mine.from; r < mine.to; r += rows)
        for (int64_t col = 0; col < C; col += cols) {
            block b = {r, mine.to - r < rows ? mine.to - r : rows, col, C - col < cols ? C - col : cols, C, r == mine.from};
            run_block(c, chain, &b);
        }
    return GAN_OK;
}

static gan_status infer(gan_graph *g, gan_node *y)
{
    (void)g, (void)y;
    return GAN_OK;
}

static int64_t scratch(const gan_graph *g, const gan_node *y)
{
    (void)g;
    return (int64_t)(y->p.fused.chain->n_in + y->p.fused.chain->n) * BLOCK;
}

static double flop(const gan_graph *g, const gan_node *y)
{
    (void)g;
    return (double)gan_form_floats(&y->form) * y->p.fused.chain->n;
}

const gan_op gan__op_fused = {.name = "fused",
                              .inplace = (1u << GAN_MAX_IN) - 1,
                              .infer = infer,
                              .forward = forward,
                              .shared = true,
                              .scratch = scratch,
                              .flop = flop};
