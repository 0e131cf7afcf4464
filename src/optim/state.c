/* Running statistics of normalisation layers: state += (1 - momentum) * (statistic of the batch - state). The statistic
 * comes through the gradient arena, reduced over ranks like a gradient. */
#include "rules.h"

#include <math.h>

double gan__state_apply(const gan__range *r)
{
    const gan_network *net = r->o->net;
    const int64_t end = r->offset + r->n;
    double squares = r->k->sum_squares(r->n, r->grad);
    if (!isfinite(squares)) return squares;
    for (int i = 0; i < net->n_params; i++) {
        const gan_param *p = &net->params[i];
        int64_t from = p->offset > r->offset ? p->offset : r->offset;
        int64_t to = p->offset + p->floats < end ? p->offset + p->floats : end;
        if (p->state && from < to) r->k->ema(to - from, p->momentum, r->grad + from - r->offset, net->w + from);
    }
    return squares;
}
