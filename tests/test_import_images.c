/* Pictures to a dataset. PNG files are written by libpng, JPEG files by libjpeg, from rules; what is wanted is computed
 * here by plain loops in double: the crop by its definition, the resizing as a sum over all pixels of the square with the
 * triangle's weights. Cut and flipped files are refused or skipped by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "import_test.h"

#include <jpeglib.h>
#include <math.h>
#include <png.h>
#include <sys/stat.h>

static uint8_t pixel(int x, int y, int c)
{
    return (uint8_t)(x * 37 + y * 91 + x * y * 5 + c * 60);
}

static uint8_t *pixels_of(int w, int h, int channels)
{
    uint8_t *p = malloc((size_t)(w * h * channels)), *at = p;
    assert_non_null(p);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < channels; c++) *at++ = pixel(x, y, c);
    return p;
}

static void put_png(const char *name, int w, int h, int channels)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .width = (png_uint_32)w, .height = (png_uint_32)h};
    image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    uint8_t *p = pixels_of(w, h, channels);
    assert_true(png_image_write_to_file(&image, scratch(name), 0, p, 0, NULL));
    free(p);
}

/* All pixels have one colour: then JPEG loses nearly nothing. */
static void put_jpeg(const char *name, int w, int h, int channels, const uint8_t *colour)
{
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct j = {.err = jpeg_std_error(&errors)};
    FILE *f = fopen(scratch(name), "wb");
    uint8_t *row = malloc((size_t)(w * channels));
    assert_true(f && row);
    for (int i = 0; i < w * channels; i++) row[i] = colour[i % channels];
    jpeg_create_compress(&j);
    jpeg_stdio_dest(&j, f);
    j.image_width = (JDIMENSION)w, j.image_height = (JDIMENSION)h;
    j.input_components = channels, j.in_color_space = channels == 3   ? JCS_RGB
                                                      : channels == 4 ? JCS_CMYK
                                                                      : JCS_GRAYSCALE;
    jpeg_set_defaults(&j);
    jpeg_set_quality(&j, 95, TRUE);
    jpeg_start_compress(&j, TRUE);
    while (j.next_scanline < j.image_height) jpeg_write_scanlines(&j, &row, 1);
    jpeg_finish_compress(&j);
    jpeg_destroy_compress(&j);
    fclose(f);
    free(row);
}

static void new_dir(void)
{
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s' && mkdir -p '%s/sub'", scratch("in"), scratch("in"));
    assert_int_equal(system(command), 0);
}

static gan_status import(int size, int channels, bool skip)
{
    gan_import_options o = {.dir = scratch("in"), .size = size, .channels = channels, .skip_bad = skip};
    return gan_import_images(NULL, &o, scratch("out.h5"));
}

static uint8_t *imported(int n, int size, int channels)
{
    hsize_t d[4];
    uint8_t *all = read_array(scratch("out.h5"), "images", H5T_NATIVE_UINT8, 4, d);
    assert_true(d[0] == (hsize_t)n && d[1] == (hsize_t)size && d[2] == d[1] && d[3] == (hsize_t)channels);
    return all;
}

/* Output pixel (ox, oy) as a sum over all pixels of the square. */
static double wanted(int w, int h, int size, int ox, int oy, int c)
{
    int side = w < h ? w : h;
    double scale = (double)side / size, reach = scale > 1 ? scale : 1, sum = 0, weights = 0;
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            double wx = 1 - fabs(x + 0.5 - (ox + 0.5) * scale) / reach;
            double wy = 1 - fabs(y + 0.5 - (oy + 0.5) * scale) / reach;
            if (wx <= 0 || wy <= 0) continue;
            sum += wx * wy * pixel(x + (w - side) / 2, y + (h - side) / 2, c);
            weights += wx * wy;
        }
    return sum / weights;
}

static void pictures_are_cut_and_resized(void **state)
{
    (void)state;
    static const int cases[][4] = {/* width, height, channels, size */
                                   {8, 8, 3, 8},   {11, 8, 3, 8}, {8, 13, 1, 8}, {40, 33, 3, 8},
                                   {17, 30, 1, 5}, {5, 4, 3, 9},  {1, 1, 3, 4},  {178, 218, 3, 64}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        int w = cases[k][0], h = cases[k][1], channels = cases[k][2], size = cases[k][3];
        new_dir();
        put_png("in/a.png", w, h, channels);
        EXPECT_OK(import(size, 0, false));
        uint8_t *all = imported(1, size, channels), *got = all;
        for (int y = 0; y < size; y++)
            for (int x = 0; x < size; x++)
                for (int c = 0; c < channels; c++, got++) {
                    double v = wanted(w, h, size, x, y, c);
                    if (fabs(*got - v) > 0.5 + 1e-3)
                        fail_msg("%d x %d to %d, pixel %d %d %d: %d, wanted %g", w, h, size, x, y, c, *got,
                                 v);
                }
        free(all);
    }
}

