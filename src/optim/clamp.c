/* Clipping of weights: how WGAN keeps its critic Lipschitz (Arjovsky, Chintala and Bottou 2017, Algorithm 1, line 7). */
#include "rules.h"

void gan__clamp_apply(const gan__range *r)
{
    const float bound = (float)r->o->clip_weights;
    float *w = r->o->net->w + r->offset;
    for (int64_t i = 0; i < r->n; i++) {
        const float below = w[i] < bound ? w[i] : bound;
        w[i] = below > -bound ? below : -bound;
    }
}
