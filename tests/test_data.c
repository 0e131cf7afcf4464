/* Data sources, what can be said of them in one process (tests/mpi_data.c has the rest).
 *
 * The permutation is held against what a permutation is, for every size to 2000 and some large ones, and against
 * chance: places of an element over many epochs, fixed points, neighbours. Mixtures: counts, means, deviations and
 * correlation against those of the distribution, within 5 standard errors (fixed seeds: they hold or do not). IDX files
 * are made byte by byte here and read back with plain HDF5 calls; the dataset in the repository is compared with
 * Debian's package where that is installed. Bad files are made with plain HDF5 calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/data/dataset.h"
#include "scratch.h"

#include "gan/data.h"
#include "gan/file.h"
#include "gan/h5.h"
#include "gan/log.h"

#include <math.h>
#include <zlib.h>

/* ---- permutation ----------------------------------------------------------------------------------------------- */

static void check_bijection(uint64_t seed, uint64_t epoch, int64_t n)
{
    char *seen = calloc((size_t)n, 1);
    assert_non_null(seen);
    for (int64_t i = 0; i < n; i++) {
        int64_t x = gan_permute(seed, epoch, n, i);
        if (x < 0 || x >= n || seen[x]++)
            fail_msg("n %lld, place %lld: %lld", (long long)n, (long long)i, (long long)x);
    }
    free(seen);
}

static void permutation_is_a_bijection(void **state)
{
    (void)state;
    for (int64_t n = 1; n <= 2000; n++) check_bijection((uint64_t)n % 3, (uint64_t)n % 5, n);
    const int64_t sizes[] = {4095,  4096,  4097,   10000,   16385,        60000,
                             65537, 70000, 262143, 1000003, (1 << 20) + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) check_bijection(UINT64_MAX - i, i, sizes[i]);
    /* Where a bijection cannot be counted through: in range, and no collision among many. */
    int64_t n = INT64_C(3) << 60, last = -1;
    for (int64_t i = 0; i < 1000; i++) {
        int64_t x = gan_permute(1, 2, n, i);
        assert_true(x >= 0 && x < n && x != last);
        last = x;
    }
}

static void permutation_differs_by_epoch_and_seed(void **state)
{
    (void)state;
    enum { SIZE = 1000 };
    int same_epoch = 0, same_seed = 0, fixed = 0, neighbours = 0;
    for (int64_t i = 0; i < SIZE; i++) {
        int64_t x = gan_permute(7, 3, SIZE, i);
        same_epoch += x == gan_permute(7, 4, SIZE, i);
        same_seed += x == gan_permute(8, 3, SIZE, i);
        fixed += x == i;
        neighbours += i > 0 && llabs(x - gan_permute(7, 3, SIZE, i - 1)) == 1;
    }
    /* each of these is Poisson with mean 1 (neighbours: 2) in a random permutation */
    assert_in_range(same_epoch, 0, 8);
    assert_in_range(same_seed, 0, 8);
    assert_in_range(fixed, 0, 8);
    assert_in_range(neighbours, 0, 11);
}

/* Place 0 of many epochs lands everywhere alike, also for sizes where the network is small or the walk is long. */
static void permutation_is_uniform_over_epochs(void **state)
{
    (void)state;
    const int64_t sizes[] = {2, 3, 5, 16, 17, 33, 100};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        enum { EPOCHS = 20000 };
        int64_t n = sizes[k];
        for (int64_t place = 0; place < n; place += n - 1) {
            int counts[100] = {0};
            double chi2 = 0, mean = (double)EPOCHS / (double)n;
            for (uint64_t e = 0; e < EPOCHS; e++) counts[gan_permute(11, e, n, place)]++;
            for (int64_t x = 0; x < n; x++) chi2 += (counts[x] - mean) * (counts[x] - mean) / mean;
            double df = (double)n - 1, z = (chi2 - df) / sqrt(2 * df);
            if (z > 5) fail_msg("n %lld, place %lld: chi2 %g", (long long)n, (long long)place, chi2);
        }
    }
}

/* The values are behaviour that a resumed run depends on: they may not change from version to version. */
static void permutation_is_the_same_for_ever(void **state)
{
    (void)state;
    const int64_t wanted[6] = {21210, 54532, 7135, 45281, 9463, 56181};
    for (int64_t i = 0; i < 6; i++) {
        int64_t x = gan_permute(1, 2, 60000, i);
        if (x != wanted[i])
            fail_msg("place %lld: %lld, wanted %lld", (long long)i, (long long)x, (long long)wanted[i]);
    }
}

/* ---- mixtures -------------------------------------------------------------------------------------------------- */

enum { SAMPLES = 200000 };

