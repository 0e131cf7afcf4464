/* Metrics of a run.
 *
 * Lines are held against Python's json and strtod (every number reads back bit for bit), metrics.h5 against h5py, which
 * also reads in a loop while a second process writes. Resume is tested on files that were torn, cut, mixed with garbage
 * and written under other names; full disks by limits on file sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "gan/clock.h"
#include "gan/file.h"
#include "gan/h5.h"
#include "gan/metrics.h"

#include <math.h>
#include <sys/wait.h>

static const char *const names[] = {"loss_d", "loss_g", "time/compute_s"};
enum { N = 3 };

static char dir[512], jsonl[600], h5[600];

static void use_dir(const char *name)
{
    snprintf(dir, sizeof dir, "%s", scratch(name));
    snprintf(jsonl, sizeof jsonl, "%s/metrics.jsonl", dir);
    snprintf(h5, sizeof h5, "%s/metrics.h5", dir);
    assert_int_equal(mkdir(dir, 0777), 0);
}

static gan_metrics *start(int64_t step)
{
    gan_metrics *m;
    EXPECT_OK(gan_metrics_open(&m, dir, names, N, step));
    return m;
}

/* Value i of the record of a step: any double at all, the same every time. */
static double value(int64_t step, int i)
{
    return sin((double)step * 12.9898 + i) * pow(10, (double)((step * 7 + i) % 40 - 20));
}

static void add(gan_metrics *m, int64_t from, int64_t to)
{
    for (int64_t step = from; step <= to; step++) {
        const double values[N] = {value(step, 0), value(step, 1), value(step, 2)};
        EXPECT_OK(gan_metrics_add(m, step, values));
    }
}

static void expect_text(const char *wanted)
{
    long n;
    char *text = slurp(jsonl, &n);
    assert_string_equal(text, wanted);
    free(text);
}

/* A whole column of metrics.h5, read with plain HDF5 calls; returns its length. */
static int64_t column(const char *name, hid_t type, void *to, int64_t room)
{
    gan_h5_lock();
    hid_t f = H5Fopen(h5, H5F_ACC_RDONLY, H5P_DEFAULT), d = H5Dopen2(f, name, H5P_DEFAULT),
          s = H5Dget_space(d);
    int64_t n = H5Sget_simple_extent_npoints(s);
    assert_true(n >= 0 && n <= room);
    assert_true(H5Dread(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, to) >= 0);
    H5Sclose(s);
    H5Dclose(d);
    H5Fclose(f);
    gan_h5_unlock();
    return n;
}

/* metrics.h5 has exactly the records first .. last of add(). */
static void expect_columns(int64_t first, int64_t last)
{
    static int64_t steps[5000];
    static double values[5000];
    int64_t n = last - first + 1;
    assert_int_equal(column("step", H5T_NATIVE_INT64, steps, 5000), n);
    for (int64_t r = 0; r < n; r++) assert_int_equal(steps[r], first + r);
    for (int i = 0; i < N; i++) {
        assert_int_equal(column(names[i], H5T_NATIVE_DOUBLE, values, 5000), n);
        for (int64_t r = 0; r < n; r++)
            if (values[r] != value(first + r, i))
                fail_msg("%s[%lld] is %.17g, not %.17g", names[i], (long long)r, values[r],
                         value(first + r, i));
    }
}

/* Flush until metrics.h5 has followed: at once, but for a machine so busy that an update seemed expensive. */
static void flush_and_expect(gan_metrics *m, int64_t first, int64_t last)
{
    int64_t n = -1;
    for (int tries = 0; tries < 1000 && n != last - first + 1; tries++) {
        if (tries > 0) usleep(20000);
        EXPECT_OK(gan_metrics_flush(m));
        gan_h5_lock();
        hid_t f = H5Fopen(h5, H5F_ACC_RDONLY, H5P_DEFAULT), d = f < 0 ? -1 : H5Dopen2(f, "step", H5P_DEFAULT);
        hid_t space = d < 0 ? -1 : H5Dget_space(d);
        n = space < 0 ? -1 : H5Sget_simple_extent_npoints(space);
        if (space >= 0) H5Sclose(space);
        if (d >= 0) H5Dclose(d);
        if (f >= 0) H5Fclose(f);
        gan_h5_unlock();
    }
    expect_columns(first, last);
}

