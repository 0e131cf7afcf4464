/* Importers of CIFAR-10. Files are made byte by byte here and read back with plain HDF5 calls; that pixels stand where
 * they belong is checked by a rule from which each pixel of each record follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "import_test.h"

enum { RECORD = 3073 };

static uint8_t cifar_byte(int record, int c, int y, int x)
{
    return (uint8_t)(record * 7 + c * 85 + y * 3 + x);
}

/* n records from number `first` on, `bytes` of them (0: all). */
static const char *cifar_file(const char *name, int first, int n, long bytes)
{
    uint8_t *all = calloc((size_t)n + 1, RECORD);
    const char *path = scratch(name);
    assert_non_null(all);
    for (int i = 0; i < n; i++) {
        uint8_t *r = all + (long)i * RECORD;
        *r++ = (uint8_t)((first + i) % 10);
        for (int c = 0; c < 3; c++)
            for (int y = 0; y < 32; y++)
                for (int x = 0; x < 32; x++) *r++ = cifar_byte(first + i, c, y, x);
    }
    spill(path, all, bytes ? bytes : (long)n * RECORD);
    free(all);
    return path;
}

static void check_cifar(const char *path, int n)
{
    hsize_t dims[4];
    uint8_t *images = read_array(path, "images", H5T_NATIVE_UINT8, 4, dims);
    assert_true(dims[0] == (hsize_t)n && dims[1] == 32 && dims[2] == 32 && dims[3] == 3);
    uint8_t *labels = read_array(path, "labels", H5T_NATIVE_UINT8, 1, dims);
    assert_int_equal(dims[0], n);
    const uint8_t *p = images;
    for (int i = 0; i < n; i++) {
        assert_int_equal(labels[i], i % 10);
        for (int y = 0; y < 32; y++)
            for (int x = 0; x < 32; x++)
                for (int c = 0; c < 3; c++) assert_int_equal(*p++, cifar_byte(i, c, y, x));
    }
    free(images);
    free(labels);
}

static void cifar_is_imported(void **state)
{
    (void)state;
    const char *files[] = {cifar_file("a.bin", 0, 300, 0), cifar_file("b.bin", 300, 3, 0)};
    EXPECT_OK(gan_import_cifar(files, 2, scratch("cifar.h5")));
    check_cifar(scratch("cifar.h5"), 303);
}

static void bad_cifar_is_refused(void **state)
{
    (void)state;
    const char *good = cifar_file("good.bin", 0, 2, 0), *out = scratch("kept.h5");
    EXPECT_OK(gan_import_cifar(&good, 1, out));
    const char *cut[] = {good, cifar_file("cut.bin", 0, 3, 2 * RECORD + 5)};
    EXPECT_FAILURE(gan_import_cifar(cut, 2, out), GAN_EDATA, "cut.bin: record 3 is cut off: 5 bytes",
                   "fetch");
    const char *empty = cifar_file("empty.bin", 0, 0, 0), *missing = scratch("missing.bin");
    EXPECT_FAILURE(gan_import_cifar(&empty, 1, out), GAN_EDATA, "empty.bin: the file is empty");
    EXPECT_FAILURE(gan_import_cifar(&missing, 1, out), GAN_EDATA, "missing.bin: cannot open");
    uint8_t record[RECORD] = {10};
    const char *label = scratch("label.bin");
    spill(label, record, RECORD);
    EXPECT_FAILURE(gan_import_cifar(&label, 1, out), GAN_EDATA, "label.bin: record 1 has the label 10",
                   ".bin");
    EXPECT_FAILURE(gan_import_cifar(&good, 0, out), GAN_EUSAGE, "no file is given");
    EXPECT_FAILURE(gan_import_cifar(&good, 1, scratch("no/dir.h5")), GAN_EIO, "no/dir.h5");
    check_cifar(out, 2);
    assert_int_equal(count_files(scratch_dir, ".tmp-"), 0);
}

static void cifar_survives_no_memory_and_full_disks(void **state)
{
    (void)state;
    const char *const out = strdup(scratch("memory.h5")), *const good =
                                                              strdup(cifar_file("good.bin", 0, 20, 0));
    int failures = 0;
    for (int64_t k = 1;; k++) {
        gan_mem_fail_at(k);
        gan_status s = gan_import_cifar(&good, 1, out);
        if (gan_mem_fail_at(0) > 0) break;
        EXPECT_FAILURE(s, GAN_ENOMEM, "memory");
        failures++;
    }
    assert_true(failures >= 3);
    limit_file_size(4096);
    EXPECT_FAILURE(gan_import_cifar(&good, 1, scratch("limited.h5")), GAN_EIO, "limited.h5");
    limit_file_size(SIZE_MAX);
    assert_int_equal(count_files(scratch_dir, "limited.h5"), 0);
    free((void *)out);
    free((void *)good);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_before, scratch_after)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cifar_is_imported),
        TEST(bad_cifar_is_refused),
        TEST(cifar_survives_no_memory_and_full_disks),
    };
    gan_log_setup(0, GAN_QUIET);
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
