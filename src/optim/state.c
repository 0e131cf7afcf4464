/* Running statistics of normalisation layers: state += (1 - momentum) * (statistic of the step - state). The statistic
 * comes through the gradient arena, reduced over ranks like a gradient. */
#include "rules.h"

#include <math.h>
#include <string.h>

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
        if (!p->state || from >= to) continue;
        const float *statistic = r->grad + from - r->offset;
        if (p->momentum > 0) r->k->ema(to - from, p->momentum, statistic, net->w + from);
        else memcpy(net->w + from, statistic, (size_t)(to - from) * sizeof *statistic);
    }
    return squares;
}
