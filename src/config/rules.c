/* Rules that one row of the schema cannot say: keys that must be given, keys that need another.
 * A value that was refused already is not judged again: one mistake, one complaint. */
#include "rules.h"

#include "gan/mem.h"

#include <string.h>

static void check_required(const gan_config *c, const gan__place *at, gan__complaints *list)
{
    for (int i = 0; i < c->n; i++) {
        const gan__entry *e = &c->entries[i];
        if (e->key->fallback || e->given || e->refused) continue;
        gan__complain(list, at, NULL, NULL, "%s.%s is missing; write it into section [%s] (%s)", e->section,
                      e->key->name, e->section, e->key->meaning);
    }
}

static void check_length(const gan_config *c, const gan__place *at, gan__complaints *list)
{
    const gan__entry *steps = gan__entries_find(c, "train", "steps"),
                     *epochs = gan__entries_find(c, "train", "epochs");
    if (steps->refused || epochs->refused || steps->value.i > 0 || epochs->value.r > 0) return;
    gan__complain(list, at, NULL, NULL,
                  "train.steps and train.epochs are both 0; say how long to train, for example epochs = 20");
}

static void check_data(const gan_config *c, const gan__place *at, gan__complaints *list)
{
    const gan__entry *source = gan__entries_find(c, "data", "source"),
                     *file = gan__entries_find(c, "data", "file");
    if (source->refused || file->refused || strcmp(source->value.text, "file") != 0 || file->value.text[0])
        return;
    gan__complain(list, at, NULL, NULL,
                  "data.file is missing; data.source = file needs a dataset, as `gan_mpi import` makes it");
}

/* As floats, for so they are used: apart by less than a float can tell is not apart. */
static void check_range(const gan_config *c, const gan__place *at, gan__complaints *list)
{
    const gan__entry *low = gan__entries_find(c, "data", "low"), *high = gan__entries_find(c, "data", "high");
    if (low->refused || high->refused || (float)low->value.r < (float)high->value.r) return;
    gan__complain(list, at, NULL, NULL, "data.low = %g must be below data.high = %g", low->value.r, high->value.r);
}

/* "runs/x/" is "runs/x": names are made from it. */
static gan_status strip_slashes(gan__entry *dir)
{
    size_t n = strlen(dir->value.text), end = n;
    while (end > 1 && dir->value.text[end - 1] == '/') end--;
    if (end == n) return GAN_OK;
    char *path = gan_strndup(dir->value.text, end);
    if (!path) return GAN_ENOMEM;
    gan_status s = gan__entry_derive(dir, path);
    gan_free(path);
    return s;
}

/* An empty run.dir is runs/NAME for a job file NAME.ini. */
static gan_status derive_run_dir(gan_config *c, const gan__place *at, gan__complaints *list)
{
    gan__entry *dir = gan__entries_find(c, "run", "dir");
    if (dir->refused) return GAN_OK;
    if (dir->value.text[0]) return strip_slashes(dir);
    const char *slash = strrchr(at->name, '/'), *base = slash ? slash + 1 : at->name;
    size_t n = strlen(base);
    if (n > 4 && strcmp(base + n - 4, ".ini") == 0) n -= 4;
    char *path = n ? gan_sprintf("runs/%.*s", (int)n, base) : gan_strdup("runs/job");
    if (!path) return GAN_ENOMEM;
    const char *why = gan__unwritable("dir", path);
    if (why)
        gan__complain(list, at, NULL, NULL,
                      "run.dir cannot be made from this file's name (%s); write run.dir", why);
    gan_status s = gan__entry_derive(dir, path);
    gan_free(path);
    return s;
}

gan_status gan__rules_apply(gan_config *c, const char *name, gan__complaints *list)
{
    const gan__place at = {name, 0};
    if (!list->swallowed) {
        check_required(c, &at, list);
        check_length(c, &at, list);
        check_data(c, &at, list);
    }
    check_range(c, &at, list);
    return derive_run_dir(c, &at, list);
}
