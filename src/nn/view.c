/* How a layer looks at what it gets. Layers pass values on in whatever shape they left them, as samples or as rows of
 * pixels; only the number of floats per sample is agreed. Looking at them otherwise costs nothing (ops/reshape.c). */
#include "layer.h"

static gan_status reshaped(gan_graph *g, gan_id x, int n_dims, const int64_t *dims, gan_id *y)
{
    const gan_form *f = gan_graph_form(g, x);
    bool same = f->n_dims == n_dims;
    for (int i = 0; same && i < n_dims; i++) same = f->dims[i] == dims[i];
    *y = x;
    return same ? GAN_OK : gan_add_reshape(g, x, n_dims, dims, y);
}

int64_t gan__samples_of(const gan_graph *g, gan_id x, const gan_sample_shape *s)
{
    return gan_form_floats(gan_graph_form(g, x)) / gan_sample_floats(s);
}

gan_status gan__as_samples(gan_graph *g, gan_id x, const gan_sample_shape *s, gan_id *y)
{
    int64_t dims[GAN_MAX_DIMS] = {gan__samples_of(g, x, s)};
    for (int i = 0; i < s->n_dims; i++) dims[i + 1] = s->dims[i];
    return reshaped(g, x, s->n_dims + 1, dims, y);
}

gan_status gan__as_features(gan_graph *g, gan_id x, const gan_sample_shape *s, gan_id *y)
{
    const int64_t dims[2] = {gan__samples_of(g, x, s), gan_sample_floats(s)};
    return reshaped(g, x, 2, dims, y);
}

int64_t gan__channels(const gan_sample_shape *s)
{
    return s->n_dims == 3 ? s->dims[2] : gan_sample_floats(s);
}

gan_status gan__as_pixels(gan_graph *g, gan_id x, const gan_sample_shape *s, gan_id *y)
{
    const int64_t C = gan__channels(s), dims[2] = {gan_form_floats(gan_graph_form(g, x)) / C, C};
    return reshaped(g, x, 2, dims, y);
}
