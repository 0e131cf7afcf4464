/* The directory of a run's checkpoints: names, the link `latest`, which ones are kept, which one is taken.
 *
 * One process writes here at a time (rank 0, one checkpoint after the other), so a temporary file that is
 * found while publishing was left by a write that died. Checkpoints with a larger step than the one being
 * published are leftovers too - damaged ones that a resumed run went back behind - and are neither counted
 * nor removed: they are evidence. */
#include "checkpoint.h"

#include "gan/file.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 64 };

static void name_of(char name[NAME_BYTES], int64_t step)
{
    snprintf(name, NAME_BYTES, "step-%09" PRId64 ".h5", step);
}

/* The step in a checkpoint's file name; -1 if the name is none. */
static int64_t step_of(const char *name)
{
    char again[NAME_BYTES];
    int64_t step;
    if (sscanf(name, "step-%18" SCNd64 ".h5", &step) != 1 || step < 0) return -1;
    name_of(again, step);
    return strcmp(name, again) == 0 ? step : -1;
}

static int newest_first(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

typedef struct listing {
    int64_t *steps; /* newest first */
    int n;
} listing;

static gan_status listing_add(listing *l, int64_t step)
{
    if ((l->n & (l->n - 1)) == 0) {
        int64_t *more = gan_realloc(l->steps, l->n ? 2 * (int64_t)l->n : 1, sizeof *more);
        if (!more) return GAN_ENOMEM;
        l->steps = more;
    }
    l->steps[l->n++] = step;
    return GAN_OK;
}

/* A directory that is not there has no checkpoints. l->steps is to be freed, also after a failure. */
static gan_status list(listing *l, const char *dir)
{
    gan_status s = GAN_OK;
    *l = (listing){0};
    DIR *d = opendir(dir);
    if (!d && errno == ENOENT) return GAN_OK;
    if (!d) return GAN_FAIL(GAN_EIO, "%s: cannot list: %s; %s", dir, strerror(errno), gan_file_remedy(errno));
    for (const struct dirent *e; s == GAN_OK && (e = readdir(d));)
        if (step_of(e->d_name) >= 0) s = listing_add(l, step_of(e->d_name));
    closedir(d);
    if (l->n > 0) qsort(l->steps, (size_t)l->n, sizeof *l->steps, newest_first);
    return s;
}

char *gan_checkpoint_path(const char *dir, int64_t step)
{
    char name[NAME_BYTES];
    name_of(name, step);
    return gan_sprintf("%s/%s", dir, name);
}

/* Remove dir/name; what cannot be removed is only worth a warning. */
static void remove_file(const char *dir, const char *name)
{
    char *path = gan_sprintf("%s/%s", dir, name);
    if (path && unlink(path) != 0 && errno != ENOENT)
        gan_warn("%s: cannot remove: %s", path, strerror(errno));
    gan_free(path);
}

static gan_status prune(const char *dir, int64_t step, int keep)
{
    char name[NAME_BYTES];
    listing l;
    gan_status s = list(&l, dir);
    for (int i = 0, kept = 0; s == GAN_OK && i < l.n; i++) {
        if (l.steps[i] > step) continue;
        if (kept++ < keep || l.steps[i] == step) continue;
        name_of(name, l.steps[i]);
        remove_file(dir, name);
    }
    gan_free(l.steps);
    return s;
}

static gan_status set_latest(const char *dir, int64_t step)
{
    char name[NAME_BYTES];
    gan_status s = GAN_ENOMEM;
    char *link = gan_sprintf("%s/latest", dir), *temp = link ? gan_file_temp(link) : NULL;
    name_of(name, step);
    if (temp) {
        unlink(temp);
        s = GAN_OK;
        if (symlink(name, temp) != 0 || rename(temp, link) != 0)
            s = GAN_FAIL(GAN_EIO, "%s: cannot link it to %s: %s; %s", link, name, strerror(errno),
                         gan_file_remedy(errno));
        if (s != GAN_OK) unlink(temp);
    }
    gan_free(temp);
    gan_free(link);
    return s;
}

gan_status gan_checkpoint_publish(const char *dir, int64_t step, int keep)
{
    GAN_TRY(set_latest(dir, step));
    gan_file_sweep(dir, "step-");
    gan_file_sweep(dir, "latest");
    return prune(dir, step, keep);
}

/* A directory under a name that a checkpoint is going to have would be in the way once steps have been trained. */
static gan_status check_name(const char *dir, const char *name)
{
    struct stat st;
    char *path = gan_sprintf("%s/%s", dir, name);
    if (!path) return GAN_ENOMEM;
    bool in_the_way = lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
    gan_status s = GAN_OK;
    if (in_the_way) s = GAN_FAIL(GAN_EIO, "%s is a directory, in the way of a checkpoint; move it elsewhere", path);
    gan_free(path);
    return s;
}

gan_status gan_checkpoint_names_free(const char *dir)
{
    char name[NAME_BYTES];
    listing l;
    gan_status s = list(&l, dir);
    if (s == GAN_OK) s = check_name(dir, "latest");
    for (int i = 0; s == GAN_OK && i < l.n; i++) {
        name_of(name, l.steps[i]);
        s = check_name(dir, name);
    }
    gan_free(l.steps);
    return s;
}

/* Try one; a damaged one is said to be so and counts as not there. */
static gan_status try_one(gan_checkpoint **out, const char *dir, int64_t step, bool oldest)
{
    char *path = gan_checkpoint_path(dir, step);
    if (!path) return GAN_ENOMEM;
    gan_status s = gan_checkpoint_read(out, path);
    if (s == GAN_ECKPT || s == GAN_EIO) {
        gan_warn("%s%s", gan_fail_text(), oldest ? "" : "; taking the one before");
        gan_fail_clear();
        s = GAN_OK;
    }
    gan_free(path);
    return s;
}

gan_status gan_checkpoint_latest(gan_checkpoint **out, const char *dir)
{
    listing l;
    *out = NULL;
    gan_status s = list(&l, dir);
    for (int i = 0; s == GAN_OK && !*out && i < l.n; i++) s = try_one(out, dir, l.steps[i], i == l.n - 1);
    if (s == GAN_OK && !*out && l.n > 0)
        s = GAN_FAIL(
            GAN_ECKPT,
            "%s: none of its %d checkpoint%s is whole (see the warnings); bring one back from a copy, or "
            "start anew with --fresh",
            dir, l.n, l.n == 1 ? "" : "s");
    gan_free(l.steps);
    return s;
}
