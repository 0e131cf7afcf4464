/* Exponential moving average of the weights, updated while a range is still in cache. Batch statistics, which
 * are averages already, are copied. */
#include "rules.h"

#include <string.h>

void gan__ema_apply(const gan_optimizer *o, const gan_kernels *k, int64_t offset, int64_t n)
{
    gan_network *net = o->net;
    if (!net->ema) return;
    if (offset < net->trained_floats) k->ema(n, (float)o->ema, net->w + offset, net->ema + offset);
    else memcpy(net->ema + offset, net->w + offset, (size_t)n * sizeof *net->w);
}
