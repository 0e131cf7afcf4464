/* How much samples of a minibatch differ: a half of the mean square of the difference of two of them, over all numbers. For independent
 * samples its mean is the variance, the total of which mode collapse takes away. Partners are the halves of each shard, so no
 * ranks have to talk. */
#include "game.h"

static gan_status spread(gan_graph *g, gan_id x, gan_id *y)
{
    const gan_form f = *gan_graph_form(g, x);
    const int64_t half = f.dims[0] / gan_graph_shards(g) / 2;
    gan_id a, b;
    GAN_TRY(gan_add_slice(g, x, 0, 0, half, &a));
    GAN_TRY(gan_add_slice(g, x, 0, half, 2 * half, &b));
    GAN_TRY(gan_add_sub(g, a, b, y));
    GAN_TRY(gan_add_square(g, *y, y));
    GAN_TRY(gan_add_mean(g, *y, gan_form_floats(gan_graph_form(g, *y)) * gan_graph_ranks(g), y));
    return gan_add_affine(g, *y, 0.5f, 0, y);
}

gan_status gan__game_measure_spread(gan__game *m)
{
    gan_id real, fake;
    if (m->s->rows / gan_graph_shards(m->s->graph) < 2) return GAN_OK; /* no two of a shard */
    GAN_TRY(spread(m->s->graph, m->x, &real));
    GAN_TRY(spread(m->s->graph, m->fake, &fake));
    GAN_TRY(gan_step_metric(m->s, "spread_real", real));
    return gan_step_metric(m->s, "spread_fake", fake);
}
