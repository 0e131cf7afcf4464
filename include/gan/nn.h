/* Networks: layer descriptions become parameters in an arena, and nodes in a graph.
 *
 * A network is made in two steps. Declaring walks the layers once with the shape of one sample, checks every argument and
 * size, and lays out the parameters. Applying appends nodes to a graph, as often as a system needs the network. */
#ifndef GAN_NN_H
#define GAN_NN_H

#include "gan/config.h"
#include "gan/ops.h"

typedef struct gan_network gan_network;
typedef struct gan_layer gan_layer;

/* The shape of one sample, without the batch, and of what it comes with. */
typedef struct gan_sample_shape {
    int n_dims;
    int64_t dims[GAN_MAX_DIMS - 1];
    int64_t condition; /* numbers that a sample is conditioned on (labels one-hot, attributes); 0: none. Of inputs, not of layers */
} gan_sample_shape;
int64_t gan_sample_floats(const gan_sample_shape *s);

typedef enum gan_init {
    GAN_INIT_NORMAL, GAN_INIT_UNIFORM, GAN_INIT_XAVIER_NORMAL, GAN_INIT_XAVIER_UNIFORM,
    GAN_INIT_HE_NORMAL, GAN_INIT_HE_UNIFORM, GAN_INIT_ORTHOGONAL, GAN_INIT_CONSTANT,
    GAN_INIT_DIRECTION /* any, of length 1 */
} gan_init;

typedef struct gan_param {
    char *name;       /* "dense1/weight": layer and role */
    int n_dims;
    int64_t dims[2];  /* of the logical array: weight [in,out], of convolutions [kh*kw*c,o]; bias [out] */
    bool panel;       /* stored in panel layout */
    bool state;       /* not trained: running statistics; its "gradient" is the statistic of this step */
    float momentum;   /* of a state: state = momentum * state + (1 - momentum) * statistic; 0: the statistic to the bit */
    gan_init init;
    float init_scale;
    double fan_in, fan_out; /* of a weight: inputs of an output, outputs of an input */
    int64_t offset, floats; /* in the arena */
} gan_param;

typedef enum gan_mode { GAN_TRAINING, GAN_SAMPLING } gan_mode; /* sampling: no dropout, running statistics */

/* A weight that is divided by its largest singular value (nn/spectral.c). Its gradient in the arena lacks what flows through
 * that; the update adds the outer product of the vectors in `outer`. */
typedef struct gan_spectral {
    int weight, u; /* indices of parameters */
    float *outer;  /* [K] and [M], owned; the same on all ranks */
    /* while a graph is built: */
    gan_singular now; /* of the weight's current version; sigma GAN_NONE: not made yet */
    gan_mode mode;    /* that it was made for */
} gan_spectral;

struct gan_network {
    char *name;
    gan_sample_shape in, out;
    gan_layer *layers;
    int n_layers;
    gan_param *params;
    int n_params, n_numbers; /* in all; of them, the last, that no layer has */
    gan_spectral *spectral;
    int n_spectral;
    int64_t trained_floats; /* the arena's first part; states follow */
    int64_t arena_floats;   /* each parameter starts at a multiple of 16 floats, gaps are 0 */
    float *w, *grad;        /* arenas [arena_floats], NULL until placed; grad is this rank's own, the others a team's */
    float *ema;             /* NULL when averages is false */
    float *owned;           /* where they lie when nobody lent memory */
    bool averages;          /* keeps an exponential moving average of the weights */
    bool conditional;       /* some layer reads the condition */
    bool couples;           /* some layer mixes samples of a batch */
    bool refers;            /* some layer takes statistics of a reference batch, which passes through it before samples do */
    int64_t reference_rows; /* of it, global */
    /* while a graph is built: */
    gan_id condition; /* [B, in.condition] of what it is applied to next; GAN_NONE where it is not conditional */
    gan_id *leaf; /* node of each parameter's current version */
    gan_id *layer_out; /* node of each layer's output when it was last applied; a view of [B, the layer's shape] */
    bool referring; /* what it is applied to now is the reference batch */
    bool referred;  /* that has been done with the parameters' current versions */
    gan_id *reference; /* node of each state's value over the reference batch, REPLICATED */
    gan_id *stat; /* node of each state's latest statistic, PARTIAL; GAN_NONE */
};

/* Declare the network `name` of the configuration for samples of shape `in`. Local, deterministic. Errors name layer, config
 * line, what was got and wanted. It has no memory for values yet. */
gan_status gan_network_new(gan_network **out, const gan_config *cfg, const char *name, const gan_sample_shape *in);
/* Give it a trained parameter that no layer has, a number [1] that is `value` at first: param "owner/role". Before it has memory. */
gan_status gan_network_add_number(gan_network *net, const char *owner, const char *role, float value);
int gan_network_param(const gan_network *net, const char *name); /* index, -1 when there is none */
/* Let the arenas lie in memory of the caller, at the places given and zero, or in memory of its own. */
void gan_network_place(gan_network *net, float *w, float *ema, float *grad);
gan_status gan_network_alloc(gan_network *net);
/* Initial values of the parameters, a function of `seed` and their names. */
gan_status gan_network_init(gan_network *net, uint64_t seed);
void gan_network_free(gan_network *net); /* takes NULL */
int64_t gan_network_trained(const gan_network *net); /* number of trained parameters, gaps left out */

/* Copy a parameter between an arena and a plain row-major array of its logical shape. */
void gan_param_unpack(const gan_param *p, const float *arena, float *plain);
void gan_param_pack(const gan_param *p, const float *plain, float *arena);

/* Make the nodes of the parameters in g; values are read from `arena` (w or ema). For one index, or all (-1). */
gan_status gan_network_bind(gan_network *net, gan_graph *g, float *arena, int index);

/* Append the network's nodes: x [B, in] -> y [B, out]. */
gan_status gan_network_apply(gan_network *net, gan_graph *g, gan_id x, gan_mode mode, gan_id *y);

/* Layers by the names they are printed with, "conv2": index, -1 when there is none; and back, both borrowed. */
int gan_network_layer(const gan_network *net, const char *name);
const char *gan_network_layer_name(const gan_network *net, int layer);
const gan_sample_shape *gan_network_layer_shape(const gan_network *net, int layer); /* of its output */
/* The first layer that reads the condition; n_layers where none does. */
int gan_network_first_conditional(const gan_network *net);
/* layers[net->n_layers], returns how many: what each convolution comes to, that is the last of the normalisations, activations
 * and dropouts behind it. The network's own output is none of them. */
int gan_network_conv_outputs(const gan_network *net, int *layers);

/* One line per layer: name, output shape, parameters, config line. */
void gan_network_print(const gan_network *net, FILE *f);
/* Names and arguments of a network's layers, without shapes: those need the data. GAN_ECONFIG. */
gan_status gan_layers_check(const gan_config *cfg, const char *network);
/* The reference of all layers and their arguments. */
void gan_layers_manual(FILE *f);

#endif
