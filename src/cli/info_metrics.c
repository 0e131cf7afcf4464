/* metrics.h5, for people: how many records, and the last of them. May be read while a run is writing it: /step is what
 * the writer extends last, so its length counts. */
#include "info.h"

#include "gan/h5.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_NAME = 255, MAX_DEPTH = 8 };

/* Length of a one-dimensional dataset, -1 if it is none. */
static int64_t length_of(hid_t set)
{
    hsize_t n = 0;
    hid_t space = H5Dget_space(set);
    bool line = space >= 0 && H5Sget_simple_extent_ndims(space) == 1 &&
                H5Sget_simple_extent_dims(space, &n, NULL) == 1;
    if (space >= 0) H5Sclose(space);
    return line ? (int64_t)n : -1;
}

static bool read_at(hid_t set, int64_t row, double *value)
{
    hsize_t start = (hsize_t)row, one = 1;
    hid_t file = H5Dget_space(set), memory = H5Screate_simple(1, &one, NULL);
    bool ok = file >= 0 && memory >= 0 &&
              H5Sselect_hyperslab(file, H5S_SELECT_SET, &start, NULL, &one, NULL) >= 0 &&
              H5Dread(set, H5T_NATIVE_DOUBLE, memory, file, H5P_DEFAULT, value) >= 0;
    if (file >= 0) H5Sclose(file);
    if (memory >= 0) H5Sclose(memory);
    return ok;
}

static gan_status cannot_read(const char *path, const char *name)
{
    return GAN_FAIL(GAN_EDATA,
                    "%s: cannot read /%s: %s; metrics.h5 is derived from metrics.jsonl and is made anew when "
                    "the run goes on",
                    path, name, gan_h5_reason());
}

/* ---- all quantities, group by group ------------------------------------------------------------------------ */

typedef struct table {
    const char *path;
    int64_t rows; /* records that are whole */
} table;

static gan_status print_value(const table *t, hid_t set, const char *name)
{
    double value;
    if (length_of(set) < t->rows || !read_at(set, t->rows - 1, &value)) return cannot_read(t->path, name);
    if (isnan(value))
        printf("  %-28s none\n", name);
    else
        printf("  %-28s %.6g\n", name, value);
    return GAN_OK;
}

static gan_status print_group(const table *t, hid_t group, const char *prefix, int depth);

static gan_status print_object(const table *t, hid_t group, const char *link, const char *name, int depth)
{
    hid_t object = H5Oopen(group, link, H5P_DEFAULT);
    if (object < 0) return cannot_read(t->path, name);
    H5I_type_t type = H5Iget_type(object);
    gan_status s = GAN_OK;
    if (type == H5I_GROUP && depth < MAX_DEPTH)
        s = print_group(t, object, name, depth + 1);
    else if (type == H5I_DATASET && strcmp(name, "step") != 0)
        s = print_value(t, object, name);
    H5Oclose(object);
    return s;
}

static gan_status print_group(const table *t, hid_t group, const char *prefix, int depth)
{
    H5G_info_t info;
    if (H5Gget_info(group, &info) < 0) return cannot_read(t->path, prefix);
    for (hsize_t i = 0; i < info.nlinks; i++) {
        char link[MAX_NAME + 1], name[2 * MAX_NAME + 2];
        if (H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, link, sizeof link, H5P_DEFAULT) < 0)
            return cannot_read(t->path, prefix);
        int n = snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "/" : "", link);
        if (n < 0 || n > MAX_NAME) continue; /* none of ours */
        GAN_TRY(print_object(t, group, link, name, depth));
    }
    return GAN_OK;
}

/* ---- the file ---------------------------------------------------------------------------------------------- */

static gan_status print_steps(table *t, hid_t file)
{
    double first = 0, last = 0;
    hid_t set = H5Dopen2(file, "step", H5P_DEFAULT);
    t->rows = set < 0 ? -1 : length_of(set);
    bool ok = t->rows == 0 || (t->rows > 0 && read_at(set, 0, &first) && read_at(set, t->rows - 1, &last));
    if (set >= 0) H5Dclose(set);
    if (!ok) return cannot_read(t->path, "step");
    printf("%s: metrics, %" PRId64 " records", t->path, t->rows);
    if (t->rows > 0) printf(", steps %.0f to %.0f; the last:", first, last);
    puts("");
    return GAN_OK;
}

gan_status gan__info_metrics(const char *path)
{
    gan_h5_file f;
    table t = {.path = path};
    gan_h5_lock();
    gan_status s = gan_h5_open(&f, path, GAN_H5_READ, 0);
    if (s == GAN_OK) {
        s = print_steps(&t, f.id);
        if (s == GAN_OK && t.rows > 0) s = print_group(&t, f.id, "", 0);
        gan_h5_close(&f, path); /* nothing was written */
    }
    gan_h5_unlock();
    return s;
}