static void records_are_lines_and_rows(void **state)
{
    (void)state;
    use_dir("records");
    gan_metrics *m = start(0);
    EXPECT_OK(gan_metrics_flush(m));
    expect_text("");
    EXPECT_OK(gan_metrics_add(m, 10, (double[]){1, -0.5, 1e-7}));
    EXPECT_OK(gan_metrics_add(m, 20, (double[]){NAN, INFINITY, -INFINITY}));
    expect_text("");
    EXPECT_OK(gan_metrics_flush(m));
    EXPECT_OK(gan_metrics_add(m, 30, (double[]){0.1, (double)0.1f, 1.0 / 3}));
    gan_metrics_close(m);
    expect_text("{\"step\": 10, \"loss_d\": 1, \"loss_g\": -0.5, \"time/compute_s\": 1e-07}\n"
                "{\"step\": 20, \"loss_d\": null, \"loss_g\": null, \"time/compute_s\": null}\n"
                "{\"step\": 30, \"loss_d\": 0.1, \"loss_g\": 0.10000000149011612, \"time/compute_s\": "
                "0.3333333333333333}\n");
    double values[3];
    assert_int_equal(column("loss_g", H5T_NATIVE_DOUBLE, values, 3), 3);
    assert_true(values[0] == -0.5 && isnan(values[1]) && values[2] == (double)0.1f);
    assert_int_equal(count_files(dir, ""), 2);
    gan_metrics_close(NULL);
}

static void python_reads_the_same(void **state)
{
    (void)state;
    char out[256];
    use_dir("python");
    gan_metrics *m = start(0);
    add(m, 1, 3000); /* more than a chunk, more than the first capacity */
    EXPECT_OK(gan_metrics_flush(m));
    add(m, 3001, 3003);
    gan_metrics_close(m);
    expect_columns(1, 3003);
    run_h5py("import sys, json, h5py, numpy as np\n"
             "rows = [json.loads(l) for l in open(sys.argv[1] + \"/metrics.jsonl\")]\n"
             "f = h5py.File(sys.argv[1] + \"/metrics.h5\", \"r\")\n"
             "for k in rows[0]:\n"
             "    assert (f[k][()] == np.array([r[k] for r in rows])).all(), k\n"
             "print(len(rows), f[\"step\"].dtype, f[\"loss_d\"].dtype, f[\"loss_d\"].maxshape)\n",
             dir, out, sizeof out);
    assert_string_equal(out, "3003 int64 float64 (None,)");
}

/* ---- resume ---------------------------------------------------------------------------------------------------- */

static void resume_cuts_back(void **state)
{
    (void)state;
    use_dir("resume");
    gan_metrics *m = start(0);
    add(m, 1, 50);
    gan_metrics_close(m);
    m = start(30);
    add(m, 31, 40);
    flush_and_expect(m, 1, 40);
    gan_metrics_close(m);
    m = start(1000000);
    gan_metrics_close(m);
    expect_columns(1, 40);
    m = start(0); /* starts empty */
    add(m, 5, 6);
    gan_metrics_close(m);
    expect_columns(5, 6);
    assert_int_equal(unlink(h5), 0);
    m = start(6);
    expect_columns(5, 6);
    gan_metrics_close(m);
    assert_int_equal(unlink(jsonl), 0); /* warned of, not fatal */
    m = start(6);
    add(m, 7, 9);
    gan_metrics_close(m);
    expect_columns(7, 9);
}

/* What resume makes of a record that is not as we wrote it. */
static void expect_repaired(const char *found, const char *wanted, int64_t step)
{
    spill(jsonl, found, (long)strlen(found));
    gan_metrics_close(start(step));
    expect_text(wanted);
}

#define A "{\"step\": 1, \"loss_d\": 0.5, \"loss_g\": 2, \"time/compute_s\": null}\n"
#define B "{\"step\": 2, \"loss_d\": 0.25, \"loss_g\": 3, \"time/compute_s\": 1}\n"

static void resume_drops_what_is_no_record(void **state)
{
    (void)state;
    static const char *const garbage[] = {
        "",
        "garbage",
        "{}",
        "{\"loss_d\": 1}",
        "{\"step\": 1",
        "{\"step\": 1,}",
        "{\"step\": 1} x",
        "{\"step\": -1}",
        "{\"step\": 1.5}",
        "{\"step\": 99999999999999999999}",
        "{\"step\": null}",
        "{\"step\" 1}",
        "{\"step\": 1, \"loss_d\": nan}",
        "{\"step\": 1, \"loss_d\": inf}",
        "{\"step\": 1, \"loss_d\": 1e999}",
        "{\"step\": 1, \"loss_d\": \"1\"}",
        "{\"step\": 1, \"loss_d\": }",
        "{\"step\": 1, \"loss_d: 1}",
        "{\"step\": 1, \"lo\\ss\": 1}",
        "{\"step\": 1, loss_d: 1}",
        "[1, 2]",
        "null",
        "\xff\xfe\x01",
    };
    char found[1024];
    use_dir("repair");
    expect_repaired(A B, A B, 2);
    expect_repaired(A B, A, 1);
    expect_repaired(A "{\"step\": 2, \"loss", A, 9);
    expect_repaired(A "{\"step\": 2, \"loss_d\": 0.25}", A,
                    9); /* whole but for its newline: may be cut in a number */
    expect_repaired(" {\"step\" : 1 , \"loss_d\":0.5}\t\r\n" B, " {\"step\" : 1 , \"loss_d\":0.5}\t\r\n" B,
                    9);
    expect_repaired("", "", 9);
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        snprintf(found, sizeof found, A "%s\n" B, garbage[i]);
        expect_repaired(found, A B, 9);
    }
    spill(jsonl, A "\0\n" B, sizeof A + sizeof B); /* zeros, as some file systems leave after a crash */
    gan_metrics_close(start(9));
    expect_text(A B);
    /* a line that is longer than any buffer, in front and between */
    char *huge = malloc(400000);
    int n = sprintf(huge, "%0200000d\n" A "%0150000d\n", 7, 8);
    spill(jsonl, huge, n);
    free(huge);
    gan_metrics_close(start(9));
    expect_text(A);
}

