/* The size of buckets: as configured, or measured where sums are going to run. Bits do not depend on it, unless messages are
 * rounded: then it is not measured, for two starts would measure two sizes. */
#include "bucket_size.h"

#include "gan/log.h"

enum { UNMEASURED_KIB = 1024 }; /* of programs that are only looked at, of one rank, of networks too small to measure with */

static bool rounded(const gan_session *s)
{
    return gan_config_choice(s->cfg, "parallel", "messages") == 1;
}

gan_status gan_buckets_choose(gan_session *s, int ranks)
{
    if (s->model->bucket_kib > 0) return GAN_OK;
    s->model->bucket_kib = UNMEASURED_KIB;
    if (ranks == 1 || ranks != s->comm->size || rounded(s)) return GAN_OK;
    const gan_sum_range room = {.data = (float *)(void *)(s->memory.each + s->team.rank * s->memory.each_bytes),
                                .n = gan_model_own_floats(s->model),
                                .stride = s->memory.each_bytes / (int64_t)sizeof(float)};
    GAN_TRY(gan_calibrate(&s->costs, &s->team, s->layout.mode, s->k, &room));
    if (s->costs.n > 1) s->model->bucket_kib = s->costs.kib;
    return GAN_OK;
}

static const char *update_text(const gan_session *s)
{
    return s->sharded ? "; each team updates a part" : "";
}

void gan_bucket_size_say(const gan_session *s)
{
    const gan_calibration *c = &s->costs;
    if (s->layout.ranks == 1) return;
    if (c->n < 2) {
        gan_say(GAN_NORMAL, "buckets   %lld KiB%s%s", (long long)s->model->bucket_kib,
                rounded(s) ? ", bfloat16 between teams: bits depend on ranks and teams" : "", update_text(s));
        return;
    }
    gan_say(GAN_NORMAL, "buckets   %lld KiB, as measured: a sum over the ranks takes at least %.1f us, and %.2f ms per MiB%s",
            (long long)s->model->bucket_kib, c->latency_s * 1e6, 1048576e3 / c->bytes_per_s, update_text(s));
    for (int i = 0; i < c->n; i++)
        gan_say(GAN_VERBOSE, "          %lld KiB in %.1f us", (long long)(c->bytes[i] / 1024), c->s[i] * 1e6);
}
