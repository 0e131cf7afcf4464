/* Systems: one GAN family each. A system declares its networks and writes one iteration as a step program, with the
 * functions of this header and the builders of ops.h. It knows nothing of ranks, buckets, memory or files.
 *
 * A new family is a file in src/systems and a line in systems.def. */
#ifndef GAN_SYSTEM_H
#define GAN_SYSTEM_H

#include "gan/config.h"
#include "gan/data.h"
#include "gan/feed.h"
#include "gan/graph.h"
#include "gan/nn.h"
#include "gan/ops.h"
#include "gan/optim.h"

enum { GAN_MAX_NETWORKS = 8, GAN_MAX_METRICS = 32 };

typedef struct gan_model gan_model;
typedef struct gan_step gan_step;

typedef struct gan_system {
    const char *name, *summary;
    const char *const *networks; /* NULL-terminated; the first one makes the samples; "?name": only if the job has [name] */
    const gan_default *defaults;               /* of keys, instead of the schema's, up to one without section; may be NULL */
    gan_status (*declare)(gan_model *m);       /* gan_model_add for each network there is (gan_config_networks) */
    gan_status (*build)(gan_step *s);          /* one iteration */
    bool samples_nothing;                      /* no network makes samples */
} gan_system;

const gan_system *gan_system_find(const char *name);
gan_networks_of gan_system_networks; /* for gan_config_read */
void gan_systems_print(FILE *f);

/* ---- a model: networks and their optimizers ---------------------------------------------------------------- */

struct gan_model {
    const gan_config *cfg;
    const gan_system *system;
    gan_sample_shape data; /* of one real sample, and what it is conditioned on */
    gan_network *nets[GAN_MAX_NETWORKS];
    gan_optimizer *opts[GAN_MAX_NETWORKS];
    int n_nets;
    int64_t bucket_kib; /* of the configuration; the session's where that is 0 */
};

/* Local. Networks and optimizers, without memory for their values. cfg is borrowed for the model's life. */
gan_status gan_model_new(gan_model **out, const gan_config *cfg, const gan_sample_shape *data);
/* Let weights, averages and moments lie in `common` and gradients in `own`, both zero, of as many floats. */
int64_t gan_model_common_floats(const gan_model *m);
int64_t gan_model_own_floats(const gan_model *m);
void gan_model_place(gan_model *m, float *common, float *own);
gan_status gan_model_init(gan_model *m);  /* initial weights, into `common` */
gan_status gan_model_alloc(gan_model *m); /* all this in memory of its own */
uint64_t gan_model_digest(const gan_model *m, bool all); /* of weights, and averages and moments too, as they lie: to compare replicas */
void gan_model_free(gan_model *m); /* takes NULL */
/* For a system's declare. The network's samples must have the shape `wanted` (NULL: any), described as `what`, or be a row of
 * as many values; GAN_ESHAPE names its last layer, the config line and both shapes. */
gan_status gan_model_add(gan_model *m, const char *name, const gan_sample_shape *in, const gan_sample_shape *wanted,
                         const char *what);

int gan_model_find(const gan_model *m, const char *network); /* index, -1 when there is none */

/* ---- a step: one iteration of training, being written ------------------------------------------------------- */

typedef struct gan_range { /* floats that are summed over ranks */
    float *data;
    int64_t n;
    bool bucket; /* of a gradient arena */
    int phase;   /* that sums it; set when the range is added to a step */
    gan_blocks blocks; /* of a bucket, as what follows */
    int net, nth;      /* its network; its number among those of the network, from 0 */
    int64_t offset;    /* where it begins in the arena */
} gan_range;

struct gan_step {
    gan_model *model;
    gan_graph *graph;
    gan_feed feed;
    int64_t rows; /* local batch */
    bool overlap; /* sums over ranks may run beside computation */
    gan_range *reductions;
    int n_reductions;
    struct gan_buckets *buckets[GAN_MAX_NETWORKS]; /* of each updated network, NULL before its first update */
    bool looked_ahead[GAN_MAX_NETWORKS];
    const char *metric_names[GAN_MAX_METRICS];
    float metrics[GAN_MAX_METRICS]; /* means over the global batch after a step that records metrics */
    int n_metrics;
    gan_id rare;  /* what the next update's loss has besides, every so many steps; or GAN_NONE */
};

/* Write the step program for `ranks` ranks with `shards` shards in all. batch: global. Local. */
gan_status gan_step_new(gan_step **out, gan_model *m, const gan_source *source, int64_t batch, int64_t shards, int ranks);
void gan_step_free(gan_step *s); /* takes NULL */

