/* The record of a run that goes on: metrics.jsonl cut back to the step of the checkpoint, and what is said of what was
 * found in it. */
#include "metrics.h"

#include "gan/file.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* What was found in an old record. */
typedef struct found {
    int64_t bytes; /* copied */
    int64_t records, garbage; /* lines */
} found;

/* Copy the records up to `step` to file `to`. */
static gan_status copy_records(gan_metrics *m, gan__lines *lines, int to, int64_t step, found *f)
{
    char *line;
    int64_t length, its_step;
    while ((line = gan__lines_next(lines, &length))) {
        bool is_record = gan__metrics_parse(m, line, length, &its_step, m->values);
        f->records += is_record;
        f->garbage += !is_record;
        if (!is_record || its_step > step) continue;
        line[length] = '\n'; /* where the line was cut */
        if (!gan__metrics_write_at(to, line, length + 1, f->bytes)) return gan__metrics_cannot(m->jsonl_path, "write");
        f->bytes += length + 1;
    }
    errno = lines->error;
    return lines->error ? gan__metrics_cannot(m->jsonl_path, "read") : GAN_OK;
}

/* A last line that was torn is what any kill leaves, and not worth a word. */
static void tell(const gan_metrics *m, const found *f, int64_t step)
{
    if (f->garbage > 0)
        gan_warn("%s: %lld line%s of it %s no record%s and %s left out", m->jsonl_path, (long long)f->garbage,
                 f->garbage == 1 ? "" : "s", f->garbage == 1 ? "is" : "are", f->garbage == 1 ? "" : "s",
                 f->garbage == 1 ? "is" : "are");
    if (f->records == 0)
        gan_warn("%s: there is no record in it; the record begins again after step %lld", m->jsonl_path, (long long)step);
}

static gan_status copy_to_temp(gan_metrics *m, const char *temp, int64_t step)
{
    gan__lines *lines = gan_calloc(1, sizeof *lines);
    if (!lines) return GAN_ENOMEM;
    gan_status s = GAN_OK;
    found f = {0};
    int from = open(m->jsonl_path, O_RDONLY | O_CLOEXEC);
    int to = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (to < 0)
        s = gan__metrics_cannot(temp, "open");
    else if (from < 0 && errno != ENOENT)
        s = gan__metrics_cannot(m->jsonl_path, "open");
    else if (from < 0)
        gan_warn("%s: it is gone; the record begins again after step %lld", m->jsonl_path, (long long)step);
    if (s == GAN_OK && from >= 0) {
        gan__lines_start(lines, from, 0);
        s = copy_records(m, lines, to, step, &f);
        if (s == GAN_OK) tell(m, &f, step);
    }
    if (from >= 0) close(from);
    if (to >= 0 && close(to) != 0 && s == GAN_OK) s = gan__metrics_cannot(temp, "write");
    gan_free(lines);
    return s;
}

gan_status gan__metrics_cut_back(gan_metrics *m, int64_t step)
{
    char *temp = gan_file_temp(m->jsonl_path);
    if (!temp) return GAN_ENOMEM;
    gan_status s = copy_to_temp(m, temp, step);
    if (s == GAN_OK)
        s = gan_file_publish(temp, m->jsonl_path);
    else
        unlink(temp);
    gan_free(temp);
    return s;
}

/* ---- a run without a checkpoint ---------------------------------------------------------------------------- */

static int64_t last_step(gan_metrics *m, gan__lines *lines)
{
    char *line;
    int64_t length, step, last = 0;
    while ((line = gan__lines_next(lines, &length)))
        if (gan__metrics_parse(m, line, length, &step, m->values) && step > last) last = step;
    return last;
}

gan_status gan__metrics_tell_lost(gan_metrics *m)
{
    int fd = open(m->jsonl_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return GAN_OK;
    gan__lines *lines = gan_calloc(1, sizeof *lines);
    if (lines) {
        gan__lines_start(lines, fd, 0);
        int64_t steps = last_step(m, lines);
        if (steps > 0)
            gan_warn("no checkpoint is left of a run that has come to step %lld, as %s says: these %lld steps are begun anew, "
                     "and their records are written over",
                     (long long)steps, m->jsonl_path, (long long)steps);
    }
    close(fd);
    gan_free(lines);
    return lines ? GAN_OK : GAN_ENOMEM;
}