static void check_mixture(gan_source *s, int modes, const double (*centres)[2], double std)
{
    float *x = malloc(SAMPLES * 2 * sizeof *x);
    float *classes = malloc((size_t)(SAMPLES * modes) * sizeof *classes);
    int *counts = calloc((size_t)modes, sizeof *counts);
    double sum[2] = {0}, sum2[2] = {0}, cross = 0, sum4 = 0;
    assert_true(x && classes && counts);
    gan_source_read(s, 0, SAMPLES, x);
    assert_int_equal(gan_source_describe(s)->conditioned, GAN_CONDITION_LABELS);
    assert_int_equal(gan_source_describe(s)->condition, modes);
    gan_source_read_condition(s, 0, SAMPLES / 2, classes);
    gan_source_read_condition(s, SAMPLES / 2, SAMPLES / 2, classes + SAMPLES / 2 * modes);
    for (int i = 0; i < SAMPLES; i++) {
        int nearest = 0;
        double best = INFINITY, d[2];
        for (int k = 0; k < modes; k++) {
            double far = hypot((double)x[2 * i] - centres[k][0], (double)x[2 * i + 1] - centres[k][1]);
            if (far < best) best = far, nearest = k;
        }
        counts[nearest]++;
        for (int k = 0; k < modes; k++) assert_true(classes[i * modes + k] == (float)(k == nearest));
        for (int a = 0; a < 2; a++) {
            d[a] = ((double)x[2 * i + a] - centres[nearest][a]) / std;
            sum[a] += d[a];
            sum2[a] += d[a] * d[a];
        }
        cross += d[0] * d[1];
        sum4 += d[0] * d[0] * d[0] * d[0];
    }
    double chi2 = 0, mean = (double)SAMPLES / modes, error = 5 / sqrt(SAMPLES);
    for (int k = 0; k < modes; k++) chi2 += (counts[k] - mean) * (counts[k] - mean) / mean;
    if (chi2 > modes - 1 + 5 * sqrt(2.0 * (modes - 1))) fail_msg("mode counts: chi2 %g", chi2);
    for (int a = 0; a < 2; a++) {
        if (fabs(sum[a] / SAMPLES) > error) fail_msg("mean %d: %g", a, sum[a] / SAMPLES);
        if (fabs(sum2[a] / SAMPLES - 1) > sqrt(2) * error) fail_msg("variance %d: %g", a, sum2[a] / SAMPLES);
    }
    if (fabs(cross / SAMPLES) > error) fail_msg("correlation %g", cross / SAMPLES);
    if (fabs(sum4 / SAMPLES - 3) > sqrt(96) * error) fail_msg("fourth moment %g", sum4 / SAMPLES);
    free(counts);
    free(classes);
    free(x);
}

static void mixtures_are_what_they_say(void **state)
{
    (void)state;
    gan_source *s;
    double centres[25][2];
    for (int k = 0; k < 8; k++) centres[k][0] = cos(k * atan(1)), centres[k][1] = sin(k * atan(1));
    EXPECT_OK(gan_source_open_ring(&s, 5, 1000, 8, 1.0f, 0.01f));
    const gan_source_info *info = gan_source_describe(s);
    assert_string_equal(info->name, "ring of 8 Gaussians, radius 1, std 0.01");
    assert_true(info->n == 1000 && info->features == 2 && info->n_dims == 1 && info->dims[0] == 2);
    assert_true(info->lo == 0 && info->hi == 0);
    check_mixture(s, 8, (const double(*)[2])centres, (double)0.01f);
    gan_source_close(s);
    for (int k = 0; k < 25; k++) centres[k][0] = 2 * (k % 5) - 4, centres[k][1] = 2 * (k / 5) - 4;
    EXPECT_OK(gan_source_open_grid(&s, 6, 1000, 5, 2.0f, 0.05f));
    assert_string_equal(gan_source_describe(s)->name, "grid of 5 x 5 Gaussians, step 2, std 0.05");
    check_mixture(s, 25, (const double(*)[2])centres, (double)0.05f);
    gan_source_close(s);
}

/* Numbers about -2, 0, 2: of 30,000 a third each (five standard deviations of the count), with mean and width of a mode. */
static void a_line_has_modes(void **state)
{
    (void)state;
    enum { N = 30000 };
    static float x[N], again[3], label[3];
    double n[3] = {0}, sum[3] = {0}, squares[3] = {0};
    gan_source *s;
    gan_mixture m;
    EXPECT_OK(gan_source_open_line(&s, 5, 1000, 3, 2, 0.1f));
    const gan_source_info *info = gan_source_describe(s);
    assert_string_equal(info->name, "line of 3 Gaussians, step 2, std 0.1");
    assert_true(info->features == 1 && info->n_dims == 1 && info->dims[0] == 1 && info->condition == 3);
    assert_true(gan_source_mixture(s, &m) && m.dims == 1 && m.n_modes == 3 && m.centres[0][0] == -2 && m.centres[1][0] == 0);
    gan_source_read(s, 0, N, x);
    for (int i = 0; i < N; i++) {
        const int k = (int)lround((double)x[i] / 2) + 1;
        const double d = (double)x[i] - 2 * (k - 1);
        assert_true(k >= 0 && k < 3);
        n[k]++, sum[k] += d, squares[k] += d * d;
    }
    for (int k = 0; k < 3; k++) {
        assert_true(fabs(n[k] - N / 3.0) < 5 * sqrt(N * 2 / 9.0));
        assert_true(fabs(sum[k] / n[k]) < 5 * 0.1 / sqrt(n[k]));
        assert_true(fabs(squares[k] / n[k] / 0.01 - 1) < 5 * sqrt(2 / n[k]));
    }
    gan_source_read(s, 17, 3, again);
    assert_memory_equal(again, x + 17, sizeof again);
    gan_source_read_condition(s, 17, 1, label);
    assert_true(label[lround((double)x[17] / 2) + 1] == 1);
    gan_source_close(s);
}

