/* The file of features: what is written block by block is read back with libhdf5 alone; labels that do not belong to the
 * images, a full disk and no memory end in a failure that leaves no file, and the one that was there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/cli/features_h5.h"
#include "scratch.h"

enum { N = 150, F = 70000, BLOCK = 64 }; /* a chunk holds two rows */

static const int64_t columns[] = {F - 5, 5};
static const gan__features_origin origin = {.layers = "conv1,conv2",
                                            .columns = columns,
                                            .n_layers = 2,
                                            .pooling = "maximum",
                                            .weights = "as trained",
                                            .source = "a test",
                                            .step = 12};

static float value(int64_t i, int64_t j)
{
    return (float)(i * 1000 + j % 1000);
}

/* A file with /labels [n] (and nothing else), extendible as imports make them; of text: no numbers. */
static void make_labels(const char *path, hsize_t n, bool text)
{
    const hsize_t most = H5S_UNLIMITED, chunk = 16;
    const hid_t chunked = H5Pcreate(H5P_DATASET_CREATE);
    static int32_t labels[N];
    for (int i = 0; i < N; i++) labels[i] = i % 10 - 3;
    gan_h5_lock();
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(1, &n, &most);
    assert_true(H5Pset_chunk(chunked, 1, &chunk) >= 0);
    hid_t set = H5Dcreate2(file, "labels", text ? H5T_C_S1 : H5T_STD_I32LE, space, H5P_DEFAULT, chunked, H5P_DEFAULT);
    assert_true(file >= 0 && space >= 0 && set >= 0);
    if (!text) assert_true(H5Dwrite(set, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels) >= 0);
    H5Dclose(set);
    H5Sclose(space);
    H5Pclose(chunked);
    H5Fclose(file);
    gan_h5_unlock();
}

static gan_status write_all(const char *path, const char *labels, bool *found)
{
    gan__features_file f;
    gan_status s = GAN_OK;
    float *block = malloc((size_t)BLOCK * F * sizeof *block);
    assert_non_null(block);
    if ((s = gan__features_create(&f, path, N, F, &origin)) == GAN_OK) {
        for (int64_t first = 0; s == GAN_OK && first < N; first += BLOCK) {
            int64_t n = N - first < BLOCK ? N - first : BLOCK;
            for (int64_t i = 0; i < n * F; i++) block[i] = value(first + i / F, i % F);
            s = gan__features_write(&f, first, n, block);
        }
        if (s == GAN_OK) s = gan__features_copy_labels(&f, labels, found);
        s = gan__features_finish(&f, s);
    }
    free(block);
    return s;
}

static void read_all(hid_t file)
{
    int64_t numbers[2] = {0}, step = 0;
    int32_t labels[N];
    float *x = malloc((size_t)N * F * sizeof *x);
    hid_t set = H5Dopen2(file, "features", H5P_DEFAULT), of = H5Dopen2(file, "labels", H5P_DEFAULT);
    assert_true(x && H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0);
    for (int64_t i = 0; i < N * F; i++) assert_true(x[i] == value(i / F, i % F));
    assert_true(H5Dread(of, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels) >= 0);
    for (int i = 0; i < N; i++) assert_int_equal(labels[i], i % 10 - 3);
    assert_true(gan_h5_get_attribute(set, "columns", H5T_NATIVE_INT64, 2, numbers) && numbers[0] == F - 5 && numbers[1] == 5);
    assert_true(gan_h5_get_attribute(set, "step", H5T_NATIVE_INT64, 1, &step) && step == 12);
    assert_true(H5Aexists(set, "layers") > 0 && H5Aexists(set, "pooling") > 0 && H5Aexists(set, "weights") > 0);
    assert_true(H5Aexists(file, "source") > 0);
    H5Dclose(set);
    H5Dclose(of);
    free(x);
}

static void test_written_and_read(void **state)
{
    (void)state;
    bool found = false;
    make_labels(scratch("data.h5"), N, false);
    EXPECT_OK(write_all(scratch("f.h5"), scratch("data.h5"), &found));
    assert_true(found);
    gan_h5_lock();
    hid_t file = H5Fopen(scratch("f.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(file >= 0);
    read_all(file);
    H5Fclose(file);
    gan_h5_unlock();
}

static void test_refused(void **state)
{
    (void)state;
    bool found;
    long n;
    spill(scratch("kept.h5"), "as it was", 9);
    make_labels(scratch("data.h5"), N - 1, false);
    EXPECT_FAILURE(write_all(scratch("kept.h5"), scratch("data.h5"), &found), GAN_EDATA,
                   "data.h5: /labels has 149 entries for 150 images");
    make_labels(scratch("data.h5"), N, true);
    EXPECT_FAILURE(write_all(scratch("kept.h5"), scratch("data.h5"), &found), GAN_EDATA, "data.h5: /labels is no array of numbers");
    EXPECT_FAILURE(write_all(scratch("none/f.h5"), scratch("data.h5"), &found), GAN_EIO, "none/f.h5", "cannot open");
    limit_file_size(5 << 20);
    gan_status s = write_all(scratch("kept.h5"), scratch("data.h5"), &found);
    limit_file_size(SIZE_MAX);
    EXPECT_FAILURE(s, GAN_EIO, "kept.h5: cannot write", "ulimit -f");
    char *kept = slurp(scratch("kept.h5"), &n);
    assert_string_equal(kept, "as it was");
    free(kept);
    assert_int_equal(count_files(scratch_dir, ".tmp-"), 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    bool found;
    make_labels(scratch("data.h5"), N, false);
    for (int64_t k = 1, left = 0; left == 0; k++) {
        gan_mem_fail_at(k);
        gan_status s = write_all(scratch("small.h5"), scratch("data.h5"), &found);
        left = gan_mem_fail_at(0);
        if (s != GAN_OK) EXPECT_FAILURE(s, GAN_ENOMEM, "no memory");
        gan_fail_clear();
    }
    assert_int_equal(count_files(scratch_dir, ".tmp-"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_written_and_read, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_refused, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_no_memory, scratch_before, scratch_after),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
