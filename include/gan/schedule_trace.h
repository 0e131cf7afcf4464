/* The schedule of a step: what a rank computes, and which sums over ranks it starts and waits for, in order.
 *
 * It is derived from a plan and the measured seconds of its calls, written to a text file and read back. Whoever asks what a step
 * would take on another network replays it: a model of messages (gan/replay.h), or SimGrid's (tests/sim). Steps follow each
 * other, so the list is the body of a loop: where a wait stands before its start, it belongs to the start of the step before.
 * This header needs nothing but the base of the program. */
#ifndef GAN_SCHEDULE_TRACE_H
#define GAN_SCHEDULE_TRACE_H

#include "gan/status.h"

#include <stdint.h>

enum { GAN_TRACE_PHASES = 16, GAN_TRACE_NAME = 64 };

typedef enum gan_trace_kind {
    GAN_TRACE_COMPUTE, /* for s seconds; then MPI gets its chance to move what is in flight */
    GAN_TRACE_START,   /* the sum of a bucket */
    GAN_TRACE_WAIT,    /* for it */
    GAN_TRACE_SUM      /* start the sum of so many floats and wait for it */
} gan_trace_kind;

typedef struct gan_trace_record {
    gan_trace_kind kind;
    int phase;
    double s;       /* of COMPUTE */
    int64_t number; /* START, WAIT: of the bucket; SUM: floats */
} gan_trace_record;

typedef struct gan_trace_bucket {
    int64_t floats;
    char name[GAN_TRACE_NAME]; /* "discriminator[0]": network and number within it */
} gan_trace_bucket;

typedef struct gan_schedule_trace {
    int ranks, team;  /* ranks of a team share the update, and sum within it by reading */
    int64_t batch;    /* samples of a rank */
    double add_s;     /* seconds to add one float that has arrived */
    int float_bytes;  /* of a float in a message of a bucket; 2: bfloat16 (short ones travel as they are) */
    char phases[GAN_TRACE_PHASES][GAN_TRACE_NAME]; /* the first holds what was written before any phase began */
    int n_phases;
    gan_trace_bucket *buckets;
    int n_buckets, room_buckets;
    gan_trace_record *records;
    int n_records, room_records;
} gan_schedule_trace;

/* Building one up, zeroed at first. GAN_ENOMEM; GAN_EINTERNAL when there are too many phases. */
gan_status gan_trace_add_phase(gan_schedule_trace *t, const char *name);
gan_status gan_trace_add_bucket(gan_schedule_trace *t, const char *name, int64_t floats);
gan_status gan_trace_add(gan_schedule_trace *t, const gan_trace_record *r);
void gan_trace_free(gan_schedule_trace *t); /* what it holds; takes a zeroed one */

/* Whole or not at all. GAN_EIO. */
gan_status gan_trace_write(const gan_schedule_trace *t, const char *path);
/* GAN_EDATA names file, line and what was wanted there. *t is to be freed in any case. */
gan_status gan_trace_read(gan_schedule_trace *t, const char *path);

#endif
