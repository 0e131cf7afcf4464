/* np: 1 2 4
 * Dataset files as several ranks read them: all ranks see the same values, which are those of the file, in the order of
 * the permutation and scaled as asked; rank counts do not matter; a bad file fails on every rank, with the text on the
 * one that read it; every failing allocation on any rank fails all. Files are made with plain HDF5 calls here. */
#include "mpi_test.h"

#include "gan/data.h"
#include "gan/digest.h"
#include "gan/h5.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { SEED = 5, N = 37, H = 3, W = 2, F = H * W };

static char u8_path[300], f32_path[300], bad_path[300], other_path[300];

/* Value of element f of stored sample i. */
static uint8_t pixel(int64_t i, int64_t f)
{
    return (uint8_t)(i * 7 + f * 41);
}

static float number(int64_t i, int64_t f)
{
    return -2.0f + 4.0f * (float)((i * F + f) * 101 % 222) / 221.0f;
}

static void make_file(const char *path, hid_t type, const void *values, float limit)
{
    const hsize_t dims[4] = {N, H, W, 1};
    const double range[2] = {-(double)limit, (double)limit};
    gan_h5_lock();
    hid_t f = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), s = H5Screate_simple(4, dims, NULL);
    hid_t d = H5Dcreate2(f, "images", type, s, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    gan_h5_put_attribute(d, "range", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 2, range);
    H5Dclose(d);
    H5Sclose(s);
    H5Fclose(f);
    gan_h5_unlock();
}

static void make_files(const mpi_test *t)
{
    uint8_t u8[N * F];
    float f32[N * F];
    char dir[256];
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/gan-mpi-data-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (t->c->rank == 0 && !mkdtemp(dir)) perror(dir);
    MPI_Bcast(dir, sizeof dir, MPI_CHAR, 0, t->c->mpi);
    snprintf(u8_path, sizeof u8_path, "%s/u8.h5", dir);
    snprintf(f32_path, sizeof f32_path, "%s/f32.h5", dir);
    snprintf(bad_path, sizeof bad_path, "%s/bad.h5", dir);
    snprintf(other_path, sizeof other_path, "%s/other.h5", dir);
    for (int64_t i = 0; i < N * F; i++) u8[i] = pixel(i / F, i % F), f32[i] = number(i / F, i % F);
    if (t->c->rank == 0) {
        make_file(u8_path, H5T_NATIVE_UINT8, u8, 0);
        u8[N * F - 1] ^= 1;
        make_file(other_path, H5T_NATIVE_UINT8, u8, 0);
        make_file(f32_path, H5T_NATIVE_FLOAT, f32, 2);
        f32[F + 3] = NAN;
        make_file(bad_path, H5T_NATIVE_FLOAT, f32, 2);
    }
    MPI_Barrier(t->c->mpi);
}

static void remove_files(const mpi_test *t)
{
    MPI_Barrier(t->c->mpi);
    if (t->c->rank != 0) return;
    unlink(u8_path), unlink(f32_path), unlink(bad_path), unlink(other_path);
    *strrchr(u8_path, '/') = '\0';
    rmdir(u8_path);
}

/* Read a stretch over several epochs, each rank in pieces of its own; compare with the file and with each other. */
static void check_values(mpi_test *t, const gan_source *s, bool is_float, float lo, float hi)
{
    enum { FIRST = 2 * N - 5, COUNT = 3 * N };
    static float x[COUNT * F];
    for (int64_t at = 0, n = 1 + t->c->rank; at < COUNT; at += n) {
        if (n > COUNT - at) n = COUNT - at;
        gan_source_read(s, FIRST + at, n, x + at * F);
    }
    for (int64_t p = 0; p < COUNT; p++) {
        int64_t i = gan_permute(SEED, (uint64_t)(FIRST + p) / N, N, (FIRST + p) % N);
        for (int64_t f = 0; f < F; f++) {
            double stored = is_float ? ((double)number(i, f) + 2) / 4 : pixel(i, f) / 255.0;
            double wanted = (double)lo + stored * ((double)hi - (double)lo), got = (double)x[p * F + f];
            CHECK(t, fabs(got - wanted) < 1e-6 * fmax(1, fabs((double)hi)),
                  "position %lld, %lld: %.9g, not %.9g", (long long)p, (long long)f, got, wanted);
        }
    }
    bool same;
    CHECK_OK(t, gan_comm_same(t->c, gan_digest(GAN_DIGEST_START, x, sizeof x), &same));
    CHECK(t, same, "ranks read different values");
}

