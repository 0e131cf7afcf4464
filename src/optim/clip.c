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

static gan_status forward(const gan_call *c)
{
    gan__job *job = c->y->p.call.user;
    job->squares = c->run->k->sum_squares(job->n, job->o->net->grad + job->offset);
    return GAN_OK;
}

const gan_op gan__op_gradient_norm = {
    .name = "gradient_norm", .effect = true, .eager = true, .infer = infer, .forward = forward};

double gan__clip_scale(const gan_optimizer *o, int update)
{
    double squares = 0;
    if (o->clip_norm == 0) return 1;
    for (int i = 0; i < o->n_jobs; i++)
        if (o->jobs[i]->update == update && o->jobs[i]->offset < o->net->trained_floats)
            squares += o->jobs[i]->squares;
    return squares > o->clip_norm * o->clip_norm ? o->clip_norm / sqrt(squares) : 1;
}
