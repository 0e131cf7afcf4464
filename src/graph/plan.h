/* Inside of a plan, for plan.c, place.c, exec.c, poison.c and dump.c. */
#ifndef GAN_PLAN_INSIDE_H
#define GAN_PLAN_INSIDE_H

#include "graph.h"

struct gan_plan {
    gan_graph *g; /* borrowed */
    gan_plan_info info;
    gan_id *order; /* live nodes in order of execution */
    int n_order;
    unsigned char *when; /* by id: the steps in which it runs, bits of gan_when */
    float **at;         /* by id: where the value lies; NULL for nodes that have none */
    float **scratch_at; /* by id: where its kernel's scratch lies */
    gan_call *calls;    /* the program: one per kernel to run; part.n: the threads that share it */
    int n_calls;
    int last_carried; /* index of the last call of a carried node, -1 */
    float *memory, *end; /* of values and scratch */
};

/* Whether a step leaves out a call: it is of other steps, or is carried and nothing is pending. */
bool gan__skipped(const gan_plan *p, const gan_call *c, const gan_run *run);

/* The share of steps that run node y, those that record metrics left out. */
double gan__share(const gan_plan *p, gan_id y);

/* Operations of a node's kernel. */
double gan__flop(const gan_graph *g, const gan_node *n);

/* Scratch of a node's kernel, and how many threads have one each. */
int64_t gan__scratch_floats(const gan_graph *g, const gan_node *n);
int gan__scratch_copies(const gan_graph *g, const gan_node *n);

/* place.c: a stretch of memory and when it is in use. */
typedef struct gan__piece {
    int begin, end; /* positions in the order, inclusive */
    int64_t floats, offset;
} gan__piece;

/* Set all offsets so that no two pieces overlap while both are in use; *total floats hold them. Sorts the array. */
gan_status gan__place(gan__piece **pieces, int n, int64_t *total);

#endif
