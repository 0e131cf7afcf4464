/* metrics.h5, derived from the lines of metrics.jsonl: a copy of the file is extended by what is new in them and takes
 * the file's name. If anything fails, the whole file is made anew from the lines at the next occasion.
 *
 * Why a copy, when HDF5 can extend the file itself: readers (h5py) may open it at any moment and keep it open. One that
 * has it open while it is extended finds quantities of different lengths and chunks beyond the end of the file that it
 * knows (seen in 1 of 200 reads beside a busy writer). With a copy, what has been opened never changes, and a kill
 * leaves a whole file. A copy costs about a millisecond per megabyte; when that is no longer small, the file follows
 * less often. */
#include "metrics.h"

#include "gan/clock.h"
#include "gan/file.h"
#include "gan/h5.h"
#include "gan/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    ROWS = 1024, /* of a chunk in the file, and parsed at a time */
    PAUSE = 50   /* an expensive update is followed by a pause of so many times what it took */
};
static const double CHEAP_S = 0.05;

/* Parsed rows by columns, as the file has them. */
typedef struct block {
    int64_t n;
    int64_t steps[ROWS];
    double *columns; /* [names, ROWS] */
    double *row;     /* [names] */
    gan__lines lines;
} block;

static block *block_new(const gan_metrics *m)
{
    block *b = gan_calloc(1, sizeof *b);
    if (!b) return NULL;
    b->columns = gan_calloc((int64_t)m->n * ROWS, sizeof *b->columns);
    b->row = gan_calloc(m->n, sizeof *b->row);
    if (b->columns && b->row) return b;
    gan_free(b->columns);
    gan_free(b->row);
    gan_free(b);
    return NULL;
}

static void block_free(block *b)
{
    gan_free(b->columns);
    gan_free(b->row);
    gan_free(b);
}

static void block_fill(block *b, const gan_metrics *m)
{
    char *line;
    int64_t length;
    b->n = 0;
    while (b->n < ROWS && (line = gan__lines_next(&b->lines, &length))) {
        if (!gan__metrics_parse(m, line, length, &b->steps[b->n], b->row)) continue;
        for (int i = 0; i < m->n; i++) b->columns[i * (int64_t)ROWS + b->n] = b->row[i];
        b->n++;
    }
}

static bool create_column(hid_t file, const char *name, hid_t type, const void *fill)
{
    hsize_t none = 0, no_limit = H5S_UNLIMITED, chunk = ROWS;
    hid_t space = H5Screate_simple(1, &none, &no_limit), p = H5Pcreate(H5P_DATASET_CREATE);
    hid_t links = H5Pcreate(H5P_LINK_CREATE), dataset = -1;
    if (space >= 0 && p >= 0 && links >= 0 && H5Pset_chunk(p, 1, &chunk) >= 0 &&
        H5Pset_fill_value(p, type, fill) >= 0 && H5Pset_create_intermediate_group(links, 1) >= 0)
        dataset = H5Dcreate2(file, name, type, space, links, p, H5P_DEFAULT);
    bool ok = dataset >= 0 && H5Dclose(dataset) >= 0;
    if (links >= 0) H5Pclose(links);
    if (p >= 0) H5Pclose(p);
    if (space >= 0) H5Sclose(space);
    return ok;
}

static bool create_columns(const gan_metrics *m, hid_t file)
{
    const int64_t no_step = -1;
    const double unknown = NAN;
    bool ok = create_column(file, "step", H5T_NATIVE_INT64, &no_step);
    for (int i = 0; ok && i < m->n; i++) ok = create_column(file, m->names[i], H5T_NATIVE_DOUBLE, &unknown);
    return ok;
}

static bool extend_column(hid_t file, const char *name, hid_t type, int64_t rows, int64_t n,
                          const void *values)
{
    hsize_t start = (hsize_t)rows, count = (hsize_t)n, total = start + count;
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), to = -1, from = -1;
    if (dataset >= 0 && H5Dset_extent(dataset, &total) >= 0) {
        to = H5Dget_space(dataset);
        from = H5Screate_simple(1, &count, NULL);
    }
    bool ok = to >= 0 && from >= 0 &&
              H5Sselect_hyperslab(to, H5S_SELECT_SET, &start, NULL, &count, NULL) >= 0 &&
              H5Dwrite(dataset, type, from, to, H5P_DEFAULT, values) >= 0;
    if (from >= 0) H5Sclose(from);
    if (to >= 0) H5Sclose(to);
    if (dataset >= 0) ok = H5Dclose(dataset) >= 0 && ok;
    return ok;
}

static bool extend(const gan_metrics *m, hid_t file, int64_t rows, const block *b)
{
    bool ok = true;
    for (int i = 0; ok && i < m->n; i++)
        ok = extend_column(file, m->names[i], H5T_NATIVE_DOUBLE, rows, b->n, b->columns + i * (int64_t)ROWS);
    return ok && extend_column(file, "step", H5T_NATIVE_INT64, rows, b->n, b->steps);
}

