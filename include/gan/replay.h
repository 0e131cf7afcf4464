/* What a step takes on a network, from its schedule and a model of messages.
 *
 * The model: all ranks are alike and in step, so one of them is followed. A sum is the list of messages of comm/reduction.c: halves
 * that are exchanged with a partner at twice the distance each time, then the way back; short ones whole. A message waits for the
 * messages of the node that were posted before it, holds the node's link for its bytes, and is there a latency later; short ones, of
 * sums that are exchanged whole, slip in between. What
 * follows it is posted when the rank calls MPI next: at the end of a kernel or when its thread for messages looks, or at once in a
 * wait. Adding takes its time too.
 * There is no congestion beyond the link, and nothing that makes ranks wait for a slow one. */
#ifndef GAN_REPLAY_H
#define GAN_REPLAY_H

#include "gan/schedule_trace.h"

#include <stdbool.h>

typedef struct gan_network_model {
    double latency_s;   /* of a message between nodes */
    double bytes_per_s; /* of a node's link, each way; the ranks of a node share it */
    double local_latency_s, local_bytes_per_s; /* of a message within a node; each rank has so much */
    int ranks_per_node;
    double speed;       /* of a core, where that of the measured one is 1 */
    double look_s;      /* how often a thread looks after messages while a kernel runs (comm/helper.c); 0: there is none */
    bool overlap;       /* false: every start is waited for at once */
} gan_network_model;

typedef struct gan_replay {
    double step_s, compute_s;
    double exposed_s[GAN_TRACE_PHASES]; /* by phase: blocked in waits and in sums that cannot run beside others */
    double exposed_all_s;
    double adding_s;                    /* spent on adding what has arrived, within the step */
    int64_t bytes, messages;            /* sent by a rank */
} gan_replay;

/* One step of many that follow each other. GAN_ESHAPE: the ranks do not fill nodes and teams; GAN_ENOMEM. */
gan_status gan_replay_run(gan_replay *out, const gan_schedule_trace *t, const gan_network_model *m);

/* What the data flow allows at best: every bucket is one message of bucket_s[n_buckets] seconds, one after the other, which needs
 * nobody's help; a blocking sum takes sum_s. Whatever is exposed here no progress of messages can hide. */
gan_status gan_replay_ideal(gan_replay *out, const gan_schedule_trace *t, const double *bucket_s, double sum_s, bool overlap);

/* Seconds that the sum of so many floats takes with nothing beside it, adding included. */
double gan_replay_bucket_s(const gan_schedule_trace *t, const gan_network_model *m, int64_t floats);

#endif
