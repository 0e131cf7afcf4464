/* A number added to each unit or channel: the second parameter of layers that multiply with their first. */
#include "layer.h"

gan_status gan__bias_apply(gan_network *net, const gan_layer *l, gan_graph *g, gan_id *y)
{
    const gan_param *p = &net->params[l->first_param + 1];
    const int64_t dims[2] = {gan_form_floats(gan_graph_form(g, *y)) / p->dims[0], p->dims[0]};
    gan_id b;
    if (gan_graph_form(g, *y)->n_dims != 2 || gan_graph_form(g, *y)->dims[1] != dims[1])
        GAN_TRY(gan_add_reshape(g, *y, 2, dims, y));
    GAN_TRY(gan_add_expand_rows(g, net->leaf[l->first_param + 1], dims[0], &b));
    return gan_add_add(g, *y, b, y);
}
