/* A network: its layers, the layout of its arena, and the nodes of its parameters. */
#include "layer.h"

#include "gan/dims.h"
#include "gan/mem.h"

#include <stdarg.h>
#include <string.h>

static const gan_layer_kind *const kinds[] = {
#define GAN_LAYER(sym) &gan_layer_##sym,
#include "layers.def"
#undef GAN_LAYER
    NULL};

int64_t gan_sample_floats(const gan_sample_shape *s)
{
    int64_t n = 1;
    for (int i = 0; i < s->n_dims; i++) n *= s->dims[i];
    return n;
}

gan_status gan__layer_error(const gan_layer *l, const char *fmt, ...)
{
    char what[512], shape[128];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    gan_dims_text(l->in.n_dims, l->in.dims, shape, sizeof shape);
    return GAN_FAIL(GAN_ESHAPE, "%s: got %s; %s", l->label, shape, what);
}

/* ---- arguments --------------------------------------------------------------------------------------------- */

static const gan_layer_kind *find_kind(const char *name)
{
    for (int i = 0; kinds[i]; i++)
        if (strcmp(kinds[i]->name, name) == 0) return kinds[i];
    return NULL;
}

static gan_status unknown_kind(const char *network, const gan_layer_text *t)
{
    const char *names[sizeof kinds / sizeof kinds[0]] = {NULL};
    for (int i = 0; kinds[i]; i++) names[i] = kinds[i]->name;
    const char *near = gan_nearest(t->name, names);
    return GAN_FAIL(GAN_ECONFIG, "%s: %s: unknown layer \"%s\"%s%s%s; `gan_mpi config --layers` lists all", t->where,
                    network, t->name, near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static int argument_index(const gan_layer_kind *k, const char *name)
{
    for (int i = 0; i < k->n_args; i++)
        if (strcmp(k->args[i].name, name) == 0) return i;
    return -1;
}

static gan_status unknown_argument(const char *where, const gan_layer_kind *k, const char *name)
{
    const char *names[GAN_LAYER_MAX_ARGS + 1] = {NULL};
    for (int i = 0; i < k->n_args; i++) names[i] = k->args[i].name;
    const char *near = gan_nearest(name, names);
    if (k->n_args == 0) return GAN_FAIL(GAN_ECONFIG, "%s takes no arguments, got \"%s\"", where, name);
    return GAN_FAIL(GAN_ECONFIG, "%s has no argument \"%s\"; did you mean %s?", where, name,
                    near ? near : k->args[0].name);
}

static gan_status parse_argument(gan_layer *l, int i, const char *text, const char *where)
{
    char place[640];
    snprintf(place, sizeof place, "%s %s", where, l->kind->args[i].name);
    return gan_value_parse(&l->value[i], &l->kind->args[i], text, place);
}

static gan_status parse_arguments(gan_layer *l, const gan_layer_text *t, const char *network)
{
    char where[512];
    snprintf(where, sizeof where, "%s: %s: %s", t->where, network, t->name);
    int position = 0;
    for (int a = 0; a < t->n_args; a++) {
        int i = t->args[a].key ? argument_index(l->kind, t->args[a].key) : position++;
        if (i < 0) return unknown_argument(where, l->kind, t->args[a].key);
        if (i >= l->kind->n_args && l->kind->n_args == 0) return unknown_argument(where, l->kind, t->args[a].value);
        if (i >= l->kind->n_args)
            return GAN_FAIL(GAN_ECONFIG, "%s takes at most %d arguments, \"%s\" is one too many", where,
                            l->kind->n_args, t->args[a].value);
        if (l->given[i])
            return GAN_FAIL(GAN_ECONFIG, "%s: argument %s is given twice", where, l->kind->args[i].name);
        GAN_TRY(parse_argument(l, i, t->args[a].value, where));
        l->given[i] = true;
    }
    for (int i = 0; i < l->kind->n_args; i++) {
        const gan_key *key = &l->kind->args[i];
        if (l->given[i]) continue;
        if (!key->fallback)
            return GAN_FAIL(GAN_ECONFIG, "%s: argument %s is missing: %s", where, key->name, key->meaning);
        GAN_TRY(parse_argument(l, i, key->fallback, where));
    }
    return GAN_OK;
}

gan_status gan_layers_check(const gan_config *cfg, const char *network)
{
    int n;
    const gan_layer_text *texts = gan_config_layers(cfg, network, &n);
    for (int i = 0; i < n; i++) {
        gan_layer l = {.kind = find_kind(texts[i].name)};
        if (!l.kind) return unknown_kind(network, &texts[i]);
        GAN_TRY(parse_arguments(&l, &texts[i], network));
    }
    return GAN_OK;
}

/* ---- declaring --------------------------------------------------------------------------------------------- */

static gan_status declare_param(gan_network *net, const char *owner, const char *role, const gan_param *p)
{
    gan_param *more = gan_realloc(net->params, net->n_params + 1, sizeof *more);
    if (!more) return GAN_ENOMEM;
    net->params = more;
    more[net->n_params] = *p;
    more[net->n_params].name = gan_sprintf("%s/%s", owner, role);
    if (!more[net->n_params].name) return GAN_ENOMEM;
    net->n_params++;
    return GAN_OK;
}

gan_status gan__param_declare(gan_network *net, const gan_layer *l, const char *role, const gan_param *p)
{
    return declare_param(net, l->name, role, p);
}

static int count_kind(const gan_network *net, const gan_layer_kind *k)
{
    int n = 0;
    for (int i = 0; i < net->n_layers; i++) n += net->layers[i].kind == k;
    return n;
}

static gan_status declare_layer(gan_network *net, const gan_layer_text *t, const gan_sample_shape *in,
                                const gan_value init[2])
{
    gan_layer *l = &net->layers[net->n_layers];
    if (!(l->kind = find_kind(t->name))) return unknown_kind(net->name, t);
    net->n_layers++;
    l->in = l->out = *in;
    l->first_param = net->n_params;
    l->net_init = &init[0];
    l->net_init_scale = &init[1];
    l->name = gan_sprintf("%s%d", t->name, count_kind(net, l->kind));
    l->label = l->name ? gan_sprintf("%s.%s (%s)", net->name, l->name, t->where) : NULL;
    if (!l->label) return GAN_ENOMEM;
    net->couples |= l->kind->couples;
    net->conditional |= l->kind->conditional;
    net->refers |= l->kind->refers;
    GAN_TRY(parse_arguments(l, t, net->name));
    return l->kind->declare ? l->kind->declare(net, l) : GAN_OK;
}

/* Trained parameters first, then states; each at a multiple of 16 floats. */
static void lay_out(gan_network *net)
{
    int64_t at = 0;
    for (int state = 0; state < 2; state++) {
        for (int i = 0; i < net->n_params; i++) {
            gan_param *p = &net->params[i];
            if (p->state != (bool)state) continue;
            p->offset = at;
            p->floats = p->dims[0] * (p->n_dims > 1 ? p->dims[1] : 1);
            at += (p->floats + 15) / 16 * 16;
        }
        if (!state) net->trained_floats = at;
    }
    net->arena_floats = at;
}

static gan_status allocate_nodes(gan_network *net)
{
    gan_free(net->leaf);
    gan_free(net->stat);
    gan_free(net->layer_out);
    gan_free(net->reference);
    net->leaf = gan_calloc(net->n_params, sizeof *net->leaf);
    net->stat = gan_calloc(net->n_params, sizeof *net->stat);
    net->reference = gan_calloc(net->n_params, sizeof *net->reference);
    net->layer_out = gan_calloc(net->n_layers, sizeof *net->layer_out);
    if (!net->leaf || !net->stat || !net->reference || !net->layer_out) return GAN_ENOMEM;
    for (int i = 0; i < net->n_params; i++) net->stat[i] = GAN_NONE;
    for (int i = 0; i < net->n_layers; i++) net->layer_out[i] = GAN_NONE;
    return GAN_OK;
}

static gan_status declare_all(gan_network *net, const gan_config *cfg, const gan_sample_shape *in)
{
    int n;
    const gan_layer_text *texts = gan_config_layers(cfg, net->name, &n);
    const gan_value init[2] = {{.i = gan_config_choice(cfg, net->name, "init")},
                               {.r = gan_config_real(cfg, net->name, "init_scale")}};
    if (!(net->layers = gan_calloc(n, sizeof *net->layers))) return GAN_ENOMEM;
    net->in = net->out = *in;
    net->condition = GAN_NONE;
    for (int i = 0; i < n; i++) {
        GAN_TRY(declare_layer(net, &texts[i], &net->out, init));
        net->out = net->layers[i].out;
    }
    net->reference_rows = gan_config_int(cfg, "train", "batch");
    net->averages = gan_config_real(cfg, net->name, "ema") > 0;
    lay_out(net);
    return allocate_nodes(net);
}

gan_status gan_network_new(gan_network **out, const gan_config *cfg, const char *name, const gan_sample_shape *in)
{
    *out = NULL;
    gan_network *net = gan_calloc(1, sizeof *net);
    if (!net) return GAN_ENOMEM;
    gan_status s = (net->name = gan_strdup(name)) ? declare_all(net, cfg, in) : GAN_ENOMEM;
    if (s != GAN_OK) {
        gan_network_free(net);
        return s;
    }
    *out = net;
    return GAN_OK;
}

gan_status gan_network_add_number(gan_network *net, const char *owner, const char *role, float value)
{
    const gan_param p = {.n_dims = 1, .dims = {1}, .init = GAN_INIT_CONSTANT, .init_scale = value};
    GAN_TRY(declare_param(net, owner, role, &p));
    net->n_numbers++;
    lay_out(net);
    return allocate_nodes(net);
}

int gan_network_param(const gan_network *net, const char *name)
{
    for (int i = 0; i < net->n_params; i++)
        if (strcmp(net->params[i].name, name) == 0) return i;
    return -1;
}

void gan_network_place(gan_network *net, float *w, float *ema, float *grad)
{
    net->w = w;
    net->ema = net->averages ? ema : NULL;
    net->grad = grad;
}

gan_status gan_network_alloc(gan_network *net)
{
    const int64_t n = net->arena_floats;
    if (!(net->owned = gan_calloc(3 * n, sizeof *net->owned))) return GAN_ENOMEM;
    gan_network_place(net, net->owned, net->owned + n, net->owned + 2 * n);
    return GAN_OK;
}

void gan_network_free(gan_network *net)
{
    if (!net) return;
    for (int i = 0; i < net->n_layers; i++) {
        gan_free(net->layers[i].name);
        gan_free(net->layers[i].label);
    }
    for (int i = 0; i < net->n_params; i++) gan_free(net->params[i].name);
    for (int i = 0; i < net->n_spectral; i++) gan_free(net->spectral[i].outer);
    gan_free(net->spectral);
    gan_free(net->layers);
    gan_free(net->params);
    gan_free(net->owned);
    gan_free(net->leaf);
    gan_free(net->stat);
    gan_free(net->reference);
    gan_free(net->layer_out);
    gan_free(net->name);
    gan_free(net);
}

int64_t gan_network_trained(const gan_network *net)
{
    int64_t n = 0;
    for (int i = 0; i < net->n_params; i++) n += net->params[i].state ? 0 : net->params[i].floats;
    return n;
}

/* ---- nodes ------------------------------------------------------------------------------------------------- */

gan_status gan_network_bind(gan_network *net, gan_graph *g, float *arena, int index)
{
    for (int i = 0; i < net->n_params; i++) {
        const gan_param *p = &net->params[i];
        if (index >= 0 && index != i) continue;
        gan_form f = {.n_dims = p->n_dims, .dims = {p->dims[0], p->dims[1]}, .panel = p->panel};
        GAN_TRY(gan_add_param(g, &f, arena + p->offset, net, i, &net->leaf[i]));
        net->referred = false;
        gan__spectral_forget(net, i);
    }
    return GAN_OK;
}

gan_status gan_network_apply(gan_network *net, gan_graph *g, gan_id x, gan_mode mode, gan_id *y)
{
    *y = x;
    if (net->conditional && net->condition == GAN_NONE)
        return GAN_FAIL(GAN_EINTERNAL, "%s is conditional and is applied without a condition", net->name);
    for (int i = 0; i < net->n_layers; i++) {
        const gan_layer *l = &net->layers[i];
        GAN_TRY(gan_graph_set_layer(g, l->label));
        GAN_TRY(l->kind->apply(net, l, g, *y, mode, y));
        net->layer_out[i] = *y;
    }
    GAN_TRY(gan__as_samples(g, *y, &net->out, y));
    return gan_graph_set_layer(g, "");
}

/* ---- for people -------------------------------------------------------------------------------------------- */

static int64_t layer_params(const gan_network *net, int i)
{
    int end = i + 1 < net->n_layers ? net->layers[i + 1].first_param : net->n_params - net->n_numbers;
    int64_t n = 0;
    for (int k = net->layers[i].first_param; k < end; k++) n += net->params[k].state ? 0 : net->params[k].floats;
    return n;
}

void gan_network_print(const gan_network *net, FILE *f)
{
    char in[64];
    int width = 0;
    for (int i = 0; i < net->n_layers; i++)
        if ((int)strlen(net->layers[i].label) > width) width = (int)strlen(net->layers[i].label);
    gan_dims_text(net->in.n_dims, net->in.dims, in, sizeof in);
    fprintf(f, "%s: %lld parameters, input %s\n", net->name, (long long)gan_network_trained(net), in);
    for (int i = 0; i < net->n_layers; i++) {
        char out[64];
        gan_dims_text(net->layers[i].out.n_dims, net->layers[i].out.dims, out, sizeof out);
        fprintf(f, "  %-*s -> %-12s %12lld\n", width, net->layers[i].label, out, (long long)layer_params(net, i));
    }
    for (int i = net->n_params - net->n_numbers; i < net->n_params; i++)
        fprintf(f, "  %s.%-*s    %-12s %12d\n", net->name, width - (int)strlen(net->name) - 1, net->params[i].name, "", 1);
}

void gan_layers_manual(FILE *f)
{
    for (int i = 0; kinds[i]; i++) {
        fprintf(f, "%s", kinds[i]->name);
        for (int a = 0; a < kinds[i]->n_args; a++) {
            const gan_key *k = &kinds[i]->args[a];
            fprintf(f, k->fallback ? " [%s]" : " %s", k->name);
        }
        fprintf(f, "\n    %s\n", kinds[i]->meaning);
        for (int a = 0; a < kinds[i]->n_args; a++) {
            const gan_key *k = &kinds[i]->args[a];
            fprintf(f, "      %-12s %s (%s%s)\n", k->name, k->meaning, k->fallback ? "default " : "required",
                    k->fallback ? (*k->fallback ? k->fallback : "the network's") : "");
        }
    }
}
