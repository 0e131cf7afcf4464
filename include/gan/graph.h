/* The graph: nodes with fixed shapes, built once, differentiated, planned and executed many times.
 *
 * One graph holds a whole step program: forward passes, gradients, reductions and updates of every phase. A node's id
 * is its place in the order of building, and inputs always have smaller ids.
 *
 * How a value lies on the ranks is part of its form:
 *   REPLICATED  every rank has the whole value (parameters, constants, what an all_sum gave);
 *   SHARDED     dimension 0 is the batch: this rank holds its shards, one after the other, rows/shards rows each;
 *   PARTIAL     every rank has a summand, the value is the sum over ranks (losses, parameter gradients).
 * Gradients mirror it: that of a REPLICATED value is PARTIAL, of a PARTIAL one REPLICATED, of a SHARDED one SHARDED. So
 * a forgotten reduction is an error of form while building, not a wrong number. */
#ifndef GAN_GRAPH_H
#define GAN_GRAPH_H

#include "gan/kernels.h"
#include "gan/part.h"
#include "gan/rng.h"
#include "gan/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { GAN_MAX_DIMS = 5, GAN_MAX_IN = 8 };

typedef int32_t gan_id;
enum { GAN_NONE = -1 };

typedef enum gan_dist { GAN_REPLICATED, GAN_SHARDED, GAN_PARTIAL } gan_dist;

typedef struct gan_form {
    int n_dims;
    int64_t dims[GAN_MAX_DIMS];
    gan_dist dist;
    bool panel; /* a [K,M] matrix in the panel layout of kernels.h */
} gan_form;

int64_t gan_form_floats(const gan_form *f);
bool gan_form_equal(const gan_form *a, const gan_form *b);
bool gan_form_same_shape(const gan_form *a, const gan_form *b); /* dims and layout; not the distribution */
void gan_form_text(const gan_form *f, char *text, size_t n);    /* "[32,784] sharded" */

typedef struct gan_graph gan_graph;
typedef struct gan_node gan_node;
typedef struct gan_op gan_op;

/* ---- what a kernel call sees ------------------------------------------------------------------------------- */

/* What the ranks of a team tell each other of a bucket: my summands are stored and I read its old weights no more; my
 * part of its squares is there; my part of its weights is updated. */
typedef enum gan_event { GAN_STORED, GAN_MEASURED, GAN_UPDATED, GAN_EVENTS } gan_event;

/* How a range of an arena is cut for its update: block i is floats [at[i], at[i+1]), at most GAN_UPDATE_BLOCK of them. */
typedef struct gan_blocks {
    const int64_t *at; /* [n+1], borrowed */
    int64_t n;
} gan_blocks;

/* Sums over ranks, given to the graph from above (comm/collectives.c); NULL in a run of one rank. */
typedef struct gan_collectives {
    void *user;
    gan_status (*start)(void *user, int number); /* reductions by number, as the reduce nodes carry it */
    gan_status (*wait)(void *user, int number);
    gan_status (*progress)(void *user);                         /* move all that are in flight; never blocks */
    void (*lend)(void *user);            /* the caller calls none of these until it has taken MPI back; both may be NULL */
    gan_status (*take_back)(void *user);
    gan_status (*all_sum)(void *user, float *data, int64_t n, int phase); /* blocking, small */
    /* For those numbers that are buckets, whose update the ranks of a team share (comm/bucket.c): */
    void (*slice)(void *user, int number, int64_t *from, int64_t *to);           /* this rank's blocks */
    /* Floats [at, at+n) of one of them, after wait; they may lie in scratch, gan_summed_scratch(ranks) floats. By any thread. */
    const float *(*summed)(void *user, int number, int64_t at, int64_t n, float *scratch);
    double *(*squares)(void *user, int number);                                  /* a number per block, of the team */
    void (*arrive)(void *user, int number, gan_event e);
    gan_status (*meet)(void *user, int number, gan_event e);                     /* waits for the team */
} gan_collectives;

/* A block for each level of the tree over ranks, and one more. */
static inline int64_t gan_summed_scratch(int ranks)
{
    int64_t blocks = 1;
    for (int n = 1; n < ranks; n *= 2) blocks++;
    return blocks * GAN_UPDATE_BLOCK;
}

