/* Pictures, decoded again with libpng: where each image stands, what each pixel is, the enlargement, the clipping; for
 * scatter plots that ink is where the points are and nowhere else, darker where they are many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "gan/file.h"
#include "gan/png.h"

#include <math.h>
#include <png.h>

typedef struct picture {
    int width, height, channels;
    uint8_t *pixels;
} picture;

static picture decode(const char *path)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_file(&image, path));
    int channels = image.format & PNG_FORMAT_FLAG_COLOR ? 3 : 1;
    image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    picture p = {(int)image.width, (int)image.height, channels, malloc(PNG_IMAGE_SIZE(image))};
    assert_non_null(p.pixels);
    assert_true(png_image_finish_read(&image, NULL, p.pixels, 0, NULL));
    return p;
}

static int at(const picture *p, int x, int y, int channel)
{
    assert_true(x >= 0 && x < p->width && y >= 0 && y < p->height);
    return p->pixels[(y * p->width + x) * p->channels + channel];
}

/* Every pixel of a grid against the images it was made from, by the rule of the header. */
static void check_grid(int n, int H, int W, int C, int columns, int factor)
{
    float *x = malloc((size_t)(n * H * W * C) * sizeof *x);
    assert_non_null(x);
    for (int i = 0; i < n * H * W * C; i++) x[i] = -1.0f + (float)(i * 37 % 511) / 255.0f;
    EXPECT_OK(gan_png_grid(scratch("grid.png"), n, H, W, C, columns, -1, 1, x));
    picture p = decode(scratch("grid.png"));
    if (columns > n) columns = n;
    int rows = (n + columns - 1) / columns, cw = W * factor + 1, ch = H * factor + 1;
    assert_int_equal(p.channels, C);
    assert_int_equal(p.width, columns * cw - 1);
    assert_int_equal(p.height, rows * ch - 1);
    assert_true(p.width >= 512);
    if (factor > 1) assert_true(columns * W * (factor - 1) + columns - 1 < 512);
    for (int y = 0; y < p.height; y++)
        for (int px = 0; px < p.width; px++)
            for (int c = 0; c < C; c++) {
                int i = y / ch * columns + px / cw, iy = y % ch / factor, ix = px % cw / factor;
                bool border = i >= n || y % ch == ch - 1 || px % cw == cw - 1;
                double v = border ? 0 : (double)x[((i * H + iy) * W + ix) * C + c];
                double wanted = border ? 128 : (v + 1) / 2 * 255;
                if (fabs(at(&p, px, y, c) - wanted) > 0.501)
                    fail_msg("pixel %d,%d,%d is %d, not %g", px, y, c, at(&p, px, y, c), wanted);
            }
    free(p.pixels);
    free(x);
}

static void grids_have_each_pixel_in_its_place(void **state)
{
    (void)state;
    check_grid(64, 28, 28, 1, 8, 3);
    check_grid(7, 32, 32, 3, 4, 4);
    check_grid(3, 2, 5, 1, 8, 34);
    check_grid(1, 1, 1, 3, 1, 512);
    check_grid(2, 3, 600, 1, 1, 1);
    check_grid(513, 1, 1, 1, 513, 1);
    check_grid(100, 1, 1, 1, 100, 5);
}

static void values_are_clipped(void **state)
{
    (void)state;
    const float x[8] = {-7, 7, NAN, INFINITY, -INFINITY, 0, 255, 127.5f};
    const int wanted[8] = {0, 255, 0, 255, 0, 0, 255, 128};
    EXPECT_OK(gan_png_grid(scratch("clip.png"), 1, 1, 8, 1, 1, -1, 1, x));
    picture p = decode(scratch("clip.png"));
    for (int i = 0; i < 5; i++) assert_int_equal(at(&p, i * p.width / 8, 0, 0), wanted[i]);
    free(p.pixels);
    EXPECT_OK(gan_png_grid(scratch("clip.png"), 1, 1, 8, 1, 1, 0, 255, x));
    p = decode(scratch("clip.png"));
    for (int i = 5; i < 8; i++) assert_int_equal(at(&p, i * p.width / 8, 0, 0), wanted[i]);
    free(p.pixels);
    assert_int_equal(count_files(scratch_dir, GAN_FILE_TEMP_MARK), 0);
}

/* Blueness: ink is blue, the frame and the lines are grey. */
static int ink(const picture *p, int x, int y)
{
    return at(p, x, y, 2) - at(p, x, y, 0);
}

