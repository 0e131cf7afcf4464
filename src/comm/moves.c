/* Which rank sends what to whom: recursive halving with distance doubling, and its way back. See reduction.c. */
#include "moves.h"

#include "gan/mem.h"

#include <string.h>

/* The half of `all` that a rank keeps in the round of this distance, and the half that it sends away. */
static gan__stretch keep(gan__stretch all, int rank, int distance, gan__stretch *away)
{
    const gan__stretch low = {all.at, all.n / 2}, high = {all.at + low.n, all.n - low.n};
    const bool upper = rank & distance;
    *away = upper ? low : high;
    return upper ? high : low;
}

gan__stretch gan__moves_part(int rank, int size, int64_t n)
{
    gan__stretch mine = {0, n}, away;
    for (int distance = 1; distance < size; distance *= 2) mine = keep(mine, rank, distance, &away);
    return mine;
}

static void plan_whole(gan__moves *m, int rank, int size, int64_t n)
{
    for (int distance = 1; distance < size; distance *= 2)
        m->list[m->n++] = (gan__move){rank ^ distance, {0, n}, {0, n}, true};
}

static void plan_halving(gan__moves *m, int rank, int size, int64_t n)
{
    gan__stretch mine = {0, n}, away;
    for (int distance = 1; distance < size; distance *= 2) {
        mine = keep(mine, rank, distance, &away);
        m->list[m->n++] = (gan__move){rank ^ distance, away, mine, true};
    }
}

/* Behind the halving: its moves backwards. */
static void plan_gather(gan__moves *m)
{
    for (int i = m->n - 1; i >= 0; i--) {
        const gan__move *h = &m->list[i];
        m->list[m->n++] = (gan__move){h->partner, h->receive, h->send, false};
    }
}

static void in_floats(gan__stretch *s, const int64_t *cuts)
{
    const int64_t end = cuts[s->at + s->n] - cuts[0];
    s->at = cuts[s->at] - cuts[0];
    s->n = end - s->at;
}

gan_status gan__moves_new(gan__moves *out, gan__way way, int rank, int size, int64_t n, const int64_t *cuts)
{
    int rounds = 0;
    while ((1 << rounds) < size) rounds++;
    *out = (gan__moves){gan_calloc(2 * rounds, sizeof(gan__move)), 0};
    if (!out->list) return GAN_ENOMEM;
    if (way == GAN__WHOLE) plan_whole(out, rank, size, n);
    else plan_halving(out, rank, size, n);
    if (way == GAN__SUM || way == GAN__GATHER) plan_gather(out);
    if (way == GAN__GATHER) memmove(out->list, out->list + rounds, (size_t)(out->n = rounds) * sizeof *out->list);
    for (int i = 0; cuts && i < out->n; i++) {
        in_floats(&out->list[i].send, cuts);
        in_floats(&out->list[i].receive, cuts);
    }
    return GAN_OK;
}

void gan__moves_free(gan__moves *m)
{
    gan_free(m->list);
    *m = (gan__moves){0};
}