/* What all kernels of one step share. */
typedef struct gan_run {
    const gan_kernels *k;
    const gan_collectives *comm;
    uint64_t seed;
    int64_t step;
    int rank;
    bool metrics;  /* run the nodes that only metrics read */
    bool pending;  /* the step before has left its carried nodes to this one */
    gan_status (*settled)(void *user); /* asked when these have run; what it fails with ends the program. May be NULL */
    void *settled_user;
    bool diagnose; /* check every output for finiteness, apply no update (see gan_exec_diagnose) */
    double *profile; /* seconds of each kernel of the program are added here [gan_plan_info.n_nodes]; may be NULL */
} gan_run;

typedef struct gan_call {
    const gan_run *run;
    const gan_graph *graph;
    const gan_node *y;
    const float *in[GAN_MAX_IN];
    float *out;
    float *scratch; /* gan_op.scratch floats, 64-byte aligned; a thread's own unless gan_op.scratch_in_common */
    int64_t scratch_step; /* floats from a thread's scratch to the next's */
    gan_part part;  /* this thread's; {0,1} for ops that are not shared */
} gan_call;

/* ---- nodes ------------------------------------------------------------------------------------------------- */

/* Parameters of the ops; an op uses its own member only. */
typedef union gan_params {
    struct { float p, q; } map;
    struct { int64_t rows; } expand;          /* expand_rows, shard_expand: rows of the result; expand_cols: columns */
    struct { int axis; int64_t from; int64_t to, size; } slice; /* slice, pad */
    struct { int axis; } concat;
    struct { int64_t pieces; } group;         /* group_pick, group_spread */
    struct { int kh, kw, stride, pad; int64_t h, w; } window; /* kh x kw pixels; h, w: of the result, of adjoints */
    struct { int kh, kw, stride, pad, way, pass; int64_t h, w, channels, outputs; } conv; /* see ops/conv.c */
    struct { bool bilinear; int64_t h, w; } resize;           /* h, w: of the result */
    struct { float value; } constant;
    struct { gan_rng_purpose purpose; bool normal; uint64_t stream; float a, b; bool fixed; } random; /* N(a,b) or U[a,b); fixed: the same in every step */
    struct { uint64_t stream; float keep; } dropout;
    struct { const void *owner; int index; gan_id superseded_by; } param;
    struct { int number; } reduce;
    struct { const struct gan_chain *chain; } fused;
    struct { void *user; int index; } call;   /* ops defined above the graph: data, update */
} gan_params;

/* The steps in which an effect runs, and with it what it needs: all; those that record metrics; those whose number a graph's
 * interval divides; those that it does not. Bits: what two effects need runs in the steps of both. */
typedef enum gan_when { GAN_ALWAYS = 1, GAN_IN_METRICS = 2, GAN_IN_NTH = 4, GAN_IN_OTHERS = 8 } gan_when;

/* What is done to a result before it is written: the last input, a row, is added; then a map of one input. */
typedef struct gan_tail {
    bool is, bias, maps;
    gan_map map;
    float p, q;
} gan_tail;

struct gan_node {
    const gan_op *op;
    gan_form form;
    int n_in;
    gan_id in[GAN_MAX_IN];
    gan_params p;
    gan_tail tail;      /* of an op that takes one; given by a pass, never while building */
    float *fixed;       /* memory outside the plan (arenas), or NULL */
    const char *layer;  /* "generator.dense1 (job.ini:12)"; borrowed, "" outside layers */
    int phase;          /* index of the phase it belongs to */
    gan_when when;      /* of an effect: the steps in which it runs */
    bool carried;       /* an effect that a step leaves to the next one, whose program begins beside it (systems/carry.c) */
};

/* How a value of fewer elements is repeated to a full shape. */
typedef enum gan_broadcast { GAN_BROADCAST_NONE, GAN_BROADCAST_ROWS, GAN_BROADCAST_COLS } gan_broadcast;