/* A sample depends on its position alone: not on how many are read, nor from where; and none comes twice. */
static void mixtures_are_read_by_position(void **state)
{
    (void)state;
    gan_source *s, *other;
    float whole[2 * 100], part[2 * 100];
    EXPECT_OK(gan_source_open_ring(&s, 5, 10, 8, 1.0f, 0.01f));
    EXPECT_OK(gan_source_open_ring(&other, 6, 10, 8, 1.0f, 0.01f));
    gan_source_read(s, INT64_C(1) << 40, 100, whole);
    for (int64_t at = 0, n = 1; at < 100; at += n, n = n % 7 + 1) {
        if (n > 100 - at) n = 100 - at;
        gan_source_read(s, (INT64_C(1) << 40) + at, n, part + 2 * at);
    }
    assert_memory_equal(whole, part, sizeof whole);
    gan_source_read(other, INT64_C(1) << 40, 100, part);
    for (int i = 0; i < 100; i++) {
        assert_true(whole[2 * i] != part[2 * i]);
        for (int j = 0; j < i; j++)
            assert_true(whole[2 * i] != whole[2 * j] || whole[2 * i + 1] != whole[2 * j + 1]);
    }
    gan_source_close(s);
    gan_source_close(other);
    gan_source_close(NULL);
}

/* Noise is read by position too, lies in its range, and about the whole of it; a frame leaves the inside as it was. */
static void noise_and_frames(void **state)
{
    (void)state;
    enum { H = 5, W = 4, C = 2, PAD = 3, N = 40, F = H * W * C, PW = W + 2 * PAD, PF = (H + 2 * PAD) * PW * C };
    static float all[N * F], one[F], framed[N * PF];
    const int64_t dims[3] = {H, W, C};
    gan_source *s, *p, *q;
    float lowest = 9, highest = -9;
    EXPECT_OK(gan_source_open_noise(&s, 8, 100, dims, -1, 3));
    gan_source_read(s, 0, N, all);
    for (int i = 0; i < N; i++) {
        gan_source_read(s, i, 1, one);
        assert_memory_equal(one, all + i * F, sizeof one);
    }
    for (int i = 0; i < N * F; i++) lowest = fminf(lowest, all[i]), highest = fmaxf(highest, all[i]);
    assert_true(lowest >= -1 && lowest < -0.98f && highest > 2.98f && highest < 3);
    EXPECT_OK(gan_source_open_padded(&p, s, PAD));
    assert_int_equal(gan_source_describe(p)->features, PF);
    gan_source_read(p, 0, N, framed);
    for (int i = 0; i < N * PF; i++) {
        int n = i / PF, h = i % PF / (PW * C) - PAD, w = i % (PW * C) / C - PAD, c = i % C;
        bool inside = h >= 0 && h < H && w >= 0 && w < W;
        assert_true(framed[i] == (inside ? all[n * F + (h * W + w) * C + c] : -1));
    }
    gan_source_close(p);
    EXPECT_OK(gan_source_open_ring(&s, 8, 100, 8, 1, 0.1f));
    EXPECT_FAILURE(gan_source_open_padded(&q, s, 2), GAN_EDATA, "data.pad = 2", "no images");
    gan_source_close(s);
}

/* Stacks are read by position, each layer is an image of the inner source, whole and at its channels; layers are independent of
 * each other and uniform: 9 pairs of 3 images, expected N/9 each, by chi squared with 8 degrees of freedom (26.1 is its 99.9 %). */
static void stacks(void **state)
{
    (void)state;
    enum { H = 3, W = 2, C = 2, F = H * W * C, IMAGES = 3, LAYERS = 5, N = 4500, SF = F * LAYERS };
    static float inner[IMAGES * F], x[N * SF], one[SF];
    static int which[N][LAYERS], pairs[LAYERS][IMAGES][IMAGES];
    const int64_t dims[3] = {H, W, C};
    gan_source *s, *k, *other;
    EXPECT_OK(gan_source_open_noise(&s, 8, IMAGES, dims, -1, 3));
    gan_source_read(s, 0, IMAGES, inner);
    EXPECT_OK(gan_source_open_stacked(&k, s, 5, 1000, LAYERS));
    const gan_source_info *info = gan_source_describe(k);
    assert_true(info->n == 1000 && info->features == SF && info->dims[2] == C * LAYERS && info->lo == -1 && info->hi == 3);
    gan_source_read(k, 0, N, x);
    for (int i = 0; i < N; i++) {
        gan_source_read(k, i, 1, one);
        assert_memory_equal(one, x + i * SF, sizeof one);
        for (int layer = 0; layer < LAYERS; layer++) {
            int image = 0;
            while (image < IMAGES && x[i * SF + layer * C] != inner[image * F]) image++;
            assert_true(image < IMAGES);
            for (int p = 0; p < H * W * C; p++)
                assert_true(x[i * SF + p / C * C * LAYERS + layer * C + p % C] == inner[image * F + p]);
            which[i][layer] = image;
        }
        for (int layer = 0; layer < LAYERS; layer++) pairs[layer][which[i][layer]][which[i][(layer + 1) % LAYERS]]++;
    }
    for (int layer = 0; layer < LAYERS; layer++) {
        double chi2 = 0, each = N / (double)(IMAGES * IMAGES);
        for (int p = 0; p < IMAGES * IMAGES; p++) {
            double off = pairs[layer][p / IMAGES][p % IMAGES] - each;
            chi2 += off * off / each;
        }
        if (!(chi2 < 26.1)) fail_msg("layers %d and %d: chi squared %g", layer, (layer + 1) % LAYERS, chi2);
    }
    gan_source_close(k);
    EXPECT_OK(gan_source_open_noise(&s, 8, IMAGES, dims, -1, 3));
    EXPECT_OK(gan_source_open_stacked(&other, s, 6, 1000, LAYERS)); /* another seed, another stream */
    gan_source_read(other, 0, 100, x + SF * 100);
    assert_true(memcmp(x, x + SF * 100, 100 * SF * sizeof *x) != 0);
    gan_source_close(other);
}

