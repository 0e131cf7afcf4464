/* One directory, one job: it holds a lock there while it lives. A second one, submitted twice or requeued too early, would sweep
 * the first one's files. The kernel drops the lock with the process, however that ends, so none is ever stale. */
#include "gan/lock.h"

#include "gan/log.h"
#include "gan/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Who holds it: "host, process 123", as the holder wrote it. */
static void holder(int fd, char *text, size_t n)
{
    ssize_t got = pread(fd, text, n - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (!*text) snprintf(text, n, "another job");
}

static void sign(int fd)
{
    char host[256] = "", text[320];
    gethostname(host, sizeof host - 1);
    int n = snprintf(text, sizeof text, "host %s, process %ld\n", host, (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
        gan_warn("the lock of a directory could not be signed: %s", strerror(errno));
}

gan_status gan_lock_take(int *fd, const char *dir, const char *what, const char *option)
{
    char *path = gan_sprintf("%s/lock", dir), text[320];
    if (!path) return GAN_ENOMEM;
    gan_status s = GAN_OK;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*fd < 0) {
        s = GAN_FAIL(GAN_EIO, "%s: cannot open: %s; choose a place that you may write to (%s)", path, strerror(errno), option);
    } else if (fcntl(*fd, F_SETLK, &whole) == 0) {
        sign(*fd);
    } else if (errno == EACCES || errno == EAGAIN) {
        holder(*fd, text, sizeof text);
        s = GAN_FAIL(GAN_EIO, "%s is the directory of a %s that is going on (%s); wait for it, end it, or use another %s", dir,
                     what, text, option);
    } else {
        gan_warn("%s: this file system has no locks (%s); do not start this %s twice at the same time", dir, strerror(errno), what);
    }
    gan_free(path);
    if (s != GAN_OK) gan_lock_drop(fd);
    return s;
}

void gan_lock_drop(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}