/* An op: everything that the passes need to know of it, beside its own code. Fields that may be 0 or NULL say so. */
struct gan_op {
    const char *name;
    gan_map map;       /* the kernel of an elementwise op (is_map) */
    bool is_map;
    bool is_param;     /* a leaf outside the plan that has versions: p.param is valid */
    bool alias;        /* the result is input 0 under another form; no kernel runs */
    bool effect;       /* kept although nobody reads it: stores, reductions, updates */
    bool talks;        /* uses gan_run.comm in ways that call MPI; so on the first thread only */
    bool waits;        /* may block until other ranks have done something; its time counts as exposed */
    int late;          /* above 0: scheduled when nothing else can run, 2 after 1: waits for what was started before */
    bool eager;        /* scheduled as soon as it may: starts of reductions, updates */
    bool shared;       /* all threads of the rank call forward, each for its part; else the first thread does it all */
    bool scratch_in_common; /* of a shared op: all threads have one scratch */
    gan_broadcast broadcast; /* the op repeats input 0; fusion looks through it */
    bool takes_tail;   /* forward does gan_node.tail as well */
    unsigned inplace;  /* bit i: the result may take the memory of input i */
    /* Check inputs and parameters, set y->form. GAN_ESHAPE with a text (see gan_shape_error). */
    gan_status (*infer)(gan_graph *g, gan_node *y);
    /* Append nodes for the gradients of the inputs: dx[i], GAN_NONE where there is none (as preset). NULL: the op has no
     * gradient, and differentiating through it is refused by name. */
    gan_status (*backward)(gan_graph *g, gan_id y, gan_id dy, gan_id *dx);
    gan_status (*forward)(const gan_call *c);              /* NULL for leaves with fixed memory and for aliases */
    int64_t (*scratch)(const gan_graph *g, const gan_node *y); /* floats; NULL: none */
    double (*flop)(const gan_graph *g, const gan_node *y);     /* NULL: one per element of the result */
};

/* shards: this rank's number of shards; ranks: of the run. */
gan_status gan_graph_new(gan_graph **out, int64_t shards, int ranks);
void gan_graph_free(gan_graph *g); /* takes NULL */
int64_t gan_graph_shards(const gan_graph *g); /* local */
int gan_graph_ranks(const gan_graph *g);
/* Convolutions added from now on may only be computed directly, not by Winograd's ways. */
void gan_graph_set_direct(gan_graph *g, bool direct);
bool gan_graph_direct(const gan_graph *g);
/* Threads that run the plan together, 1 unless set, and from how many operations on a kernel is worth sharing. The results
 * are the same bits. To be set before the plan is built. */
enum { GAN_WORTH_SHARING = 1 << 13 };
void gan_graph_set_threads(gan_graph *g, int threads, double worth);
int gan_graph_threads(const gan_graph *g);
int gan_graph_count(const gan_graph *g);
gan_node *gan_graph_node(const gan_graph *g, gan_id id); /* borrowed until the next node is added */
const gan_form *gan_graph_form(const gan_graph *g, gan_id id);

/* Append a node: fill op, n_in, in, p (and fixed) of a template; layer and phase are the current ones. Runs infer. */
gan_status gan_graph_add(gan_graph *g, const gan_node *node, gan_id *out);

/* Ordering without data: `node` runs after `before`. */
gan_status gan_graph_after(gan_graph *g, gan_id node, gan_id before);

/* Nodes added from now on belong to this layer (text is copied) and phase. */
gan_status gan_graph_set_layer(gan_graph *g, const char *layer);
gan_status gan_graph_phase_begin(gan_graph *g, const char *name, int *phase); /* the same name gives the same phase */
void gan_graph_set_when(gan_graph *g, gan_when when); /* effects added from now on run in these steps only */
/* The interval of GAN_IN_NTH and GAN_IN_OTHERS, 1 at first; GAN_EINTERNAL for a second one. */
gan_status gan_graph_set_interval(gan_graph *g, int64_t steps);
int64_t gan_graph_interval(const gan_graph *g);
int gan_graph_phases(const gan_graph *g);
int gan_graph_phase(const gan_graph *g); /* the current one */
const char *gan_graph_phase_name(const gan_graph *g, int phase);
uint64_t gan_graph_next_stream(gan_graph *g); /* numbers random nodes, in order of building */

/* "generator.dense1 (job.ini:12): matmul: got [32,100] and [784,256], wanted ..." */
__attribute__((format(printf, 3, 4))) gan_status gan_shape_error(const gan_graph *g, const gan_node *y,
                                                                 const char *fmt, ...);