/* All lines from `m->h5_bytes` on; rows and bytes are counted on only when it has worked. */
static gan_status append_lines(gan_metrics *m, gan_h5_file *f, const char *path, block *b)
{
    int64_t rows = m->h5_rows;
    gan__lines_start(&b->lines, m->fd, m->h5_bytes);
    for (block_fill(b, m); b->n > 0; block_fill(b, m)) {
        if (!extend(m, f->id, rows, b) && !f->error)
            return GAN_FAIL(GAN_EIO, "%s: cannot extend: %s", path, gan_h5_reason());
        if (f->error) return GAN_EIO; /* gan_h5_close has the text */
        rows += b->n;
    }
    if (b->lines.error)
        return GAN_FAIL(GAN_EIO, "%s: cannot read: %s", m->jsonl_path, strerror(b->lines.error));
    m->h5_rows = rows;
    m->h5_bytes = b->lines.next;
    return GAN_OK;
}

static gan_status append_to(gan_metrics *m, const char *path, gan_h5_mode mode, block *b)
{
    gan_h5_file f;
    gan_h5_lock();
    gan_status s = gan_h5_open(&f, path, mode, 0);
    if (s == GAN_OK) {
        if (mode == GAN_H5_CREATE && !create_columns(m, f.id))
            s = GAN_FAIL(GAN_EIO, "%s: cannot make its datasets: %s", path, gan_h5_reason());
        if (s == GAN_OK) s = append_lines(m, &f, path, b);
        gan_status closed = gan_h5_close(&f, path);
        if (s == GAN_OK) s = closed;
    }
    gan_h5_unlock();
    return s;
}

static gan_status copy_bytes(const char *from_path, int from, const char *to_path, int to, block *b)
{
    ssize_t got, put = 0;
    while ((got = read(from, b->lines.buffer, sizeof b->lines.buffer)) > 0)
        for (ssize_t at = 0; at < got; at += put)
            if ((put = write(to, b->lines.buffer + at, (size_t)(got - at))) < 0)
                return GAN_FAIL(GAN_EIO, "%s: cannot write: %s; %s", to_path, strerror(errno),
                                gan_file_remedy(errno));
    return got == 0 ? GAN_OK : GAN_FAIL(GAN_EIO, "%s: cannot read: %s", from_path, strerror(errno));
}

static gan_status copy_file(const char *from_path, const char *to_path, block *b)
{
    int from = open(from_path, O_RDONLY | O_CLOEXEC);
    int to = from < 0 ? -1 : open(to_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    gan_status s = to >= 0 ? copy_bytes(from_path, from, to_path, to, b)
                           : GAN_FAIL(GAN_EIO, "%s: cannot copy: %s; %s", from_path, strerror(errno),
                                      gan_file_remedy(errno));
    if (to >= 0 && close(to) != 0 && s == GAN_OK)
        s = GAN_FAIL(GAN_EIO, "%s: cannot write: %s; %s", to_path, strerror(errno), gan_file_remedy(errno));
    if (from >= 0) close(from);
    return s;
}

static gan_status make_next(gan_metrics *m, const char *temp, block *b)
{
    if (m->h5_whole) {
        GAN_TRY(copy_file(m->h5_path, temp, b));
        GAN_TRY(append_to(m, temp, GAN_H5_CHANGE, b));
    } else {
        m->h5_rows = m->h5_bytes = 0;
        GAN_TRY(append_to(m, temp, GAN_H5_CREATE, b));
    }
    /* No sync: what a crash of the machine leaves is made anew from the lines. */
    if (rename(temp, m->h5_path) == 0) return GAN_OK;
    return GAN_FAIL(GAN_EIO, "%s: cannot replace: %s; %s", m->h5_path, strerror(errno),
                    gan_file_remedy(errno));
}

gan_status gan__metrics_h5_follow(gan_metrics *m)
{
    double start_s = gan_clock_s();
    char *temp = gan_file_temp(m->h5_path);
    block *b = temp ? block_new(m) : NULL;
    gan_status s = b ? make_next(m, temp, b) : GAN_ENOMEM;
    m->h5_whole = s == GAN_OK;
    if (b && s != GAN_OK) unlink(temp);
    if (b) block_free(b);
    gan_free(temp);
    m->h5_done_s = gan_clock_s();
    m->h5_cost_s = m->h5_done_s - start_s;
    return s;
}

bool gan__metrics_h5_due(const gan_metrics *m)
{
    if (m->h5_whole && m->h5_bytes == m->jsonl_bytes) return false;
    return m->h5_cost_s < CHEAP_S || gan_clock_s() - m->h5_done_s > PAUSE * m->h5_cost_s;
}
