/* A directory of pictures to a dataset file: see gan_import_images in gan/data.h. Pictures go in by sorted path, so the
 * same directory makes the same dataset, byte by byte, whatever the number of ranks.
 *
 * All ranks read pictures (picture_rounds.c). Rank 0 alone has the list of attributes and the file; into that it puts whole
 * chunks, however few pictures it is handed at a time, for the layout of an HDF5 file depends on how it was written. Photographs
 * are not compressed: they lose a fifth at 64 x 64 and less when larger, and rank 0 would take longer for that alone (45 MB/s) than
 * two ranks for all the rest; training would wait for it at each start. */
#include "attributes.h"
#include "import.h"
#include "picture_rounds.h"
#include "picture_share.h"

#include "gan/data.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/pace.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK_BYTES = 4 << 20, BLOCK_MOST = 256 };

typedef struct job {
    const gan_import_options *o;
    const gan_comm *c; /* NULL: alone */
    bool first;        /* rank 0: what follows `rounds` is its own */
    gan__picture_wish wish;
    char **paths;
    int64_t n;
    gan__picture_rounds rounds;
    bool begun; /* rounds were run */
    int64_t n_bad;
    gan__attributes list;
    gan__import_array images, attributes;
    uint8_t *rows;  /* [images.chunk_rows] images not yet in the file */
    int8_t *values; /* [images.chunk_rows, list.n_names] and their attributes */
    int64_t n_rows;
    gan_pace pace;
} job;

/* ---- rank 0: rows to the file ------------------------------------------------------------------------------- */

static gan_status flush(job *j)
{
    GAN_TRY(gan__import_array_append(&j->images, j->rows, j->n_rows));
    if (j->o->attributes) GAN_TRY(gan__import_array_append(&j->attributes, j->values, j->n_rows));
    j->n_rows = 0;
    return GAN_OK;
}

static gan_status put(job *j, const char *path, const uint8_t *row)
{
    const int8_t *values;
    memcpy(j->rows + j->n_rows * j->images.row_bytes, row, (size_t)j->images.row_bytes);
    if (j->o->attributes) {
        GAN_TRY(gan__attributes_find(&j->list, path, &values));
        memcpy(j->values + j->n_rows * j->list.n_names, values, (size_t)j->list.n_names);
    }
    return ++j->n_rows < j->images.chunk_rows ? GAN_OK : flush(j);
}

static void show_progress(job *j, int64_t done)
{
    char line[160], left[32];
    if (!gan_pace_due(&j->pace)) return;
    double per_s = (double)done / gan_pace_elapsed_s(&j->pace);
    gan_time_text((double)(j->n - done) / per_s, left, sizeof left);
    snprintf(line, sizeof line, "%lld of %lld pictures  %.0f pictures/s  %s left", (long long)done,
             (long long)j->n, per_s, left);
    gan_log_progress(line);
}

static gan_status write_block(void *job_, const gan__picture_block *b, int64_t first, int64_t n)
{
    job *j = job_;
    const uint8_t *row = b->rows;
    for (int64_t i = 0; i < n; i++) {
        if (b->kept[i]) {
            GAN_TRY(put(j, j->paths[first + i], row));
            row += b->row_bytes;
        } else {
            gan_warn("%s: %s; left out", j->paths[first + i], b->why[i]);
            j->n_bad++;
        }
    }
    show_progress(j, first + n);
    return GAN_OK;
}

/* ---- rank 0: the file --------------------------------------------------------------------------------------- */

static gan_status open_arrays(job *j, gan_h5_file *f, const char *path)
{
    GAN_TRY(gan__import_array_open(&j->images, f, path, "images", H5T_NATIVE_UINT8, 4,
                                   (int64_t[]){j->o->size, j->o->size, j->wish.channels}, GAN__IMPORT_PLAIN));
    if (!(j->rows = gan_calloc(j->images.chunk_rows, (size_t)j->images.row_bytes))) return GAN_ENOMEM;
    if (!j->o->attributes) return GAN_OK;
    if (!(j->values = gan_calloc(j->images.chunk_rows, (size_t)j->list.n_names))) return GAN_ENOMEM;
    GAN_TRY(gan__import_array_open(&j->attributes, f, path, "attributes", H5T_NATIVE_INT8, 2,
                                   &j->list.n_names, GAN__IMPORT_QUICK));
    return gan__attributes_put_names(&j->list, j->attributes.dataset, path);
}

static gan_status check_any(const job *j)
{
    if (j->n_bad < j->n) return GAN_OK;
    return GAN_FAIL(GAN_EDATA, "%s: none of its %lld pictures can be read, see above", j->o->dir,
                    (long long)j->n);
}

