/* Cutting a gradient arena into buckets. Backward finishes the last layers first, so buckets are cut from the end of the
 * trained part; each holds whole parameters and at least the configured size. States travel in one bucket of their own. */
#include "buckets.h"

#include "gan/mem.h"

static void add_bucket(struct gan_buckets *b, int64_t from, int64_t to, bool state)
{
    if (to > from) b->list[b->n++] = (gan__bucket){.offset = from, .n = to - from, .state = state, .number = -1, .updated = GAN_NONE, .wait = GAN_NONE};
}

gan_status gan__buckets_new(struct gan_buckets **out, const gan_network *net, int64_t bucket_floats)
{
    struct gan_buckets *b = *out = gan_calloc(1, sizeof *b);
    if (!b || !(b->list = gan_calloc(net->n_params + 1, sizeof *b->list))) {
        gan_free(b);
        *out = NULL;
        return GAN_ENOMEM;
    }
    int64_t end = net->trained_floats;
    for (int i = net->n_params - 1; i >= 0; i--) {
        const gan_param *p = &net->params[i];
        if (p->state || (end - p->offset < bucket_floats && p->offset > 0)) continue;
        add_bucket(b, p->offset, end, false);
        end = p->offset;
    }
    add_bucket(b, net->trained_floats, net->arena_floats, true);
    return GAN_OK;
}

void gan__buckets_free(struct gan_buckets *b)
{
    if (!b) return;
    gan_free(b->list);
    gan_free(b);
}
