/* The record of a run's metrics: lines appended to metrics.jsonl, which metrics.h5 follows (metrics_h5.c).
 *
 * Lines are written at a known offset, not "at the end": when the disk fills up in the middle of a line, the
 * next attempt writes over the torn one, and the records wait in memory until then. */
#include "metrics.h"

#include "gan/file.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_CAPACITY = 256, NUMBER_BYTES = 32 };

static bool name_ok(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > 200 || strcmp(name, "step") == 0 || name[0] == '/' || name[n - 1] == '/') return false;
    for (const char *p = name; *p; p++)
        if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\\' || (*p == '/' && p[1] == '/')) return false;
    return true;
}

static gan_status copy_names(gan_metrics *m, const char *const *names, int n)
{
    if (!(m->names = gan_calloc(n, sizeof *m->names))) return GAN_ENOMEM;
    m->line_bytes = 2 * NUMBER_BYTES;
    for (int i = 0; i < n; i++) {
        bool ok = name_ok(names[i]);
        for (int j = 0; ok && j < i; j++) ok = strcmp(names[i], names[j]) != 0;
        if (!ok) return GAN_FAIL(GAN_EINTERNAL, "metrics: \"%.200s\" is a bad or repeated name", names[i]);
        if (!(m->names[i] = gan_strdup(names[i]))) return GAN_ENOMEM;
        m->n = i + 1;
        m->line_bytes += (int64_t)strlen(names[i]) + NUMBER_BYTES;
    }
    if (m->line_bytes <= GAN_METRICS_MAX_LINE) return GAN_OK;
    return GAN_FAIL(GAN_EINTERNAL, "metrics: %d names are too many for a line", n);
}

static gan_status metrics_new(gan_metrics *m, const char *dir, const char *const *names, int n)
{
    m->fd = -1;
    m->capacity = FIRST_CAPACITY;
    GAN_TRY(copy_names(m, names, n));
    m->jsonl_path = gan_sprintf("%s/metrics.jsonl", dir);
    m->h5_path = gan_sprintf("%s/metrics.h5", dir);
    m->steps = gan_calloc(m->capacity, sizeof *m->steps);
    m->values = gan_calloc(m->capacity * n, sizeof *m->values);
    m->line = gan_calloc(m->line_bytes, 1);
    return m->jsonl_path && m->h5_path && m->steps && m->values && m->line ? GAN_OK : GAN_ENOMEM;
}

static void metrics_free(gan_metrics *m)
{
    if (m->fd >= 0) close(m->fd);
    for (int i = 0; i < m->n; i++) gan_free(m->names[i]);
    gan_free(m->names);
    gan_free(m->jsonl_path);
    gan_free(m->h5_path);
    gan_free(m->steps);
    gan_free(m->values);
    gan_free(m->line);
    gan_free(m);
}

gan_status gan__metrics_cannot(const char *path, const char *what)
{
    int error = errno;
    return GAN_FAIL(GAN_EIO, "%.*s: cannot %s: %s; %s", gan_file_shown(path), path, what, strerror(error),
                    gan_file_remedy(error));
}

bool gan__metrics_write_at(int fd, const char *from, int64_t n, int64_t offset)
{
    while (n > 0) {
        ssize_t put = pwrite(fd, from, (size_t)n, (off_t)offset);
        if (put < 0 && errno != EINTR) return false;
        if (put > 0) from += put, n -= put, offset += put;
    }
    return true;
}

static gan_status open_record(gan_metrics *m, int64_t step)
{
    GAN_TRY(step > 0 ? gan__metrics_cut_back(m, step) : gan__metrics_tell_lost(m));
    m->fd = open(m->jsonl_path, O_RDWR | O_CREAT | (step > 0 ? 0 : O_TRUNC) | O_CLOEXEC, 0666);
    if (m->fd < 0) return gan__metrics_cannot(m->jsonl_path, "open");
    off_t end = lseek(m->fd, 0, SEEK_END);
    if (end < 0) return gan__metrics_cannot(m->jsonl_path, "find the end of");
    m->jsonl_bytes = end;
    return GAN_OK;
}

