/* Users think of "that run", files are called runs/x/checkpoints/step-000012000.h5: both may be written. */
#include "checkpoint.h"

#include "gan/log.h"
#include "gan/mem.h"

#include <sys/stat.h>

static bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

/* The newest good one in a directory of checkpoints; *out NULL when it has none at all. */
static gan_status newest_in(char **out, const char *dir)
{
    gan_checkpoint *c;
    *out = NULL;
    GAN_TRY(gan_checkpoint_latest(&c, dir)); /* names those that are damaged */
    if (!c) return GAN_OK;
    *out = gan_checkpoint_path(dir, c->step);
    gan_checkpoint_free(c);
    return *out ? GAN_OK : GAN_ENOMEM;
}

/* `latest` if it is good; else the newest that is good, as a run does when it goes on. A damaged one is named on
 * that search. */
static gan_status choose_in(char **out, const char *dir)
{
    struct stat st;
    char *latest = gan_sprintf("%s/latest", dir);
    if (!latest) return GAN_ENOMEM;
    gan_status s = gan_checkpoint_check(latest);
    if (s == GAN_OK) {
        *out = latest;
        return GAN_OK;
    }
    if (s != GAN_ENOMEM) {
        if (stat(latest, &st) != 0 || !S_ISREG(st.st_mode)) gan_warn("%s", gan_fail_text());
        gan_fail_clear();
        s = newest_in(out, dir);
        if (s == GAN_OK && !*out) s = GAN_FAIL(GAN_ECKPT, "%s: not a good checkpoint, and there is no other", latest);
        if (s == GAN_OK) gan_warn("taking %s", *out);
    }
    gan_free(latest);
    return s;
}

gan_status gan_checkpoint_locate(char **out, const char *path)
{
    *out = NULL;
    if (!is_directory(path)) return (*out = gan_strdup(path)) ? GAN_OK : GAN_ENOMEM;
    for (int i = 0; i < 2 && !*out; i++) {
        char *dir = i == 0 ? gan_sprintf("%s/checkpoints", path) : gan_strdup(path);
        char *latest = dir ? gan_sprintf("%s/latest", dir) : NULL;
        gan_status s = !latest ? GAN_ENOMEM : exists(latest) ? choose_in(out, dir) : newest_in(out, dir);
        gan_free(latest);
        gan_free(dir);
        if (s != GAN_OK) return s;
    }
    if (*out) return GAN_OK;
    return GAN_FAIL(GAN_ECKPT, "%s: a directory without a checkpoint: none in it, and none in its checkpoints/", path);
}
