/* --fresh: an old run is never removed but renamed, DIR to DIR.old-1 and so on, and only what looks like a run is touched.
 * Links are followed, so that the new run lands where the old one was. */
#include "rundir.h"

#include "gan/file.h"
#include "gan/lock.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_OLD = 9999 };

static gan_status cannot_move(const char *dir)
{
    int error = errno;
    return GAN_FAIL(GAN_EIO, "--fresh: cannot move %s aside: %s; %s", dir, strerror(error), gan_file_remedy(error));
}

typedef enum kind { EMPTY, RUN, OTHER, UNREADABLE } kind;

static kind look_at(const char *dir)
{
    static const char *const signs[] = {"config.ini", "checkpoints", "metrics.jsonl"};
    kind is = EMPTY;
    DIR *d = opendir(dir);
    if (!d) return UNREADABLE;
    for (const struct dirent *e; is != RUN && (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        is = OTHER;
        for (int i = 0; i < 3; i++)
            if (strcmp(e->d_name, signs[i]) == 0) is = RUN;
    }
    closedir(d);
    return is;
}

/* Whether the directory that the program works in is `dir` or in it. */
static bool holds_us(const char *dir)
{
    char here[PATH_MAX];
    size_t n = strlen(dir);
    if (!getcwd(here, sizeof here)) return false;
    return strncmp(here, dir, n) == 0 && (here[n] == '\0' || here[n] == '/' || dir[n - 1] == '/');
}

/* *old: a directory DIR.old-N that was not there before, now reserved by being made; a counted string. */
static gan_status reserve_name(char **old, const char *dir)
{
    for (int i = 1; i <= MAX_OLD; i++) {
        if (!(*old = gan_sprintf("%s.old-%d", dir, i))) return GAN_ENOMEM;
        if (mkdir(*old, 0777) == 0) return GAN_OK;
        gan_free(*old);
        if (errno != EEXIST) return cannot_move(dir);
    }
    return GAN_FAIL(GAN_EIO, "--fresh: %s.old-1 to .old-%d all exist; remove some", dir, MAX_OLD);
}

static gan_status rename_aside(const char *dir)
{
    char *old;
    GAN_TRY(reserve_name(&old, dir));
    gan_status s = GAN_OK;
    if (rename(dir, old) != 0) {
        s = cannot_move(dir);
        rmdir(old);
    } else {
        gan_say(GAN_NORMAL, "the old run was moved to %s", old);
        if (mkdir(dir, 0777) != 0) s = GAN_FAIL(GAN_EIO, "run.dir: cannot make %s: %s", dir, strerror(errno));
    }
    gan_free(old);
    return s;
}

/* Not from under a run that is going on; the lock is held until it has moved. */
static gan_status move_locked(const char *dir)
{
    int lock;
    GAN_TRY(gan_lock_take(&lock, dir, "run", "run.dir"));
    gan_status s = rename_aside(dir);
    gan_lock_drop(&lock);
    return s;
}

gan_status gan__run_move_aside(const char *path)
{
    char dir[PATH_MAX];
    if (!realpath(path, dir)) return GAN_OK; /* not there; or what is wrong, making it will tell */
    switch (look_at(dir)) {
    case EMPTY: return GAN_OK;
    case UNREADABLE: return cannot_move(dir);
    case OTHER:
        return GAN_FAIL(GAN_EIO,
                        "--fresh: %s is no run directory (no config.ini, checkpoints or metrics.jsonl in it), and is left "
                        "alone; use another run.dir",
                        dir);
    case RUN: break;
    }
    if (holds_us(dir))
        return GAN_FAIL(GAN_EIO, "--fresh: %s cannot be moved aside while the program works in it; start it elsewhere, or give "
                                 "run.dir another name",
                        dir);
    return move_locked(dir);
}