static void points_leave_ink_where_they_are(void **state)
{
    (void)state;
    float x[2 * 104] = {1, 2, -1.5f, -0.5f, NAN, 0, 9, 0};
    for (int i = 4; i < 104; i++) x[2 * i] = x[2 * i + 1] = 0.5f; /* a hundred in one place */
    EXPECT_OK(gan_png_grid(scratch("scatter.png"), 104, 0, 0, 0, 1, -3, 3, x));
    picture p = decode(scratch("scatter.png"));
    assert_int_equal(p.channels, 3);
    assert_true(p.width >= 512 && p.width == p.height);
    /* The plot is the square inside the margins; find it by its frame, the darkest grey. */
    int left = 0, right = p.width - 1;
    while (at(&p, left, p.height / 3, 0) == 255) left++;
    while (at(&p, right, p.height / 3, 0) == 255) right--;
    double scale = (right - left - 1) / 6.0;
    int strongest = 0, spots = 0;
    for (int y = 0; y < p.height; y++)
        for (int px = 0; px < p.width; px++) {
            if (ink(&p, px, y) <= 0) continue;
            double u = (px + 0.5 - left - 1) / scale - 3, v = 3 - (y + 0.5 - left - 1) / scale;
            double far = fmin(hypot(u - 1, v - 2), fmin(hypot(u + 1.5, v + 0.5), hypot(u - 0.5, v - 0.5)));
            if (far * scale > 3.5) fail_msg("ink at %g, %g, where no point is", u, v);
            if (hypot(u - 0.5, v - 0.5) * scale < 1 && ink(&p, px, y) > strongest) strongest = ink(&p, px, y);
            spots++;
        }
    assert_true(spots >= 3 * 9 && spots < 3 * 40);
    int single = ink(&p, (int)(left + 1 + 4 * scale), (int)(left + 1 + 1 * scale));
    if (single <= 10 || strongest <= 2 * single)
        fail_msg("ink of one point %d, of a hundred %d", single, strongest);
    free(p.pixels);
}

/* The surface behind points: warm where it is above 1/2, cold below, and white at 1/2; real samples are orange. */
static void plots_have_a_surface(void **state)
{
    (void)state;
    const float surface[4] = {0, 1, 0, 1}, fake[2] = {-0.5f, 0.5f}, real[2] = {0.5f, -0.5f}; /* cold on the left, warm on the right */
    const gan_plot plot = {.lo = -1, .hi = 1, .n = 1, .n_real = 1, .points = fake, .real = real, .side = 2, .surface = surface};
    EXPECT_OK(gan_png_plot(scratch("plot.png"), &plot));
    picture p = decode(scratch("plot.png"));
    const int w = p.width, quarter = 16 + (w - 32) / 4; /* of the plot, in its margins */
    assert_true(at(&p, w / 8, w / 8, 2) > at(&p, w / 8, w / 8, 0) + 20);           /* left: blue */
    assert_true(at(&p, w - w / 8, w / 8, 0) > at(&p, w - w / 8, w / 8, 2) + 20);   /* right: orange */
    assert_true(at(&p, quarter, quarter, 2) > at(&p, quarter, quarter, 0) + 60);           /* the fake above on the left */
    assert_true(at(&p, w - quarter, w - quarter, 0) > at(&p, w - quarter, w - quarter, 2) + 100); /* the real one below on the right */
    int grey = 0;
    for (int x = w / 2 - 4; x < w / 2 + 4; x++) grey += at(&p, x, w / 3, 0) < 200;
    assert_true(grey >= 1); /* the line at 1/2 */
    free(p.pixels);
    EXPECT_FAILURE(gan_png_plot(scratch("plot.png"), &(gan_plot){.lo = 1, .hi = 1}), GAN_EINTERNAL, "plot.png");
}

/* Two small pictures and a place left free. */
static void pictures_are_joined(void **state)
{
    (void)state;
    const float black[1] = {0}, white[1] = {1};
    char paths[2][256];
    snprintf(paths[0], sizeof paths[0], "%s", scratch("black.png"));
    EXPECT_OK(gan_png_grid(paths[0], 1, 1, 1, 1, 1, 0, 1, black));
    snprintf(paths[1], sizeof paths[1], "%s", scratch("white.png"));
    EXPECT_OK(gan_png_grid(paths[1], 1, 1, 1, 1, 1, 0, 1, white));
    const char *const pictures[4] = {paths[0], paths[1], NULL, paths[0]};
    EXPECT_OK(gan_png_join(scratch("joined.png"), pictures, 2, 2));
    picture p = decode(scratch("joined.png"));
    assert_int_equal(p.width, 2 * 512 + 4);
    assert_int_equal(p.height, 2 * 512 + 4);
    const int wanted[4] = {0, 255, 255, 0};
    for (int i = 0; i < 4; i++) assert_int_equal(at(&p, i % 2 * 516 + 100, i / 2 * 516 + 100, 0), wanted[i]);
    free(p.pixels);
    FILE *bad = fopen(scratch("bad.png"), "w");
    fputs("no picture", bad);
    fclose(bad);
    const char *const broken[1] = {scratch("bad.png")};
    EXPECT_FAILURE(gan_png_join(scratch("joined.png"), broken, 1, 1), GAN_EIO, "bad.png");
    for (int64_t k = 1, left = 0; left == 0; k++) {
        gan_mem_fail_at(k);
        gan_status s = gan_png_join(scratch("memory.png"), pictures, 2, 2);
        left = gan_mem_fail_at(0);
        if (left == 0) EXPECT_FAILURE(s, GAN_ENOMEM, "no memory");
        gan_fail_clear();
    }
}