static void names_may_change_between_runs(void **state)
{
    (void)state;
    static const char *const new_names[] = {"score", "loss_g"};
    double values[4];
    gan_metrics *m;
    use_dir("names");
    spill(jsonl, A B, strlen(A B));
    EXPECT_OK(gan_metrics_open(&m, dir, new_names, 2, 2));
    EXPECT_OK(gan_metrics_add(m, 3, (double[]){7, 4}));
    gan_metrics_close(m);
    expect_text(A B "{\"step\": 3, \"score\": 7, \"loss_g\": 4}\n");
    assert_int_equal(column("score", H5T_NATIVE_DOUBLE, values, 4), 3);
    assert_true(isnan(values[0]) && isnan(values[1]) && values[2] == 7);
    assert_int_equal(column("loss_g", H5T_NATIVE_DOUBLE, values, 4), 3);
    assert_true(values[0] == 2 && values[1] == 3 && values[2] == 4);
}

static void bad_names_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "step", "a b", "a\"b", "a\\b", "/a", "a/", "a//b", "a\n", "loss_d"};
    gan_metrics *m;
    use_dir("bad-names");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *const two[] = {"loss_d", bad[i]};
        EXPECT_FAILURE(gan_metrics_open(&m, dir, two, 2, 0), GAN_EINTERNAL, "bad or repeated name");
        assert_null(m);
    }
    static const char *many[400];
    static char text[400][201];
    for (int i = 0; i < 400; i++) many[i] = memset(text[i], 'x', 199), sprintf(text[i] + 150, "%d", i);
    EXPECT_FAILURE(gan_metrics_open(&m, dir, many, 400, 0), GAN_EINTERNAL, "too many for a line");
    EXPECT_FAILURE(gan_metrics_open(&m, scratch("nowhere"), names, N, 0), GAN_EIO, "nowhere/metrics.jsonl",
                   "No such file");
    EXPECT_FAILURE(gan_metrics_open(&m, scratch("nowhere"), names, N, 5), GAN_EIO, "nowhere/metrics.jsonl",
                   "No such file");
}

/* ---- trouble --------------------------------------------------------------------------------------------------- */

static void full_disk_keeps_the_records(void **state)
{
    (void)state;
    use_dir("full");
    gan_metrics *m = start(0);
    add(m, 1, 10);
    EXPECT_OK(gan_metrics_flush(m));
    long before, after;
    free(slurp(jsonl, &before));
    for (size_t limit = (size_t)before; limit < (size_t)before + 150; limit += 7) {
        int64_t step = 11 + (int64_t)(limit - (size_t)before) / 7;
        add(m, step, step);
        limit_file_size(limit);
        gan_status s = gan_metrics_flush(m);
        limit_file_size(SIZE_MAX);
        if (s != GAN_OK) EXPECT_FAILURE(s, GAN_EIO, "metrics.jsonl: cannot write", "File too large");
        free(slurp(jsonl, &after));
        if (s != GAN_OK) assert_int_equal(after, before); /* no half line is left to see */
    }
    gan_metrics_close(m);
    expect_columns(1, 32);
    assert_int_equal(count_files(dir, ""), 2);
}

/* metrics.h5 is larger than metrics.jsonl at first, so limits in between hit only the former. */
static void trouble_with_h5_is_survived(void **state)
{
    (void)state;
    use_dir("h5-trouble");
    gan_metrics *m = start(0);
    for (int64_t step = 1; step <= 60; step++) {
        add(m, step, step);
        limit_file_size((size_t)(8000 + 500 * step));
        gan_status s = gan_metrics_flush(m);
        limit_file_size(SIZE_MAX);
        EXPECT_OK(s);
    }
    add(m, 61, 61);
    flush_and_expect(m, 1, 61);
    assert_int_equal(truncate(h5, 700), 0); /* somebody damages it */
    add(m, 62, 62);
    flush_and_expect(m, 1, 62);
    assert_int_equal(unlink(h5), 0); /* or removes it */
    add(m, 63, 63);
    flush_and_expect(m, 1, 63);
    assert_int_equal(unlink(h5), 0);
    assert_int_equal(mkdir(h5, 0777), 0);
    add(m, 64, 64);
    EXPECT_OK(gan_metrics_flush(m));
    assert_int_equal(rmdir(h5), 0);
    gan_metrics_close(m);
    expect_columns(1, 64);
    assert_int_equal(count_files(dir, ""), 2);
}

