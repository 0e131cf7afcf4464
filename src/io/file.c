/* Atomic replacement of files. The order is what makes it safe: the contents reach the disk before the name
 * does, and the name before anybody is told. */
#include "gan/file.h"
#include "gan/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *gan_file_temp(const char *path)
{
    return gan_sprintf("%s" GAN_FILE_TEMP_MARK "%ld", path, (long)getpid());
}

const char *gan_file_remedy(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT: return "free some space there, or choose a directory on another file system";
    case EFBIG: return "raise the limit on file sizes (ulimit -f)";
    case EACCES:
    case EPERM:
    case EROFS: return "choose a place that you may write to, or ask for its permissions";
    case ENOENT:
    case ENOTDIR: return "check the path";
    case EMFILE:
    case ENFILE: return "raise the limit on open files (ulimit -n)";
    default: return "check the file system";
    }
}

gan_status gan_file_regular(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || S_ISREG(st.st_mode)) return GAN_OK;
    return GAN_FAIL(GAN_EIO, "%s: not a file but a %s", path,
                    S_ISDIR(st.st_mode)    ? "directory"
                    : S_ISFIFO(st.st_mode) ? "fifo"
                    : S_ISSOCK(st.st_mode) ? "socket"
                                           : "device");
}

int gan_file_shown(const char *path)
{
    const char *mark = NULL;
    for (const char *p = path; (p = strstr(p, GAN_FILE_TEMP_MARK)); p++) mark = p; /* the last one */
    const char *number = mark ? mark + strlen(GAN_FILE_TEMP_MARK) : "";
    bool temporary = *number && number[strspn(number, "0123456789")] == '\0';
    return (int)(temporary ? (size_t)(mark - path) : strlen(path));
}

static bool is_temporary(const char *name, const char *prefix)
{
    const char *mark = strstr(name, GAN_FILE_TEMP_MARK);
    if (!mark || strncmp(name, prefix, strlen(prefix)) != 0) return false;
    const char *number = mark + strlen(GAN_FILE_TEMP_MARK);
    return *number && number[strspn(number, "0123456789")] == '\0';
}

void gan_file_sweep(const char *dir, const char *prefix)
{
    DIR *d = opendir(dir);
    if (!d) return;
    for (const struct dirent *e; (e = readdir(d));)
        if (is_temporary(e->d_name, prefix)) unlinkat(dirfd(d), e->d_name, 0);
    closedir(d);
}

static bool sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) return false;
    bool ok = fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 && ok) return false;
    errno = error;
    return ok;
}

/* Some file systems cannot sync a directory and say EINVAL; there the rename is as safe as it gets. */
static gan_status sync_directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash ? gan_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : gan_strdup(".");
    if (!dir) return GAN_ENOMEM;
    bool ok = sync_path(dir, O_RDONLY | O_DIRECTORY) || errno == EINVAL;
    int error = errno;
    if (!ok) GAN_FAIL(GAN_EIO, "%s: cannot sync: %s; %s", dir, strerror(error), gan_file_remedy(error));
    gan_free(dir);
    return ok ? GAN_OK : GAN_EIO;
}

/* A rename would put a file in the place of a device: of /dev/null, where root asks for that. */
static bool is_device(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode));
}

gan_status gan_file_publish(const char *temp, const char *path)
{
    if (is_device(path)) {
        unlink(temp);
        return GAN_FAIL(GAN_EIO, "%s: not a file but a device; give the name of a file", path);
    }
    if (sync_path(temp, O_RDWR) && rename(temp, path) == 0) return sync_directory_of(path);
    int error = errno;
    unlink(temp);
    return GAN_FAIL(GAN_EIO, "%s: cannot write: %s; %s", path, strerror(error), gan_file_remedy(error));
}

static gan_status write_temp(const char *temp, const char *path, void (*print)(const void *user, FILE *f), const void *user)
{
    FILE *f = fopen(temp, "w");
    if (!f) return GAN_FAIL(GAN_EIO, "%s: cannot open: %s; %s", path, strerror(errno), gan_file_remedy(errno));
    print(user, f);
    bool whole = fflush(f) == 0 && !ferror(f);
    int error = errno;
    if (fclose(f) == 0 && whole) return GAN_OK;
    return GAN_FAIL(GAN_EIO, "%s: cannot write: %s; %s", path, strerror(error), gan_file_remedy(error));
}

gan_status gan_file_write(const char *path, void (*print)(const void *user, FILE *f), const void *user)
{
    char *temp = gan_file_temp(path);
    if (!temp) return GAN_ENOMEM;
    gan_status s = write_temp(temp, path, print, user);
    if (s == GAN_OK) s = gan_file_publish(temp, path);
    else unlink(temp);
    gan_free(temp);
    return s;
}

gan_status gan_file_make_dir(const char *what, const char *path)
{
    char *p = gan_strdup(path);
    if (!p) return GAN_ENOMEM;
    gan_status s = GAN_OK;
    for (char *c = p + 1; *p && s == GAN_OK; c++) {
        bool end = *c == '\0';
        if (!end && *c != '/') continue;
        *c = '\0';
        if (mkdir(p, 0777) != 0 && errno != EEXIST)
            s = GAN_FAIL(GAN_EIO, "%s: cannot make %s: %s; %s", what, p, strerror(errno), gan_file_remedy(errno));
        if (end) break;
        *c = '/';
    }
    gan_free(p);
    return s;
}
