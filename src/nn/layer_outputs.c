/* What a network's layers are called and give, for those who read their outputs (net->layer_out). */
#include "layer.h"

#include <string.h>

int gan_network_layer(const gan_network *net, const char *name)
{
    for (int i = 0; i < net->n_layers; i++)
        if (strcmp(net->layers[i].name, name) == 0) return i;
    return -1;
}

const char *gan_network_layer_name(const gan_network *net, int layer)
{
    return net->layers[layer].name;
}

const gan_sample_shape *gan_network_layer_shape(const gan_network *net, int layer)
{
    return &net->layers[layer].out;
}

int gan_network_conv_outputs(const gan_network *net, int *layers)
{
    int n = 0;
    for (int i = 0; i < net->n_layers; i++) {
        if (!net->layers[i].kind->convolves) continue;
        while (i + 1 < net->n_layers && net->layers[i + 1].kind->refines) i++;
        if (i + 1 < net->n_layers) layers[n++] = i;
    }
    return n;
}

int gan_network_first_conditional(const gan_network *net)
{
    int i = 0;
    while (i < net->n_layers && !net->layers[i].kind->conditional) i++;
    return i;
}
