/* Clipping by the norm of a network's whole gradient (Pascanu et al. 2013). All ranges must be reduced before the
 * first one is updated; without clipping no range waits for another. */
#include "rules.h"

#include <math.h>

static gan_status infer(gan_graph *g, gan_node *y)
{
    (void)g;
    y->form = (gan_form){.n_dims = 1, .dims = {1}};
    return GAN_OK;
}

static double sum_squares(const gan__range *r)
{
    return r->k->sum_squares(r->n, r->grad);
}

static gan_status measure(const gan_call *c)
{
    gan__job *job = c->y->p.call.user;
    gan__each_block(c, job, (gan__range){.o = job->o, .k = c->run->k, .number = gan__update_number(c, job)}, sum_squares, true);
    if (c->part.i > 0) return GAN_OK;
    gan__slice_done(c, job, GAN_MEASURED);
    return c->run->comm ? GAN_OK : gan__slices_done(c, job, GAN_MEASURED);
}

static gan_status add_up(const gan_call *c)
{
    return gan__slices_done(c, c->y->p.call.user, GAN_MEASURED);
}

const gan_op gan__op_slice_norm = {
    .name = "slice_norm", .effect = true, .eager = true, .shared = true, .infer = infer, .forward = measure,
    .scratch = gan__slice_scratch};
const gan_op gan__op_gradient_norm = {
    .name = "gradient_norm", .effect = true, .talks = true, .waits = true, .late = 2, .infer = infer, .forward = add_up};

double gan__clip_scale(const gan_optimizer *o, int update)
{
    double squares = 0;
    if (o->clip_norm == 0) return 1;
    for (int i = 0; i < o->n_jobs; i++)
        if (o->jobs[i]->update == update && o->jobs[i]->trained) squares = gan__add_squares(o->jobs[i], squares);
    return squares > o->clip_norm * o->clip_norm ? o->clip_norm / sqrt(squares) : 1;
}
