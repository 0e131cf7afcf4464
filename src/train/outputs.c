/* Jobs for the writer. Each takes a copy of what it writes, so the next step may begin at once. */
#include "outputs.h"
#include "pictures.h"

#include "gan/clock.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/metrics.h"
#include "gan/snapshot.h"
#include "gan/stall.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct gan_outputs {
    gan_session *s;
    const gan_rundir *d;
    gan_writer *writer;
    gan_metrics *metrics;  /* used by the writer's thread only, between new and free */
    double flushed_s;      /* likewise */
    gan_pictures *pictures;
};

/* ---- checkpoints ------------------------------------------------------------------------------------------- */

typedef struct checkpoint_job {
    gan_outputs *o;
    gan_checkpoint *c;
    char *dir;
    int keep;
} checkpoint_job;

static void drop_checkpoint(void *arg)
{
    checkpoint_job *j = arg;
    gan_checkpoint_free(j->c);
    gan_free(j->dir);
    gan_free(j);
}

static void say_written(const char *path, double since_s)
{
    struct stat st;
    if (stat(path, &st) == 0)
        gan_say(GAN_VERBOSE, "checkpoint %s, %.2f MiB, written and verified in %.2f s beside the training", path,
                (double)st.st_size / 1048576, gan_clock_s() - since_s);
}

/* The records up to this step first: a run that goes on from here does not make them again. */
static gan_status write_checkpoint(void *arg)
{
    checkpoint_job *j = arg;
    double begin_s = gan_clock_s();
    char *path = gan_checkpoint_path(j->dir, j->c->step);
    gan_status s = path ? gan_metrics_flush(j->o->metrics) : GAN_ENOMEM;
    if (s == GAN_OK) s = gan_checkpoint_write(j->c, path);
    if (s == GAN_OK) s = gan_checkpoint_publish(j->dir, j->c->step, j->keep);
    if (s == GAN_OK) say_written(path, begin_s);
    gan_free(path);
    drop_checkpoint(j);
    return s;
}

gan_status gan_outputs_checkpoint(gan_outputs *o, int64_t step, double elapsed_s)
{
    checkpoint_job *j = gan_calloc(1, sizeof *j);
    if (!j) return GAN_ENOMEM;
    j->o = o;
    gan_status s = gan_snapshot_take(&j->c, o->s->model, step);
    if (s == GAN_OK) {
        j->c->epoch_position = step * gan_session_images_per_step(o->s);
        j->c->elapsed_s = elapsed_s;
        char ranks[32];
        snprintf(ranks, sizeof ranks, "%d", o->s->comm->size);
        s = gan_checkpoint_add_text(j->c, "ranks", ranks);
    }
    if (s == GAN_OK) s = gan_checkpoint_add_text(j->c, "kernels", o->s->k->name);
    if (s == GAN_OK && !(j->dir = gan_strdup(o->d->checkpoints))) s = GAN_ENOMEM;
    j->keep = (int)gan_config_int(o->s->cfg, "checkpoint", "keep");
    if (s == GAN_OK) return gan_writer_post(o->writer, write_checkpoint, drop_checkpoint, j);
    drop_checkpoint(j);
    return s;
}

/* ---- metrics ----------------------------------------------------------------------------------------------- */

typedef struct record_job {
    gan_outputs *o;
    int64_t step;
    double values[GAN_MAX_VALUES];
} record_job;

/* Between checkpoints files are touched at most once a second, however often metrics are recorded. */
static gan_status write_record(void *arg)
{
    record_job *j = arg;
    gan_outputs *o = j->o;
    gan_status s = gan_metrics_add(o->metrics, j->step, j->values);
    if (s == GAN_OK && gan_clock_s() - o->flushed_s > 1) {
        s = gan_metrics_flush(o->metrics);
        o->flushed_s = gan_clock_s();
    }
    gan_free(j);
    return s;
}

static gan_status flush_metrics(void *arg)
{
    gan_outputs *o = arg;
    return gan_metrics_flush(o->metrics);
}

static void nothing_to_drop(void *arg)
{
    (void)arg;
}

gan_status gan_outputs_record(gan_outputs *o, const gan_record *r, int64_t step)
{
    record_job *j = gan_calloc(1, sizeof *j);
    if (!j) return GAN_ENOMEM;
    j->o = o;
    j->step = step;
    memcpy(j->values, r->values, sizeof j->values);
    return gan_writer_post(o->writer, write_record, gan_free, j);
}

/* ---- life -------------------------------------------------------------------------------------------------- */

/* Rank 0 at a slow disk is not dead. */
static void look_at_stall(void *session)
{
    gan_stall_look(((const gan_session *)session)->comm);
}

gan_status gan_outputs_new(gan_outputs **out, gan_session *s, const gan_rundir *d, const gan_record *r,
                           int64_t resume_step)
{
    *out = NULL;
    gan_outputs *o = gan_calloc(1, sizeof *o);
    if (!o) return GAN_ENOMEM;
    o->s = s;
    o->d = d;
    gan_status status = gan_metrics_open(&o->metrics, d->path, (const char *const *)r->names, r->n, resume_step);
    if (status == GAN_OK) status = gan_writer_new(&o->writer, look_at_stall, s);
    if (status == GAN_OK) status = gan_pictures_new(&o->pictures, s, d, o->writer);
    if (status == GAN_OK) *out = o;
    else gan_outputs_free(o);
    return status;
}

gan_status gan_outputs_samples(gan_outputs *o, int64_t step)
{
    return gan_pictures_draw(o->pictures, step);
}

bool gan_outputs_failed(gan_outputs *o)
{
    return gan_writer_failed(o->writer);
}

gan_status gan_outputs_finish(gan_outputs *o)
{
    GAN_TRY(gan_writer_post(o->writer, flush_metrics, nothing_to_drop, o));
    return gan_writer_drain(o->writer);
}

const char *gan_outputs_last_picture(const gan_outputs *o)
{
    return gan_pictures_last(o->pictures);
}

void gan_outputs_free(gan_outputs *o)
{
    if (!o) return;
    gan_writer_free(o->writer);
    gan_metrics_close(o->metrics);
    gan_pictures_free(o->pictures);
    gan_free(o);
}
