/* A scaling study: the steps of one job timed on several numbers of ranks and threads, each point by processes of its
 * own.
 *
 * scale_points.c decides what to run, scale_launch.c starts a process, scale_run.c makes of it a result that is kept on
 * disk, scale_sums.c does the arithmetic, scale_table.c and scale_figure.c show it. */
#ifndef GAN_CLI_SCALE_H
#define GAN_CLI_SCALE_H

#include "gan/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { GAN__SCALE_POINTS = 64, GAN__SCALE_ROUNDS = 99, GAN__SCALE_PHASES = 8, GAN__SCALE_WHY = 96 };

typedef struct gan__scale_phase {
    char name[64];
    double compute_s, exposed_s; /* a step, means on rank 0 */
    double comm_s, bytes;        /* with messages under way, and sent; negative: the program does not say */
} gan__scale_phase;

/* What one process said of its steps. */
typedef struct gan__scale_run {
    double step_s, images_per_s; /* of the median step */
    int n_phases;
    gan__scale_phase phases[GAN__SCALE_PHASES];
    char digest[17], kernels[32];
} gan__scale_run;

typedef struct gan__scale_point {
    int ranks, threads;
    int64_t batch, shards;
    uint64_t key; /* of all that a result depends on: a stored one with another key is not taken */
    bool failed;
    char why[GAN__SCALE_WHY]; /* "exit code 3" */
    gan__scale_run runs[GAN__SCALE_ROUNDS];
} gan__scale_point;

typedef struct gan__scale {
    /* As asked for; texts are borrowed. */
    const char *config, *dir, *launcher; /* the launcher's words with %n, %t and %N in them */
    const char *const *sets;
    int n_sets;
    int ranks[GAN__SCALE_POINTS], n_ranks; /* n_ranks 0: powers of two up to the cores that can share the job */
    int threads[GAN__SCALE_POINTS], n_threads; /* n_threads 0: as the job says */
    long long steps, rounds, cores; /* cores 0: those of this machine, or of the allocation */
    bool weak, fresh;
    /* Found out by gan__scale_plan: */
    bool ordered;
    const char *incomparable; /* why points that compute the same may end with other bits; NULL: they may not */
    char machine[160], program[512], date[32]; /* program: path of this binary */
    gan__scale_point *points; /* [n_points]; gan_free */
    int n_points;
} gan__scale;

/* "4,1,2" as whole numbers 1..max, in their order, none of them twice; GAN_EUSAGE names option and word. */
gan_status gan__scale_list(const char *option, const char *text, int max, int list[GAN__SCALE_POINTS], int *n);

/* Every combination of ranks and threads, checked against the job: GAN_ECONFIG names what does not divide and the
 * nearest that does. */
gan_status gan__scale_plan(gan__scale *s);
/* What this point overrides in the job, after the user's own: up to three texts; returns how many. */
int gan__scale_point_sets(const gan__scale *s, const gan__scale_point *p, char sets[3][64]);
/* "4 ranks x 2 threads" */
const char *gan__scale_point_name(const gan__scale_point *p, char text[64]);
static inline bool gan__scale_oversubscribed(const gan__scale *s, const gan__scale_point *p)
{
    return (int64_t)p->ranks * p->threads > s->cores;
}

/* Processor, and cores that a launcher can use here: of the machine, or of the SLURM allocation. */
void gan__scale_machine(char *text, size_t n);
long long gan__scale_cores(void);
/* Nodes of the SLURM allocation that so many ranks fill, as mpirun fills them; without one 1. */
int gan__scale_nodes(int ranks, int threads);

/* ---- running ----------------------------------------------------------------------------------------------- */

typedef struct gan__launch {
    char **words;       /* NULL-terminated; counted strings */
    const char *out, *err; /* files for what it prints */
    bool oversubscribed, threads; /* more processes than cores; several threads a process */
} gan__launch;

/* What %n, %t and %N in a launcher's words stand for. */
typedef struct gan__launch_numbers {
    int ranks, threads, nodes;
} gan__launch_numbers;

/* The launcher's words with those replaced (%% is a %), and room for `more` words behind them, of which *n is the first. GAN_EUSAGE
 * when it has no word. Freed by gan__launch_free. */
gan_status gan__launch_words(char ***words, int *n, const char *launcher, const gan__launch_numbers *numbers, int more);
void gan__launch_free(char **words); /* takes NULL */
/* Start it and wait for its end. *code: its exit code, or 128 + the signal that ended it. GAN_EUSAGE when there is no
 * such launcher; GAN_ESTOPPED after a signal to this process, which the launcher got too. */
gan_status gan__launch_run(const gan__launch *l, int *code);

/* Run point i for the time `round`, or take what is stored of it. A point that fails is marked and told of; the status
 * is of what ends the study: GAN_ENOMEM, GAN_EIO, GAN_EUSAGE, GAN_ESTOPPED. */
gan_status gan__scale_measure(gan__scale *s, int i, int round, const char *progress);
/* The numbers in what `bench --json` prints; false: some are missing. */
bool gan__scale_parse(gan__scale_run *r, const char *json);
/* The command line of a point with %n, %t and %N as they are, for people. */
void gan__scale_command(const gan__scale *s, FILE *f);

/* ---- arithmetic -------------------------------------------------------------------------------------------- */

typedef struct gan__scale_range {
    double median, low, high;
} gan__scale_range;

/* A point in the table: medians over the rounds. */
typedef struct gan__scale_row {
    const gan__scale_point *point;
    gan__scale_range step_s;
    gan__scale_range speedup; /* images per second over the reference's in the same round, times its cores */
    double images_per_s, efficiency; /* speed-up over cores */
    double serial;            /* Karp and Flatt's fraction; NAN: of the reference, or of weak scaling */
    double hidden;            /* 1 - waiting / time with messages under way; NAN: not told, or none */
    int n_phases;
    gan__scale_phase phases[GAN__SCALE_PHASES];
} gan__scale_row;

gan__scale_range gan__scale_median(const double *x, int n); /* n is 1..GAN__SCALE_ROUNDS */
/* Karp and Flatt 1990: (1/speedup - 1/cores) / (1 - 1/cores); NAN for one core. */
double gan__karp_flatt(double speedup, double cores);
/* Points that have not failed; returns how many. The reference of speed-ups is the one of the fewest cores, *reference
 * its row; -1: no rows. */
int gan__scale_rows(const gan__scale *s, gan__scale_row rows[GAN__SCALE_POINTS], int *reference);

/* Whether points that compute the same have the same bits, said in a line. GAN_EDRIFT names those that differ. */
gan_status gan__scale_digests(const gan__scale *s, char *verdict, size_t n);

/* ---- showing ----------------------------------------------------------------------------------------------- */

/* What was run on what, the table, and notes. rows [n], n > 0, here and below. */
void gan__scale_print(const gan__scale *s, const gan__scale_row *rows, int n, int reference, const char *verdict, FILE *f);
/* Every run with all its numbers, comma-separated, below lines with # in front. */
void gan__scale_print_csv(const gan__scale *s, const gan__scale_row *rows, int n, FILE *f);
/* GAN_EIO names path and reason. */
gan_status gan__scale_figure(const gan__scale *s, const gan__scale_row *rows, int n, const char *path);

#endif
