/* A dataset file, for people. Unlike training it tells about any /images, also one that cannot be trained on. */
#include "info.h"

#include "gan/h5.h"
#include "gan/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct array {
    int n_dims;
    hsize_t dims[H5S_MAX_RANK];
    char type[32]; /* "uint8", "float32" */
    hsize_t stored_bytes;
} array;

static void name_type(hid_t set, char *name, size_t n)
{
    hid_t type = H5Dget_type(set);
    H5T_class_t class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    int bits = type < 0 ? 0 : 8 * (int)H5Tget_size(type);
    const char *prefix = class == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "";
    if (class == H5T_INTEGER || class == H5T_FLOAT)
        snprintf(name, n, "%s%s%d", prefix, class == H5T_FLOAT ? "float" : "int", bits);
    else
        snprintf(name, n, "no numbers");
    if (type >= 0) H5Tclose(type);
}

static bool describe(hid_t set, array *a)
{
    hid_t space = H5Dget_space(set);
    a->n_dims = space < 0 ? -1 : H5Sget_simple_extent_dims(space, a->dims, NULL);
    if (space >= 0) H5Sclose(space);
    a->stored_bytes = H5Dget_storage_size(set);
    name_type(set, a->type, sizeof a->type);
    return a->n_dims > 0;
}

static hid_t open_array(hid_t file, const char *name, array *a)
{
    hid_t set = H5Lexists(file, name, H5P_DEFAULT) > 0 ? H5Dopen2(file, name, H5P_DEFAULT) : -1;
    if (set < 0 || describe(set, a)) return set;
    H5Dclose(set);
    return -1;
}

/* ---- printing ---------------------------------------------------------------------------------------------- */

static void print_images(hid_t set, const array *a)
{
    double range[2] = {0, 255};
    bool known =
        gan_h5_get_attribute(set, "range", H5T_NATIVE_DOUBLE, 2, range) || strcmp(a->type, "uint8") == 0;
    printf(GAN__ITEM "%" PRIuHSIZE "\n", "samples", a->dims[0]);
    printf(GAN__ITEM, "shape");
    for (int d = 1; d < a->n_dims; d++) printf("%s%" PRIuHSIZE, d > 1 ? "x" : "", a->dims[d]);
    printf("\n" GAN__ITEM "%s\n", "type", a->type);
    if (known)
        printf(GAN__ITEM "%g to %g\n", "range", range[0], range[1]);
    else
        printf(GAN__ITEM "%s\n", "range", "not stated; training wants attribute \"range\" of /images");
    printf(GAN__ITEM, "size");
    gan__print_size((double)a->stored_bytes);
    puts(" in the file");
}

/* The classes are counted when labels are one small whole number each. */
static gan_status print_labels(hid_t set, const array *a, const char *path)
{
    int64_t n = (int64_t)a->dims[0];
    if (a->n_dims != 1 || strcmp(a->type, "uint8") != 0) {
        printf(GAN__ITEM "%" PRIuHSIZE ", %s\n", "labels", a->dims[0], a->type);
        return GAN_OK;
    }
    bool seen[256] = {false};
    uint8_t *values = gan_calloc(n, 1);
    if (!values) return GAN_ENOMEM;
    bool ok = H5Dread(set, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    for (int64_t i = 0; ok && i < n; i++) seen[values[i]] = true;
    gan_free(values);
    int classes = 0;
    for (int v = 0; v < 256; v++) classes += seen[v];
    if (ok) printf(GAN__ITEM "%" PRId64 " in %d classes\n", "labels", n, classes);
    return ok ? GAN_OK
              : GAN_FAIL(GAN_EDATA, "%s: cannot read /labels: %s; the file is damaged", path,
                         gan_h5_reason());
}

static void print_source(hid_t file)
{
    char text[512] = "";
    hid_t a = H5Aexists(file, "source") > 0 ? H5Aopen(file, "source", H5P_DEFAULT) : -1;
    hid_t type = a >= 0 ? H5Aget_type(a) : -1;
    bool fits = type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
                H5Tget_size(type) < sizeof text;
    if (fits && H5Aread(a, type, text) >= 0) printf(GAN__ITEM "%s\n", "made from", text);
    if (type >= 0) H5Tclose(type);
    if (a >= 0) H5Aclose(a);
}

gan_status gan__info_dataset(hid_t file, const char *path)
{
    array a;
    gan_status s = GAN_OK;
    hid_t images = open_array(file, "images", &a);
    if (images < 0)
        return GAN_FAIL(GAN_EDATA,
                        "%s: an HDF5 file, but neither a dataset (no array /images) nor metrics (no /step)",
                        path);
    printf("%s: dataset\n", path);
    print_images(images, &a);
    H5Dclose(images);
    hid_t labels = open_array(file, "labels", &a);
    if (labels >= 0) {
        s = print_labels(labels, &a, path);
        H5Dclose(labels);
    }
    hid_t attributes = open_array(file, "attributes", &a);
    if (attributes >= 0) {
        if (s == GAN_OK) s = gan__print_attributes(attributes, a.n_dims == 2 ? (int64_t)a.dims[1] : 1, a.type);
        H5Dclose(attributes);
    }
    print_source(file);
    return s;
}

int64_t gan__dataset_samples(const char *path)
{
    gan_h5_file f;
    array a = {0};
    bool failed_before = gan_fail_text()[0];
    gan_h5_lock();
    if (gan_h5_open(&f, path, GAN_H5_READ, 0) == GAN_OK) {
        hid_t images = open_array(f.id, "images", &a);
        if (images >= 0) H5Dclose(images);
        gan_h5_close(&f, path); /* nothing was written */
    }
    gan_h5_unlock();
    if (!failed_before) gan_fail_clear();
    return a.n_dims > 0 ? (int64_t)a.dims[0] : 0;
}