static void bad_stacks_are_refused(void **state)
{
    (void)state;
    const int64_t dims[3] = {2, 2, 1};
    gan_source *s, *k;
    EXPECT_OK(gan_source_open_ring(&s, 8, 100, 8, 1, 0.1f));
    EXPECT_FAILURE(gan_source_open_stacked(&k, s, 1, 10, 3), GAN_EDATA, "data.stack = 3", "no images");
    assert_null(k);
    gan_source_close(s);
    EXPECT_OK(gan_source_open_noise(&s, 8, 100, dims, 0, 1));
    for (int64_t at = 1; at <= 2; at++) {
        gan_mem_fail_at(at);
        EXPECT_FAILURE(gan_source_open_stacked(&k, s, 1, 10, 3), GAN_ENOMEM, "no memory");
        assert_null(k);
    }
    gan_source_close(s);
}

static void bad_mixtures_are_refused(void **state)
{
    (void)state;
    gan_source *s;
    EXPECT_FAILURE(gan_source_open_ring(&s, 1, 0, 8, 1, 0.1f), GAN_EDATA, "mixture");
    EXPECT_FAILURE(gan_source_open_ring(&s, 1, 10, 0, 1, 0.1f), GAN_EDATA, "mixture");
    EXPECT_FAILURE(gan_source_open_ring(&s, 1, 10, 8, 1, -1), GAN_EDATA, "mixture");
    EXPECT_FAILURE(gan_source_open_grid(&s, 1, 10, 5, 1, NAN), GAN_EDATA, "mixture");
    EXPECT_FAILURE(gan_source_open_grid(&s, 1, 10, -1, 1, 1), GAN_EDATA, "mixture");
    assert_null(s);
    for (int64_t k = 1; k <= 2; k++) {
        gan_mem_fail_at(k);
        EXPECT_FAILURE(gan_source_open_grid(&s, 1, 10, 5, 1, 1), GAN_ENOMEM, "no memory");
        assert_null(s);
    }
}

/* ---- IDX ------------------------------------------------------------------------------------------------------- */

/* An IDX file in memory: magic, dimensions, then bytes 0, 1, 2 ... from `first` on. */
typedef struct idx {
    uint8_t bytes[8192];
    long n;
} idx;

static idx idx_make(uint32_t magic, int n_dims, const uint32_t *dims, int first)
{
    idx x = {.n = 0};
    long elements = 1;
    for (int i = -1; i < n_dims; i++)
        for (int shift = 24; shift >= 0; shift -= 8)
            x.bytes[x.n++] = (uint8_t)((i < 0 ? magic : dims[i]) >> shift);
    for (int i = 0; i < n_dims; i++) elements *= dims[i];
    assert_true(x.n + elements <= (long)sizeof x.bytes);
    for (long i = 0; i < elements; i++) x.bytes[x.n++] = (uint8_t)(first + i);
    return x;
}

static void spill_gz(const char *path, const void *bytes, long n)
{
    gzFile f = gzopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, bytes, (unsigned)n), n);
    assert_int_equal(gzclose(f), Z_OK);
}

static void read_u8(const char *path, const char *name, int rank, const hsize_t *wanted, uint8_t *to)
{
    hsize_t dims[8];
    gan_h5_lock();
    hid_t f = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), d = H5Dopen2(f, name, H5P_DEFAULT),
          s = H5Dget_space(d);
    hid_t t = H5Dget_type(d);
    assert_int_equal(H5Sget_simple_extent_dims(s, dims, NULL), rank);
    for (int i = 0; i < rank; i++) assert_int_equal(dims[i], wanted[i]);
    assert_true(H5Tequal(t, H5T_STD_U8LE) > 0);
    assert_true(H5Dread(d, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, to) >= 0);
    H5Tclose(t);
    H5Sclose(s);
    H5Dclose(d);
    H5Fclose(f);
    gan_h5_unlock();
}

static gan_status import(const char *images, const char *labels, const char *out)
{
    return gan_import_idx(&images, labels ? &labels : NULL, 1, out);
}

static void idx_files_become_datasets(void **state)
{
    (void)state;
    static uint8_t got[8192];
    idx train = idx_make(0x803, 3, (uint32_t[]){300, 3, 4}, 0),
        test = idx_make(0x803, 3, (uint32_t[]){5, 3, 4}, 99);
    idx train_labels = idx_make(0x801, 1, (uint32_t[]){300}, 3),
        test_labels = idx_make(0x801, 1, (uint32_t[]){5}, 200);
    spill(scratch("train"), train.bytes, train.n);
    spill_gz(scratch("train-labels.gz"), train_labels.bytes, train_labels.n);
    spill_gz(scratch("test.gz"), test.bytes, test.n);
    spill(scratch("test-labels"), test_labels.bytes, test_labels.n);
    const char *images[2] = {scratch("train"), scratch("test.gz")};
    const char *labels[2] = {scratch("train-labels.gz"), scratch("test-labels")};
    EXPECT_OK(gan_import_idx(images, labels, 2, scratch("both.h5")));
    read_u8(scratch("both.h5"), "images", 4, (hsize_t[]){305, 3, 4, 1}, got);
    assert_memory_equal(got, train.bytes + 16, 3600);
    assert_memory_equal(got + 3600, test.bytes + 16, 60);
    read_u8(scratch("both.h5"), "labels", 1, (hsize_t[]){305}, got);
    assert_memory_equal(got, train_labels.bytes + 8, 300);
    assert_memory_equal(got + 300, test_labels.bytes + 8, 5);
    EXPECT_OK(import(scratch("test.gz"), NULL, scratch("both.h5"))); /* replaces */
    read_u8(scratch("both.h5"), "images", 4, (hsize_t[]){5, 3, 4, 1}, got);
    assert_memory_equal(got, test.bytes + 16, 60);
    gan_dataset_shape shape;
    EXPECT_OK(gan__dataset_probe(scratch("both.h5"), &shape));
    assert_true(shape.n == 5 && shape.features == 12 && shape.n_dims == 3 && shape.dims[2] == 1 &&
                !shape.is_float);
    EXPECT_OK(gan__dataset_load(scratch("both.h5"), &shape, got));
    assert_memory_equal(got, test.bytes + 16, 60);
}