/* The grey PNG of put_png with 16 bits (each byte twice), which says nothing of its gamma. */
static void put_deep_png(const char *name, int w, int h)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    FILE *f = fopen(scratch(name), "wb");
    uint8_t *row = malloc(2 * (size_t)w);
    assert_true(png && info && f && row);
    png_init_io(png, f);
    png_set_IHDR(png, info, (png_uint_32)w, (png_uint_32)h, 16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) row[2 * x] = row[2 * x + 1] = (uint8_t)pixel(x, y, 0);
        png_write_row(png, row);
    }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(f);
    free(row);
}

/* 16 bits give what 8 bits give; a fifo is no picture, and nobody waits for it. */
static void deep_pictures_and_fifos(void **state)
{
    (void)state;
    new_dir();
    put_deep_png("in/a.png", 8, 8);
    assert_int_equal(mkfifo(scratch("in/b.png"), 0600), 0);
    EXPECT_FAILURE(import(8, 0, false), GAN_EDATA, "in/b.png: not a regular file");
    EXPECT_OK(import(8, 0, true));
    uint8_t *got = imported(1, 8, 1), *want = pixels_of(8, 8, 1);
    assert_memory_equal(got, want, 64);
    free(got);
    free(want);
}

static void order_and_channels(void **state)
{
    (void)state;
    static const uint8_t blue[3] = {10, 20, 200}, grey[1] = {77};
    new_dir();
    put_jpeg("in/b.jpg", 9, 8, 3, blue);
    put_jpeg("in/sub/c.JPEG", 8, 8, 1, grey);
    put_png("in/a.PNG", 8, 8, 1);
    spill(scratch("in/readme.txt"), "x", 1);
    spill(scratch("in/._b.jpg"), "x", 1);
    EXPECT_FAILURE(import(4, 0, true), GAN_EDATA, "in/b.jpg: in colour, but ", "a.PNG is grey",
                   "--channels 3");
    EXPECT_OK(import(8, 3, false));
    uint8_t *p = imported(3, 8, 3);
    for (int i = 0; i < 64; i++)
        for (int c = 0; c < 3; c++) {
            assert_int_equal(p[i * 3 + c], pixel(i % 8, i / 8, 0));
            assert_true(abs(p[192 + i * 3 + c] - blue[c]) <= 3);
            assert_true(abs(p[384 + i * 3 + c] - 77) <= 1);
        }
    free(p);
    EXPECT_OK(import(8, 1, false));
    p = imported(3, 8, 1);
    for (int i = 0; i < 64; i++)
        assert_true(abs(p[64 + i] - 38) <= 3); /* 0.299*10 + 0.587*20 + 0.114*200 = 37.5 */
    free(p);
}

static void cut_file(const char *name, double part)
{
    long n;
    char *bytes = slurp(scratch(name), &n);
    spill(scratch(name), bytes, (long)((double)n * part));
    free(bytes);
}

static void bad_pictures_are_named(void **state)
{
    (void)state;
    static const uint8_t colour[4] = {10, 20, 200, 0};
    static const char *const names[] = {"in/b.png", "in/c.jpg", "in/d.jpg", "in/e.png"};
    new_dir();
    put_png("in/a.png", 30, 30, 3);
    for (double part = 0; part < 0.95; part += 0.1) {
        put_png("in/b.png", 30, 30, 3);
        cut_file("in/b.png", part);
        EXPECT_FAILURE(import(8, 0, false), GAN_EDATA, "in/b.png: ", "--bad skip");
    }
    EXPECT_OK(import(8, 0, true));
    put_jpeg("in/c.jpg", 60, 60, 3, colour);
    cut_file("in/c.jpg", 0.9);
    put_jpeg("in/d.jpg", 9, 9, 4, colour);
    spill(scratch("in/e.png"), "GIF89a", 6);
    EXPECT_OK(import(8, 0, true));
    free(imported(1, 8, 3));
    for (int i = 0; i < 4; i++) {
        EXPECT_FAILURE(import(8, 0, false), GAN_EDATA, names[i], "--bad skip");
        assert_int_equal(unlink(scratch(names[i])), 0);
    }
    EXPECT_OK(import(8, 0, false));
    spill(scratch("in/a.png"), "", 0);
    EXPECT_FAILURE(import(8, 0, true), GAN_EDATA, "none of its 1 pictures");
    new_dir();
    EXPECT_FAILURE(import(8, 0, true), GAN_EDATA, "in: no picture");
    assert_int_equal(count_files(scratch_dir, ".tmp-"), 0);
}

