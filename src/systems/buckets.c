/* Cutting a gradient arena into buckets, and those into the blocks of an update. Backward finishes the last layers first, so all
 * is cut from the end of the trained part: first into units of whole parameters with at least a block of floats, then units
 * are gathered into buckets of at least the configured size. Blocks begin anew at each unit. So they are the same for buckets of
 * any size, and with them the norm of the gradient, to the bit. States travel in one bucket of their own. */
#include "buckets.h"

#include "gan/mem.h"

/* Put the begins of the blocks of floats [from, to) before *top, which points to the begin of what follows. */
static void prepend_blocks(int64_t **top, int64_t from, int64_t to)
{
    for (int64_t i = (to - from + GAN_UPDATE_BLOCK - 1) / GAN_UPDATE_BLOCK; i-- > 0;) *--*top = from + i * GAN_UPDATE_BLOCK;
}

/* The bucket of the blocks that begin at *first and end at *end. */
static void add_bucket(struct gan_buckets *b, const int64_t *first, const int64_t *end, bool state)
{
    if (end > first)
        b->list[b->n++] = (gan__bucket){.offset = *first,
                                        .n = *end - *first,
                                        .blocks = {first, end - first},
                                        .state = state,
                                        .number = -1,
                                        .updated = GAN_NONE,
                                        .wait = GAN_NONE};
}

/* last: room for the begins of all blocks ends here. */
static void cut(struct gan_buckets *b, const gan_network *net, int64_t *last, int64_t bucket_floats)
{
    int64_t *top = last;
    *last = net->arena_floats;
    prepend_blocks(&top, net->trained_floats, net->arena_floats);
    const int64_t *states = top, *end = top;
    for (int i = net->n_params - 1; i >= 0; i--) {
        const gan_param *p = &net->params[i];
        if (p->state || (*top - p->offset < GAN_UPDATE_BLOCK && p->offset > 0)) continue;
        prepend_blocks(&top, p->offset, *top);
        if (*end - *top < bucket_floats && p->offset > 0) continue;
        add_bucket(b, top, end, false);
        end = top;
    }
    add_bucket(b, states, last, true);
}

gan_status gan__buckets_new(struct gan_buckets **out, const gan_network *net, int64_t bucket_floats)
{
    const int64_t most_blocks = net->arena_floats / GAN_UPDATE_BLOCK + net->n_params + 1; /* each unit may have a short one */
    struct gan_buckets *b = *out = gan_calloc(1, sizeof *b);
    if (!b) return GAN_ENOMEM;
    b->list = gan_calloc(net->n_params + 1, sizeof *b->list);
    b->at = gan_calloc(most_blocks + 1, sizeof *b->at);
    if (b->list && b->at) return cut(b, net, b->at + most_blocks, bucket_floats), GAN_OK;
    gan__buckets_free(b);
    *out = NULL;
    return GAN_ENOMEM;
}

void gan__buckets_free(struct gan_buckets *b)
{
    if (!b) return;
    gan_free(b->list);
    gan_free(b->at);
    gan_free(b);
}