/* One bad input each, plain and gzipped; the output that was there stays. */
static void expect_refused(const idx *images, const idx *labels, const char *text)
{
    for (int gz = 0; gz < 2; gz++) {
        (gz ? spill_gz : spill)(scratch("bad-images"), images->bytes, images->n);
        if (labels) (gz ? spill_gz : spill)(scratch("bad-labels"), labels->bytes, labels->n);
        EXPECT_FAILURE(
            import(scratch("bad-images"), labels ? scratch("bad-labels") : NULL, scratch("kept.h5")),
            GAN_EDATA, "bad-", text);
    }
}

static void bad_idx_files_are_refused(void **state)
{
    (void)state;
    const idx good = idx_make(0x803, 3, (uint32_t[]){5, 3, 4}, 0),
              labels = idx_make(0x801, 1, (uint32_t[]){5}, 0);
    spill(scratch("good"), good.bytes, good.n);
    spill(scratch("kept.h5"), "as it was", 9);
    idx x = good;
    for (x.n = good.n - 1; x.n > 16; x.n -= 7) expect_refused(&x, NULL, "cut off");
    for (x.n = 15; x.n >= 0; x.n -= 3) expect_refused(&x, NULL, "cut off");
    x.n = good.n + 1;
    expect_refused(&x, NULL, "more bytes follow");
    expect_refused(&labels, NULL,
                   "not an IDX file of images: it begins with 0x00000801, 0x00000803 is wanted");
    expect_refused(&good, &good, "not an IDX file of labels: it begins with 0x00000803");
    x = idx_make(0x0d03, 3, (uint32_t[]){5, 3, 4}, 0); /* floats */
    expect_refused(&x, NULL, "begins with 0x00000d03");
    x = idx_make(0x803, 3, (uint32_t[]){0, 3, 4}, 0);
    expect_refused(&x, NULL, "dimension 1 is zero");
    x = idx_make(0x801, 1, (uint32_t[]){4}, 0);
    expect_refused(&good, &x, "4 labels for the 5 images");
    x = labels;
    x.n--;
    expect_refused(&good, &x, "cut off");
    x = good;
    memset(x.bytes + 8, 0xff, 8);
    expect_refused(&x, NULL, "too large");
    x = good;
    x.bytes[4] =
        0x7f; /* two thousand million images: refused by the length, without taking memory for them */
    expect_refused(&x, NULL, "cut off");
    const char *two[2] = {scratch("good"), scratch("other")};
    x = idx_make(0x803, 3, (uint32_t[]){5, 4, 3}, 0);
    spill(scratch("other"), x.bytes, x.n);
    EXPECT_FAILURE(gan_import_idx(two, NULL, 2, scratch("kept.h5")), GAN_EDATA, "other: images of 4 x 3",
                   "3 x 4");
    EXPECT_FAILURE(import(scratch("none"), NULL, scratch("kept.h5")), GAN_EDATA, "none: cannot open",
                   "No such file");
    EXPECT_FAILURE(gan_import_idx(NULL, NULL, 0, scratch("kept.h5")), GAN_EUSAGE, "no image file");
    long n;
    char *kept = slurp(scratch("kept.h5"), &n);
    assert_string_equal(kept, "as it was");
    free(kept);
    assert_int_equal(count_files(scratch_dir, GAN_FILE_TEMP_MARK), 0);
}

static void damaged_gz_is_found(void **state)
{
    (void)state;
    idx x = idx_make(0x803, 3, (uint32_t[]){300, 3, 4}, 0);
    long n;
    spill_gz(scratch("whole.gz"), x.bytes, x.n);
    char *bytes = slurp(scratch("whole.gz"), &n);
    for (long i = 10; i < n; i += 3) { /* behind gzip's header, of which not every bit means something */
        bytes[i] = (char)(bytes[i] ^ 0x20);
        spill(scratch("flipped.gz"), bytes, n);
        bytes[i] = (char)(bytes[i] ^ 0x20);
        EXPECT_FAILURE(import(scratch("flipped.gz"), NULL, scratch("out.h5")), GAN_EDATA, "flipped.gz");
    }
    for (long cut = 20; cut < n; cut += cut < n - 16 ? 5 : 1) { /* each of the 8 bytes of the trailer counts */
        spill(scratch("flipped.gz"), bytes, cut);
        EXPECT_FAILURE(import(scratch("flipped.gz"), NULL, scratch("out.h5")), GAN_EDATA, "flipped.gz");
    }
    free(bytes);
}

