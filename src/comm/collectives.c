/* Sums by number for the graph: buckets, and what is small and summed by messages.
 *
 * An all_sum's reduction is made at its first use: the planner gives each one
 * a fixed place, and the order of first uses is the same on all ranks. */
#include "bucket.h"
#include "helper.h"

#include "gan/mem.h"
#include "gan/stall.h"

#include <sched.h>
#include <string.h>

typedef struct inline_sum {
    float *data;
    int64_t n;
    gan_reduction *r;
} inline_sum;

/* One of the two. */
typedef struct numbered {
    gan_reduction *alone;
    gan__bucket_sum *bucket;
    int phase;
    bool started; /* and not waited for */
    char name[GAN_SUM_NAME];
} numbered;

struct gan_comm_set {
    const gan_team *team;
    gan_reduce_mode mode;
    numbered *list;
    int n;
    inline_sum *sums;
    int n_sums;
    gan_team_memory memory; /* flags of the buckets */
    int *queue; /* [n] buckets that are stored here and must go to the other teams, in order of starting */
    int n_queue;
    float *scratch;
    bool shared_updates; /* between teams: flags go up when messages have come */
    gan__helper *helper; /* NULL: messages move between kernels only */
    gan_flight *flights; /* by phase; NULL: nothing is counted */
    gan_collectives vtable;
};

/* ---- what the graph calls --------------------------------------------------------------------------------------- */

/* First come, first sent, on every rank alike. */
static gan_status send_queued(gan_comm_set *s)
{
    int sent = 0;
    for (bool gone = true; gone && sent < s->n_queue; sent += gone)
        GAN_TRY(gan__bucket_send(s->list[s->queue[sent]].bucket, &gone));
    s->n_queue -= sent;
    if (sent > 0) memmove(s->queue, s->queue + sent, (size_t)s->n_queue * sizeof *s->queue);
    return GAN_OK;
}

static gan_status look_at_buckets(gan_comm_set *s)
{
    for (int i = 0; s->shared_updates && i < s->n; i++)
        if (s->list[i].bucket) GAN_TRY(gan__bucket_look(s->list[i].bucket));
    return GAN_OK;
}

/* By the rank or its helper, which gives no signs of life: it would live on in a rank that hangs. */
static gan_status move_on(void *user)
{
    gan_comm_set *s = user;
    GAN_TRY(send_queued(s));
    GAN_TRY(gan_reductions_move_on(s->team->all));
    return look_at_buckets(s);
}

static gan_status progress(void *user)
{
    gan_comm_set *s = user;
    gan_stall_look(s->team->all);
    return move_on(s);
}

/* For the stall watch: what the next wait is for. */
static void note(const gan_comm_set *s, const char *what, int number)
{
    gan_stall_doing(s->team->all, what, s->list[number].name);
}

/* Nothing under way, nothing to lend. */
static void lend(void *user)
{
    gan_comm_set *s = user;
    if (*s->team->all->in_flight || s->n_queue > 0) gan__helper_lend(s->helper);
}

static gan_status take_back(void *user)
{
    return gan__helper_take_back(((gan_comm_set *)user)->helper);
}

/* Between looks everything else moves on; and where ranks share a core, the one waited for needs it. */
static gan_status meet(void *user, int number, gan_event e)
{
    enum { LOOKS = 100 };
    gan_comm_set *s = user;
    const gan_team *t = s->team;
    gan_wait w = {.begun = false};
    note(s, "meet its team over", number);
    GAN_TRY(look_at_buckets(s));
    for (int i = 1; !gan__bucket_all_came(s->list[number].bucket, e); i++) {
        if (i % LOOKS) continue;
        GAN_TRY(move_on(s));
        if (gan_stall_due(t->all, &w)) {
            const int missing = gan__bucket_missing(s->list[number].bucket, e);
            gan_stall_waits(t->all, &w, missing == t->rank ? -1 : t->number * t->size + missing); /* itself: for messages */
        }
        sched_yield();
    }
    return GAN_OK;
}

static gan_status start(void *user, int number)
{
    gan_comm_set *s = user;
    s->list[number].started = true;
    if (s->list[number].alone) return gan_reduction_start(s->list[number].alone);
    gan__bucket_arrive(s->list[number].bucket, GAN_STORED);
    if (s->team->n_teams > 1) s->queue[s->n_queue++] = number;
    return send_queued(s);
}

/* When all of the team have stored this bucket they have stored those started before it, so nothing is left in the queue
 * in front of it. */
static gan_status wait_for(void *user, int number)
{
    gan_comm_set *s = user;
    s->list[number].started = false;
    if (!s->list[number].alone) {
        GAN_TRY(meet(s, number, GAN_STORED));
        GAN_TRY(send_queued(s));
    }
    note(s, "sum", number);
    gan_reduction *r = s->list[number].alone ? s->list[number].alone : gan__bucket_column(s->list[number].bucket);
    return gan_reduction_wait_moving(r, move_on, s);
}

static void slice(void *user, int number, int64_t *from, int64_t *to)
{
    gan__bucket_slice(((gan_comm_set *)user)->list[number].bucket, from, to);
}

static const float *summed(void *user, int number, int64_t at, int64_t n, float *scratch)
{
    return gan__bucket_summed(((gan_comm_set *)user)->list[number].bucket, at, n, scratch);
}

static double *squares(void *user, int number)
{
    return gan__bucket_squares(((gan_comm_set *)user)->list[number].bucket);
}

static void arrive(void *user, int number, gan_event e)
{
    gan__bucket_arrive(((gan_comm_set *)user)->list[number].bucket, e);
}

