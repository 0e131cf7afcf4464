/* Ranks, shards and batch: what divides what. */
#include "gan/train.h"

#include <stdio.h>

static bool power_of_two(int64_t n)
{
    return n > 0 && (n & (n - 1)) == 0;
}

static int64_t largest_shards(int64_t batch)
{
    int64_t s = 16;
    while (batch % s != 0) s /= 2;
    return s;
}

/* The largest power of two below or at n, and the next one. */
static int64_t power_below(int64_t n)
{
    int64_t p = 1;
    while (p <= n / 2) p *= 2;
    return p;
}

/* "the nearest are 8 and 16"; below may be 0: there is none. */
static const char *nearest(char text[80], int64_t below, int64_t above)
{
    if (below < 1 || below == above) snprintf(text, 80, "the nearest is %lld", (long long)above);
    else snprintf(text, 80, "the nearest are %lld and %lld", (long long)below, (long long)above);
    return text;
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

/* The remedy names what does not fit, no more: the batch only where it does not divide. */
static gan_status too_many_ranks(const gan_layout *l)
{
    char batch[160] = "", near[80];
    if (l->batch % l->ranks != 0)
        snprintf(batch, sizeof batch, " and train.batch, now %lld, to a multiple of it (%s)", (long long)l->batch,
                 nearest(near, l->batch / l->ranks * l->ranks, (l->batch + l->ranks - 1) / l->ranks * l->ranks));
    return GAN_FAIL(GAN_ECONFIG, "%d ranks share %lld shard%s: start at most %lld rank%s, or set parallel.shards = %d%s",
                    l->ranks, (long long)l->shards, plural(l->shards), (long long)l->shards, plural(l->shards), l->ranks, batch);
}

/* Powers of two next to the number of ranks, as far as there are shards for them. */
static gan_status no_power_of_ranks(const gan_layout *l)
{
    const int64_t below = power_below(l->ranks < l->shards ? l->ranks : l->shards), above = 2 * power_below(l->ranks);
    char start[48];
    if (above <= l->shards) snprintf(start, sizeof start, "%lld or %lld ranks", (long long)below, (long long)above);
    else snprintf(start, sizeof start, "%lld rank%s", (long long)below, plural(below));
    return GAN_FAIL(GAN_ECONFIG, "%d ranks: parallel.reduce = ordered needs a power of two; start %s, or use reduce = fast", l->ranks,
                    start);
}

static gan_status check_ordered(const gan_layout *l, const char *batch, const char *shards)
{
    int64_t power = power_below(l->shards), whole = l->batch / l->shards * l->shards;
    char near[80];
    if (!power_of_two(l->shards))
        return GAN_FAIL(GAN_ECONFIG, "%s: parallel.shards = %lld is not a power of two; %s", shards,
                        (long long)l->shards, nearest(near, power, 2 * power));
    if (l->batch % l->shards != 0)
        return GAN_FAIL(GAN_ECONFIG,
                        "%s: train.batch = %lld is not a multiple of %lld shards; %s", batch, (long long)l->batch,
                        (long long)l->shards, nearest(near, whole, whole + l->shards));
    if (!power_of_two(l->ranks)) return no_power_of_ranks(l);
    return l->ranks > l->shards ? too_many_ranks(l) : GAN_OK;
}

/* The nearest numbers of ranks that divide the batch; above: 0 when there are more ranks than samples. */
static void nearest_divisors(int64_t batch, int64_t ranks, int64_t *below, int64_t *above)
{
    for (*below = ranks < batch ? ranks : batch; batch % *below != 0;) --*below;
    for (*above = ranks; *above < batch && batch % *above != 0;) ++*above;
    if (*above > batch) *above = 0;
}

static gan_status check_fast(const gan_layout *l, const char *batch)
{
    int64_t below = l->batch / l->ranks * l->ranks, fewer, more;
    char near[80], other[32] = "";
    if (l->batch % l->ranks == 0) return GAN_OK;
    nearest_divisors(l->batch, l->ranks, &fewer, &more);
    if (more) snprintf(other, sizeof other, " or %lld", (long long)more);
    return GAN_FAIL(GAN_ECONFIG, "%s: train.batch = %lld is not a multiple of %d ranks; %s; or start %lld%s rank%s", batch,
                    (long long)l->batch, l->ranks, nearest(near, below, below + l->ranks), (long long)fewer, other,
                    plural(more ? more : fewer));
}

gan_status gan_layout_resolve(gan_layout *l, const gan_config *cfg, int ranks, bool couples)
{
    const char *batch = gan_config_where(cfg, "train", "batch");
    const int64_t pack = gan_config_int(cfg, "gan", "pack"); /* packs want to lie within shards */
    *l = (gan_layout){.mode = (gan_reduce_mode)gan_config_choice(cfg, "parallel", "reduce"),
                      .ranks = ranks,
                      .batch = gan_config_int(cfg, "train", "batch"),
                      .shards = gan_config_int(cfg, "parallel", "shards")};
    if (l->shards == 0) l->shards = largest_shards(l->batch % pack == 0 ? l->batch / pack : l->batch);
    if (l->mode == GAN_REDUCE_ORDERED) return check_ordered(l, batch, gan_config_where(cfg, "parallel", "shards"));
    GAN_TRY(check_fast(l, batch));
    /* Without an order there is no need to sum shard by shard, unless statistics are taken per shard. */
    if (!couples || l->shards % ranks != 0 || l->batch % l->shards != 0) l->shards = ranks;
    return GAN_OK;
}
