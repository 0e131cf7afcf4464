#include "gan/plane.h"

#include "gan/mem.h"
#include "gan/train.h"

#include <string.h>

/* The middles of cells, for the discriminator to judge. */
static void fill_cells(const gan_plane *p, float *x)
{
    const int64_t side = GAN_PLANE_SIDE;
    for (int64_t i = 0; i < side * side; i++, x += 2) {
        x[0] = p->lo + (p->hi - p->lo) * ((float)(i % side) + 0.5f) / (float)side;
        x[1] = p->lo + (p->hi - p->lo) * ((float)(i / side) + 0.5f) / (float)side;
    }
}

gan_status gan_plane_open(gan_plane *p, gan_model *m, const gan_kernels *k, const gan_source *source, int64_t n)
{
    *p = (gan_plane){.n = source ? n : 0};
    gan_picture_range(m->cfg, &p->lo, &p->hi);
    if (source && !(p->real = gan_calloc(2 * n, sizeof *p->real))) return GAN_ENOMEM;
    if (source) gan_source_read(source, 0, n, p->real);
    GAN_TRY(gan_judge_new(&p->judge, m, k, GAN_PLANE_SIDE * GAN_PLANE_SIDE));
    if (p->judge) fill_cells(p, gan_judge_samples(p->judge));
    return GAN_OK;
}

gan_status gan_plane_look(gan_plane *p, const float **surface)
{
    *surface = NULL;
    return p->judge ? gan_judge_compute(p->judge, surface) : GAN_OK;
}

void gan_plane_close(gan_plane *p)
{
    gan_judge_free(p->judge);
    gan_free(p->real);
    memset(p, 0, sizeof *p);
}