/* Any byte changed: an answer, no crash (the sanitizers watch in the other build). */
static void flipped_bytes_never_crash(void **state)
{
    (void)state;
    static const uint8_t colour[3] = {10, 20, 200};
    static const char *const names[] = {"in/p.png", "in/q.jpg"};
    for (int k = 0; k < 2; k++) {
        long n;
        new_dir();
        if (k)
            put_jpeg(names[k], 12, 12, 3, colour);
        else
            put_png(names[k], 12, 12, 3);
        char *bytes = slurp(scratch(names[k]), &n);
        for (long i = 0; i < n; i++) {
            bytes[i] ^= 0x41;
            spill(scratch(names[k]), bytes, n);
            gan_status s = import(4, 3, false);
            if (s != GAN_OK) EXPECT_FAILURE(s, GAN_EDATA, names[k]);
            bytes[i] ^= 0x41;
        }
        free(bytes);
    }
}

static gan_status import_with(const char *text)
{
    spill(scratch("list.txt"), text, (long)strlen(text));
    gan_import_options o = {.dir = scratch("in"), .size = 2, .attributes = scratch("list.txt")};
    return gan_import_images(NULL, &o, scratch("out.h5"));
}

static void attributes_follow_their_pictures(void **state)
{
    (void)state;
    hsize_t d[2];
    new_dir();
    put_png("in/b.png", 2, 2, 1);
    put_png("in/sub/a.png", 2, 2, 1);
    EXPECT_OK(import_with("3\nBald Smiling Young \r\nc.png 1 1 1\na.png  1 -1 -1\nb.png -1 -1  1\n"));
    int8_t *v = read_array(scratch("out.h5"), "attributes", H5T_NATIVE_INT8, 2, d); /* b.png comes first */
    assert_true(d[0] == 2 && d[1] == 3);
    assert_memory_equal(v, ((int8_t[]){-1, -1, 1, 1, -1, -1}), 6);
    free(v);
    EXPECT_OK(import_with("image_id,Bald,Smiling,Young\r\na.png,1,-1,-1\r\nb.png,-1,-1,1\r\n")); /* Kaggle's */
    v = read_array(scratch("out.h5"), "attributes", H5T_NATIVE_INT8, 2, d);
    assert_true(d[0] == 2 && d[1] == 3);
    assert_memory_equal(v, ((int8_t[]){-1, -1, 1, 1, -1, -1}), 6);
    free(v);
    EXPECT_FAILURE(import_with("image_id,Bald\na.png,1\nb.png,0\n"), GAN_EDATA, "line 3 (b.png): attribute 1 is \"0\"");
    EXPECT_FAILURE(import_with("image_id,\na.png,1\n"), GAN_EDATA, "line 1: the names");
    EXPECT_FAILURE(import_with("image_id,Bald\na.png,1"), GAN_EDATA, "list.txt does not list it");
    EXPECT_FAILURE(import_with("image_id,Bald"), GAN_EDATA, "list.txt: cut off");
    EXPECT_FAILURE(import_with("1\nBald\na.png 1\n"), GAN_EDATA, "in/b.png: ", "list.txt does not list it");
    EXPECT_FAILURE(import_with("2\nBald\na.png 1\n"), GAN_EDATA, "list.txt: cut off");
    EXPECT_FAILURE(import_with("1\nBald\na.png 2\n"), GAN_EDATA, "line 3 (a.png): attribute 1 is \"2\"");
    EXPECT_FAILURE(import_with("1\nBald Old\na.png 1    \n"), GAN_EDATA,
                   "line 3 (a.png): attribute 2 is \"\"");
    EXPECT_FAILURE(import_with("1\nBald\na.png 1 1\n"), GAN_EDATA, "more than 1 values");
    EXPECT_FAILURE(import_with("1\n\na.png 1\n"), GAN_EDATA, "line 2: the names");
    EXPECT_FAILURE(import_with("x\n"), GAN_EDATA, "line 1: the number of pictures");
    EXPECT_FAILURE(import_with(""), GAN_EDATA, "line 1: the number of pictures");
}

static void no_memory_is_said(void **state)
{
    (void)state;
    int failures = 0;
    static const uint8_t colour[3] = {10, 20, 200};
    new_dir();
    put_png("in/a.png", 9, 9, 3);
    put_jpeg("in/b.jpg", 9, 9, 3, colour);
    for (int64_t k = 1;; k++) {
        gan_mem_fail_at(k);
        gan_status s = import(4, 0, false);
        if (gan_mem_fail_at(0) > 0) break;
        EXPECT_FAILURE(s, GAN_ENOMEM, "memory");
        failures++;
    }
    assert_true(failures > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_before, scratch_after)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pictures_are_cut_and_resized),     TEST(deep_pictures_and_fifos), TEST(order_and_channels),
        TEST(bad_pictures_are_named),           TEST(flipped_bytes_never_crash),
        TEST(attributes_follow_their_pictures), TEST(no_memory_is_said),
    };
    gan_log_setup(0, GAN_QUIET);
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
