/* The value of the game, V = E_p log D(x) + E_q log(1 - D(x)), beside the value that the best D would have on the same samples,
 * -log 4 + 2 JSD(p || q). The theorem of Goodfellow et al. 2014: the first is at most the second, and the second at least -log 4 = -1.3863,
 * which only q = p attains. */
#include "density.h"

#include <math.h>

static gan_status compute(gan_eval *e, void *state, int64_t n, double *values)
{
    gan__contest c;
    gan_status s = gan__contest_open(&c, e, state, n);
    double sum = 0, se;
    for (int64_t i = 0; i < n && s == GAN_OK; i++) sum -= gan__softplus(-c.real[i]) + gan__softplus(c.fake[i]);
    if (s == GAN_OK) {
        values[0] = sum / (double)n;
        values[1] = -log(4) + 2 * gan__contest_jsd(&c, &se);
    }
    gan__contest_close(&c);
    return s;
}

static void protocol(const gan_eval *e, const void *state, char *text, size_t size)
{
    (void)state;
    gan__density_protocol(e, "E log D + E log(1-D), beside -log 4 + 2 JSD, that of D*", text, size);
}

static void close(void *state)
{
    gan_judge_free(state);
}

const gan_measure gan_measure_game_value = {
    .name = "game_value",
    .summary = "value of the game, and what it were with the best D: -log 4 + 2 JSD (Goodfellow et al. 2014, theorem 1)",
    .needs = "data.source = ring, grid or line; a D that gives probabilities",
    .values = (const char *const[]){"game_value", "game_best", NULL},
    .samples = 10000,
    .open = gan__needs_odds,
    .compute = compute,
    .protocol = protocol,
    .close = close,
};
