/* A rank's share of an update. The ranks of a team have the weights in common and deal the blocks of a range out among
 * them; each block's sum of squares is left where all of them see it, so that all add up the same numbers in the same order. */
#include "rules.h"

static double *squares_of(const gan_call *c, const gan__job *job)
{
    const gan_collectives *comm = c->run->comm;
    return comm ? comm->squares(comm->user, job->number) : job->blocks;
}

void gan__each_block(const gan_call *c, gan__job *job, gan__range r, gan__block_fn *block, bool note)
{
    const gan_collectives *comm = c->run->comm;
    double *squares = squares_of(c, job);
    float room[GAN_UPDATE_BLOCK];
    int64_t from = 0, to = job->n;
    if (comm) comm->slice(comm->user, job->number, &from, &to);
    const gan_span mine = gan_part_of(c->part, (to - from + GAN_UPDATE_BLOCK - 1) / GAN_UPDATE_BLOCK);
    for (int64_t i = mine.from; i < mine.to; i++) {
        const int64_t at = from + i * GAN_UPDATE_BLOCK;
        r.offset = job->offset + at;
        r.n = to - at < GAN_UPDATE_BLOCK ? to - at : GAN_UPDATE_BLOCK;
        r.grad = comm ? comm->summed(comm->user, job->number, at, r.n, c->scratch) : job->o->net->grad + r.offset;
        r.grad = gan__with_outer(&r, room);
        double sum = block(&r);
        if (note) squares[at / GAN_UPDATE_BLOCK] = sum;
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
    if (comm) GAN_TRY(comm->meet(comm->user, job->number, e));
    const double *squares = squares_of(c, job);
    job->squares = 0;
    for (int64_t i = 0; i * GAN_UPDATE_BLOCK < job->n; i++) job->squares += squares[i];
    return GAN_OK;
}
