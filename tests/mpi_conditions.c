/* np: 1 2 4
 * Labels and attributes of dataset files: all ranks read what the file has for the very sample at a position of the stream, through a
 * frame as well; what does not fit is refused on every rank, with the text on the one that read it; so is another node's copy that
 * differs in a label alone; every failing allocation on any rank fails all. The same in stored order, for one pass. Files are made with plain
 * HDF5 calls here. */
#include "mpi_test.h"

#include "gan/data.h"
#include "gan/h5.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { SEED = 5, N = 37, H = 3, W = 2, F = H * W, CLASSES = 6, A = 3, MAX_FILES = 32 };

static char dir[256], paths[MAX_FILES][320];
static int n_paths;

static int label(int64_t i)
{
    return (int)(i * 5 % CLASSES);
}

static float attribute(int64_t i, int64_t a)
{
    return (float)(i - 20) / 8 + (float)a;
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static void put(hid_t f, const char *name, hid_t stored, int rank, const hsize_t *dims, hid_t type, const void *values)
{
    hid_t s = H5Screate_simple(rank, dims, NULL), d = H5Dcreate2(f, name, stored, s, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (values) H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(d);
    H5Sclose(s);
}

/* Images whose first pixel is the number of the sample, and beside them an array of [rows], or [rows,columns]. */
static const char *make(const mpi_test *t, const char *name, hid_t stored, int64_t rows, int64_t columns, hid_t type, const void *values)
{
    static const hsize_t image[4] = {N, H, W, 1};
    const hsize_t dims[2] = {(hsize_t)rows, (hsize_t)columns};
    uint8_t pixels[N * F] = {0};
    char *path = paths[n_paths];
    snprintf(path, sizeof paths[0], "%s/%d.h5", dir, n_paths++);
    for (int i = 0; i < N; i++) pixels[i * F] = (uint8_t)i;
    if (t->c->rank == 0) {
        gan_h5_lock();
        hid_t f = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        put(f, "images", H5T_NATIVE_UINT8, 4, image, H5T_NATIVE_UINT8, pixels);
        if (name) put(f, name, stored, columns ? 2 : 1, dims, type, values);
        H5Fclose(f);
        gan_h5_unlock();
    }
    MPI_Barrier(t->c->mpi);
    return path;
}

static const char *make_labels(const mpi_test *t, hid_t stored, int64_t at, int64_t value)
{
    int64_t labels[N];
    for (int i = 0; i < N; i++) labels[i] = i == at ? value : label(i);
    return make(t, "labels", stored, N, 0, H5T_NATIVE_INT64, labels);
}

static const char *make_attributes(const mpi_test *t, int64_t at, float value)
{
    float x[N * A];
    for (int i = 0; i < N * A; i++) x[i] = i == at ? value : attribute(i / A, i % A);
    return make(t, "attributes", H5T_IEEE_F64LE, N, A, H5T_NATIVE_FLOAT, x);
}

static void make_directory(const mpi_test *t)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/gan-mpi-conditions-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (t->c->rank == 0 && !mkdtemp(dir)) perror(dir);
    MPI_Bcast(dir, sizeof dir, MPI_CHAR, 0, t->c->mpi);
}

static void remove_files(const mpi_test *t)
{
    MPI_Barrier(t->c->mpi);
    for (int i = 0; i < n_paths && t->c->rank == 0; i++) unlink(paths[i]);
    if (t->c->rank == 0) rmdir(dir);
}

/* ---- what is read ------------------------------------------------------------------------------------------------ */

static gan_status open_as(const gan_comm *c, gan_source **s, const char *path, gan_condition_kind kind)
{
    return gan_source_open_conditioned(s, c, gan_kernels_get(0), path, 0, 255, SEED, kind);
}

static void check_one(mpi_test *t, gan_condition_kind kind, int64_t sample, const float *c)
{
    const int numbers = kind == GAN_CONDITION_LABELS ? CLASSES : A;
    for (int k = 0; k < numbers; k++) {
        const float wanted = kind == GAN_CONDITION_LABELS ? (float)(k == label(sample)) : attribute(sample, k);
        CHECK(t, c[k] == wanted, "sample %lld, number %d: %g, not %g", (long long)sample, k, (double)c[k], (double)wanted);
    }
}

/* Over some epochs, in pieces of another size on each rank; which sample it is, its pixel tells. */
static void check_stream(mpi_test *t, const gan_source *s, gan_condition_kind kind, int64_t first_pixel)
{
    enum { FIRST = 2 * N - 5, COUNT = 3 * N, WIDE = 64 };
    const gan_source_info *info = gan_source_describe(s);
    const int64_t numbers = kind == GAN_CONDITION_LABELS ? CLASSES : A;
    float x[WIDE], c[(COUNT + 1) * CLASSES];
    CHECK(t, info->conditioned == kind && info->condition == numbers, "%d of kind %d", (int)info->condition, info->conditioned);
    for (int64_t at = 0, n = 1 + t->c->rank; at < COUNT; at += n) {
        if (n > COUNT - at) n = COUNT - at;
        gan_source_read_condition(s, FIRST + at, n, c + at * numbers);
    }
    for (int64_t p = 0; p < COUNT; p++) {
        gan_source_read(s, FIRST + p, 1, x);
        check_one(t, kind, (int64_t)x[first_pixel], c + p * numbers);
    }
}

static void check_file(mpi_test *t, const char *path, gan_condition_kind kind)
{
    gan_source *s, *framed;
    CHECK_OK(t, open_as(t->c, &s, path, kind));
    if (!s) return;
    check_stream(t, s, kind, 0);
    const int64_t least = N * F + N * (kind == GAN_CONDITION_LABELS ? 4 : 4 * A);
    CHECK(t, gan_source_describe(s)->bytes >= least, "%lld bytes", (long long)gan_source_describe(s)->bytes);
    CHECK_OK(t, gan_source_open_padded(&framed, s, 1));
    check_stream(t, framed, kind, W + 2 + 1);
    gan_source_close(framed);
    CHECK_OK(t, open_as(t->c, &s, path, GAN_CONDITION_NONE)); /* nobody asks */
    CHECK(t, gan_source_describe(s)->condition == 0 && gan_source_describe(s)->bytes == N * F, "more than the images is held");
    gan_source_close(s);
}

static void check_rows(mpi_test *t, const char *path, gan_condition_kind kind, int64_t numbers)
{
    gan_rows *r;
    float c[5 * (CLASSES + 1)];
    CHECK_OK(t, gan_rows_open(&r, gan_kernels_get(0), path, 0, 255));
    CHECK_OK(t, gan_rows_open_conditions(r, kind, numbers));
    for (int64_t first = 0; first + 5 <= N; first += 5) {
        gan_rows_read_condition(r, first, 5, c);
        for (int i = 0; i < 5; i++) {
            check_one(t, kind, first + i, c + i * numbers);
            if (numbers > CLASSES) CHECK(t, c[i * numbers + CLASSES] == 0, "a class that the file lacks");
        }
    }
    gan_rows_close(r);
}

static void check_rows_refused(mpi_test *t, const char *path, gan_condition_kind kind, int64_t numbers, const char *text)
{
    gan_rows *r;
    CHECK_OK(t, gan_rows_open(&r, gan_kernels_get(0), path, 0, 255));
    CHECK(t, gan_rows_open_conditions(r, kind, numbers) == GAN_EDATA, "it is taken");
    CHECK(t, strstr(gan_fail_text(), text), "\"%s\" not in: %s", text, gan_fail_text());
    gan_rows_close(r);
    gan_fail_clear();
}

/* ---- what is refused --------------------------------------------------------------------------------------------- */

static void check_refused(mpi_test *t, const char *path, gan_condition_kind kind, const char *text)
{
    gan_source *s;
    gan_fail_clear();
    gan_status got = open_as(t->c, &s, path, kind);
    CHECK(t, got == GAN_EDATA && !s, "\"%s\": status %d", text, got);
    const char *said = gan_fail_text();
    if (t->c->node_rank == 0) CHECK(t, strstr(said, text) && strstr(said, path), "\"%s\" not in: %s", text, said);
    else CHECK(t, !*said, "%s", said);
    gan_fail_clear();
}

static void check_bad_files(mpi_test *t)
{
    const gan_condition_kind LABELS = GAN_CONDITION_LABELS, ATTRIBUTES = GAN_CONDITION_ATTRIBUTES;
    const float numbers[N * A] = {0};
    const char *bare = make(t, NULL, 0, 0, 0, 0, NULL);
    check_refused(t, bare, LABELS, "it has no /labels, which data.condition = labels asks for");
    check_refused(t, bare, ATTRIBUTES, "it has no /attributes, which data.condition = attributes asks for");
    check_refused(t, make_labels(t, H5T_STD_I8LE, 4, -1), LABELS, "/labels: sample 4 has the label -1; classes are numbered from 0");
    check_refused(t, make_labels(t, H5T_STD_U32LE, N - 1, 65536), LABELS, "sample 36 has the label 65536; classes are numbered from 0, at most 65535");
    check_refused(t, make_labels(t, H5T_STD_I64LE, 0, (int64_t)1 << 40), LABELS, "sample 0 has the label 2147483647");
    check_refused(t, make_labels(t, H5T_IEEE_F32LE, -1, 0), LABELS, "/labels holds no integers");
    check_refused(t, make(t, "labels", H5T_STD_U8LE, N - 1, 0, 0, NULL), LABELS, "the first of 36; [N], a class each, for the 37 samples");
    check_refused(t, make(t, "labels", H5T_STD_U8LE, N, 1, 0, NULL), LABELS, "/labels has 2 dimensions");
    check_refused(t, make(t, "attributes", H5T_IEEE_F32LE, N, 0, H5T_NATIVE_FLOAT, numbers), ATTRIBUTES, "/attributes has 1 dimensions");
    check_refused(t, make(t, "attributes", H5T_IEEE_F32LE, N + 1, A, 0, NULL), ATTRIBUTES, "the first of 38; [N,attributes] for the 37 samples");
    check_refused(t, make(t, "attributes", H5T_IEEE_F32LE, N, 65537, 0, NULL), ATTRIBUTES, "/attributes has 65537 a sample; 1 to 65536 are wanted");
    check_refused(t, make(t, "attributes", H5T_C_S1, N, A, 0, NULL), ATTRIBUTES, "/attributes holds no numbers");
    check_refused(t, make_attributes(t, 7 * A + 2, NAN), ATTRIBUTES, "/attributes: sample 7, value 2 is not finite");
    check_refused(t, make_attributes(t, 3, INFINITY), ATTRIBUTES, "/attributes: sample 1, value 0 is not finite");
}

/* Nothing of it is stored, and the memory that it states is asked for before anything is read. */
static void check_huge(mpi_test *t)
{
    enum { HUGE_N = 1 << 24 };
    const hsize_t images[2] = {HUGE_N, 1}, attributes[2] = {HUGE_N, 65536}; /* 4 TiB */
    char *path = paths[n_paths];
    gan_source *s;
    snprintf(path, sizeof paths[0], "%s/%d.h5", dir, n_paths++);
    if (t->c->rank == 0) {
        gan_h5_lock();
        hid_t f = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        put(f, "images", H5T_NATIVE_UINT8, 2, images, 0, NULL);
        put(f, "attributes", H5T_IEEE_F32LE, 2, attributes, 0, NULL);
        H5Fclose(f);
        gan_h5_unlock();
    }
    MPI_Barrier(t->c->mpi);
    gan_status got = open_as(t->c, &s, path, GAN_CONDITION_ATTRIBUTES);
    CHECK(t, got == GAN_ENOMEM && !s, "status %d", got);
    if (t->c->node_rank == 0) CHECK(t, strstr(gan_fail_text(), "the dataset"), "%s", gan_fail_text());
    gan_fail_clear();
}

/* As if each rank were a node of its own; the last one's copy has another label, and its largest class is another. */
static void check_copies(mpi_test *t, const char *path)
{
    const char *one = make_labels(t, H5T_STD_U8LE, 9, 2), *more = make_labels(t, H5T_STD_U8LE, 9, CLASSES);
    gan_source *s;
    gan_comm alone = *t->c;
    if (t->c->size == 1) return;
    const bool odd = t->c->rank == t->c->size - 1;
    alone.node = MPI_COMM_SELF;
    alone.node_rank = 0, alone.node_size = 1, alone.n_nodes = alone.size;
    CHECK_OK(t, open_as(&alone, &s, path, GAN_CONDITION_LABELS));
    if (s) check_stream(t, s, GAN_CONDITION_LABELS, 0);
    gan_source_close(s);
    for (int i = 0; i < 2; i++) {
        gan_status got = open_as(&alone, &s, odd ? (i ? more : one) : path, GAN_CONDITION_LABELS);
        CHECK(t, got == GAN_EDATA && !s, "copy %d: status %d", i, got);
        CHECK(t, (strstr(gan_fail_text(), "on this node it is another file") != NULL) == odd, "copy %d: %s", i, gan_fail_text());
        gan_fail_clear();
    }
}

static void check_failing_memory(mpi_test *t, const char *path)
{
    for (int unlucky = 0; unlucky < t->c->size; unlucky++)
        for (int64_t k = 1, left = 0; left == 0; k++) {
            gan_source *s;
            const int64_t live = gan_mem_live();
            gan_fail_clear();
            gan_mem_fail_at(t->c->rank == unlucky ? k : 0);
            gan_status got = open_as(t->c, &s, path, GAN_CONDITION_LABELS);
            left = gan_mem_fail_at(0);
            MPI_Bcast(&left, 1, MPI_INT64_T, unlucky, t->c->mpi);
            CHECK(t, got == GAN_OK || got == GAN_ENOMEM, "status %d", got);
            CHECK(t, (got == GAN_OK) == (s != NULL), "status %d, %p", got, (void *)s);
            gan_source_close(s);
            CHECK(t, gan_mem_live() == live, "%lld blocks, %lld before", (long long)gan_mem_live(), (long long)live);
        }
    gan_fail_clear();
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    make_directory(&t);
    const char *labels = make_labels(&t, H5T_STD_U8LE, -1, 0), *attributes = make_attributes(&t, -1, 0);
    check_file(&t, labels, GAN_CONDITION_LABELS);
    check_file(&t, make_labels(&t, H5T_STD_I64BE, -1, 0), GAN_CONDITION_LABELS);
    check_file(&t, attributes, GAN_CONDITION_ATTRIBUTES);
    check_rows(&t, labels, GAN_CONDITION_LABELS, CLASSES);
    check_rows(&t, labels, GAN_CONDITION_LABELS, CLASSES + 1);
    check_rows(&t, attributes, GAN_CONDITION_ATTRIBUTES, A);
    check_rows_refused(&t, labels, GAN_CONDITION_LABELS, CLASSES - 1, "/labels goes up to 5; the classes 0 to 4 are known");
    check_rows_refused(&t, attributes, GAN_CONDITION_ATTRIBUTES, A + 1, "/attributes has 3 a sample; 4 are wanted");
    check_rows_refused(&t, attributes, GAN_CONDITION_LABELS, A, "it has no /labels");
    check_bad_files(&t);
    check_huge(&t);
    check_copies(&t, labels);
    check_failing_memory(&t, labels);
    remove_files(&t);
    return mpi_test_end(&t);
}
