/* Collectives that wait for nobody: a rank finds its own summands where the sum should be, and updates its slice of each bucket.
 * So the work of one rank of a thousand is measured on a machine that could not hold a thousand. */
#include "lone_rank.h"

#include "gan/mem.h"

static gan_status nothing_of(void *user, int number)
{
    (void)user, (void)number;
    return GAN_OK;
}

static gan_status nothing(void *user)
{
    (void)user;
    return GAN_OK;
}

static gan_status own_sum(void *user, float *data, int64_t n, int phase)
{
    (void)user, (void)data, (void)n, (void)phase;
    return GAN_OK;
}

/* Of the first rank of a team: blocks, as comm/bucket.c deals them. */
static void slice(void *user, int number, int64_t *from, int64_t *to)
{
    const gan__lone_rank *l = user;
    const gan_range *r = &l->step->reductions[number];
    *from = *to = 0;
    while (*to < r->blocks.n && r->blocks.at[*to] - r->blocks.at[0] < r->n / l->team) ++*to;
}

static const float *own_summands(void *user, int number, int64_t at, int64_t n, float *scratch)
{
    (void)n, (void)scratch;
    return ((const gan__lone_rank *)user)->step->reductions[number].data + at;
}

static double *squares(void *user, int number)
{
    (void)number;
    return ((gan__lone_rank *)user)->squares;
}

static void arrive(void *user, int number, gan_event e)
{
    (void)user, (void)number, (void)e;
}

static gan_status meet(void *user, int number, gan_event e)
{
    (void)user, (void)number, (void)e;
    return GAN_OK;
}

gan_status gan__lone_rank_open(gan__lone_rank *l, gan_session *s, int team)
{
    int64_t most = 0;
    for (int i = 0; i < s->step->n_reductions; i++)
        if (most < s->step->reductions[i].blocks.n) most = s->step->reductions[i].blocks.n;
    *l = (gan__lone_rank){.step = s->step, .team = team};
    l->squares = gan_calloc(most, sizeof *l->squares);
    if (!l->squares) return GAN_ENOMEM;
    l->vtable = (gan_collectives){.user = l,
                                  .start = nothing_of,
                                  .wait = nothing_of,
                                  .progress = nothing,
                                  .all_sum = own_sum,
                                  .slice = slice,
                                  .summed = own_summands,
                                  .squares = squares,
                                  .arrive = arrive,
                                  .meet = meet};
    s->run.comm = &l->vtable;
    return GAN_OK;
}

void gan__lone_rank_close(gan__lone_rank *l)
{
    gan_free(l->squares);
    *l = (gan__lone_rank){0};
}
