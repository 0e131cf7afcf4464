/* Inside of a plan, for plan.c, exec.c and dump.c. */
#ifndef GAN_PLAN_INSIDE_H
#define GAN_PLAN_INSIDE_H

#include "graph.h"

struct gan_plan {
    gan_graph *g; /* borrowed */
    gan_plan_info info;
    gan_id *order; /* live nodes in order of execution */
    int n_order;
    bool *metrics_only; /* by id */
    float **at;         /* by id: where the value lies; NULL for nodes that have none */
    gan_call *calls;    /* the program: one per kernel to run */
    int n_calls;
    float *memory; /* activations, then scratch */
};

#endif
