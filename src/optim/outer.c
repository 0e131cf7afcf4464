/* The part of a weight's gradient that flows through its singular value (nn/spectral.c): v u' times the derivative by sigma,
 * [K] and [M] in net->spectral[].outer. All ranks have the same; it is added to the sum over ranks. */
#include "rules.h"

#include <string.h>

/* g [to - from] += floats [from, to) of the matrix v w, which lies in panels. */
static void add_outer(const gan_param *p, const float *v, const float *w, int64_t from, int64_t to, float *g)
{
    const int64_t K = p->dims[0], M = p->dims[1];
    for (int64_t at = from, n; at < to; at += n, g += n) {
        const int64_t first = at / (GAN_PANEL * K) * GAN_PANEL; /* column of the panel */
        const int64_t width = M - first < GAN_PANEL ? M - first : GAN_PANEL, in_panel = at - first * K;
        const int64_t k = in_panel / width, m = in_panel % width;
        n = width - m < to - at ? width - m : to - at;
        for (int64_t i = 0; i < n; i++) g[i] += v[k] * w[first + m + i];
    }
}

const float *gan__with_outer(const gan__range *r, float *room)
{
    const gan_network *net = r->o->net;
    const int64_t end = r->offset + r->n;
    const float *grad = r->grad;
    for (int i = 0; i < net->n_spectral; i++) {
        const gan_param *p = &net->params[net->spectral[i].weight];
        const float *v = net->spectral[i].outer, *w = v + p->dims[0];
        const int64_t from = p->offset > r->offset ? p->offset : r->offset;
        const int64_t to = p->offset + p->floats < end ? p->offset + p->floats : end;
        if (from >= to) continue;
        if (grad != room) grad = memcpy(room, grad, (size_t)r->n * sizeof *room);
        add_outer(p, v, w, from - p->offset, to - p->offset, room + from - r->offset);
    }
    return grad;
}