/* metrics.h5 is derived; a run does not end because of it. One warning, until it has worked again. */
static void follow(gan_metrics *m)
{
    if (gan__metrics_h5_follow(m) == GAN_OK) {
        m->warned = false;
        return;
    }
    if (!m->warned) gan_warn("%s (tried again at each flush; metrics.jsonl has it all)", gan_fail_text());
    m->warned = true;
    gan_fail_clear();
}

gan_status gan_metrics_open(gan_metrics **out, const char *dir, const char *const *names, int n, int64_t step)
{
    *out = NULL;
    gan_metrics *m = gan_calloc(1, sizeof *m);
    if (!m) return GAN_ENOMEM;
    gan_status s = metrics_new(m, dir, names, n);
    if (s == GAN_OK) s = open_record(m, step);
    if (s != GAN_OK) {
        metrics_free(m);
        return s;
    }
    gan_file_sweep(dir, "metrics.");
    follow(m);
    *out = m;
    return GAN_OK;
}

/* ---- the run ----------------------------------------------------------------------------------------------- */

static gan_status reserve(gan_metrics *m)
{
    if (m->n_pending < m->capacity) return GAN_OK;
    int64_t *steps = gan_realloc(m->steps, 2 * m->capacity, sizeof *steps);
    if (!steps) return GAN_ENOMEM;
    m->steps = steps;
    double *values = gan_realloc(m->values, 2 * m->capacity * m->n, sizeof *values);
    if (!values) return GAN_ENOMEM;
    m->values = values;
    m->capacity *= 2;
    return GAN_OK;
}

gan_status gan_metrics_add(gan_metrics *m, int64_t step, const double *values)
{
    GAN_TRY(reserve(m));
    m->steps[m->n_pending] = step;
    memcpy(m->values + m->n_pending * m->n, values, (size_t)m->n * sizeof *values);
    m->n_pending++;
    return GAN_OK;
}

static gan_status write_lines(gan_metrics *m)
{
    int64_t end = m->jsonl_bytes;
    for (int64_t i = 0; i < m->n_pending; i++) {
        int64_t n = gan__metrics_format(m, m->steps[i], m->values + i * m->n, m->line);
        if (!gan__metrics_write_at(m->fd, m->line, n, end)) {
            gan_status s = gan__metrics_cannot(m->jsonl_path, "write");
            /* Readers should not see half a line; if even this fails, the next attempt writes over it. */
            if (ftruncate(m->fd, (off_t)m->jsonl_bytes) != 0) errno = 0;
            return s;
        }
        end += n;
    }
    m->jsonl_bytes = end;
    m->n_pending = 0;
    return GAN_OK;
}

gan_status gan_metrics_flush(gan_metrics *m)
{
    GAN_TRY(write_lines(m));
    if (gan__metrics_h5_due(m)) follow(m);
    return GAN_OK;
}

static void write_the_rest(gan_metrics *m)
{
    if (write_lines(m) != GAN_OK) gan_warn("%s; the last records are lost", gan_fail_text());
    gan_fail_clear();
    if (!m->h5_whole || m->h5_bytes != m->jsonl_bytes) follow(m);
    if (fsync(m->fd) != 0) gan_warn("%s: cannot sync: %s", m->jsonl_path, strerror(errno));
}

/* What ended the run has still to be told, so its text is put aside while trouble here is warned of. */
void gan_metrics_close(gan_metrics *m)
{
    char cause[4096];
    if (!m) return;
    snprintf(cause, sizeof cause, "%s", gan_fail_text());
    gan_fail_clear();
    write_the_rest(m);
    if (*cause) GAN_FAIL(GAN_EIO, "%s", cause);
    metrics_free(m);
}