/* gzip allows several members one after the other, nothing else. */
static void what_follows_a_gz_is_found(void **state)
{
    (void)state;
    idx x = idx_make(0x803, 3, (uint32_t[]){300, 3, 4}, 0);
    long head, tail;
    spill_gz(scratch("head.gz"), x.bytes, 100);
    spill_gz(scratch("tail.gz"), x.bytes + 100, x.n - 100);
    char *a = slurp(scratch("head.gz"), &head), *b = slurp(scratch("tail.gz"), &tail);
    char *both = calloc(1, (size_t)(head + tail + 5));
    assert_non_null(both);
    memcpy(both, a, (size_t)head);
    memcpy(both + head, b, (size_t)tail);
    spill(scratch("both.gz"), both, head + tail);
    EXPECT_OK(import(scratch("both.gz"), NULL, scratch("out.h5")));
    for (int zeros = 0; zeros < 2; zeros++) {
        for (int i = 0; i < 5; i++) both[head + tail + i] = zeros ? 0 : (char)('a' + i);
        spill(scratch("more.gz"), both, head + tail + 5);
        EXPECT_FAILURE(import(scratch("more.gz"), NULL, scratch("out.h5")), GAN_EDATA, "more.gz",
                       "something follows the end of the gzip file");
        spill(scratch("more.gz"), both, head + tail + 1);
        EXPECT_FAILURE(import(scratch("more.gz"), NULL, scratch("out.h5")), GAN_EDATA, "more.gz");
    }
    free(a);
    free(b);
    free(both);
}

static void import_fails_cleanly(void **state)
{
    (void)state;
    idx x = idx_make(0x803, 3, (uint32_t[]){300, 3, 4}, 0), labels = idx_make(0x801, 1, (uint32_t[]){300}, 0);
    spill(scratch("im"), x.bytes, x.n);
    spill(scratch("la"), labels.bytes, labels.n);
    EXPECT_FAILURE(import(scratch("im"), NULL, scratch("no/dir/x.h5")), GAN_EIO, "no/dir/x.h5",
                   "No such file");
    for (size_t limit = 0; limit < 2500; limit += 61) {
        limit_file_size(limit);
        gan_status s = import(scratch("im"), scratch("la"), scratch("limited.h5"));
        limit_file_size(SIZE_MAX);
        EXPECT_FAILURE(s, GAN_EIO, "limited.h5", "File too large");
    }
    for (int64_t k = 1, left = 0; left == 0; k++) {
        int64_t live = gan_mem_live();
        gan_mem_fail_at(k);
        gan_status s = import(scratch("im"), scratch("la"), scratch("memory.h5"));
        left = gan_mem_fail_at(0);
        assert_int_equal(gan_mem_live(), live);
        if (s != GAN_OK) EXPECT_FAILURE(s, GAN_ENOMEM, "no memory");
        gan_fail_clear();
        if (left > 0) EXPECT_OK(s);
    }
    assert_int_equal(count_files(scratch_dir, GAN_FILE_TEMP_MARK), 0);
}

#define PACKAGE "/usr/share/datasets/fashion-mnist/"

static void the_repository_has_the_original_images(void **state)
{
    (void)state;
    static uint8_t ours[7840000], theirs[7840016];
    read_u8("data/fashion-mnist-10k.h5", "images", 4, (hsize_t[]){10000, 28, 28, 1}, ours);
    gzFile f = gzopen(PACKAGE "t10k-images-idx3-ubyte.gz", "rb");
    if (!f) {
        print_message("no package dataset-fashion-mnist to compare with\n");
        skip();
    }
    assert_int_equal(gzread(f, theirs, sizeof theirs), sizeof theirs);
    gzclose(f);
    assert_memory_equal(ours, theirs + 16, sizeof ours);
    read_u8("data/fashion-mnist-10k.h5", "labels", 1, (hsize_t[]){10000}, ours);
    assert_non_null(f = gzopen(PACKAGE "t10k-labels-idx1-ubyte.gz", "rb"));
    assert_int_equal(gzread(f, theirs, 10008), 10008);
    gzclose(f);
    assert_memory_equal(ours, theirs + 8, 10000);
}

/* ---- dataset files --------------------------------------------------------------------------------------------- */