/* Append the gradients of a scalar (PARTIAL or REPLICATED, [1]) with respect to wrt[n]; grads[i] is GAN_NONE where the
 * loss does not depend on wrt[i]. Where one of wrt is computed from another they count as independent: nothing flows
 * through it. Written with the public builders, so they can be differentiated again. */
gan_status gan_graph_grad(gan_graph *g, gan_id loss, const gan_id *wrt, int n, gan_id *grads);

/* ---- from graph to plan ------------------------------------------------------------------------------------ */

typedef struct gan_plan gan_plan;

typedef struct gan_plan_info {
    int n_nodes, n_dead, n_fused, n_inplace; /* of the program: run, dropped, merged into others, without memory of their own */
    int64_t activation_bytes; /* all that is planned: values, and scratch of kernels while they run */
    int64_t scratch_bytes, unplanned_bytes; /* the largest scratch; values without reuse */
    double flop;                              /* per step and rank, on the average; metrics left out */
} gan_plan_info;

/* Drop what no effect needs, fuse, order, place in memory. The graph is borrowed and changed (fusion). keep[n_keep]: nodes
 * whose values the caller reads after a step (gan_plan_value). */
gan_status gan_plan_build(gan_plan **out, gan_graph *g, const gan_id *keep, int n_keep);
void gan_plan_free(gan_plan *p); /* takes NULL */
const gan_plan_info *gan_plan_describe(const gan_plan *p);
const float *gan_plan_value(const gan_plan *p, gan_id id); /* of a kept node, until the next step */

/* Where a phase's time goes, summed since the last reset. */
typedef struct gan_phase_time {
    double compute_s, exposed_s; /* in kernels; blocked in waits for reductions */
    double comm_s, bytes;        /* with messages of its reductions under way, hidden or not; sent by this rank */
} gan_phase_time;

/* Run the program once, by all threads of the graph; MPI is called by the calling thread only. Collective when ranks > 1.
 * times[gan_graph_phases()] is added to; may be NULL. Carried nodes are run for the step before, if run->pending, and those of
 * this step are left. */
gan_status gan_exec(const gan_plan *p, const gan_run *run, gan_phase_time *times);
/* Run what the step run->step has left, and nothing else. */
gan_status gan_exec_carried(const gan_plan *p, const gan_run *run, gan_phase_time *times);
bool gan_plan_carries(const gan_plan *p); /* whether steps leave anything */

/* To check a plan, in tests: as gan_exec without times, but memory of the plan that holds no live value is filled with NaN all
 * along (src/graph/poison.c), so that the results are those of gan_exec to the bit only if no value overlaps another that
 * is still needed, and no kernel reads what nobody wrote. keep[n_keep]: as given to gan_plan_build. Collective when
 * ranks > 1. GAN_ENOMEM; slow. */
gan_status gan_exec_poisoned(const gan_plan *p, const gan_run *run, const gan_id *keep, int n_keep);

/* Run again without updates and find the first node, in order of execution, with a non-finite value: *position (the
 * place in the program; INT64_MAX: none here) and a text naming phase, layer and op. Collective. */
gan_status gan_exec_diagnose(const gan_plan *p, const gan_run *run, int64_t *position, char *text, size_t n);

/* Where the time of `steps` steps went, by op: share, milliseconds a step, in all and by phase, GFLOP/s (of convolutions: of the
 * direct sum), GB/s of operands and results. profile[n_nodes] as of gan_run. */
void gan_plan_print_profile(const gan_plan *p, const double *profile, int64_t steps, FILE *f);

/* Call i of the n_nodes of the program, and the steps in which it runs: bits of gan_when. Borrowed. */
const gan_node *gan_plan_call(const gan_plan *p, int i, unsigned *when);
/* The share of steps that make call i, those that record metrics left out. */
double gan_plan_share(const gan_plan *p, int i);
/* Where nothing can be measured: seconds[n_nodes] of each call on a core that does so many operations, and moves so many bytes,
 * a second, whichever takes longer, when it is made. Updates count as nothing, for they do not say what they touch. */
void gan_plan_estimate(const gan_plan *p, double flop_per_s, double bytes_per_s, double *seconds);

/* The program as text, one line a node in order of execution, and the graph for Graphviz. */
void gan_plan_print(const gan_plan *p, FILE *f);
gan_status gan_plan_dot(const gan_plan *p, const char *path);

#endif
