/* Replaying the schedule of a step against a model of messages: see gan/replay.h.
 *
 * A sum is a list of rounds, a message each. Messages are posted in the order of time, so the link needs no queue: it is a time
 * from which on it is free. What can finish while the rank computes is looked at when the kernel ends, as exec.c does. */
#include "gan/replay.h"

#include "../comm/reduction.h"
#include "gan/mem.h"

#include <math.h>
#include <string.h>

enum { ROUNDS = 64, STEPS = 6 };

typedef struct message {
    double link_s, latency_s, add_s;
    bool queues; /* for the link; a short one slips between the pieces of long ones */
    int64_t bytes;
} message;

typedef struct sum {
    message rounds[ROUNDS];
    int n, at;
    double done; /* the message of round `at` is there */
    double before_s; /* computing that starting costs: a team adds its own summands first */
    bool in_flight;
} sum;

typedef struct replay {
    const gan_schedule_trace *t;
    bool overlap;
    sum *sums;  /* [n_buckets] */
    int *order; /* [n_order] buckets in flight, as they were started */
    int n_order;
    sum blocking; /* of a record SUM */
    const gan_network_model *model; /* NULL: ideal */
    double blocking_s;              /* of the ideal */
    double now, link_free;
    gan_replay so_far;
} replay;

/* ---- rounds ------------------------------------------------------------------------------------------------ */

static void add_round(sum *s, const gan_schedule_trace *t, const gan_network_model *m, double floats, bool whole, bool inside)
{
    const double bytes = floats * (whole ? (int)sizeof(float) : t->float_bytes);
    message *r = &s->rounds[s->n++];
    *r = (message){.bytes = (int64_t)bytes, .queues = !whole && !inside, .add_s = floats * t->add_s / m->speed};
    if (inside) r->latency_s = m->local_latency_s + bytes / m->local_bytes_per_s;
    else r->latency_s = m->latency_s, r->link_s = bytes * m->ranks_per_node / m->bytes_per_s;
}

/* inside: so many of the members are of one node, and neighbours. */
static void make_rounds(sum *s, const gan_schedule_trace *t, const gan_network_model *m, double floats, int members, int inside)
{
    const bool whole = floats <= GAN__WHOLE_MAX;
    s->n = s->at = 0;
    if (floats == 0) return;
    for (int step = 1; step < members; step *= 2) {
        if (!whole) floats /= 2;
        add_round(s, t, m, floats, whole, step < inside);
    }
    for (int i = s->n - 1; i >= 0 && !whole; i--) {
        s->rounds[s->n] = s->rounds[i];
        s->rounds[s->n++].add_s = 0;
    }
}

static void make_bucket(sum *s, const gan_schedule_trace *t, const gan_network_model *m, int64_t floats)
{
    const double slice = (double)floats / t->team;
    make_rounds(s, t, m, slice, t->ranks / t->team, m->ranks_per_node / t->team);
    s->before_s = s->n > 0 ? slice * (t->team - 1) * t->add_s / m->speed : 0;
}

/* ---- messages ---------------------------------------------------------------------------------------------- */

static void post(replay *r, sum *s)
{
    const message *m = &s->rounds[s->at];
    double begin = r->now;
    if (m->queues) {
        if (begin < r->link_free) begin = r->link_free;
        r->link_free = begin + m->link_s;
    }
    s->done = begin + m->link_s + m->latency_s;
    r->so_far.bytes += m->bytes;
    r->so_far.messages++;
}

static void begin(replay *r, sum *s)
{
    s->at = 0;
    s->in_flight = s->n > 0;
    r->now += s->before_s;
    r->so_far.adding_s += s->before_s;
    if (s->in_flight) post(r, s);
}

/* As far as it gets now. */
static void move_on(replay *r, sum *s)
{
    while (s->in_flight && s->done <= r->now) {
        const double add_s = s->rounds[s->at++].add_s;
        r->now += add_s;
        r->so_far.adding_s += add_s;
        if (s->at < s->n) post(r, s);
        else s->in_flight = false;
    }
}

static void move_on_all(replay *r)
{
    int left = 0;
    for (int i = 0; i < r->n_order; i++) {
        sum *s = &r->sums[r->order[i]];
        move_on(r, s);
        if (s->in_flight) r->order[left++] = r->order[i];
    }
    r->n_order = left;
    move_on(r, &r->blocking);
}

/* When the next message is there, of all that are under way. */
static double next_arrival(const replay *r)
{
    double next = r->blocking.in_flight ? r->blocking.done : -1;
    for (int i = 0; i < r->n_order; i++) {
        const sum *s = &r->sums[r->order[i]];
        if (next < 0 || s->done < next) next = s->done;
    }
    return next;
}

static void wait_for(replay *r, const sum *s, int phase)
{
    const double from = r->now;
    while (s->in_flight) {
        const double next = next_arrival(r);
        if (next > r->now) r->now = next;
        move_on_all(r);
    }
    r->so_far.exposed_s[phase] += r->now - from;
    r->so_far.exposed_all_s += r->now - from;
}