/* Thirty pictures of 3 MiB each are put into one of 5 MiB: of the thirty, one at a time is held. */
static void large_pictures_are_joined_one_by_one(void **state)
{
    (void)state;
    enum { SIDE = 1024, N = 30 };
    float *grey = gan_calloc(SIDE * SIDE, sizeof *grey);
    const char *pictures[N];
    EXPECT_OK(gan_png_grid(scratch("large.png"), 1, SIDE, SIDE, 1, 1, -1, 1, grey));
    gan_free(grey);
    char path[256];
    snprintf(path, sizeof path, "%s", scratch("large.png"));
    for (int i = 0; i < N; i++) pictures[i] = path;
    EXPECT_OK(gan_png_join(scratch("all.png"), pictures, 6, 5));
    assert_true(gan_mem_peak_bytes() < 16 << 20);
}

static void any_range_can_be_drawn(void **state)
{
    (void)state;
    const float x[4] = {0, 0, 5, 5},
                ranges[][2] = {{-1, 1}, {0, 1e-6f}, {-1e6f, 1e6f}, {1e8f, 1.0001e8f}, {-3e37f, 3e37f}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        EXPECT_OK(gan_png_grid(scratch("range.png"), 2, 0, 0, 0, 1, ranges[i][0], ranges[i][1], x));
}

static void bad_sizes_are_refused(void **state)
{
    (void)state;
    const float x[4] = {0};
    EXPECT_FAILURE(gan_png_grid(scratch("no.png"), 0, 2, 2, 1, 1, 0, 1, x), GAN_EINTERNAL, "no.png");
    EXPECT_FAILURE(gan_png_grid(scratch("no.png"), 1, 2, 0, 1, 1, 0, 1, x), GAN_EINTERNAL, "no.png");
    EXPECT_FAILURE(gan_png_grid(scratch("no.png"), 1, 2, 2, 2, 1, 0, 1, x), GAN_EINTERNAL, "no.png");
    EXPECT_FAILURE(gan_png_grid(scratch("no.png"), 1, 2, 2, 1, 0, 0, 1, x), GAN_EINTERNAL, "no.png");
    EXPECT_FAILURE(gan_png_grid(scratch("no.png"), 1, 2, 2, 1, 1, 1, 1, x), GAN_EINTERNAL, "no.png");
    EXPECT_FAILURE(gan_png_grid(scratch("no.png"), 1, 2, 2, 1, 1, NAN, 1, x), GAN_EINTERNAL, "no.png");
    EXPECT_FAILURE(gan_png_grid(scratch("no.png"), 1, 0, 0, 0, 1, 0, INFINITY, x), GAN_EINTERNAL, "no.png");
    EXPECT_FAILURE(gan_png_grid(scratch("no.png"), 100000, 28, 28, 1, 8, 0, 1, x), GAN_EIO, "too large",
                   "fewer");
    assert_int_equal(access(scratch("no.png"), F_OK), -1);
}

static void failures_leave_the_old_picture(void **state)
{
    (void)state;
    float x[64];
    for (int i = 0; i < 64; i++) x[i] = (float)(i * 29 % 64) / 63;
    EXPECT_OK(gan_png_grid(scratch("old.png"), 4, 4, 4, 1, 2, 0, 1, x));
    long before, after;
    char *old = slurp(scratch("old.png"), &before);
    for (size_t limit = 0; limit < (size_t)before; limit += 50) {
        limit_file_size(limit);
        gan_status s = gan_png_grid(scratch("old.png"), 4, 4, 4, 1, 1, 0, 1, x);
        limit_file_size(SIZE_MAX);
        EXPECT_FAILURE(s, GAN_EIO, "old.png", "File too large");
    }
    EXPECT_FAILURE(gan_png_grid(scratch("none/a.png"), 4, 4, 4, 1, 2, 0, 1, x), GAN_EIO, "none/a.png",
                   "No such file");
    for (int64_t k = 1, left = 0; left == 0; k++) {
        gan_mem_fail_at(k);
        gan_status s = gan_png_grid(scratch("memory.png"), 4, 4, 4, 1, 2, 0, 1, x);
        left = gan_mem_fail_at(0);
        if (left == 0 && s != GAN_EIO) EXPECT_FAILURE(s, GAN_ENOMEM, "no memory");
        gan_fail_clear();
    }
    char *now = slurp(scratch("old.png"), &after);
    assert_int_equal(after, before);
    assert_memory_equal(now, old, (size_t)before);
    assert_int_equal(count_files(scratch_dir, GAN_FILE_TEMP_MARK), 0);
    free(old);
    free(now);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_before, scratch_after)
    const struct CMUnitTest tests[] = {
        TEST(grids_have_each_pixel_in_its_place),
        TEST(values_are_clipped),
        TEST(points_leave_ink_where_they_are),
        TEST(plots_have_a_surface),
        TEST(pictures_are_joined),
        TEST(large_pictures_are_joined_one_by_one),
        TEST(any_range_can_be_drawn),
        TEST(bad_sizes_are_refused),
        TEST(failures_leave_the_old_picture),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