static gan_status find_sum(gan_comm_set *s, float *data, int64_t n, int phase, inline_sum **out)
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
    GAN_TRY(gan_reduction_new(&(*out)->r, s->team->all, s->n + s->n_sums, s->mode, data, n));
    if (s->flights) gan_reduction_count_in((*out)->r, &s->flights[phase]);
    s->n_sums++;
    return GAN_OK;
}

static gan_status all_sum(void *user, float *data, int64_t n, int phase)
{
    gan_comm_set *s = user;
    inline_sum *sum;
    GAN_TRY(find_sum(s, data, n, phase, &sum));
    GAN_TRY(gan_reduction_start(sum->r));
    gan_stall_doing(s->team->all, "sum", "values of the batch");
    return gan_reduction_wait_moving(sum->r, move_on, s);
}

/* ---- making ---------------------------------------------------------------------------------------------------- */

static gan_status take_memory(gan_comm_set *s, int n, const gan_sum_range *r)
{
    int64_t bytes = 0;
    s->list = gan_calloc(n, sizeof *s->list);
    s->queue = gan_calloc(n, sizeof *s->queue);
    s->scratch = gan_calloc(gan_summed_scratch(s->team->size), sizeof *s->scratch);
    GAN_TRY(gan_comm_agree(s->team->all, s->list && s->queue && s->scratch ? GAN_OK : GAN_ENOMEM));
    for (int i = 0; i < n; i++) bytes += r[i].stride ? gan__bucket_bytes(s->team, r[i].blocks.n) : 0;
    return gan_team_memory_open(&s->memory, s->team, bytes, 0);
}

static gan_status make_all(gan_comm_set *s, const gan_kernels *k, int n, const gan_sum_range *r)
{
    char *common = s->memory.common;
    for (; s->n < n; s->n++, r++) {
        numbered *l = &s->list[s->n];
        l->phase = r->phase;
        memcpy(l->name, r->name, sizeof l->name);
        if (!r->stride) {
            GAN_TRY(gan_reduction_new(&l->alone, s->team->all, s->n, s->mode, r->data, r->n));
            continue;
        }
        GAN_TRY(gan__bucket_sum_new(&l->bucket, s->team, s->n, s->mode, k, r, common, s->scratch));
        s->shared_updates |= r->weights && s->team->n_teams > 1;
        common += gan__bucket_bytes(s->team, r->blocks.n);
    }
    return GAN_OK;
}

gan_status gan_comm_set_new(gan_comm_set **out, const gan_team *t, gan_reduce_mode mode, const gan_kernels *k,
                            int n_ranges, const gan_sum_range *ranges)
{
    gan_comm_set *s = *out = gan_calloc(1, sizeof *s);
    gan_status status = gan_comm_agree(t->all, s ? GAN_OK : GAN_ENOMEM);
    if (status == GAN_OK) {
        *s = (gan_comm_set){.team = t, .mode = mode};
        s->vtable = (gan_collectives){.user = s,
                                      .start = start,
                                      .wait = wait_for,
                                      .progress = progress,
                                      .all_sum = all_sum,
                                      .slice = slice,
                                      .summed = summed,
                                      .squares = squares,
                                      .arrive = arrive,
                                      .meet = meet};
        status = take_memory(s, n_ranges, ranges);
    }
    if (status == GAN_OK) status = gan_comm_agree(t->all, make_all(s, k, n_ranges, ranges));
    if (status == GAN_OK) return GAN_OK;
    gan_comm_set_free(s);
    *out = NULL;
    return status;
}

gan_status gan_comm_set_count(gan_comm_set *s, gan_phase_time *times, int n_phases)
{
    if (!(s->flights = gan_calloc(n_phases, sizeof *s->flights))) return GAN_ENOMEM;
    for (int i = 0; i < n_phases; i++) s->flights[i] = (gan_flight){.seconds = &times[i].comm_s, .bytes = &times[i].bytes};
    for (int i = 0; i < s->n; i++) {
        gan_flight *f = &s->flights[s->list[i].phase];
        if (s->list[i].alone) gan_reduction_count_in(s->list[i].alone, f);
        else gan__bucket_count_in(s->list[i].bucket, f);
    }
    return GAN_OK;
}

gan_status gan_comm_set_help(gan_comm_set *s)
{
    GAN_TRY(gan__helper_start(&s->helper, move_on, s));
    if (!s->helper) return GAN_OK;
    s->vtable.lend = lend;
    s->vtable.take_back = take_back;
    return GAN_OK;
}

gan_status gan_comm_set_drain(gan_comm_set *s)
{
    for (int i = 0; i < s->n; i++)
        if (s->list[i].started) GAN_TRY(wait_for(s, i));
    return GAN_OK;
}

gan_status gan_comm_set_parts(gan_comm_set *s, int number, float *range, bool to_first)
{
    return gan__bucket_parts(s->list[number].bucket, range, to_first);
}

void gan_comm_set_free(gan_comm_set *s)
{
    if (!s) return;
    gan__helper_stop(s->helper);
    for (int i = 0; i < s->n; i++) {
        gan_reduction_free(s->list[i].alone);
        gan__bucket_sum_free(s->list[i].bucket);
    }
    for (int i = 0; i < s->n_sums; i++) gan_reduction_free(s->sums[i].r);
    gan_team_memory_close(&s->memory);
    gan_free(s->flights);
    gan_free(s->scratch);
    gan_free(s->list);
    gan_free(s->queue);
    gan_free(s->sums);
    gan_free(s);
}

const gan_collectives *gan_comm_set_vtable(gan_comm_set *s)
{
    return &s->vtable;
}
