/* Layers, for the files of this module. A layer kind is its file and its line in layers.def. */
#ifndef GAN_LAYER_H
#define GAN_LAYER_H

#include "gan/nn.h"
#include "gan/ops.h"

typedef struct gan_layer_kind {
    const char *name, *meaning;
    const gan_key *args; /* positional in this order, or as name=value */
    int n_args;
    bool couples; /* mixes the samples of a batch in training */
    bool conditional; /* reads net->condition */
    bool refers; /* normalises by a reference batch: net->referring, net->reference */
    bool convolves;
    bool refines; /* a normalisation, activation or dropout: belongs to the layer before it */
    /* Check sizes, declare parameters, set l->out from l->in. */
    gan_status (*declare)(gan_network *net, gan_layer *l);
    /* Append the nodes; x has the floats of l->in for each sample, in any shape, y those of l->out. */
    gan_status (*apply)(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y);
} gan_layer_kind;

struct gan_layer {
    const gan_layer_kind *kind;
    char *name;  /* "dense1": kind and number within the network */
    char *label; /* "generator.dense1 (job.ini:12)" */
    gan_value value[GAN_LAYER_MAX_ARGS]; /* by index in kind->args */
    bool given[GAN_LAYER_MAX_ARGS];
    gan_sample_shape in, out;
    int first_param;
    const gan_value *net_init, *net_init_scale; /* the network's defaults, while declaring */
};

/* Append a parameter of layer l; sizes and init as given, offset is set when all are known. */
gan_status gan__param_declare(gan_network *net, const gan_layer *l, const char *role, const gan_param *p);

/* "generator.dense1 (job.ini:12): got 28x28x1; ..." */
__attribute__((format(printf, 2, 3))) gan_status gan__layer_error(const gan_layer *l, const char *fmt, ...);

/* initial.c: init and scale of a weight, from the layer's arguments `arg` (init) and the next, or the network's keys. */
void gan__choose_init(const gan_layer *l, int arg, gan_param *w);

/* view.c: x, whatever its shape, as samples [B, ...s], as features [B, F], or as pixels [B*H*W, C] (samples that are no
 * images have one pixel). */
int64_t gan__samples_of(const gan_graph *g, gan_id x, const gan_sample_shape *s); /* B */
gan_status gan__as_samples(gan_graph *g, gan_id x, const gan_sample_shape *s, gan_id *y);
gan_status gan__as_features(gan_graph *g, gan_id x, const gan_sample_shape *s, gan_id *y);
int64_t gan__channels(const gan_sample_shape *s); /* C */
gan_status gan__as_pixels(gan_graph *g, gan_id x, const gan_sample_shape *s, gan_id *y);

/* scale.c: parameters gamma and beta, the first two of a normalisation layer; x [pixels, C] * gamma + beta. */
gan_status gan__scale_declare(gan_network *net, gan_layer *l);
gan_status gan__scale_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_id *y);

/* spectral.c: for layers whose first parameter is a weight [K,M] and whose result is a product with it. _declare adds the
 * state u behind their other parameters. _apply: x, the product in any shape -> y [pixels, C], that of the weight divided by its
 * largest singular value. _forget: the parameter has a new version. */
gan_status gan__spectral_declare(gan_network *net, const gan_layer *l);
gan_status gan__spectral_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_mode mode, gan_id *y);
void gan__spectral_forget(gan_network *net, int param);
#define GAN_SPECTRAL_ARG(layer)                                                                              \
    {layer, "spectral", GAN_BOOL, "", "no", 0, 0, NULL, false,                                               \
     "divide the weights by an estimate of their largest singular value: one power iteration an update (Miyato et al. 2018)"}

/* bias.c: y [.., C] + the layer's second parameter, as pixels. */
gan_status gan__bias_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id *y);

/* condition.c: for layers that are conditional; GAN_ESHAPE where the data has nothing to be conditioned on. */
gan_status gan__condition_check(const gan_network *net, const gan_layer *l);

/* x w with the layer's first parameter; for dense and maxout. */
gan_status gan__dense_declare(gan_network *net, gan_layer *l, int64_t units, int init_arg, bool bias);
gan_status gan__dense_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id x, gan_id *y);

#define GAN_INIT_CHOICES "normal|uniform|xavier_normal|xavier_uniform|he_normal|he_uniform|orthogonal"

#define GAN_LAYER(sym) extern const gan_layer_kind gan_layer_##sym;
#include "layers.def"
#undef GAN_LAYER

#endif
