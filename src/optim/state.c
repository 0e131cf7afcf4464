/* Running statistics of normalisation layers: state += (1 - momentum) * (statistic of the batch - state). The statistic
 * comes through the gradient arena, reduced over ranks like a gradient. */
#include "rules.h"

#include <math.h>

double gan__state_apply(const gan_optimizer *o, const gan_kernels *k, int64_t offset, int64_t n)
{
    gan_network *net = o->net;
    double squares = k->sum_squares(n, net->grad + offset);
    if (!isfinite(squares)) return squares;
    for (int i = 0; i < net->n_params; i++) {
        const gan_param *p = &net->params[i];
        if (p->state && p->offset >= offset && p->offset < offset + n)
            k->ema(p->floats, p->momentum, net->grad + p->offset, net->w + p->offset);
    }
    return squares;
}
