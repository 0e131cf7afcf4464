/* np: 1 2 3 4 */
/* A directory of pictures imported by several ranks. Proved: the file is, byte by byte, the one that a process alone makes,
 * with few and with many rounds, with bad pictures left out and with attributes; a bad picture in any place is named, by
 * one rank, and of several the first; what cannot be written, read or allocated ends all ranks with one status and
 * leaves the old file. Pictures are written by libpng here; what is in them test_import_images.c proves. */
#include "mpi_test.h"

#include "gan/data.h"
#include "gan/log.h"

#include <dirent.h>
#include <png.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N = 11 };

static char dir[256], in[300], alone_path[300], path[300], list_path[300];

/* ---- files, made by rank 0 ---------------------------------------------------------------------------------- */

static const char *picture(int i)
{
    static char name[320];
    snprintf(name, sizeof name, "%s/%02d.png", in, i);
    return name;
}

static void put_picture(int i, int channels)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .width = 5, .height = 4};
    uint8_t pixels[60];
    image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    for (int k = 0; k < 60; k++) pixels[k] = (uint8_t)(k * 37 + i * 91);
    if (!png_image_write_to_file(&image, picture(i), 0, pixels, 0, NULL)) perror(picture(i));
}

static void put_text(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    if (!f || fputs(text, f) < 0 || fclose(f) != 0) perror(name);
}

