/* A run directory, for people: how far it got and what it left. */
#include "info.h"

#include "gan/checkpoint.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/system.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What cannot be told is a warning here: the other parts are still of interest. */
static gan_status warn_instead(gan_status s)
{
    if (s == GAN_OK || s == GAN_ENOMEM) return s;
    gan_warn("%s", gan_fail_text());
    gan_fail_clear();
    return GAN_OK;
}

static bool exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* What the job asks for; 0: not known. */
typedef struct aim {
    int64_t steps, epoch_samples;
    double epochs; /* counts when steps is 0 */
} aim;

static gan_status read_job(const char *path, aim *a)
{
    gan_config *cfg;
    GAN_TRY(gan_config_read(&cfg, path, NULL, 0, gan_system_networks));
    bool file = gan_config_choice(cfg, "data", "source") == 0;
    printf(GAN__ITEM "%s on %s, batch %" PRId64 "\n", "job", gan_config_text(cfg, "train", "system"),
           gan_config_text(cfg, "data", file ? "file" : "source"), gan_config_int(cfg, "train", "batch"));
    a->steps = gan_config_int(cfg, "train", "steps");
    a->epochs = gan_config_real(cfg, "train", "epochs");
    a->epoch_samples = gan__epoch_samples(cfg);
    gan_config_free(cfg);
    return GAN_OK;
}

static gan_status print_job(const char *dir, aim *a)
{
    char *path = gan_sprintf("%s/config.ini", dir);
    if (!path) return GAN_ENOMEM;
    *a = (aim){0};
    gan_status s = GAN_OK;
    if (exists(path))
        s = read_job(path, a);
    else
        printf(GAN__ITEM "no config.ini\n", "job");
    gan_free(path);
    return warn_instead(s);
}

static void print_position(const gan_checkpoint *c, const aim *a)
{
    printf(GAN__ITEM "%" PRId64, "steps", c->step);
    if (a->steps > 0) printf(" of %" PRId64, a->steps);
    printf(", %.1f s of training\n", c->elapsed_s);
    if (a->epoch_samples <= 0) return;
    printf(GAN__ITEM "%.2f", "epochs", (double)c->epoch_position / (double)a->epoch_samples);
    if (a->steps == 0 && a->epochs > 0) printf(" of %g", a->epochs);
    puts("");
}

static gan_status print_progress(const char *dir, const aim *a)
{
    gan_checkpoint *c = NULL;
    char *path = gan_sprintf("%s/checkpoints", dir);
    if (!path) return GAN_ENOMEM;
    gan_status s = warn_instead(gan_checkpoint_latest(&c, path)); /* itself warns about damaged ones */
    gan_free(path);
    if (s != GAN_OK) return s;
    if (!c) {
        printf(GAN__ITEM "no whole checkpoint\n", "steps");
        return GAN_OK;
    }
    print_position(c, a);
    printf(GAN__ITEM "%016" PRIx64 "\n", "digest", gan_checkpoint_digest(c));
    gan_checkpoint_free(c);
    return GAN_OK;
}

/* Files in dir/sub that are called step-*end: their number and the last name in order. */
static gan_status print_files(const char *dir, const char *sub, const char *end)
{
    char last[256] = "";
    int n = 0;
    size_t end_bytes = strlen(end);
    char *path = gan_sprintf("%s/%s", dir, sub);
    if (!path) return GAN_ENOMEM;
    DIR *d = opendir(path);
    for (const struct dirent *e; d && (e = readdir(d));) {
        size_t bytes = strlen(e->d_name);
        if (strncmp(e->d_name, "step-", 5) != 0 || bytes < end_bytes || bytes >= sizeof last ||
            strcmp(e->d_name + bytes - end_bytes, end) != 0)
            continue;
        n++;
        if (strcmp(e->d_name, last) > 0) memcpy(last, e->d_name, bytes + 1);
    }
    if (d) closedir(d);
    if (n)
        printf(GAN__ITEM "%d, newest %s/%s\n", sub, n, path, last);
    else
        printf(GAN__ITEM "none\n", sub);
    gan_free(path);
    return GAN_OK;
}

static gan_status print_metrics(const char *dir)
{
    char *path = gan_sprintf("%s/metrics.h5", dir);
    if (!path) return GAN_ENOMEM;
    gan_status s = GAN_OK;
    puts("");
    if (exists(path))
        s = gan__info_metrics(path);
    else
        puts("no metrics yet");
    gan_free(path);
    return s;
}

gan_status gan__info_run(const char *dir)
{
    aim a;
    printf("%s: run directory\n", dir);
    GAN_TRY(print_job(dir, &a));
    GAN_TRY(print_progress(dir, &a));
    GAN_TRY(print_files(dir, "checkpoints", ".h5"));
    GAN_TRY(print_files(dir, "samples", ".png"));
    return print_metrics(dir);
}