static gan_status fill(void *job_, gan_h5_file *f, const char *path)
{
    job *j = job_;
    j->begun = true;
    gan_pace_begin(&j->pace);
    j->pace.shown_s = j->pace.begin_s; /* nothing is said of what is done at once */
    gan_status s = gan__picture_rounds_run(&j->rounds, open_arrays(j, f, path));
    if (s == GAN_OK) s = check_any(j);
    if (s == GAN_OK) s = flush(j);
    s = gan__import_array_close(&j->images, s);
    s = gan__import_array_close(&j->attributes, s);
    return s == GAN_OK ? gan__import_put_source(f, path, &j->o->dir, 1) : s;
}

static gan_status write_file(job *j, const char *out_path)
{
    gan_status s = gan__import_write(out_path, fill, j);
    return j->begun ? s : gan__picture_rounds_run(&j->rounds, s); /* tell the others that there are none */
}

/* ---- all ranks ---------------------------------------------------------------------------------------------- */

/* What rank 0 finds out for all: the pictures, and the list of attributes. */
static gan_status look(job *j)
{
    GAN_TRY(gan__picture_list(j->o->dir, &j->paths, &j->n));
    return j->o->attributes ? gan__attributes_read(&j->list, j->o->attributes) : GAN_OK;
}

/* The first picture that can be read, whose channels all others must have; none: *which stays. */
static gan_status find_like(job *j, int64_t *which)
{
    char why[GAN__WHY];
    for (int64_t i = 0; i < j->n; i++) {
        gan__picture p;
        gan_status s = gan__picture_read(&p, j->paths[i], why);
        gan_free(p.pixels);
        if (s == GAN_OK) *which = i, j->wish.channels = p.channels;
        if (s != GAN_EDATA || !j->o->skip_bad) return s == GAN_EDATA ? GAN_OK : s;
    }
    return GAN_OK;
}

static gan_status choose_channels(job *j)
{
    int64_t found[2] = {-1, 0};
    j->wish = (gan__picture_wish){.size = j->o->size, .channels = 3, .skip_bad = j->o->skip_bad};
    if (j->o->channels) {
        j->wish.channels = j->o->channels;
        return GAN_OK;
    }
    gan_status s = j->first ? find_like(j, &found[0]) : GAN_OK;
    GAN_TRY(gan_comm_agree(j->c, s));
    found[1] = j->wish.channels;
    GAN_TRY(gan_comm_bcast(j->c, found, sizeof found));
    j->wish.channels = (int)found[1];
    j->wish.like = found[0] < 0 ? NULL : j->paths[found[0]];
    return GAN_OK;
}

/* Few enough to stay small, enough to be worth a round: its agreement takes milliseconds where ranks share cores. */
static int64_t block_length(const job *j)
{
    const int64_t row_bytes = (int64_t)j->o->size * j->o->size * j->wish.channels,
                  n = BLOCK_BYTES / row_bytes;
    if (j->o->block) return j->o->block;
    return n < 1 ? 1 : n > BLOCK_MOST ? BLOCK_MOST : n;
}

static gan_status import(job *j, const char *out_path)
{
    GAN_TRY(gan__picture_list_share(j->c, j->o->dir, &j->paths, &j->n, j->first ? look(j) : GAN_OK));
    GAN_TRY(choose_channels(j));
    j->rounds = (gan__picture_rounds){.c = j->c,
                                      .wish = &j->wish,
                                      .paths = j->paths,
                                      .n = j->n,
                                      .room = block_length(j),
                                      .write = write_block,
                                      .job = j};
    return j->first ? write_file(j, out_path) : gan__picture_rounds_run(&j->rounds, GAN_OK);
}

static void say(const job *j, const char *out_path)
{
    char extra[96], left_out[48] = "";
    if (j->n_bad) snprintf(left_out, sizeof left_out, ", %lld bad left out", (long long)j->n_bad);
    snprintf(extra, sizeof extra, "%s%s", j->o->attributes ? " with attributes" : "", left_out);
    gan__import_say(out_path, (int64_t)j->images.dims[0],
                    (int64_t[]){j->o->size, j->o->size, j->wish.channels}, extra);
}

gan_status gan_import_images(const gan_comm *c, const gan_import_options *o, const char *out_path)
{
    job j = {.o = o, .c = c, .first = !c || c->rank == 0, .images.dataset = -1, .attributes.dataset = -1};
    gan_status s = gan_comm_agree(c, import(&j, out_path));
    if (s == GAN_OK && j.first) say(&j, out_path);
    gan_free(j.rows);
    gan_free(j.values);
    gan__attributes_free(&j.list);
    gan__picture_list_free(j.paths, j.n);
    return s;
}
