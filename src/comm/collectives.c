/* Reductions by number for the graph. An all_sum's reduction is made at its first use: the planner gives each one
 * a fixed place, and the order of first uses is the same on all ranks. */
#include "gan/collectives.h"

#include "gan/mem.h"

typedef struct inline_sum {
    float *data;
    int64_t n;
    gan_reduction *r;
} inline_sum;

struct gan_comm_set {
    const gan_comm *comm;
    gan_reduce_mode mode;
    gan_reduction **list;
    int n;
    inline_sum *sums;
    int n_sums;
    gan_collectives vtable;
};

static gan_status start(void *user, int number)
{
    gan_comm_set *s = user;
    return gan_reduction_start(s->list[number]);
}

static gan_status wait_for(void *user, int number)
{
    gan_comm_set *s = user;
    return gan_reduction_wait(s->list[number]);
}

static gan_status progress(void *user)
{
    gan_comm_set *s = user;
    return gan_reductions_move_on(s->comm);
}

static gan_status find_sum(gan_comm_set *s, float *data, int64_t n, inline_sum **out)
{
    for (int i = 0; i < s->n_sums; i++)
        if (s->sums[i].data == data && s->sums[i].n == n) {
            *out = &s->sums[i];
            return GAN_OK;
        }
    inline_sum *more = gan_realloc(s->sums, s->n_sums + 1, sizeof *more);
    if (!more) return GAN_ENOMEM;
    s->sums = more;
    *out = &more[s->n_sums];
    **out = (inline_sum){data, n, NULL};
    GAN_TRY(gan_reduction_new(&(*out)->r, s->comm, s->n + s->n_sums, s->mode, data, n));
    s->n_sums++;
    return GAN_OK;
}

static gan_status all_sum(void *user, float *data, int64_t n)
{
    gan_comm_set *s = user;
    inline_sum *sum;
    GAN_TRY(find_sum(s, data, n, &sum));
    GAN_TRY(gan_reduction_start(sum->r));
    return gan_reduction_wait(sum->r);
}

gan_status gan_comm_set_new(gan_comm_set **out, const gan_comm *c, gan_reduce_mode mode, int n_ranges,
                            float *const *data, const int64_t *n)
{
    *out = NULL;
    gan_status status = GAN_ENOMEM;
    gan_comm_set *s = gan_calloc(1, sizeof *s);
    if (!s) goto fail;
    s->comm = c;
    s->mode = mode;
    s->vtable = (gan_collectives){s, start, wait_for, progress, all_sum};
    s->list = gan_calloc(n_ranges, sizeof(gan_reduction *));
    if (!s->list) goto fail;
    for (; s->n < n_ranges; s->n++)
        if ((status = gan_reduction_new(&s->list[s->n], c, s->n, mode, data[s->n], n[s->n])) != GAN_OK) goto fail;
    *out = s;
    return GAN_OK;
fail:
    gan_comm_set_free(s);
    return status;
}

void gan_comm_set_free(gan_comm_set *s)
{
    if (!s) return;
    for (int i = 0; i < s->n; i++) gan_reduction_free(s->list[i]);
    for (int i = 0; i < s->n_sums; i++) gan_reduction_free(s->sums[i].r);
    gan_free(s->list);
    gan_free(s->sums);
    gan_free(s);
}

const gan_collectives *gan_comm_set_vtable(gan_comm_set *s)
{
    return &s->vtable;
}

int64_t gan_comm_set_bytes(const gan_comm_set *s, int number)
{
    return gan_reduction_bytes_sent(s->list[number]);
}
