/* Images [H,W,1 or 3] become a grid, points [2] a scatter plot; other samples are not drawn. */
#include "pictures.h"

#include "gan/dims.h"
#include "gan/latent.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/plane.h"
#include "gan/png.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_PATH = 4096, CELLS = GAN_PLANE_SIDE * GAN_PLANE_SIDE };

struct gan_pictures {
    const gan_config *cfg;
    const gan_rundir *d;
    gan_writer *writer;
    gan_sampler *sampler; /* NULL when samples are no pictures */
    gan_plane plane;      /* of points: what is behind them */
    int64_t n, floats;    /* samples, and numbers in one */
    int64_t H, W, C;      /* of an image; 0 x 0: points */
    char last[MAX_PATH];  /* this and the next are of the writer's thread */
    bool warned;
};

/* ---- what can be drawn ------------------------------------------------------------------------------------- */

static bool is_points(const gan_sample_shape *d)
{
    return d->n_dims == 1 && d->dims[0] == 2;
}

static bool is_image(const gan_sample_shape *d)
{
    return d->n_dims == 3 && (d->dims[2] == 1 || d->dims[2] == 3);
}

gan_status gan_pictures_check(const gan_session *s)
{
    const gan_sample_shape *d = &s->model->data;
    int64_t n = gan_config_int(s->cfg, "samples", "count"), columns = gan_config_int(s->cfg, "samples", "columns");
    int64_t width, height;
    if (!is_image(d) || gan_png_grid_fits(n, d->dims[0], d->dims[1], (int)columns, &width, &height)) return GAN_OK;
    return GAN_FAIL(GAN_ECONFIG,
                    "%s: samples.count = %lld in samples.columns = %lld (%s) is a picture of %lld x %lld pixels, more than "
                    "%d a side; draw fewer, or in columns that make it square",
                    gan_config_where(s->cfg, "samples", "count"), (long long)n, (long long)columns,
                    gan_config_where(s->cfg, "samples", "columns"), (long long)width, (long long)height, GAN_PNG_MAX_SIDE);
}

static void say_none(const gan_sample_shape *d)
{
    char shape[128];
    gan_dims_text(d->n_dims, d->dims, shape, sizeof shape);
    bool channels_first = d->n_dims == 3 && (d->dims[0] == 1 || d->dims[0] == 3);
    gan_say(GAN_NORMAL, "samples   no pictures: %s is neither an image of 1 or 3 channels nor a point of 2 numbers%s", shape,
            channels_first ? "; channels come last here, are they first in this dataset?" : "");
}

/* A row of the picture for each class, again from the first when there are more rows; or the attributes of real samples. */
static void fill_condition(gan_pictures *p, const gan_session *s)
{
    float *c = gan_sampler_condition(p->sampler);
    const bool labels = gan_config_choice(s->cfg, "data", "condition") == GAN_CONDITION_LABELS;
    if (c && labels) gan_latent_classes(s->model->data.condition, 0, p->n, gan_config_int(s->cfg, "samples", "columns"), c);
    else if (c) gan_source_read_condition(s->source, 0, p->n, c);
}

static gan_status new_sampler(gan_pictures *p, gan_session *s)
{
    const gan_sample_shape *d = &s->model->data;
    if (s->model->system->samples_nothing) return GAN_OK;
    if (!is_image(d) && !is_points(d)) {
        say_none(d);
        return GAN_OK;
    }
    if (is_image(d)) p->H = d->dims[0], p->W = d->dims[1], p->C = d->dims[2];
    p->n = gan_config_int(s->cfg, "samples", "count");
    p->floats = gan_sample_floats(d);
    const gan_noise noise = gan_noise_of(s->cfg, (uint64_t)gan_config_int(s->cfg, "run", "seed"));
    GAN_TRY(gan_sampler_new(&p->sampler, s->model, s->k, p->n));
    gan_latent_fixed(&noise, 0, p->n, gan_sampler_latents(p->sampler));
    fill_condition(p, s);
    return is_points(d) ? gan_plane_open(&p->plane, s->model, s->k, s->source, p->n) : GAN_OK;
}

