/* What a schedule would take on a network, by the model of gan/replay.h, and what its data flow would allow at best: if messages
 * took as long but needed nobody's help. The difference is what progress between kernels costs. */
#include "bench_replay.h"

#include "cli.h"

#include "gan/cluster.h"
#include "gan/mem.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct replays {
    gan_network_model model;
    double *bucket_s; /* of each bucket alone */
    double sum_s;     /* of all that a step starts, one after the other; those that block cannot be hidden, and do not count */
    gan_replay on, off, best;
} replays;

static gan_status read_model(gan_network_model *m, const gan__replay_options *o, const gan_schedule_trace *t)
{
    double gbit = 10, us = 30, look = 500;
    long long node = t->team;
    if (o->bandwidth) GAN_TRY(gan_option_real("--bandwidth", o->bandwidth, 1e-6, 1e6, &gbit));
    if (o->latency) GAN_TRY(gan_option_real("--latency", o->latency, 0, 1e6, &us));
    if (o->look) GAN_TRY(gan_option_real("--look", o->look, 0, 1e6, &look));
    if (o->node) GAN_TRY(gan_option_int("--ranks-per-node", o->node, 1, 1000000, &node));
    *m = (gan_network_model){.latency_s = us * 1e-6,
                             .bytes_per_s = gbit * 1e9 / 8,
                             .local_latency_s = 0.5e-6,
                             .local_bytes_per_s = 5e9,
                             .ranks_per_node = (int)node,
                             .look_s = look * 1e-6,
                             .speed = 1,
                             .overlap = true};
    return GAN_OK;
}

static gan_status wrong_list(const gan_schedule_trace *t, const char *text)
{
    return GAN_FAIL(GAN_EUSAGE, "--seconds %s: wanted are %d numbers with commas between them, the seconds of each bucket of the schedule",
                    text, t->n_buckets);
}

static gan_status read_seconds(double *s, const gan_schedule_trace *t, const char *text)
{
    const char *at = text;
    for (int i = 0; i < t->n_buckets; i++) {
        char *end;
        s[i] = strtod(at, &end);
        if (end == at || !(s[i] >= 0 && s[i] < 1e6) || *end != (i + 1 < t->n_buckets ? ',' : '\0')) return wrong_list(t, text);
        at = end + 1;
    }
    return GAN_OK;
}

static gan_status find_seconds(replays *r, const gan__replay_options *o, const gan_schedule_trace *t)
{
    if (!(r->bucket_s = gan_calloc(t->n_buckets, sizeof *r->bucket_s))) return GAN_ENOMEM;
    for (int i = 0; i < t->n_buckets; i++) r->bucket_s[i] = gan_replay_bucket_s(t, &r->model, t->buckets[i].floats);
    if (o->seconds) GAN_TRY(read_seconds(r->bucket_s, t, o->seconds));
    for (int i = 0; i < t->n_records; i++)
        if (t->records[i].kind == GAN_TRACE_START) r->sum_s += r->bucket_s[t->records[i].number];
    return GAN_OK;
}

static gan_status replay_all(replays *r, const gan_schedule_trace *t)
{
    gan_network_model blocking = r->model;
    blocking.overlap = false;
    GAN_TRY(gan_replay_run(&r->on, t, &r->model));
    GAN_TRY(gan_replay_run(&r->off, t, &blocking));
    return gan_replay_ideal(&r->best, t, r->bucket_s, 0, true);
}

static void print_text(const replays *r, const gan_schedule_trace *t, const char *path)
{
    printf("%s: %d ranks in teams of %d, %lld samples each; %g Gbit/s a node of %d, %g us\n", path, t->ranks, t->team,
           (long long)t->batch, r->model.bytes_per_s * 8e-9, r->model.ranks_per_node, r->model.latency_s * 1e6);
    gan_replay_print(t, &r->model, stdout);
    printf("sums of a step, one after the other: %.3f ms; of that the data flow can hide %.3f ms and leaves", r->sum_s * 1e3,
           (r->sum_s - r->best.exposed_all_s) * 1e3);
    for (int i = 1; i < t->n_phases; i++) printf(" %.3f ms in phase %s%s", r->best.exposed_s[i] * 1e3, t->phases[i], i + 1 < t->n_phases ? "," : "");
    printf("\n");
}

static void print_exposed(const char *name, const gan_schedule_trace *t, const gan_replay *r)
{
    printf(", \"%s\": {\"step_s\": %.9f, \"compute_s\": %.9f, \"exposed_s\": {", name, r->step_s, r->compute_s);
    for (int i = 1; i < t->n_phases; i++) printf("%s\"%s\": %.9f", i > 1 ? ", " : "", t->phases[i], r->exposed_s[i]);
    printf("}}");
}

static void print_json(const replays *r, const gan_schedule_trace *t)
{
    printf("{\"ranks\": %d, \"sums_s\": %.9f, \"hideable_s\": %.9f", t->ranks, r->sum_s, r->sum_s - r->best.exposed_all_s);
    print_exposed("on", t, &r->on);
    print_exposed("off", t, &r->off);
    print_exposed("best", t, &r->best);
    printf("}\n");
}

gan_status gan__bench_replay(const gan__replay_options *o)
{
    replays r = {0};
    gan_schedule_trace t;
    gan_status s = gan_trace_read(&t, o->file);
    if (s == GAN_OK) s = read_model(&r.model, o, &t);
    if (s == GAN_OK) s = find_seconds(&r, o, &t);
    if (s == GAN_OK) s = replay_all(&r, &t);
    if (s == GAN_OK && o->json) print_json(&r, &t);
    else if (s == GAN_OK) print_text(&r, &t, o->file);
    gan_free(r.bucket_s);
    gan_trace_free(&t);
    return s;
}
