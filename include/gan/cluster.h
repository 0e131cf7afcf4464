/* A cluster that is described in a file, and what a job would do on it. */
#ifndef GAN_CLUSTER_H
#define GAN_CLUSTER_H

#include "gan/replay.h"
#include "gan/train.h"

typedef struct gan_cluster {
    int nodes;
    double memory_gib;       /* of a node */
    gan_network_model model; /* overlap is true */
    double flop_per_s, core_bytes_per_s; /* of a core, where nothing was measured */
} gan_cluster;

/* Local. GAN_ECONFIG lists all that is wrong in the file. */
gan_status gan_cluster_read(gan_cluster *c, const char *path);
void gan_cluster_manual(FILE *f); /* its keys */

/* Local: print what the session's program, opened for all ranks of the cluster, would take there. schedule: a file of
 * gan_mpi bench CONFIG --schedule for the same job with as many samples a rank; NULL: seconds are estimated from operations. */
gan_status gan_cluster_predict(const gan_session *s, const gan_cluster *c, const char *schedule);

/* Print step, computing, exposed seconds of each phase and efficiency with and without overlap, and what would help most. */
gan_status gan_replay_print(const gan_schedule_trace *t, const gan_network_model *m, FILE *f);

#endif
