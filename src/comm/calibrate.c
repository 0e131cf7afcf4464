/* How large buckets should be here: a few sums of different sizes are timed on the ranks as they are, from the first store to
 * the last update, within teams and between them. The smallest takes hardly longer than an empty one, the largest tells the
 * bandwidth. Small buckets start and end early, but pay the latency more often: the size at which it is a tenth of the time is
 * taken, within bounds, for the ranks may have been disturbed. Only the speed of a run depends on what comes out, so it does
 * not matter that it is not the same each time. */
#include "gan/collectives.h"

#include "gan/clock.h"
#include "gan/mem.h"

#include <math.h>

enum { USES = 4, LEAST_KIB = 256, MOST_KIB = 4096 }; /* of the uses the first only warms up */
static const double LATENCY_SHARE = 0.1, ENOUGH_S = 0.02;

typedef struct trial {
    const gan_team *team;
    gan_sum_range sizes[GAN_CALIBRATION_SIZES]; /* from the same place on; one is in use at a time */
    int n;
    int64_t *at;    /* of the blocks of the largest */
    float *scratch;
} trial;

/* One sum, as training has it; the sums themselves are thrown away. */
static gan_status use(const gan_collectives *c, int size, const trial *t)
{
    int64_t from, to;
    GAN_TRY(c->start(c->user, size));
    GAN_TRY(c->wait(c->user, size));
    c->slice(c->user, size, &from, &to);
    for (int64_t i = from; i < to; i++) c->summed(c->user, size, t->at[i], GAN_UPDATE_BLOCK, t->scratch);
    c->arrive(c->user, size, GAN_UPDATED);
    return c->meet(c->user, size, GAN_UPDATED);
}

/* Seconds of the fastest use: what is slower was disturbed. */
static gan_status measure(const gan_collectives *c, int size, const trial *t, double *s)
{
    *s = INFINITY;
    for (int i = 0; i < USES; i++) {
        const double start = gan_clock_s();
        GAN_TRY(use(c, size, t));
        const double took = gan_clock_s() - start;
        if (i > 0 && took < *s) *s = took;
    }
    return GAN_OK;
}

static void choose(gan_calibration *c)
{
    const int last = c->n - 1;
    const double per_byte = fmax((c->s[last] - c->s[0]) / (double)(c->bytes[last] - c->bytes[0]), 1e-15);
    c->latency_s = c->s[0];
    c->bytes_per_s = 1 / per_byte;
    const double wanted = c->latency_s * c->bytes_per_s * (1 / LATENCY_SHARE - 1) / 1024;
    c->kib = LEAST_KIB;
    while (c->kib < MOST_KIB && (double)c->kib * 1.4142 < wanted) c->kib *= 2; /* the nearest power of two */
}

/* Rank 0's times count. It also says when enough time has gone; two sizes make a line. */
static gan_status measure_all(gan_calibration *out, const trial *t, const gan_collectives *c)
{
    const double start = gan_clock_s();
    for (int enough = 0; out->n < t->n && !enough;) {
        GAN_TRY(measure(c, out->n, t, &out->s[out->n]));
        out->bytes[out->n] = t->sizes[out->n].n * (int64_t)sizeof(float);
        enough = ++out->n > 1 && gan_clock_s() - start > ENOUGH_S;
        GAN_TRY(gan_comm_bcast(t->team->all, &enough, sizeof enough));
    }
    if (out->n > 1) choose(out);
    return gan_comm_bcast(t->team->all, out, sizeof *out);
}

/* As many sizes as the room holds; each is eight times the last one. */
static gan_status make_sizes(trial *t, const gan_sum_range *room)
{
    const int64_t most = room->n / GAN_UPDATE_BLOCK;
    t->at = gan_calloc(most + 1, sizeof *t->at);
    t->scratch = gan_calloc(gan_summed_scratch(t->team->all->size), sizeof *t->scratch);
    if (!t->at || !t->scratch) return GAN_ENOMEM;
    for (int64_t i = 0; i <= most; i++) t->at[i] = i * GAN_UPDATE_BLOCK;
    for (int64_t blocks = 1; blocks <= most && t->n < GAN_CALIBRATION_SIZES; blocks *= 8) {
        t->sizes[t->n] = *room;
        t->sizes[t->n].n = blocks * GAN_UPDATE_BLOCK;
        t->sizes[t->n++].blocks = (gan_blocks){t->at, blocks};
    }
    return GAN_OK;
}

gan_status gan_calibrate(gan_calibration *out, const gan_team *t, gan_reduce_mode mode, const gan_kernels *k,
                         const gan_sum_range *room)
{
    trial all = {.team = t};
    gan_comm_set *set = NULL;
    *out = (gan_calibration){0};
    gan_status s = gan_comm_agree(t->all, make_sizes(&all, room));
    if (s == GAN_OK) s = gan_comm_set_new(&set, t, mode, k, all.n, all.sizes);
    if (s == GAN_OK) s = measure_all(out, &all, gan_comm_set_vtable(set));
    gan_comm_set_free(set);
    gan_free(all.at);
    gan_free(all.scratch);
    return s;
}
