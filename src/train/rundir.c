/* The run directory. */
#include "rundir.h"

#include "gan/file.h"
#include "gan/lock.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/system.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

gan_status gan_rundir_write_config(const gan_rundir *d, const gan_config *cfg)
{
    gan_status s = GAN_ENOMEM;
    char *path = gan_sprintf("%s/config.ini", d->path), *temp = path ? gan_file_temp(path) : NULL;
    char *ini = gan_config_ini(cfg);
    if (path && temp && ini) {
        FILE *f = fopen(temp, "w");
        bool good = f && fputs(ini, f) >= 0 && fflush(f) == 0;
        int error = errno;
        if (f) good &= fclose(f) == 0;
        s = good ? gan_file_publish(temp, path)
                 : GAN_FAIL(GAN_EIO, "cannot write %s: %s; %s", path, strerror(error), gan_file_remedy(error));
        if (!good) unlink(temp);
    }
    gan_free(path);
    gan_free(temp);
    gan_free(ini);
    return s;
}

/* The checkpoint knows the configuration that made it. */
static gan_status same_config(const gan_rundir *d, const gan_config *cfg)
{
    const char *ini = gan_checkpoint_text(d->resume, "config");
    if (!ini) return GAN_FAIL(GAN_ECKPT, "%s: there is no configuration inside", d->resume_path);
    gan_config *old;
    GAN_TRY(gan_config_parse(&old, d->resume_path, ini, (int64_t)strlen(ini), NULL, 0, gan_system_networks));
    char *differences = gan_config_differences(old, cfg);
    gan_status s = differences ? GAN_OK : GAN_ENOMEM;
    if (differences && *differences)
        s = GAN_FAIL(GAN_ECONFIG,
                     "%s holds a run with another configuration, which cannot be continued: %s was made with\n%s\nuse another "
                     "run.dir, or --fresh to move the old run aside",
                     d->path, d->resume_path, differences);
    gan_free(differences);
    gan_config_free(old);
    return s;
}

static gan_status find_resume(gan_rundir *d, const gan_config *cfg)
{
    GAN_TRY(gan_checkpoint_names_free(d->checkpoints));
    GAN_TRY(gan_checkpoint_latest(&d->resume, d->checkpoints));
    if (!d->resume) return GAN_OK;
    if (!(d->resume_path = gan_checkpoint_path(d->checkpoints, d->resume->step))) return GAN_ENOMEM;
    return same_config(d, cfg);
}

static gan_status open_dir(gan_rundir *d, const gan_config *cfg, bool fresh)
{
    d->path = gan_strdup(gan_config_text(cfg, "run", "dir"));
    if (!d->path) return GAN_ENOMEM;
    d->checkpoints = gan_sprintf("%s/checkpoints", d->path);
    d->samples = gan_sprintf("%s/samples", d->path);
    if (!d->checkpoints || !d->samples) return GAN_ENOMEM;
    if (fresh) GAN_TRY(gan__run_move_aside(d->path));
    GAN_TRY(gan_file_make_dir("run.dir", d->checkpoints));
    GAN_TRY(gan_file_make_dir("run.dir", d->samples));
    GAN_TRY(gan_lock_take(&d->lock, d->path, "run", "run.dir"));
    return find_resume(d, cfg);
}

gan_status gan_rundir_open(gan_rundir *d, const gan_config *cfg, bool fresh)
{
    *d = (gan_rundir){.lock = -1};
    gan_status s = open_dir(d, cfg, fresh);
    if (s != GAN_OK) gan_rundir_close(d);
    return s;
}

void gan_rundir_close(gan_rundir *d)
{
    if (d->path) gan_lock_drop(&d->lock);
    gan_checkpoint_free(d->resume);
    gan_free(d->path);
    gan_free(d->checkpoints);
    gan_free(d->samples);
    gan_free(d->resume_path);
    memset(d, 0, sizeof *d);
}