static void dead_temporaries_are_removed(void **state)
{
    (void)state;
    use_dir("temporaries");
    spill(scratch("temporaries/metrics.h5.tmp-1"), "x", 1);
    spill(scratch("temporaries/metrics.jsonl.tmp-22"), "x", 1);
    spill(scratch("temporaries/metrics.h5.tmp-x"), "x", 1);
    spill(scratch("temporaries/other.tmp-22"), "x", 1);
    gan_metrics_close(start(0));
    assert_int_equal(count_files(dir, "tmp-"), 2);
    gan_file_sweep(scratch("nowhere"), "");
    gan_file_sweep(dir, "");
    assert_int_equal(count_files(dir, "tmp-"), 1);
}

static gan_status one_run(int64_t step)
{
    gan_metrics *m;
    GAN_TRY(gan_metrics_open(&m, dir, names, N, step));
    gan_status s = GAN_OK;
    for (int64_t i = 1; s == GAN_OK && i < 600; i++) s = gan_metrics_add(m, step + i, (double[]){1, 2, 3});
    if (s == GAN_OK) s = gan_metrics_flush(m);
    gan_metrics_close(m);
    return s;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    use_dir("memory");
    for (int64_t step = 0; step <= 500; step += 500)
        for (int64_t k = 1;; k++) {
            int64_t live = gan_mem_live();
            gan_mem_fail_at(k);
            gan_status s = one_run(step);
            int64_t left = gan_mem_fail_at(0);
            assert_int_equal(gan_mem_live(), live);
            if (s != GAN_OK)
                EXPECT_FAILURE(s, GAN_ENOMEM, "no memory"); /* metrics.h5 alone is only warned of */
            if (left == 0) continue;
            EXPECT_OK(s);
            print_message("%lld allocations\n", (long long)k - 1);
            break;
        }
}

/* ---- a reader beside the writer -------------------------------------------------------------------------------- */

static void write_busily(double seconds)
{
    gan_metrics *m = start(0);
    double end = gan_clock_s() + seconds;
    for (int64_t step = 1; gan_clock_s() < end; step++) {
        gan_status s = gan_metrics_add(m, step, (double[]){(double)step, -(double)step, 0});
        if (s == GAN_OK && step % 50 == 0) s = gan_metrics_flush(m);
        if (s != GAN_OK) _exit(1);
    }
    gan_metrics_close(m);
    _exit(0);
}

static void h5py_reads_while_it_grows(void **state)
{
    (void)state;
    char out[256];
    int code;
    use_dir("beside");
    gan_metrics_close(start(0));
    pid_t writer = fork();
    if (writer == 0) write_busily(3.0);
    run_h5py("import sys, time, h5py, numpy as np\n"
             "reads, rows, end = 0, 0, time.time() + 2.0\n"
             "while time.time() < end:\n"
             "    with h5py.File(sys.argv[1] + \"/metrics.h5\", \"r\") as f:\n"
             "        s, d = f[\"step\"][()], f[\"loss_d\"][()]\n"
             "        time.sleep(0.002 * (reads % 3))\n"
             "        g = f[\"loss_g\"][()]\n"
             "        assert len(s) == len(d) == len(g) >= rows\n"
             "        assert (s == np.arange(1, len(s) + 1)).all() and (d == s).all() and (g == -s).all()\n"
             "        reads, rows = reads + 1, len(s)\n"
             "print(\"all well\" if reads > 10 and rows > 0 else (reads, rows))\n",
             dir, out, sizeof out);
    assert_int_equal(waitpid(writer, &code, 0), writer);
    assert_int_equal(code, 0);
    assert_string_equal(out, "all well");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_before, scratch_after)
    const struct CMUnitTest tests[] = {
        TEST(records_are_lines_and_rows),
        TEST(python_reads_the_same),
        TEST(resume_cuts_back),
        TEST(resume_drops_what_is_no_record),
        TEST(names_may_change_between_runs),
        TEST(bad_names_are_refused),
        TEST(full_disk_keeps_the_records),
        TEST(trouble_with_h5_is_survived),
        TEST(dead_temporaries_are_removed),
        TEST(each_allocation_may_fail),
        TEST(h5py_reads_while_it_grows),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