static void make_files(const mpi_test *t)
{
    const char *tmp = getenv("TMPDIR");
    char text[1000];
    snprintf(dir, sizeof dir, "%s/gan-mpi-import-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (t->c->rank == 0 && !mkdtemp(dir)) perror(dir);
    MPI_Bcast(dir, sizeof dir, MPI_CHAR, 0, t->c->mpi);
    snprintf(in, sizeof in, "%s/in", dir);
    snprintf(alone_path, sizeof alone_path, "%s/alone.h5", dir);
    snprintf(path, sizeof path, "%s/out.h5", dir);
    snprintf(list_path, sizeof list_path, "%s/list.txt", dir);
    if (t->c->rank == 0 && mkdir(in, 0777) == 0) {
        int at = snprintf(text, sizeof text, "%d\nYoung Bald\n", N);
        for (int i = 0; i < N; i++) {
            put_picture(i, 3);
            at += snprintf(text + at, sizeof text - (size_t)at, "%02d.png %d  -1\n", i, i % 3 ? 1 : -1);
        }
        put_text(list_path, text);
    }
    MPI_Barrier(t->c->mpi);
}

static void remove_files(const mpi_test *t)
{
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    MPI_Barrier(t->c->mpi);
    if (t->c->rank == 0 && system(command) != 0) perror(dir);
}

static void between(const mpi_test *t, void (*change)(int, int), int i, int channels)
{
    MPI_Barrier(t->c->mpi);
    if (t->c->rank == 0) change(i, channels);
    MPI_Barrier(t->c->mpi);
}

static void spoil(int i, int unused)
{
    (void)unused;
    put_text(picture(i), "no picture");
}

/* ---- checks ------------------------------------------------------------------------------------------------- */

static bool same_files(const char *a, const char *b)
{
    FILE *f = fopen(a, "rb"), *g = fopen(b, "rb");
    bool same = f && g;
    for (int x = 0; same && x != EOF;) same = (x = getc(f)) == getc(g);
    if (f) fclose(f);
    if (g) fclose(g);
    return same;
}

static void check_same(mpi_test *t, const gan_import_options *o, const char *what)
{
    if (t->c->rank == 0) CHECK_OK(t, gan_import_images(NULL, o, alone_path));
    CHECK_OK(t, gan_import_images(t->c, o, path));
    if (t->c->rank == 0) CHECK(t, same_files(alone_path, path), "%s: other bytes than alone", what);
}

/* 640 x 640 makes chunks of one picture and long messages. */
static void one_file_on_any_ranks(mpi_test *t)
{
    gan_import_options o = {.dir = in, .size = 640, .channels = 3};
    for (o.block = 0; o.block < 3; o.block++) check_same(t, &o, "large pictures");
    o.size = 4, o.channels = 0;
    for (o.block = 0; o.block < 3; o.block++) check_same(t, &o, "small pictures");
    o.channels = 1, o.attributes = list_path;
    check_same(t, &o, "attributes");
    between(t, spoil, 0, 0);
    between(t, spoil, 6, 0);
    between(t, spoil, N - 1, 0);
    o.skip_bad = true, o.channels = 0;
    for (o.block = 0; o.block < 3; o.block++) check_same(t, &o, "bad ones left out");
    between(t, put_picture, 0, 3);
    between(t, put_picture, 6, 3);
    between(t, put_picture, N - 1, 3);
}

/* All ranks get `wanted`; one of them says why, as gan_comm_report would have it. The file is as it was. */
static void check_refused(mpi_test *t, const gan_import_options *o, const char *out, gan_status wanted,
                          const char *text)
{
    gan_fail_clear();
    gan_status s = gan_import_images(t->c, o, out);
    int64_t first;
    CHECK(t, s == wanted, "%s: got \"%s\"", text, gan_status_text(s));
    CHECK_OK(t, gan_comm_min(t->c, gan_fail_text()[0] ? t->c->rank : t->c->size, &first));
    if (t->c->rank == first)
        CHECK(t, strstr(gan_fail_text(), text), "\"%s\" not in: %s", text, gan_fail_text());
    CHECK(t, first < t->c->size, "%s: nobody knows", text);
    if (t->c->rank == 0) CHECK(t, same_files(alone_path, path), "%s: the old file changed", text);
    gan_fail_clear();
}

static void bad_pictures_are_named(mpi_test *t)
{
    for (int block = 0; block < 2; block++)
        for (int i = 0; i < N; i++) {
            gan_import_options o = {.dir = in, .size = 4, .block = block};
            between(t, spoil, i, 0);
            if (i + 4 < N) between(t, spoil, i + 4, 0);
            check_refused(t, &o, path, GAN_EDATA, picture(i));
            between(t, put_picture, i, 1);
            if (i + 4 < N) between(t, put_picture, i + 4, 3);
            if (i > 0) check_refused(t, &o, path, GAN_EDATA, "00.png is in colour; --channels 1 makes");
            between(t, put_picture, i, 3);
        }
}

/* As on a disk that is full. */
static void no_room(mpi_test *t)
{
    struct rlimit before, little = {300 << 10, 0};
    gan_import_options o = {.dir = in, .size = 640, .block = 1};
    getrlimit(RLIMIT_FSIZE, &before);
    little.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    if (t->c->rank == 0) setrlimit(RLIMIT_FSIZE, &little);
    check_refused(t, &o, path, GAN_EIO, "out.h5");
    setrlimit(RLIMIT_FSIZE, &before);
}

static void other_failures(mpi_test *t)
{
    gan_import_options o = {.dir = "/none/such", .size = 4};
    check_refused(t, &o, path, GAN_EDATA, "/none/such: cannot open the directory: No such file");
    o.dir = in;
    check_refused(t, &o, "/none/such/out.h5", GAN_EIO, "/none/such/out.h5");
    o.attributes = "/none/such.txt";
    check_refused(t, &o, path, GAN_EDATA, "/none/such.txt: cannot open");
    no_room(t);
}

/* The k-th allocation of one rank fails: all end alike. */
static void failing_memory(mpi_test *t)
{
    gan_import_options o = {.dir = in, .size = 4, .attributes = list_path};
    for (int unlucky = 0; unlucky < t->c->size; unlucky++)
        for (int64_t k = 1, left = 0; left == 0; k++) {
            gan_fail_clear();
            int64_t live = gan_mem_live();
            gan_mem_fail_at(t->c->rank == unlucky ? k : 0);
            gan_status s = gan_import_images(t->c, &o, path);
            left = gan_mem_fail_at(0);
            MPI_Bcast(&left, 1, MPI_INT64_T, unlucky, t->c->mpi);
            CHECK(t, s == (left ? GAN_OK : GAN_ENOMEM), "allocation %lld of rank %d: %s", (long long)k,
                  unlucky, gan_status_text(s));
            CHECK(t, gan_mem_live() == live, "%lld blocks, %lld before", (long long)gan_mem_live(),
                  (long long)live);
        }
    gan_fail_clear();
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    gan_log_setup(t.c->rank, GAN_QUIET);
    if (t.c->rank == 0 && !freopen("/dev/null", "w", stdout)) perror("stdout");
    make_files(&t);
    one_file_on_any_ranks(&t);
    bad_pictures_are_named(&t);
    other_failures(&t);
    failing_memory(&t);
    remove_files(&t);
    return mpi_test_end(&t);
}
