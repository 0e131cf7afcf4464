/* The layers that `gan_mpi features` takes, from the names in --layers. */
#ifndef GAN_CLI_FEATURE_LAYERS_H
#define GAN_CLI_FEATURE_LAYERS_H

#include "gan/nn.h"

typedef struct gan__feature_layers {
    int *index, n; /* of the network's layers */
    char *names;   /* "leaky_relu1,leaky_relu2" */
} gan__feature_layers;

/* text: names with commas between them, as the network prints them; NULL: all convolutions' (gan_network_conv_outputs).
 * GAN_EUSAGE names what is no layer, the nearest one and all of them, or what is named twice; GAN_ENOMEM. */
gan_status gan__feature_layers_choose(gan__feature_layers *l, const gan_network *net, const char *text);
void gan__feature_layers_free(gan__feature_layers *l); /* takes a zeroed one, or a half-chosen one */

#endif
