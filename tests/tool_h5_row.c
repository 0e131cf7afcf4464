/* tool_h5_row FILE DATASET ROW [N]  prints one row of a dataset, or N, each a line of hexadecimal floats: for test scripts that
 * compare to the bit. Reads with libhdf5 alone. */
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>

static int print_row(hid_t set, hsize_t row)
{
    hsize_t dims[H5S_MAX_RANK], from[H5S_MAX_RANK] = {row}, floats = 1;
    hid_t space = H5Dget_space(set);
    int n = H5Sget_simple_extent_dims(space, dims, NULL);
    if (n < 1 || row >= dims[0]) return fprintf(stderr, "no row %llu\n", (unsigned long long)row), 1;
    dims[0] = 1;
    for (int d = 1; d < n; d++) floats *= dims[d];
    float *x = calloc(floats, sizeof *x);
    hid_t memory = H5Screate_simple(1, &floats, NULL);
    if (!x || H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, dims, NULL) < 0 ||
        H5Dread(set, H5T_NATIVE_FLOAT, memory, space, H5P_DEFAULT, x) < 0)
        return fprintf(stderr, "cannot read\n"), 1;
    for (hsize_t i = 0; i < floats; i++) printf("%a ", (double)x[i]);
    puts("");
    free(x);
    H5Sclose(memory);
    H5Sclose(space);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 5) return fprintf(stderr, "usage: tool_h5_row FILE DATASET ROW [N]\n"), 2;
    hid_t file = H5Fopen(argv[1], H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = file < 0 ? -1 : H5Dopen2(file, argv[2], H5P_DEFAULT);
    if (set < 0) return 1;
    const hsize_t first = strtoull(argv[3], NULL, 10), n = argc > 4 ? strtoull(argv[4], NULL, 10) : 1;
    int code = 0;
    for (hsize_t i = 0; i < n && code == 0; i++) code = print_row(set, first + i);
    H5Dclose(set);
    H5Fclose(file);
    return code;
}
