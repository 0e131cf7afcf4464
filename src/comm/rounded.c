/* Memory of reductions whose messages are bfloat16. In each use every element is rounded exactly once on each rank: where it is
 * sent away as a summand, or where its sum is finished. The error of that is kept, and added to the same element in the next use.
 * So nothing of a gradient is lost for good, however small it is beside its neighbours (error feedback; Seide et al. 2014). */
#include "rounded.h"

#include "gan/mem.h"

gan_status gan__rounded_new(gan__rounded **out, const gan_kernels *k, int64_t n, int64_t largest)
{
    gan__rounded *r = *out = gan_calloc(1, sizeof *r);
    if (!r) return GAN_ENOMEM;
    r->k = k;
    r->sums = gan_calloc(n, sizeof *r->sums);
    r->theirs = gan_calloc(largest, sizeof *r->theirs);
    r->rest = gan_calloc(n, sizeof *r->rest);
    if (r->sums && r->theirs && r->rest) return GAN_OK;
    gan__rounded_free(r);
    *out = NULL;
    return GAN_ENOMEM;
}

void gan__rounded_free(gan__rounded *r)
{
    if (!r) return;
    gan_free(r->sums);
    gan_free(r->theirs);
    gan_free(r->rest);
    gan_free(r);
}
