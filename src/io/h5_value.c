/* Small values in HDF5 files: numeric attributes and texts. */
#include "gan/h5.h"

#include <string.h>

static bool write_new(hid_t object, const char *name, hid_t file_type, hid_t space, hid_t type,
                      const void *values)
{
    if (space < 0) return false;
    hid_t a = H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool ok = a >= 0 && H5Awrite(a, type, values) >= 0;
    if (a >= 0) ok = H5Aclose(a) >= 0 && ok;
    H5Sclose(space);
    return ok;
}

bool gan_h5_put_attribute(hid_t object, const char *name, hid_t file_type, hid_t type, int64_t n,
                          const void *values)
{
    hsize_t dim = (hsize_t)n;
    hid_t space = n == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &dim, NULL);
    return write_new(object, name, file_type, space, type, values);
}

bool gan_h5_put_text(hid_t object, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type < 0) return false;
    bool ok = H5Tset_size(type, strlen(text) + 1) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0 &&
              write_new(object, name, type, H5Screate(H5S_SCALAR), type, text);
    H5Tclose(type);
    return ok;
}

static bool is_numeric(hid_t attribute)
{
    hid_t type = H5Aget_type(attribute);
    if (type < 0) return false;
    H5T_class_t class = H5Tget_class(type);
    H5Tclose(type);
    return class == H5T_INTEGER || class == H5T_FLOAT;
}

static bool has_size(hid_t attribute, int64_t n)
{
    hid_t space = H5Aget_space(attribute);
    if (space < 0) return false;
    hssize_t size = H5Sget_simple_extent_npoints(space);
    H5Sclose(space);
    return size == n;
}

bool gan_h5_get_attribute(hid_t object, const char *name, hid_t type, int64_t n, void *values)
{
    if (H5Aexists(object, name) <= 0) return false;
    hid_t a = H5Aopen(object, name, H5P_DEFAULT);
    if (a < 0) return false;
    bool ok = is_numeric(a) && has_size(a, n) && H5Aread(a, type, values) >= 0;
    H5Aclose(a);
    return ok;
}
