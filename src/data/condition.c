/* Labels [N], integers from 0 on, become one number a class (one-hot); attributes [N,A] are taken as they are. All are looked at when
 * they are read: a label below 0, or beyond all reason, says that the file is wrong. */
#include "condition.h"

#include "gan/h5.h"
#include "gan/mem.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { MAX_CLASSES = 65536, MAX_ATTRIBUTES = 65536 };

static const char *const names[] = {[GAN_CONDITION_NONE] = "", [GAN_CONDITION_LABELS] = "labels", [GAN_CONDITION_ATTRIBUTES] = "attributes"};

int64_t gan__conditions_bytes(const gan__conditions *c)
{
    const int64_t each[] = {0, (int64_t)sizeof(int32_t), c->numbers * (int64_t)sizeof(float)};
    return c->n * each[c->kind];
}

/* ---- an open array ------------------------------------------------------------------------------------------- */

static gan_status check_array(hid_t array, const char *path, gan__conditions *c)
{
    hsize_t dims[H5S_MAX_RANK] = {0};
    hid_t space = H5Dget_space(array), type = H5Dget_type(array);
    const int rank = space < 0 ? -1 : H5Sget_simple_extent_dims(space, dims, NULL);
    const H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    const bool labels = c->kind == GAN_CONDITION_LABELS;
    if (class != H5T_INTEGER && (labels || class != H5T_FLOAT))
        return GAN_FAIL(GAN_EDATA, "%s: /%s holds no %s; make it again", path, names[c->kind], labels ? "integers" : "numbers");
    if (rank != (labels ? 1 : 2) || (int64_t)dims[0] != c->n)
        return GAN_FAIL(GAN_EDATA, "%s: /%s has %d dimensions, the first of %" PRIuHSIZE "; %s for the %lld samples is wanted", path,
                        names[c->kind], rank, dims[0], labels ? "[N], a class each," : "[N,attributes]", (long long)c->n);
    if (!labels && (dims[1] < 1 || dims[1] > MAX_ATTRIBUTES))
        return GAN_FAIL(GAN_EDATA, "%s: /attributes has %" PRIuHSIZE " a sample; 1 to %d are wanted", path, dims[1], MAX_ATTRIBUTES);
    c->numbers = labels ? 0 : (int64_t)dims[1];
    if (c->n > INT64_MAX / 8 / (labels ? 1 : c->numbers))
        return GAN_FAIL(GAN_EDATA, "%s: /%s has more numbers than memory can have", path, names[c->kind]);
    return GAN_OK;
}

static gan_status read_array(hid_t array, const char *path, const gan__conditions *c, void *to)
{
    const hid_t type = c->kind == GAN_CONDITION_LABELS ? H5T_NATIVE_INT32 : H5T_NATIVE_FLOAT;
    if (H5Dread(array, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to) >= 0) return GAN_OK;
    return GAN_FAIL(GAN_EDATA, "%s: cannot read /%s: %s; the file is damaged, make it again", path, names[c->kind], gan_h5_reason());
}

/* Numbers that int32 does not hold are read as its limits, which are no classes either. */
static gan_status check_labels(const int32_t *labels, const char *path, gan__conditions *c)
{
    int32_t most = 0;
    for (int64_t i = 0; i < c->n; i++) {
        if (labels[i] < 0 || labels[i] >= MAX_CLASSES)
            return GAN_FAIL(GAN_EDATA, "%s: /labels: sample %lld has the label %d; classes are numbered from 0, at most %d", path,
                            (long long)i, labels[i], MAX_CLASSES - 1);
        if (labels[i] > most) most = labels[i];
    }
    c->numbers = most + 1;
    return GAN_OK;
}

static gan_status check_attributes(const float *x, const char *path, const gan__conditions *c)
{
    for (int64_t i = 0; i < c->n * c->numbers; i++)
        if (!isfinite(x[i]))
            return GAN_FAIL(GAN_EDATA, "%s: /attributes: sample %lld, value %lld is not finite", path, (long long)(i / c->numbers),
                            (long long)(i % c->numbers));
    return GAN_OK;
}

/* ---- the file ------------------------------------------------------------------------------------------------ */

/* to NULL: the array is only looked at. */
static gan_status with_array(hid_t array, const char *path, gan__conditions *c, void *to)
{
    gan__conditions found = {.kind = c->kind, .n = c->n};
    GAN_TRY(check_array(array, path, &found));
    if (!to) {
        *c = found;
        return GAN_OK;
    }
    if (found.numbers != c->numbers) return GAN_FAIL(GAN_EDATA, "%s: it changed while it was being read", path);
    GAN_TRY(read_array(array, path, c, to));
    return c->kind == GAN_CONDITION_LABELS ? check_labels(to, path, c) : check_attributes(to, path, c);
}

static gan_status with_file(hid_t file, const char *path, gan__conditions *c, void *to)
{
    const char *name = names[c->kind];
    if (H5Lexists(file, name, H5P_DEFAULT) <= 0)
        return GAN_FAIL(GAN_EDATA, "%s: it has no /%s, which data.condition = %s asks for; import it again with them, or add "
                                   "%s, with h5py such as f[\"%s\"] = ...", path, name, name,
                        c->kind == GAN_CONDITION_LABELS ? "[N] integers from 0" : "[N,A] numbers", name);
    hid_t array = H5Dopen2(file, name, H5P_DEFAULT);
    if (array < 0) return GAN_FAIL(GAN_EDATA, "%s: cannot open /%s as a dataset: %s", path, name, gan_h5_reason());
    gan_status s = with_array(array, path, c, to);
    H5Dclose(array);
    return s;
}

static gan_status visit(gan__conditions *c, const char *path, void *to)
{
    gan_h5_file file = {0};
    gan_h5_lock();
    gan_status s = gan_h5_open(&file, path, GAN_H5_READ, 0);
    if (s == GAN_OK) s = with_file(file.id, path, c, to);
    else if (s == GAN_EIO) s = GAN_EDATA;
    gan_h5_close(&file, path); /* nothing was written */
    gan_h5_unlock();
    return s;
}

gan_status gan__conditions_probe(gan__conditions *c, const char *path, gan_condition_kind kind, int64_t n)
{
    *c = (gan__conditions){.kind = kind, .n = n};
    return kind == GAN_CONDITION_NONE ? GAN_OK : visit(c, path, NULL);
}

gan_status gan__conditions_load(gan__conditions *c, const char *path, void *to)
{
    return c->kind == GAN_CONDITION_NONE ? GAN_OK : visit(c, path, to);
}

void gan__conditions_get(const gan__conditions *c, const void *stored, int64_t i, float *out)
{
    if (c->kind == GAN_CONDITION_ATTRIBUTES) {
        memcpy(out, (const float *)stored + i * c->numbers, (size_t)c->numbers * sizeof *out);
        return;
    }
    memset(out, 0, (size_t)c->numbers * sizeof *out);
    out[((const int32_t *)stored)[i]] = 1;
}