/* A file with /images of a type and shape, values v (of type `memory`), and, if there are any, a range. */
static void make_dataset(const char *path, const char *name, hid_t type, hid_t memory, int rank,
                         const hsize_t *dims, const void *v, int n_range, const double *range)
{
    gan_h5_lock();
    hid_t f = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
          s = H5Screate_simple(rank, dims, NULL);
    hid_t d = H5Dcreate2(f, name, type, s, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(f >= 0 && s >= 0 && d >= 0);
    if (v) assert_true(H5Dwrite(d, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) >= 0);
    if (n_range)
        assert_true(gan_h5_put_attribute(d, "range", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, n_range, range));
    H5Dclose(d);
    H5Sclose(s);
    H5Fclose(f);
    gan_h5_unlock();
}

static gan_status load(const char *path)
{
    static float to[4096];
    gan_dataset_shape shape;
    GAN_TRY(gan__dataset_probe(path, &shape));
    assert_true(gan__dataset_bytes(&shape) <= (int64_t)sizeof to);
    return gan__dataset_load(path, &shape, to);
}

static void bad_datasets_are_refused(void **state)
{
    (void)state;
    const hsize_t d[8] = {4, 3, 2, 1, 1, 1, 1, 1}, none[4] = {0, 3, 2, 1};
    const double range[2] = {-1, 1}, upside_down[2] = {1, -1}, same[2] = {1, 1}, odd[2] = {NAN, 1},
                 wide[2] = {0, INFINITY};
    const char *p = scratch("bad.h5");
    float v[24] = {0};
    EXPECT_FAILURE(load(scratch("none.h5")), GAN_EDATA, "none.h5", "cannot open the dataset", "No such file");
    spill(p, "no hdf5", 7);
    EXPECT_FAILURE(load(p), GAN_EDATA, "bad.h5", "not a readable HDF5 file");
    EXPECT_FAILURE(load(scratch_dir), GAN_EDATA, scratch_dir, "directory");
    make_dataset(p, "pictures", H5T_STD_U8LE, -1, 4, d, NULL, 0, NULL);
    EXPECT_FAILURE(load(p), GAN_EDATA, "no dataset /images", "gan_mpi import");
    make_dataset(p, "images", H5T_STD_U8LE, -1, 3, d, NULL, 0, NULL);
    EXPECT_FAILURE(load(p), GAN_EDATA, "shape [4,3,2]", "[N,H,W,C]", "grey");
    make_dataset(p, "images", H5T_STD_U8LE, -1, 1, d, NULL, 0, NULL);
    EXPECT_FAILURE(load(p), GAN_EDATA, "shape [4];", "[N,F]");
    make_dataset(p, "images", H5T_STD_U8LE, -1, 6, d, NULL, 0, NULL);
    EXPECT_FAILURE(load(p), GAN_EDATA, "shape [4,3,2,1,1,1]");
    make_dataset(p, "images", H5T_STD_U8LE, -1, 4, none, NULL, 0, NULL);
    EXPECT_FAILURE(load(p), GAN_EDATA, "shape [0,3,2,1]", "no samples");
    make_dataset(p, "images", H5T_STD_I8LE, -1, 4, d, NULL, 0, NULL);
    EXPECT_FAILURE(load(p), GAN_EDATA, "holds int8;", "uint8 or float32");
    make_dataset(p, "images", H5T_STD_U16LE, -1, 4, d, NULL, 0, NULL);
    EXPECT_FAILURE(load(p), GAN_EDATA, "holds uint16;");
    make_dataset(p, "images", H5T_IEEE_F64LE, -1, 4, d, NULL, 2, range);
    EXPECT_FAILURE(load(p), GAN_EDATA, "holds float64;");
    make_dataset(p, "images", H5T_C_S1, -1, 4, d, NULL, 2, range);
    EXPECT_FAILURE(load(p), GAN_EDATA, "holds no numbers");
    make_dataset(p, "images", H5T_IEEE_F32LE, -1, 4, d, NULL, 0, NULL);
    EXPECT_FAILURE(load(p), GAN_EDATA, "no attribute \"range\"", "smallest");
    make_dataset(p, "images", H5T_IEEE_F32LE, -1, 4, d, NULL, 1, range);
    EXPECT_FAILURE(load(p), GAN_EDATA, "no attribute \"range\" of two numbers");
    const double *const bad_ranges[] = {upside_down, same, odd, wide};
    for (int i = 0; i < 4; i++) {
        make_dataset(p, "images", H5T_IEEE_F32LE, -1, 4, d, NULL, 2, bad_ranges[i]);
        EXPECT_FAILURE(load(p), GAN_EDATA, "bad.h5: /images has the range");
    }
    const float bad_values[] = {NAN, INFINITY, -INFINITY, 1.5f, -1.0000001f};
    for (int i = 0; i < 5; i++) {
        v[6 + 5] = bad_values[i];
        make_dataset(p, "images", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 4, d, v, 2, range);
        EXPECT_FAILURE(load(p), GAN_EDATA, "sample 1, value 5 is ", "outside of the stated range -1 .. 1");
    }
    v[6 + 5] = 1;
    make_dataset(p, "images", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 4, d, v, 2, range);
    EXPECT_OK(load(p));
    hid_t f = H5Fopen(p, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(H5Ldelete(f, "images", H5P_DEFAULT) >= 0);
    H5Gclose(H5Gcreate2(f, "images", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Fclose(f);
    EXPECT_FAILURE(load(p), GAN_EDATA, "cannot open /images as a dataset");
}

static void cut_datasets_are_refused(void **state)
{
    (void)state;
    long n;
    char *bytes = slurp("data/fashion-mnist-10k.h5", &n);
    gan_dataset_shape shape;
    void *to = malloc(7840000);
    for (long cut = 0; cut < n; cut += n / 40) {
        spill(scratch("cut.h5"), bytes, cut);
        EXPECT_FAILURE(gan__dataset_probe(scratch("cut.h5"), &shape), GAN_EDATA, "cut.h5");
    }
    int found = 0;
    for (long at = 100000; at < 4000000; at += 500000) { /* fletcher32 finds what the length does not */
        bytes[at] = (char)(bytes[at] ^ 1);
        spill(scratch("cut.h5"), bytes, n);
        bytes[at] = (char)(bytes[at] ^ 1);
        EXPECT_OK(gan__dataset_probe(scratch("cut.h5"), &shape));
        EXPECT_FAILURE(gan__dataset_load(scratch("cut.h5"), &shape, to), GAN_EDATA, "cannot read /images",
                       "damaged");
        found++;
    }
    assert_int_equal(found, 8);
    free(to);
    free(bytes);
}

static void dataset_reading_survives_no_memory(void **state)
{
    (void)state;
    for (int64_t k = 1, left = 0; left == 0; k++) {
        gan_dataset_shape shape;
        gan_mem_fail_at(k);
        gan_status s = gan__dataset_probe("data/fashion-mnist-10k.h5", &shape);
        left = gan_mem_fail_at(0);
        if (s != GAN_OK) EXPECT_FAILURE(s, GAN_ENOMEM, "no memory");
        gan_fail_clear();
    }
}

/* Block by block in stored order, as bytes and as floats, with a frame and without. */
static void rows_are_the_stored_images(void **state)
{
    (void)state;
    enum { N = 7, H = 3, W = 2, C = 2, PAD = 1, F = H * W * C, PW = W + 2 * PAD, PF = (H + 2 * PAD) * PW * C };
    static uint8_t bytes[N * F];
    static float floats[N * F], x[N * PF];
    const hsize_t dims[4] = {N, H, W, C};
    gan_rows *r;
    for (int i = 0; i < N * F; i++) bytes[i] = (uint8_t)(i * 3), floats[i] = (float)(i * 3);
    make_dataset(scratch("u8.h5"), "images", H5T_STD_U8LE, H5T_NATIVE_UINT8, 4, dims, bytes, 0, NULL);
    make_dataset(scratch("f32.h5"), "images", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 4, dims, floats, 2, (double[]){0, 255});
    for (int kind = 0; kind < 4; kind++) {
        const bool framed = kind / 2;
        const int f = framed ? PF : F;
        EXPECT_OK(gan_rows_open(&r, gan_kernels_get(0), scratch(kind % 2 ? "f32.h5" : "u8.h5"), -1, 1));
        if (framed) EXPECT_OK(gan_rows_frame(r, PAD));
        const gan_source_info *info = gan_rows_describe(r);
        assert_true(info->n == N && info->n_dims == 3 && info->features == f && info->dims[0] == H + 2 * PAD * framed);
        EXPECT_OK(gan_rows_read(r, 5, 2, x + 5 * f));
        EXPECT_OK(gan_rows_read(r, 0, 5, x));
        for (int i = 0; i < N * f; i++) {
            int h = i % f / ((framed ? PW : W) * C) - PAD * framed, w = i / C % (framed ? PW : W) - PAD * framed;
            bool inside = h >= 0 && h < H && w >= 0 && w < W;
            double wanted = inside ? bytes[i / f * F + (h * W + w) * C + i % C] * 2.0 / 255 - 1 : -1;
            if (!(fabs((double)x[i] - wanted) <= 1e-6)) fail_msg("kind %d, %d: %g, wanted %g", kind, i, (double)x[i], wanted);
        }
        gan_rows_close(r);
    }
    gan_rows_close(NULL);
}

static void bad_rows_are_refused(void **state)
{
    (void)state;
    const hsize_t dims[2] = {6, 2};
    float x[12] = {0};
    gan_rows *r;
    x[9] = 2;
    make_dataset(scratch("out.h5"), "images", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 2, dims, x, 2, (double[]){0, 1});
    EXPECT_FAILURE(gan_rows_open(&r, gan_kernels_get(0), scratch("none.h5"), 0, 1), GAN_EDATA, "none.h5: cannot open");
    assert_null(r);
    EXPECT_OK(gan_rows_open(&r, gan_kernels_get(0), scratch("out.h5"), 0, 1));
    EXPECT_FAILURE(gan_rows_frame(r, 2), GAN_EDATA, "data.pad = 2", "no images");
    EXPECT_OK(gan_rows_read(r, 0, 4, x));
    EXPECT_FAILURE(gan_rows_read(r, 3, 2, x), GAN_EDATA, "out.h5: /images: sample 4, value 1 is 2, outside");
    gan_rows_close(r);
    for (int64_t k = 1, left = 0; left == 0; k++) {
        gan_mem_fail_at(k);
        gan_status s = gan_rows_open(&r, gan_kernels_get(0), "data/fashion-mnist-10k.h5", -1, 1);
        if (s == GAN_OK) s = gan_rows_frame(r, 2);
        left = gan_mem_fail_at(0);
        if (s != GAN_OK) EXPECT_FAILURE(s, GAN_ENOMEM, "no memory");
        gan_rows_close(r);
        gan_fail_clear();
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_before, scratch_after)
    const struct CMUnitTest tests[] = {
        TEST(permutation_is_a_bijection),
        TEST(permutation_differs_by_epoch_and_seed),
        TEST(permutation_is_uniform_over_epochs),
        TEST(permutation_is_the_same_for_ever),
        TEST(mixtures_are_what_they_say),
        TEST(a_line_has_modes),
        TEST(mixtures_are_read_by_position),
        TEST(noise_and_frames),
        TEST(stacks),
        TEST(bad_stacks_are_refused),
        TEST(bad_mixtures_are_refused),
        TEST(idx_files_become_datasets),
        TEST(bad_idx_files_are_refused),
        TEST(damaged_gz_is_found),
        TEST(what_follows_a_gz_is_found),
        TEST(import_fails_cleanly),
        TEST(the_repository_has_the_original_images),
        TEST(bad_datasets_are_refused),
        TEST(cut_datasets_are_refused),
        TEST(dataset_reading_survives_no_memory),
        TEST(rows_are_the_stored_images),
        TEST(bad_rows_are_refused),
    };
    gan_log_setup(0, GAN_QUIET);
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
