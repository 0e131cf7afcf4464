/* Training: a session (everything that runs steps), and the loop around it with its files, signals and terminal. */
#ifndef GAN_TRAIN_H
#define GAN_TRAIN_H

#include "gan/collectives.h"
#include "gan/schedule_trace.h"
#include "gan/system.h"

#ifdef __clang__
#define GAN_COMPILER __VERSION__ /* "Clang 14.0.6" or the like */
#else
#define GAN_COMPILER "gcc " __VERSION__
#endif

/* How a run is spread over ranks, resolved and checked from [parallel] and train.batch. */
typedef struct gan_layout {
    gan_reduce_mode mode;
    int ranks;
    int64_t batch;  /* global */
    int64_t shards; /* global; a multiple of ranks */
} gan_layout;

/* Local. GAN_ECONFIG names what does not divide, and the nearest sizes that do. couples: a network mixes samples. */
gan_status gan_layout_resolve(gan_layout *l, const gan_config *cfg, int ranks, bool couples);

/* Local. Threads of this rank, from [parallel] or the environment. Warns where they outnumber the cores; GAN_ECONFIG where
 * this program has none. */
gan_status gan_threads_resolve(int *threads, const gan_comm *comm, const gan_config *cfg);

typedef struct gan_session {
    const gan_comm *comm; /* borrowed */
    const gan_config *cfg;
    const gan_kernels *k;
    gan_source *source;
    gan_model *model;
    gan_step *step;
    gan_plan *plan;
    gan_team team;
    gan_team_memory memory; /* of the team: weights, averages, moments; and each rank's gradients */
    gan_comm_set *set;
    bool sharded;          /* each team has its part of averages and moments only, and updates that */
    gan_calibration costs; /* of sums over ranks, where bucket_kib = 0 */
    gan_layout layout;
    int threads; /* of this rank */
    gan_run run;
    gan_phase_time *times; /* by phase, since gan_session_reset_times */
} gan_session;

/* Collective. Opens the data, builds networks, step program and plan; ends in agreement. `ranks` is comm->size, or
 * another number when the program is only to be looked at (dry run), which then cannot be executed. */
gan_status gan_session_open(gan_session *s, const gan_comm *comm, const gan_config *cfg, int ranks);
void gan_session_close(gan_session *s); /* collective; takes a zeroed one */
/* Collective: run step `step` (0 is the first). It may leave the last updates of networks to the next step, or to
 * gan_session_settle, which is called before anybody reads or writes weights, averages, moments or norms between steps. False: a
 * gradient of the step before was not finite, and this one was not run. Failures inside are of MPI, and end all ranks. */
bool gan_session_step(gan_session *s, int64_t step, bool metrics);
void gan_session_settle(gan_session *s); /* collective */
/* Collective: bring the parts of averages and moments that other teams have to the first one, or deal them out from there. Nothing
 * to do in runs that are not sharded. Failures are of MPI, and end all ranks. */
void gan_session_parts(gan_session *s, bool to_first);
void gan_session_reset_times(gan_session *s);
int64_t gan_session_images_per_step(const gan_session *s); /* real samples that a step reads, over all ranks */

/* Local: the network whose gradient in the last step was not finite, the same on all ranks; NULL: all were. */
const char *gan_session_not_finite(const gan_session *s);
/* Collective, then: GAN_ENUMERIC; the lowest rank that sees the first bad value has a text with phase, step and layer, and
 * what is said of checkpoints. */
gan_status gan_session_diagnose(gan_session *s, const char *network, const char *of_checkpoints);

typedef struct gan_train_options {
    bool fresh; /* move the old run directory aside first */
} gan_train_options;

/* Collective. Train as configured, from the newest checkpoint of the run directory if there is one. GAN_ESTOPPED after a
 * signal. The caller reports (gan_comm_report). */
gan_status gan_train(const gan_comm *comm, const gan_config *cfg, const gan_train_options *o);

typedef struct gan_dry_run_options {
    int ranks;             /* 0: as many as were started, or as the cluster has */
    const char *dot;       /* draw the program into this file; may be NULL */
    const char *cluster;   /* a cluster file (gan/cluster.h); may be NULL */
    const char *schedule;  /* seconds of the program's calls, for the cluster; may be NULL */
} gan_dry_run_options;

/* Collective: print what would run: networks, FLOP, memory, bytes per reduction; then the step program, or what it would take on
 * a cluster. */
gan_status gan_dry_run(const gan_comm *comm, const gan_config *cfg, const gan_dry_run_options *o);

/* Collective: time `steps` steps after a warm-up and print one line or one JSON object; profile: a table by op as well. */
gan_status gan_bench(const gan_comm *comm, const gan_config *cfg, int64_t steps, bool json, bool profile);

/* Collective: measure the calls of the program of `ranks` ranks in teams of `team`, and write its schedule. Started as so many ranks
 * (then the teams are theirs), or as one, which does the part of one of them. */
gan_status gan_bench_schedule(const gan_comm *comm, const gan_config *cfg, int64_t steps, int ranks, int team, const char *path);

/* Local: the schedule of the session's program, whose calls take seconds[n_nodes]. *t is to be freed in any case. */
gan_status gan_trace_derive(gan_schedule_trace *t, const gan_session *s, const double *seconds, int team, double add_s);

/* The lines about machine and job that a run begins with. */
void gan_banner(const gan_session *s);

/* Range of the pictures of a job's samples: that of its data, or the frame of a mixture's scatter plot. */
void gan_picture_range(const gan_config *cfg, float *lo, float *hi);

#endif
