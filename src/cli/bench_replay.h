/* gan_mpi bench --replay: what a measured schedule would take on a network. */
#ifndef GAN_CLI_BENCH_REPLAY_H
#define GAN_CLI_BENCH_REPLAY_H

#include "gan/status.h"

#include <stdbool.h>

typedef struct gan__replay_options {
    const char *file;                 /* the schedule */
    const char *bandwidth, *latency;  /* Gbit/s of a node, us; NULL: the default */
    const char *look;                 /* us between two looks after messages; NULL: as comm/helper.c does */
    const char *node;                 /* ranks of a node; NULL: the schedule's team */
    const char *seconds;              /* "0.001,0.002": of each bucket alone, as measured; NULL: from the model */
    bool json;
} gan__replay_options;

/* Local. Prints a table or one JSON object. */
gan_status gan__bench_replay(const gan__replay_options *o);

#endif