/* ---- writing ----------------------------------------------------------------------------------------------- */

typedef struct picture_job {
    gan_pictures *p;
    char path[MAX_PATH];
    int columns;
    float lo, hi;
    float *x;       /* samples, and behind them the surface where there is one */
    float *surface; /* there, or NULL */
} picture_job;

static void drop_picture(void *arg)
{
    picture_job *j = arg;
    gan_free(j->x);
    gan_free(j);
}

static void tell_outcome(gan_pictures *p, const char *path, gan_status s)
{
    if (s == GAN_OK) snprintf(p->last, sizeof p->last, "%s", path);
    else if (!p->warned) gan_warn("%s (training goes on; tried again at each picture)", gan_fail_text());
    p->warned = s != GAN_OK;
    gan_fail_clear();
}

static gan_status write_picture(void *arg)
{
    picture_job *j = arg;
    gan_pictures *p = j->p;
    mkdir(p->d->samples, 0777); /* somebody may have removed it; if it cannot be made, the file cannot */
    const gan_plot plot = {.lo = j->lo, .hi = j->hi, .n = p->n, .points = j->x, .n_real = p->plane.n, .real = p->plane.real,
                           .side = GAN_PLANE_SIDE, .surface = j->surface};
    gan_status s = p->plane.n ? gan_png_plot(j->path, &plot)
                           : gan_png_grid(j->path, p->n, p->H, p->W, p->C, j->columns, j->lo, j->hi, j->x);
    if (s != GAN_EINTERNAL) {
        tell_outcome(p, j->path, s);
        s = GAN_OK;
    }
    drop_picture(j);
    return s;
}

/* Copies for the writer: samples, and how the discriminator sees the plane now. */
static gan_status take(gan_pictures *p, picture_job *j)
{
    const float *x, *surface;
    const int64_t samples = p->n * p->floats, cells = p->plane.judge ? CELLS : 0;
    if (!(j->x = gan_calloc(samples + cells, sizeof *j->x))) return GAN_ENOMEM;
    GAN_TRY(gan_sampler_draw(p->sampler, &x));
    memcpy(j->x, x, (size_t)samples * sizeof *x);
    GAN_TRY(gan_plane_look(&p->plane, &surface));
    if (surface) j->surface = memcpy(j->x + samples, surface, (size_t)cells * sizeof *surface);
    return GAN_OK;
}

gan_status gan_pictures_draw(gan_pictures *p, int64_t step)
{
    if (!p->sampler) return GAN_OK;
    picture_job *j = gan_calloc(1, sizeof *j);
    gan_status s = j ? take(p, j) : GAN_ENOMEM;
    if (s != GAN_OK) {
        if (j) drop_picture(j);
        return s;
    }
    snprintf(j->path, sizeof j->path, "%s/step-%09lld.png", p->d->samples, (long long)step);
    j->p = p;
    j->columns = (int)gan_config_int(p->cfg, "samples", "columns");
    gan_picture_range(p->cfg, &j->lo, &j->hi);
    return gan_writer_post(p->writer, write_picture, drop_picture, j);
}

/* ---- life -------------------------------------------------------------------------------------------------- */

gan_status gan_pictures_new(gan_pictures **out, gan_session *s, const gan_rundir *d, gan_writer *w)
{
    *out = NULL;
    gan_pictures *p = gan_calloc(1, sizeof *p);
    if (!p) return GAN_ENOMEM;
    *p = (gan_pictures){.cfg = s->cfg, .d = d, .writer = w};
    gan_status status = new_sampler(p, s);
    if (status == GAN_OK) *out = p;
    else gan_pictures_free(p);
    return status;
}

const char *gan_pictures_last(const gan_pictures *p)
{
    return p->last;
}

void gan_pictures_free(gan_pictures *p)
{
    if (!p) return;
    gan_sampler_free(p->sampler);
    gan_plane_close(&p->plane);
    gan_free(p);
}
