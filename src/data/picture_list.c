/* The picture files below a directory: see picture.h. */
#include "picture.h"

#include "gan/file.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { MAX_DEPTH = 32 }; /* deeper is a link to a directory above */

typedef struct list {
    char **paths;
    int64_t n, room;
    int64_t n_others; /* pictures of other formats */
    char *other;      /* one of them, counted memory; NULL: there is none */
} list;

static const char *const taken[] = {".png", ".jpg", ".jpeg", NULL};
static const char *const others[] = {".gif", ".bmp", ".webp", ".tif",  ".tiff", ".ppm",
                                     ".pgm", ".jp2", ".heic", ".avif", NULL};

static bool has_ending(const char *name, const char *const *endings)
{
    const char *dot = strrchr(name, '.');
    for (int i = 0; dot && endings[i]; i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return false;
}

/* Takes over `path`, also when it fails. */
static gan_status add(list *l, char *path)
{
    if (l->n == l->room) {
        char **more = gan_realloc(l->paths, l->room ? 2 * l->room : 64, sizeof *more);
        if (!more) {
            gan_free(path);
            return GAN_ENOMEM;
        }
        l->paths = more;
        l->room = l->room ? 2 * l->room : 64;
    }
    l->paths[l->n++] = path;
    return GAN_OK;
}

static gan_status walk(list *l, const char *dir, int depth);

/* A file that cannot be looked at is left to whoever reads it. */
static gan_status visit(list *l, const char *dir, const char *name, int depth)
{
    struct stat st;
    size_t end = strlen(dir);
    char *path = gan_sprintf("%s%s%s", dir, end && dir[end - 1] == '/' ? "" : "/", name);
    if (!path) return GAN_ENOMEM;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        gan_status s = walk(l, path, depth + 1);
        gan_free(path);
        return s;
    }
    if (has_ending(name, taken)) return add(l, path);
    if (has_ending(name, others) && l->n_others++ == 0)
        l->other = path;
    else
        gan_free(path);
    return GAN_OK;
}

static gan_status walk(list *l, const char *dir, int depth)
{
    if (depth > MAX_DEPTH)
        return GAN_FAIL(GAN_EDATA,
                        "%s: more than %d directories deep; is a link to a directory above among them?", dir,
                        MAX_DEPTH);
    DIR *d = opendir(dir);
    if (!d)
        return GAN_FAIL(GAN_EDATA, "%s: cannot open the directory: %s; %s", dir, strerror(errno),
                        gan_file_remedy(errno));
    gan_status s = GAN_OK;
    for (const struct dirent *e; s == GAN_OK && (errno = 0, e = readdir(d));)
        if (e->d_name[0] != '.') s = visit(l, dir, e->d_name, depth);
    if (s == GAN_OK && errno)
        s = GAN_FAIL(GAN_EDATA, "%s: cannot read the directory: %s; %s", dir, strerror(errno),
                     gan_file_remedy(errno));
    closedir(d);
    return s;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void mention_others(const list *l, const char *dir)
{
    if (l->n_others)
        gan_warn("%s: %lld picture%s of other formats left out, such as %s; PNG and JPEG are taken", dir,
                 (long long)l->n_others, l->n_others > 1 ? "s" : "", l->other);
}

gan_status gan__picture_list(const char *dir, char ***paths, int64_t *n)
{
    list l = {0};
    gan_status s = walk(&l, dir, 0);
    if (s == GAN_OK) mention_others(&l, dir);
    gan_free(l.other);
    if (s == GAN_OK && l.n == 0)
        s = GAN_FAIL(GAN_EDATA,
                     "%s: no picture in it or below; files that end in .png, .jpg or .jpeg are wanted", dir);
    if (s != GAN_OK) {
        gan__picture_list_free(l.paths, l.n);
        return s;
    }
    qsort(l.paths, (size_t)l.n, sizeof *l.paths, by_path);
    *paths = l.paths;
    *n = l.n;
    return GAN_OK;
}

void gan__picture_list_free(char **paths, int64_t n)
{
    for (int64_t i = 0; i < n; i++) gan_free(paths[i]);
    gan_free(paths);
}