/* ---- records ----------------------------------------------------------------------------------------------- */

/* Beside a kernel that needs s seconds more: as long as a message comes before its end, look. Returns what is left then. */
static double compute_and_look(replay *r, double s)
{
    const double look_s = r->model ? r->model->look_s : 0;
    for (double next = next_arrival(r); look_s > 0 && next >= 0; next = next_arrival(r)) {
        const double seen = next > r->now ? ceil((next - r->now) / look_s) * look_s : look_s;
        if (seen >= s) break;
        r->now += seen;
        s -= seen;
        move_on_all(r);
    }
    return s;
}

static void compute(replay *r, const gan_trace_record *c)
{
    const double s = c->s / (r->model ? r->model->speed : 1);
    r->so_far.compute_s += s;
    r->now += compute_and_look(r, s);
    move_on_all(r);
}

static void start(replay *r, const gan_trace_record *c)
{
    sum *s = &r->sums[c->number];
    wait_for(r, s, c->phase); /* nobody starts a sum that is under way */
    begin(r, s);
    if (s->in_flight) r->order[r->n_order++] = (int)c->number;
    if (!r->overlap) wait_for(r, s, c->phase);
}

static void wait_bucket(replay *r, const gan_trace_record *c)
{
    wait_for(r, &r->sums[c->number], c->phase);
}

static void block(replay *r, const gan_trace_record *c)
{
    if (r->model) make_rounds(&r->blocking, r->t, r->model, (double)c->number, r->t->ranks, r->model->ranks_per_node);
    else r->blocking = (sum){.n = 1, .rounds = {{.latency_s = r->blocking_s}}};
    begin(r, &r->blocking);
    wait_for(r, &r->blocking, c->phase);
}

static void (*const on[])(replay *r, const gan_trace_record *c) = {compute, start, wait_bucket, block};

static void step(replay *r)
{
    const double from = r->now;
    r->so_far = (gan_replay){0};
    for (int i = 0; i < r->t->n_records; i++) on[r->t->records[i].kind](r, &r->t->records[i]);
    r->so_far.step_s = r->now - from;
}

/* ---- whole ------------------------------------------------------------------------------------------------- */

static gan_status open_replay(replay *r, const gan_schedule_trace *t, bool overlap)
{
    *r = (replay){.t = t, .overlap = overlap};
    r->sums = gan_calloc(t->n_buckets, sizeof *r->sums);
    r->order = gan_calloc(t->n_buckets, sizeof *r->order);
    return r->sums && r->order ? GAN_OK : GAN_ENOMEM;
}

/* The first steps lack what goes on from the step before. */
static void run(replay *r, gan_replay *out)
{
    for (int i = 0; i < STEPS; i++) step(r);
    *out = r->so_far;
}

static void close_replay(replay *r)
{
    gan_free(r->sums);
    gan_free(r->order);
}

static gan_status check(const gan_schedule_trace *t, const gan_network_model *m)
{
    if (t->ranks % m->ranks_per_node == 0 && m->ranks_per_node % t->team == 0) return GAN_OK;
    return GAN_FAIL(GAN_ESHAPE,
                    "a schedule of %d ranks in teams of %d does not fill nodes of %d ranks; give it a cluster whose nodes have a "
                    "multiple of the team and divide the ranks",
                    t->ranks, t->team, m->ranks_per_node);
}

gan_status gan_replay_run(gan_replay *out, const gan_schedule_trace *t, const gan_network_model *m)
{
    replay r;
    GAN_TRY(check(t, m));
    gan_status s = open_replay(&r, t, m->overlap);
    r.model = m;
    for (int i = 0; s == GAN_OK && i < t->n_buckets; i++) make_bucket(&r.sums[i], t, m, t->buckets[i].floats);
    if (s == GAN_OK) run(&r, out);
    close_replay(&r);
    return s;
}

gan_status gan_replay_ideal(gan_replay *out, const gan_schedule_trace *t, const double *bucket_s, double sum_s, bool overlap)
{
    replay r;
    gan_status s = open_replay(&r, t, overlap);
    r.blocking_s = sum_s;
    for (int i = 0; s == GAN_OK && i < t->n_buckets; i++)
        r.sums[i] = (sum){.n = 1, .rounds = {{.link_s = bucket_s[i], .queues = true}}};
    if (s == GAN_OK) run(&r, out);
    close_replay(&r);
    return s;
}

double gan_replay_bucket_s(const gan_schedule_trace *t, const gan_network_model *m, int64_t floats)
{
    sum s;
    double all = 0;
    make_bucket(&s, t, m, floats);
    for (int i = 0; i < s.n; i++) all += s.rounds[i].link_s + s.rounds[i].latency_s + s.rounds[i].add_s;
    return all + s.before_s;
}
