/* What the tests of importers share: reading an array back. After #include <cmocka.h>. */
#ifndef GAN_TEST_IMPORT_H
#define GAN_TEST_IMPORT_H

#include "scratch.h"

#include "gan/data.h"
#include "gan/h5.h"
#include "gan/log.h"

/* All of an array of bytes, from malloc. */
static inline void *read_array(const char *path, const char *name, hid_t type, int rank, hsize_t *dims)
{
    hid_t f = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), set = H5Dopen2(f, name, H5P_DEFAULT);
    hid_t space = H5Dget_space(set);
    assert_int_equal(H5Sget_simple_extent_ndims(space), rank);
    H5Sget_simple_extent_dims(space, dims, NULL);
    void *bytes = malloc((size_t)H5Sget_simple_extent_npoints(space));
    assert_non_null(bytes);
    assert_true(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) >= 0);
    H5Sclose(space);
    H5Dclose(set);
    H5Fclose(f);
    return bytes;
}

#endif
