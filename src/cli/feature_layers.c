/* Names of layers to their places in the network. */
#include "feature_layers.h"

#include "gan/mem.h"

#include <string.h>

/* All names, "conv1, leaky_relu1, ..."; a counted string. */
static char *list_layers(const gan_network *net, const int *index, int n, const char *between)
{
    char *all = gan_strdup("");
    for (int i = 0; all && i < n; i++) {
        char *longer = gan_sprintf("%s%s%s", all, i ? between : "", gan_network_layer_name(net, index ? index[i] : i));
        gan_free(all);
        all = longer;
    }
    return all;
}

static gan_status unknown(const gan_network *net, const char *name)
{
    const char **names = gan_calloc(net->n_layers + 1, sizeof *names);
    char *all = list_layers(net, NULL, net->n_layers, ", ");
    gan_status s = GAN_ENOMEM;
    if (names && all) {
        for (int i = 0; i < net->n_layers; i++) names[i] = gan_network_layer_name(net, i);
        const char *near = gan_nearest(name, names);
        s = GAN_FAIL(GAN_EUSAGE, "option --layers: %s has no layer \"%s\"%s%s%s (there are: %s)", net->name, name,
                     near ? "; did you mean " : "", near ? near : "", near ? "?" : "", all);
    }
    gan_free(names);
    gan_free(all);
    return s;
}

/* A name with or without "discriminator." in front of it. */
static gan_status add(gan__feature_layers *l, const gan_network *net, const char *name)
{
    const size_t n = strlen(net->name);
    if (strncmp(name, net->name, n) == 0 && name[n] == '.') name += n + 1;
    const int layer = gan_network_layer(net, name);
    if (layer < 0) return unknown(net, name);
    for (int i = 0; i < l->n; i++)
        if (l->index[i] == layer) return GAN_FAIL(GAN_EUSAGE, "option --layers: %s is named twice", name);
    l->index[l->n++] = layer;
    return GAN_OK;
}

static gan_status add_all(gan__feature_layers *l, const gan_network *net, char *text)
{
    for (char *name = text, *comma; name; name = comma) {
        if ((comma = strchr(name, ','))) *comma++ = '\0';
        name += strspn(name, " ");
        for (size_t n = strlen(name); n > 0 && name[n - 1] == ' '; n--) name[n - 1] = '\0';
        GAN_TRY(add(l, net, name));
    }
    return GAN_OK;
}

static gan_status choose_convolutions(gan__feature_layers *l, const gan_network *net)
{
    l->n = gan_network_conv_outputs(net, l->index);
    if (l->n > 0) return GAN_OK;
    char *all = list_layers(net, NULL, net->n_layers, ", ");
    if (!all) return GAN_ENOMEM;
    gan_status s = GAN_FAIL(GAN_EUSAGE, "%s has no convolution in front of its output; choose layers with --layers (there are: %s)",
                            net->name, all);
    gan_free(all);
    return s;
}

gan_status gan__feature_layers_choose(gan__feature_layers *l, const gan_network *net, const char *text)
{
    char *copy = text ? gan_strdup(text) : NULL;
    *l = (gan__feature_layers){.index = gan_calloc(net->n_layers, sizeof *l->index)};
    gan_status s = l->index && (copy || !text) ? GAN_OK : GAN_ENOMEM;
    if (s == GAN_OK) s = text ? add_all(l, net, copy) : choose_convolutions(l, net);
    if (s == GAN_OK && !(l->names = list_layers(net, l->index, l->n, ","))) s = GAN_ENOMEM;
    gan_free(copy);
    return s;
}

void gan__feature_layers_free(gan__feature_layers *l)
{
    gan_free(l->index);
    gan_free(l->names);
    *l = (gan__feature_layers){0};
}
