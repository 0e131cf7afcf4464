/* Outputs of layers as features: the network as a graph of its own, whose plan keeps the chosen layers' values; they are
 * pooled here, since a grid of 4x4 cells of any image is no window with a stride. */
#include "gan/features.h"

#include "gan/mem.h"
#include "gan/ops.h"

#include <string.h>

struct gan_features {
    const gan_network *net;
    const gan_kernels *k;
    gan_graph *graph;
    gan_plan *plan;
    float *x, *c; /* input; condition, NULL where the network reads none */
    int *layers;
    gan_id *nodes; /* of the layers */
    int n_layers;
    int64_t rows;
};

/* ---- shapes ------------------------------------------------------------------------------------------------ */

static int64_t cells(int64_t pixels)
{
    return pixels < GAN_FEATURES_GRID ? pixels : GAN_FEATURES_GRID;
}

gan_sample_shape gan_features_shape(const gan_features *f, int part)
{
    gan_sample_shape s = *gan_network_layer_shape(f->net, f->layers[part]);
    if (s.n_dims == 3) s.dims[0] = cells(s.dims[0]), s.dims[1] = cells(s.dims[1]);
    return s;
}

int64_t gan_features_size(const gan_features *f)
{
    int64_t n = 0;
    for (int i = 0; i < f->n_layers; i++) {
        gan_sample_shape s = gan_features_shape(f, i);
        n += gan_sample_floats(&s);
    }
    return n;
}

/* ---- building ---------------------------------------------------------------------------------------------- */

static gan_status add_condition(gan_features *f, gan_network *net)
{
    const gan_form form = {.n_dims = 2, .dims = {f->rows, net->in.condition}, .dist = GAN_SHARDED};
    net->condition = GAN_NONE;
    if (!net->conditional) return GAN_OK;
    if (!(f->c = gan_calloc(gan_form_floats(&form), sizeof *f->c))) return GAN_ENOMEM;
    return gan_add_param(f->graph, &form, f->c, NULL, 0, &net->condition);
}

static gan_status build(gan_features *f, gan_network *net)
{
    gan_form form = {.n_dims = net->in.n_dims + 1, .dims = {f->rows}, .dist = GAN_SHARDED};
    gan_id x, y;
    for (int d = 0; d < net->in.n_dims; d++) form.dims[d + 1] = net->in.dims[d];
    if (!(f->x = gan_calloc(gan_form_floats(&form), sizeof *f->x))) return GAN_ENOMEM;
    GAN_TRY(gan_graph_new(&f->graph, 1, 1));
    GAN_TRY(gan_add_param(f->graph, &form, f->x, NULL, 0, &x));
    GAN_TRY(add_condition(f, net));
    GAN_TRY(gan_network_bind(net, f->graph, net->ema ? net->ema : net->w, -1));
    GAN_TRY(gan_network_apply(net, f->graph, x, GAN_SAMPLING, &y));
    for (int i = 0; i < f->n_layers; i++) f->nodes[i] = net->layer_out[f->layers[i]];
    return gan_plan_build(&f->plan, f->graph, f->nodes, f->n_layers);
}

gan_status gan_features_new(gan_features **out, gan_network *net, const gan_kernels *k, const int *layers, int n_layers,
                            int64_t rows)
{
    *out = NULL;
    gan_features *f = gan_calloc(1, sizeof *f);
    if (!f) return GAN_ENOMEM;
    f->net = net, f->k = k, f->rows = rows, f->n_layers = n_layers;
    f->layers = gan_calloc(n_layers, sizeof *f->layers);
    f->nodes = gan_calloc(n_layers, sizeof *f->nodes);
    gan_status s = f->layers && f->nodes ? GAN_OK : GAN_ENOMEM;
    if (s == GAN_OK) {
        memcpy(f->layers, layers, (size_t)n_layers * sizeof *layers);
        s = build(f, net);
    }
    if (s == GAN_OK) *out = f;
    else gan_features_free(f);
    return s;
}

float *gan_features_input(gan_features *f)
{
    return f->x;
}

float *gan_features_condition(gan_features *f)
{
    const int first = gan_network_first_conditional(f->net);
    for (int i = 0; i < f->n_layers; i++)
        if (f->layers[i] >= first) return f->c;
    return NULL;
}

/* ---- pooling ----------------------------------------------------------------------------------------------- */

static gan_span cell(int64_t i, int64_t pixels)
{
    const int64_t n = cells(pixels);
    return (gan_span){i * pixels / n, ((i + 1) * pixels + n - 1) / n};
}

/* to [C]: the maximum of x [H,W,C] over a cell. */
static void pool_cell(const float *x, int64_t W, int64_t C, gan_span h, gan_span w, float *to)
{
    memcpy(to, x + (h.from * W + w.from) * C, (size_t)C * sizeof *to);
    for (int64_t i = h.from; i < h.to; i++)
        for (int64_t j = w.from; j < w.to; j++)
            for (int64_t c = 0; c < C; c++) {
                const float v = x[(i * W + j) * C + c];
                to[c] = v > to[c] || v != v ? v : to[c]; /* a NaN stays one */
            }
}

/* One sample of a layer; returns how many floats it has become. */
static int64_t pool(const gan_sample_shape *s, const float *x, float *to)
{
    const int64_t n = gan_sample_floats(s);
    if (s->n_dims != 3) {
        memcpy(to, x, (size_t)n * sizeof *to);
        return n;
    }
    const int64_t H = s->dims[0], W = s->dims[1], C = s->dims[2], h = cells(H), w = cells(W);
    for (int64_t i = 0; i < h * w; i++) pool_cell(x, W, C, cell(i / w, H), cell(i % w, W), to + i * C);
    return h * w * C;
}

gan_status gan_features_compute(gan_features *f, int64_t n, float *out)
{
    gan_run run = {.k = f->k};
    GAN_TRY(gan_exec(f->plan, &run, NULL));
    for (int64_t i = 0; i < n; i++)
        for (int l = 0; l < f->n_layers; l++) {
            const gan_sample_shape *s = gan_network_layer_shape(f->net, f->layers[l]);
            out += pool(s, gan_plan_value(f->plan, f->nodes[l]) + i * gan_sample_floats(s), out);
        }
    return GAN_OK;
}

void gan_features_free(gan_features *f)
{
    if (!f) return;
    gan_plan_free(f->plan);
    gan_graph_free(f->graph);
    gan_free(f->x);
    gan_free(f->c);
    gan_free(f->layers);
    gan_free(f->nodes);
    gan_free(f);
}