/* For a system's build: */
gan_status gan_step_phase(gan_step *s, const char *name);        /* what follows belongs to this phase */
gan_status gan_step_data(gan_step *s, gan_id *x);                /* the next real minibatch [B, data] */
/* [B, numbers]: what that minibatch is conditioned on; GAN_NONE where data.condition = none. Read only where something needs it. */
gan_status gan_step_condition(gan_step *s, gan_id *c);
/* From here on network `net` is applied to samples with this condition [.., numbers]. */
void gan_step_give(gan_step *s, int net, gan_id c);
gan_status gan_step_noise(gan_step *s, gan_id *z);               /* [B, noise.size], fresh */
gan_status gan_step_apply(gan_step *s, int net, gan_id x, gan_id *y); /* network by its index in .networks */
/* The same, for a look at the network beside its ordinary use: batch statistics of this pass are not kept. */
gan_status gan_step_apply_aside(gan_step *s, int net, gan_id x, gan_id *y);
gan_status gan_step_as_data(gan_step *s, gan_id x, gan_id *y);   /* [B, ...] in the shape of data */
/* Real and fake through one network: in one pass unless it couples samples; logits [B,1] each. */
gan_status gan_step_apply_pair(gan_step *s, int net, gan_id a, gan_id b, gan_id *ya, gan_id *yb);
/* In steps whose number `interval` divides, the loss of the next update has `loss` besides; the others do not compute it, unless
 * they record it as a metric. A step program has one interval. */
gan_status gan_step_add_rarely(gan_step *s, int64_t interval, gan_id loss);
/* Gradient of the loss for the network's parameters, sum over ranks, optimizer step. Nodes added later read the new weights. */
gan_status gan_step_update(gan_step *s, int net, gan_id loss);
/* Updates that are not made (Metz et al. 2016). From look_ahead to look_back the network is what update_ahead makes of it: layers
 * that are applied in between use the weights ahead, and gradients flow through the updates to all that their losses were computed
 * from. Running statistics do not change. The network must not be updated again in this step. GAN_ECONFIG: clipping, spectral
 * layers or sharded updates. */
typedef struct gan_look_ahead gan_look_ahead;
gan_status gan_step_look_ahead(gan_step *s, int net, gan_look_ahead **out);
gan_status gan_step_update_ahead(gan_step *s, gan_look_ahead *a, gan_id loss);
void gan_step_look_back(gan_step *s, gan_look_ahead *a); /* frees a; takes NULL */
gan_status gan_step_metric(gan_step *s, const char *name, gan_id partial); /* PARTIAL [1]; the name is borrowed */
int64_t gan_step_batch(const gan_step *s);                                  /* global */

/* ---- samples ----------------------------------------------------------------------------------------------- */

/* GAN_EUSAGE where the system makes no samples.
 * The system's first network on n given latents, with averaged weights where there are any. Local. Sample i depends on
 * latent i alone, to the bit. */
typedef struct gan_sampler gan_sampler;
gan_status gan_sampler_new(gan_sampler **out, gan_model *m, const gan_kernels *k, int64_t n);
/* [n, noise.size], zero at first: to be filled before drawing (latent.h); the sampler's, until it is freed. */
float *gan_sampler_latents(gan_sampler *s);
/* [n, data.condition], zero at first, for a conditional network; NULL for others. To be filled as well. */
float *gan_sampler_condition(gan_sampler *s);
/* n samples of data shape; borrowed until the next call. */
gan_status gan_sampler_draw(gan_sampler *s, const float **x);
void gan_sampler_free(gan_sampler *s); /* takes NULL */

/* ---- what the discriminator thinks -------------------------------------------------------------------------- */

/* The network named discriminator on n given samples, with averaged weights where there are any. Local. *out is NULL where there is
 * none, or one that wants more than samples (a condition, a latent). */
typedef struct gan_judge gan_judge;
gan_status gan_judge_new(gan_judge **out, gan_model *m, const gan_kernels *k, int64_t n);
float *gan_judge_samples(gan_judge *j); /* [n, data], to be filled; of packs all members are the sample */
/* p [n]: how real it holds each, 0..1, with 1/2 between: the probability; the output cut at its targets (least squares), or as a logit
 * (hinge); a critic's output between the least and the largest of these samples. Borrowed until the next call. */
gan_status gan_judge_compute(gan_judge *j, const float **p);
/* l [n]: the network's outputs as they are. Borrowed likewise. */
gan_status gan_judge_logits(gan_judge *j, const float **l);
void gan_judge_free(gan_judge *j); /* takes NULL */

#endif
