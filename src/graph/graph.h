/* Inside of a graph, for the files of this module only. */
#ifndef GAN_GRAPH_INSIDE_H
#define GAN_GRAPH_INSIDE_H

#include "gan/graph.h"

typedef struct gan__edge {
    gan_id before, after;
} gan__edge;

struct gan_graph {
    int64_t shards;
    int ranks;
    gan_node *nodes;
    int n, room;
    gan__edge *edges; /* orderings without data */
    int n_edges, edge_room;
    char **layers; /* all layer texts, kept until the graph goes */
    int n_layers;
    const char *layer;
    char **phases;
    int n_phases, phase;
    gan_when when;
    int64_t interval;
    bool direct;
    int threads;
    double worth_sharing; /* operations of a kernel */
    uint64_t streams;
    struct gan_chain **chains; /* programs of fused nodes, owned */
    int n_chains;
};

/* The program of a fused node: step i computes value n_in + i from earlier values. */
enum { GAN_CHAIN_MAX = 12 };
struct gan_chain {
    gan_broadcast
        kind[GAN_MAX_IN]; /* how input i is read: as [N,C], [C] for every row, [N] for every column */
    int n_in, n;
    struct {
        gan_map f;
        float p, q;
        int a, b;
    } step[GAN_CHAIN_MAX];
};

extern const gan_op gan__op_fused;

/* Whose memory node x shows: aliases lead to their source. */
gan_id gan__owner(const gan_graph *g, gan_id x);
/* The update that ends the version of the parameter that x shows; GAN_NONE for anything else. */
gan_id gan__superseded_by(const gan_graph *g, gan_id x);
/* May what x reads be read as late as node y runs? ordered: by id, nodes that explicit edges hold to their place. */
bool gan__may_wait(const gan_graph *g, const bool *ordered, gan_id x, gan_id y);

/* Passes, in the order in which gan_plan_build runs them. */
void gan__live(const gan_graph *g, const gan_id *keep, int n_keep, bool *live, unsigned char *when);
gan_status gan__fuse(gan_graph *g, const bool *live, const gan_id *keep, int n_keep, int *n_fused);
gan_status gan__tails(gan_graph *g, const bool *live, const gan_id *keep, int n_keep, int *n_fused);
gan_status gan__schedule(const gan_graph *g, const bool *live, gan_id *order, int *n_order);

#endif
