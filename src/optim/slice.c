/* A rank's share of an update. The ranks of a team have the weights in common and deal the blocks of a range out among
 * them; each block's sum of squares is left where all of them see it, so that all add up the same numbers in the same order:
 * from the last block of the arena to the first. That order knows nothing of ranges, so the norm has the same bits however
 * an arena is cut into them. */
#include "rules.h"

#include <string.h>

static double *squares_of(const gan_call *c, const gan__job *job)
{
    const gan_collectives *comm = c->run->comm;
    return comm ? comm->squares(comm->user, job->number) : job->squares;
}

void gan__each_block(const gan_call *c, gan__job *job, gan__range r, gan__block_fn *block, bool note)
{
    const gan_collectives *comm = c->run->comm;
    const int64_t *at = job->blocks.at;
    double *squares = squares_of(c, job);
    float room[GAN_UPDATE_BLOCK];
    int64_t from = 0, to = job->blocks.n;
    if (comm) comm->slice(comm->user, job->number, &from, &to);
    const gan_span mine = gan_part_of(c->part, to - from);
    for (int64_t i = from + mine.from; i < from + mine.to; i++) {
        r.offset = at[i];
        r.n = at[i + 1] - at[i];
        r.grad = comm ? comm->summed(comm->user, job->number, at[i] - at[0], r.n, c->scratch) : job->o->net->grad + at[i];
        r.grad = gan__with_outer(&r, room);
        r.grad = gan__with_history(&r, room);
        double sum = block(&r);
        if (note) squares[i] = sum;
    }
    gan_part_meet(c->part);
}

int64_t gan__slice_scratch(const gan_graph *g, const gan_node *y)
{
    (void)y;
    return gan_graph_ranks(g) > 1 ? gan_summed_scratch(gan_graph_ranks(g)) : 0;
}

void gan__slice_done(const gan_call *c, gan__job *job, gan_event e)
{
    const gan_collectives *comm = c->run->comm;
    if (comm) comm->arrive(comm->user, job->number, e);
}

gan_status gan__slices_done(const gan_call *c, gan__job *job, gan_event e)
{
    const gan_collectives *comm = c->run->comm;
    if (!comm) return GAN_OK;
    GAN_TRY(comm->meet(comm->user, job->number, e));
    memcpy(job->squares, squares_of(c, job), (size_t)job->blocks.n * sizeof *job->squares);
    return GAN_OK;
}

double gan__add_squares(const gan__job *job, double sum)
{
    for (int64_t i = job->blocks.n; i-- > 0;) sum += job->squares[i];
    return sum;
}
