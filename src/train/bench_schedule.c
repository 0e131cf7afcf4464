/* Measuring the schedule of a step: the median seconds of each call of the program, and what adding a float takes. */
#include "lone_rank.h"

#include "gan/clock.h"
#include "gan/median.h"
#include "gan/mem.h"

#include <stdio.h>
#include <string.h>

enum { WARM_UP = 2, ADDED = 1 << 23, ADDINGS = 9 };

/* As comm/reduction.c adds what arrives, on arrays beyond the caches of a core. */
static gan_status measure_adding(double *add_s)
{
    float *sum = gan_calloc(2 * ADDED, sizeof *sum);
    double times[ADDINGS];
    if (!sum) return GAN_ENOMEM;
    for (int k = 0; k < ADDINGS; k++) {
        float *restrict mine = sum;
        const float *restrict theirs = sum + ADDED;
        const double begin = gan_clock_s();
        for (int64_t i = 0; i < ADDED; i++) mine[i] += theirs[i];
        times[k] = gan_clock_s() - begin;
    }
    volatile float read = sum[0]; /* so that nothing of it can be left out */
    (void)read;
    *add_s = gan_median(times, ADDINGS) / ADDED;
    gan_free(sum);
    return GAN_OK;
}

/* times [n][steps] */
static gan_status measure_calls(gan_session *s, int64_t steps, int n, double *times, double *seconds)
{
    const int64_t every = gan_graph_interval(s->step->graph); /* what runs in every such step is measured too */
    s->run.settled = NULL; /* each step is a whole one, whatever its numbers */
    for (int64_t i = -WARM_UP; i < steps; i++) {
        memset(seconds, 0, (size_t)n * sizeof *seconds);
        GAN_TRY(gan_comm_agree(s->comm, GAN_OK)); /* a barrier */
        gan_session_step(s, (i + WARM_UP) * every, false);
        for (int k = 0; i >= 0 && k < n; k++) times[k * steps + i] = seconds[k];
    }
    gan_session_settle(s);
    for (int k = 0; k < n; k++) seconds[k] = gan_median(times + k * steps, steps);
    return GAN_OK;
}

static void report(const gan_schedule_trace *t, const char *path, int64_t steps)
{
    double compute_s = 0;
    int64_t floats = 0;
    for (int i = 0; i < t->n_records; i++) compute_s += t->records[i].s;
    for (int i = 0; i < t->n_buckets; i++) floats += t->buckets[i].floats;
    printf("%s: the schedule of a step of %d ranks, %lld samples each: %d entries, %.3f ms of computing (medians of %lld steps), %d sums "
           "of %.2f MiB in all\n",
           path, t->ranks, (long long)t->batch, t->n_records, compute_s * 1e3, (long long)steps, t->n_buckets,
           (double)floats * 4 / 1048576);
}

static gan_status derive(const gan_session *s, const double *seconds, int64_t steps, int team, const char *path)
{
    double add_s;
    gan_schedule_trace t = {0};
    GAN_TRY(measure_adding(&add_s));
    gan_status status = gan_trace_derive(&t, s, seconds, team, add_s);
    if (status == GAN_OK) status = gan_trace_write(&t, path);
    if (status == GAN_OK) report(&t, path, steps);
    gan_trace_free(&t);
    return status;
}

static gan_status measure(gan_session *s, int64_t steps, int team, const char *path)
{
    const int n = gan_plan_describe(s->plan)->n_nodes;
    double *times = gan_calloc(n * steps, sizeof *times);
    s->run.profile = gan_calloc(n, sizeof *s->run.profile);
    gan_status status = gan_comm_agree(s->comm, times && s->run.profile ? GAN_OK : GAN_ENOMEM);
    if (status == GAN_OK) status = measure_calls(s, steps, n, times, s->run.profile);
    if (status == GAN_OK && s->comm->rank == 0) status = derive(s, s->run.profile, steps, team, path);
    gan_free(times);
    gan_free(s->run.profile);
    return gan_comm_agree(s->comm, status);
}

static gan_status check(const gan_comm *comm, int ranks, int team)
{
    if (ranks != comm->size && comm->size > 1)
        return GAN_FAIL(GAN_EUSAGE, "--ranks %d, but %d were started: start one, which then does the part of one of %d, or as many",
                        ranks, comm->size, ranks);
    if (ranks % team == 0) return GAN_OK;
    return GAN_FAIL(GAN_EUSAGE, "--team %d does not divide %d ranks; give one that does", team, ranks);
}

gan_status gan_bench_schedule(const gan_comm *comm, const gan_config *cfg, int64_t steps, int ranks, int team, const char *path)
{
    gan_session s;
    gan__lone_rank lone = {0};
    GAN_TRY(check(comm, ranks, team));
    GAN_TRY(gan_session_open(&s, comm, cfg, ranks));
    gan_status status = ranks == comm->size ? GAN_OK : gan__lone_rank_open(&lone, &s, team);
    if (ranks == comm->size) team = s.team.size;
    status = gan_comm_agree(comm, status);
    if (status == GAN_OK) status = measure(&s, steps, team, path);
    gan_session_close(&s);
    gan__lone_rank_close(&lone);
    return status;
}
