/* Real minibatches as nodes: how a step program reads a data source. */
#ifndef GAN_FEED_H
#define GAN_FEED_H

#include "gan/data.h"
#include "gan/graph.h"

/* Step t reads samples [t * reads * batch, (t + 1) * reads * batch) of the stream, `batch` a time. */
typedef struct gan_feed {
    const gan_source *source; /* NULL: the program is only planned, never run */
    int64_t batch;            /* global */
    int reads;                /* data nodes of a step; counted by gan_add_data */
} gan_feed;

/* x [B, dims] SHARDED: this rank's rows of the step's next minibatch. feed is borrowed for the graph's life. */
gan_status gan_add_data(gan_graph *g, gan_feed *feed, int64_t rows, int n_dims, const int64_t *dims, gan_id *x);
/* c [B, numbers] SHARDED: what the samples of the last gan_add_data are conditioned on. */
gan_status gan_add_condition(gan_graph *g, gan_feed *feed, int64_t rows, int64_t numbers, gan_id *c);
/* The same for the reference batch: the stream's first minibatch, in every step. */
gan_status gan_add_reference_data(gan_graph *g, gan_feed *feed, int64_t rows, int n_dims, const int64_t *dims, gan_id *x);
gan_status gan_add_reference_condition(gan_graph *g, gan_feed *feed, int64_t rows, int64_t numbers, gan_id *c);

#endif