static void check_file(mpi_test *t, const char *path, bool is_float, float lo, float hi)
{
    gan_source *s;
    CHECK_OK(t, gan_source_open_file(&s, t->c, gan_kernels_get(0), path, lo, hi, SEED));
    if (!s) return;
    const gan_source_info *info = gan_source_describe(s);
    CHECK(t, info->n == N && info->features == F && info->n_dims == 3, "n %lld", (long long)info->n);
    CHECK(t, info->dims[0] == H && info->dims[1] == W && info->dims[2] == 1, "H %lld",
          (long long)info->dims[0]);
    CHECK(t, info->bytes == N * F * (is_float ? 4 : 1), "%lld bytes", (long long)info->bytes);
    CHECK(t, info->lo == lo && info->hi == hi, "%g .. %g", (double)info->lo, (double)info->hi);
    CHECK(t, strcmp(info->name, is_float ? "f32.h5" : "u8.h5") == 0, "%s", info->name);
    check_values(t, s, is_float, lo, hi);
    gan_source_close(s);
}

/* All ranks fail; only the readers (the first ranks of the nodes) know why. */
static void check_refused(mpi_test *t, const char *path, const char *text)
{
    gan_source *s;
    gan_fail_clear();
    gan_status got = gan_source_open_file(&s, t->c, gan_kernels_get(0), path, -1, 1, SEED);
    CHECK(t, got == GAN_EDATA && !s, "status %d", got);
    if (t->c->node_rank == 0)
        CHECK(t, strstr(gan_fail_text(), text), "\"%s\" not in: %s", text, gan_fail_text());
    else
        CHECK(t, gan_fail_text()[0] == '\0', "%s", gan_fail_text());
    gan_fail_clear();
}

/* As if each rank were a node of its own, with its own copy of the file on a local disk. */
static void check_nodes_with_copies(mpi_test *t)
{
    gan_source *s;
    gan_comm alone = *t->c;
    if (t->c->size == 1) return;
    bool odd = t->c->rank == t->c->size - 1;
    alone.node = MPI_COMM_SELF;
    alone.node_rank = 0, alone.node_size = 1, alone.n_nodes = alone.size;
    CHECK_OK(t, gan_source_open_file(&s, &alone, gan_kernels_get(0), u8_path, 0, 1, SEED));
    if (s) check_values(t, s, false, 0, 1);
    gan_source_close(s);
    const struct {
        const char *path, *text;
    } rows[] = {{f32_path, "on this node it is another file"},   /* another shape */
                {other_path, "on this node it is another file"}, /* the same shape, one pixel differs */
                {"/none/such.h5", "No such file"}};
    for (int i = 0; i < 3; i++) {
        const char *path = odd ? rows[i].path : u8_path;
        gan_status got = gan_source_open_file(&s, &alone, gan_kernels_get(0), path, 0, 1, SEED);
        CHECK(t, got == GAN_EDATA && !s, "row %d: status %d", i, got);
        CHECK(t, (strstr(gan_fail_text(), rows[i].text) != NULL) == odd, "row %d: %s", i, gan_fail_text());
        gan_fail_clear();
    }
}

/* The k-th allocation of one rank fails: nobody has a source. */
static void check_failing_memory(mpi_test *t)
{
    for (int unlucky = 0; unlucky < t->c->size; unlucky++)
        for (int64_t k = 1, left = 0; left == 0; k++) {
            gan_source *s;
            gan_fail_clear();
            int64_t live = gan_mem_live();
            gan_mem_fail_at(t->c->rank == unlucky ? k : 0);
            gan_status got = gan_source_open_file(&s, t->c, gan_kernels_get(0), u8_path, -1, 1, SEED);
            left = gan_mem_fail_at(0);
            MPI_Bcast(&left, 1, MPI_INT64_T, unlucky, t->c->mpi);
            CHECK(t, got == GAN_OK || got == GAN_ENOMEM, "status %d", got);
            CHECK(t, (got == GAN_OK) == (s != NULL), "status %d, %p", got, (void *)s);
            gan_source_close(s);
            CHECK(t, gan_mem_live() == live, "%lld blocks, %lld before", (long long)gan_mem_live(),
                  (long long)live);
        }
    gan_fail_clear();
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    make_files(&t);
    check_file(&t, u8_path, false, -1, 1);
    check_file(&t, u8_path, false, 0, 255);
    check_file(&t, f32_path, true, -1, 1);
    check_file(&t, f32_path, true, -2, 2);
    check_refused(&t, bad_path, "sample 1, value 3 is nan");
    check_refused(&t, "/none/such.h5", "No such file");
    check_refused(&t, "tests/mpi_data.c", "not a readable HDF5 file");
    check_nodes_with_copies(&t);
    check_failing_memory(&t);
    remove_files(&t);
    return mpi_test_end(&t);
}
