/* The arithmetic of scaling studies, against values worked out by hand and against Amdahl's law, whose serial fraction
 * Karp and Flatt's must give back; which points are compared bit for bit; lists, launchers' words, and the figure. That
 * studies run is for tests/cli_scale.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/cli/scale.h"
#include "../src/cli/scale_axes.h"
#include "scratch.h"

#include <math.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static void near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-9 * fmax(1, fabs(wanted)))) fail_msg("%.12g, wanted %.12g", got, wanted);
}

/* ---- numbers ----------------------------------------------------------------------------------------------- */

static void test_karp_flatt(void **state)
{
    (void)state;
    near(gan__karp_flatt(1.8, 2), 1.0 / 9); /* (1/1.8 - 1/2) / (1/2) = 5/90 * 2 */
    near(gan__karp_flatt(2, 2), 0);
    near(gan__karp_flatt(1, 4), 1);
    near(gan__karp_flatt(0.5, 2), 3);
    assert_true(gan__karp_flatt(5, 4) < 0); /* faster than the cores explain */
    assert_true(isnan(gan__karp_flatt(1, 1)));
    for (int p = 2; p <= 4096; p *= 4)
        for (double f = 0; f <= 1; f += 0.125) near(gan__karp_flatt(1 / (f + (1 - f) / p), p), f);
}

static void test_median(void **state)
{
    (void)state;
    const double x[] = {3, 9, 1, 5};
    gan__scale_range r = gan__scale_median(x, 3);
    near(r.median, 3), near(r.low, 1), near(r.high, 9);
    r = gan__scale_median(x, 4);
    near(r.median, 4), near(r.low, 1), near(r.high, 9);
    r = gan__scale_median(x, 1);
    near(r.median, 3), near(r.low, 3), near(r.high, 3);
    near(x[0], 3); /* left in their order */
}

/* ---- a study ----------------------------------------------------------------------------------------------- */

/* Three points of two rounds. The machine is twice as slow in the second round, which ratios must not show. */
static const struct {
    int ranks, threads;
    double step_ms[2];
} given[] = {{4, 1, {4, 8}}, {1, 1, {10, 20}}, {1, 2, {5, 12}}};

static gan__scale three_points(bool weak)
{
    gan__scale s = {.config = "a<b> & c.ini",
                    .rounds = 2,
                    .steps = 20,
                    .cores = 2,
                    .ordered = true,
                    .weak = weak,
                    .n_points = 3,
                    .threads = {1, 2},
                    .n_threads = 2,
                    .launcher = "mpirun -np %n",
                    .machine = "a processor",
                    .date = "today"};
    s.points = gan_calloc(3, sizeof *s.points);
    assert_non_null(s.points);
    for (int i = 0; i < 3; i++) {
        gan__scale_point *p = &s.points[i];
        p->ranks = given[i].ranks, p->threads = given[i].threads;
        p->batch = weak ? 32 * p->ranks * p->threads : 32, p->shards = 16;
        for (int r = 0; r < 2; r++) {
            gan__scale_run *run = &p->runs[r];
            run->step_s = given[i].step_ms[r] * 1e-3;
            run->images_per_s = (double)p->batch / run->step_s;
            run->n_phases = 2;
            run->phases[0] = (gan__scale_phase){"D", run->step_s / 2, run->step_s / 8, run->step_s / 4, 1e6};
            run->phases[1] = (gan__scale_phase){"G", run->step_s / 4, run->step_s / 8, run->step_s / 4, 1e6};
            snprintf(run->digest, sizeof run->digest, "%s", "00000000000000aa");
        }
    }
    return s;
}

static void test_strong(void **state)
{
    (void)state;
    int reference;
    gan__scale s = three_points(false);
    gan__scale_row rows[GAN__SCALE_POINTS];
    assert_int_equal(gan__scale_rows(&s, rows, &reference), 3);
    assert_int_equal(reference, 1);
    near(rows[0].step_s.median, 6e-3), near(rows[0].step_s.low, 4e-3), near(rows[0].step_s.high, 8e-3);
    near(rows[0].images_per_s, (32 / 4e-3 + 32 / 8e-3) / 2);
    near(rows[0].speedup.median, 2.5), near(rows[0].speedup.low, 2.5), near(rows[0].speedup.high, 2.5);
    near(rows[0].efficiency, 0.625);
    near(rows[0].serial, 0.2); /* (0.4 - 0.25) / 0.75 */
    near(rows[0].hidden, 0.5); /* 1 - (2/8) / (2/4) */
    near(rows[0].phases[0].compute_s, 3e-3), near(rows[0].phases[1].exposed_s, 0.75e-3);
    near(rows[1].speedup.median, 1), near(rows[1].efficiency, 1);
    assert_true(isnan(rows[1].serial));
    near(rows[2].speedup.low, 20.0 / 12), near(rows[2].speedup.high, 2),
        near(rows[2].speedup.median, (20.0 / 12 + 2) / 2);
    assert_true(gan__scale_oversubscribed(&s, rows[0].point));
    assert_false(gan__scale_oversubscribed(&s, rows[2].point));
    gan_free(s.points);
}

static void test_other_reference(void **state)
{
    (void)state;
    int reference;
    gan__scale s = three_points(false);
    gan__scale_row rows[GAN__SCALE_POINTS];
    s.points[1].failed = true; /* so the 1 x 2 cores stand for 2 */
    for (int r = 0; r < 2; r++) s.points[2].runs[r].phases[0].exposed_s = 1; /* more than messages can explain */
    assert_int_equal(gan__scale_rows(&s, rows, &reference), 2);
    assert_int_equal(reference, 1);
    assert_ptr_equal(rows[1].point, &s.points[2]);
    assert_true(isnan(rows[1].hidden));
    near(rows[1].speedup.median, 2), near(rows[1].efficiency, 1);
    near(rows[0].speedup.low, 2 * 1.25), near(rows[0].speedup.high, 2 * 1.5), near(rows[0].efficiency, 2 * 1.375 / 4);
    near(rows[0].serial, (1 / 1.375 - 0.5) / 0.5); /* of twice the cores */
    s.points[0].failed = s.points[2].failed = true;
    assert_int_equal(gan__scale_rows(&s, rows, &reference), 0);
    assert_int_equal(reference, -1);
    gan_free(s.points);
}

static void test_weak(void **state)
{
    (void)state;
    int reference;
    gan__scale s = three_points(true);
    gan__scale_row rows[GAN__SCALE_POINTS];
    s.points[0].runs[0].phases[1].comm_s = -1; /* a program that does not say */
    s.points[0].runs[0].phases[0].comm_s = -1;
    s.points[0].runs[1].phases[1].comm_s = -1;
    s.points[0].runs[1].phases[0].comm_s = -1;
    assert_int_equal(gan__scale_rows(&s, rows, &reference), 3);
    near(rows[0].speedup.median, 10); /* four times the images in 4/10 of the time */
    near(rows[0].efficiency, 2.5);
    assert_true(isnan(rows[0].serial));
    assert_true(isnan(rows[0].hidden));
    near(rows[1].hidden, 0.5);
    gan_free(s.points);
}

static void test_digests(void **state)
{
    (void)state;
    char verdict[256];
    gan__scale s = three_points(false);
    EXPECT_OK(gan__scale_digests(&s, verdict, sizeof verdict));
    assert_string_equal(verdict, "one hash: 3 points x 2 rounds came to the same bits (ordered sums)");
    s.points[2].runs[1].digest[15] = 'b';
    EXPECT_FAILURE(gan__scale_digests(&s, verdict, sizeof verdict), GAN_EDRIFT,
                   "1 rank x 2 threads has 00000000000000ab in round 2, 4 ranks x 1 thread has 00000000000000aa");
    s.points[2].failed = true;
    EXPECT_OK(gan__scale_digests(&s, verdict, sizeof verdict));
    s.points[2].failed = false, s.incomparable = "of rounding";
    EXPECT_OK(gan__scale_digests(&s, verdict, sizeof verdict));
    assert_non_null(strstr(verdict, "not compared, since of rounding"));
    gan_free(s.points);

    s = three_points(true); /* batches of 128, 32 and 64 */
    s.points[0].runs[0].digest[15] = s.points[0].runs[1].digest[15] = 'b';
    EXPECT_OK(gan__scale_digests(&s, verdict, sizeof verdict));
    assert_non_null(strstr(verdict, "a batch of its own"));
    s.points[0].ranks = 2, s.points[0].batch = 64; /* now it computes what 1 x 2 computes */
    EXPECT_FAILURE(gan__scale_digests(&s, verdict, sizeof verdict), GAN_EDRIFT, "1 rank x 2 threads",
                   "2 ranks x 1 thread");
    gan_free(s.points);
}

/* ---- words ------------------------------------------------------------------------------------------------- */

static void test_lists(void **state)
{
    (void)state;
    static const char *const bad[] = {"",   ",",   "1,",  ",1", "1,,2", "0",
                                      "-1", "1 2", "1,x", "2x", "9",    "99999999999999999999"};
    int list[GAN__SCALE_POINTS], n;
    EXPECT_OK(gan__scale_list("--ranks", "4,1,2", 8, list, &n));
    assert_int_equal(n, 3);
    for (int i = 0; i < 3; i++) assert_int_equal(list[i], 1 << i);
    for (int i = 0; i < COUNT(bad); i++)
        EXPECT_FAILURE(gan__scale_list("--ranks", bad[i], 8, list, &n), GAN_EUSAGE,
                       "option --ranks wants whole numbers from 1 to 8");
    EXPECT_FAILURE(gan__scale_list("--ranks", "1,2,1", 8, list, &n), GAN_EUSAGE, "1 is named twice");
}

static void words_are(const char *launcher, const char *const *wanted)
{
    char **words;
    int n, i = 0;
    EXPECT_OK(gan__launch_words(&words, &n, launcher, &(gan__launch_numbers){16, 4, 2}, 2));
    for (; wanted[i]; i++) assert_string_equal(words[i], wanted[i]);
    assert_int_equal(n, i);
    assert_null(words[n]);
    gan__launch_free(words);
}
#define WORDS_ARE(launcher, ...) words_are((launcher), (const char *const[]){__VA_ARGS__, NULL})

static void test_launcher_words(void **state)
{
    (void)state;
    char **words;
    int n;
    WORDS_ARE("mpirun -np %n", "mpirun", "-np", "16");
    WORDS_ARE("  srun  -n%n --x=%t/%n%n ", "srun", "-n16", "--x=4/1616");
    WORDS_ARE("a %% %x %", "a", "%", "%x", "%");
    WORDS_ARE("srun -N %N -n %n -c %t", "srun", "-N", "2", "-n", "16", "-c", "4");
    EXPECT_FAILURE(gan__launch_words(&words, &n, "  ", &(gan__launch_numbers){1, 1, 1}, 2), GAN_EUSAGE, "--launcher wants a command");
    for (int k = 1; k <= 3; k++) { /* the array, and two words */
        gan_mem_fail_at(k);
        EXPECT_FAILURE(gan__launch_words(&words, &n, "a b", &(gan__launch_numbers){1, 1, 1}, 2), GAN_ENOMEM, "no memory");
    }
}

/* A job's nodes are filled one after the other: by its tasks per node, else by the cores of a node. */
static void test_nodes(void **state)
{
    (void)state;
    unsetenv("SLURM_JOB_NUM_NODES"), unsetenv("SLURM_NTASKS_PER_NODE"), unsetenv("SLURM_CPUS_ON_NODE");
    assert_int_equal(gan__scale_nodes(16, 1), 1);
    setenv("SLURM_JOB_NUM_NODES", "4", 1);
    assert_int_equal(gan__scale_nodes(3, 1), 3);
    setenv("SLURM_CPUS_ON_NODE", "16", 1);
    static const int by_cores[][3] = {{1, 1, 1}, {16, 1, 1}, {17, 1, 2}, {64, 1, 4}, {65, 1, 4}, {8, 4, 2}, {3, 32, 3}};
    for (int i = 0; i < COUNT(by_cores); i++) assert_int_equal(gan__scale_nodes(by_cores[i][0], by_cores[i][1]), by_cores[i][2]);
    setenv("SLURM_NTASKS_PER_NODE", "8", 1);
    static const int by_tasks[][3] = {{1, 1, 1}, {8, 1, 1}, {16, 1, 2}, {8, 2, 1}, {64, 1, 4}};
    for (int i = 0; i < COUNT(by_tasks); i++) assert_int_equal(gan__scale_nodes(by_tasks[i][0], by_tasks[i][1]), by_tasks[i][2]);
    unsetenv("SLURM_JOB_NUM_NODES"), unsetenv("SLURM_NTASKS_PER_NODE"), unsetenv("SLURM_CPUS_ON_NODE");
}

static void test_results(void **state)
{
    (void)state;
    gan__scale_run r;
    static const char whole[] =
        "{\"kernels\": \"avx2\", \"images_per_s\": 100.5, \"step_s\": 0.25, \"digest\": \"0123456789abcdef\", "
        "\"phases\": {\"D\": {\"compute_s\": 0.125, \"exposed_s\": 0.5}, \"G\": {\"compute_s\": 1, \"exposed_s\": 2, "
        "\"comm_s\": 3, \"bytes\": 4e6}}}";
    assert_true(gan__scale_parse(&r, whole));
    assert_int_equal(r.n_phases, 2);
    assert_string_equal(r.phases[0].name, "D");
    near(r.phases[0].exposed_s, 0.5), near(r.phases[0].comm_s, -1), near(r.phases[0].bytes, -1);
    near(r.phases[1].comm_s, 3), near(r.phases[1].bytes, 4e6), near(r.images_per_s, 100.5);
    assert_string_equal(r.digest, "0123456789abcdef");
    for (size_t n = 0; n < sizeof whole - 2; n++) { /* the last brace of all is not missed */
        char *part = gan_strndup(whole, n);
        if (gan__scale_parse(&r, part)) fail_msg("a result was read from: %s", part);
        gan_free(part);
    }
    assert_false(gan__scale_parse(&r, "{\"kernels\": \"x\", \"images_per_s\": 1, \"step_s\": 0, \"digest\": \"0\", "
                                      "\"phases\": {\"D\": {\"compute_s\": 1, \"exposed_s\": 1}}}"));
}

/* ---- the figure -------------------------------------------------------------------------------------------- */

static void test_axes(void **state)
{
    (void)state;
    const gan__axis linear = {0, 10, 300, 100, false}, log = {1, 16, 0, 100, true};
    near(gan__axis_at(&linear, 5), 200);
    near(gan__axis_at(&log, 4), 50);
    near(gan__axis_step(10, 5), 2), near(gan__axis_step(10, 6), 2), near(gan__axis_step(0.9, 5), 0.2),
        near(gan__axis_step(1000, 4), 500);
    for (double range = 1e-6; range < 1e9; range *= 1.37)
        for (int most = 1; most < 9; most++) {
            double n = range / gan__axis_step(range, most);
            if (n > most * (1 + 1e-9) || n < most / 2.5 - 1e-9) fail_msg("%g in at most %d steps: %g", range, most, n);
        }
}

/* That it is drawn is seen by eye; here: well-formed, escaped, one dot for each point, its place worked out by hand. */
static void test_figure(void **state)
{
    (void)state;
    int reference, dots = 0;
    long n_bytes;
    gan__scale s = three_points(false);
    gan__scale_row rows[GAN__SCALE_POINTS];
    const char *path = scratch("scaling.svg");
    int n = gan__scale_rows(&s, rows, &reference);
    EXPECT_OK(gan__scale_figure(&s, rows, n, path));
    char *text = slurp(path, &n_bytes);
    assert_non_null(strstr(text, "Strong scaling of a&lt;b&gt; &amp; c.ini"));
    assert_null(strstr(text, "a<b>"));
    for (const char *at = text; (at = strstr(at, "r=\"4.5\"")); at++) dots++;
    assert_int_equal(dots, 3);
    /* x: 1 and 4 cores at 88 and 436 pixels. y: speed-up 1 at 356, 4 at 118; 2.5 is log2(2.5)/2 of the way: 356 -
     * 0.66096 * 238 */
    assert_non_null(strstr(text, "<circle class=\"dot s0\" cx=\"88.0\" cy=\"356.0\" r=\"4.5\"/>"));
    assert_non_null(strstr(text, "<circle class=\"dot hollow s0\" cx=\"436.0\" cy=\"198.7\" r=\"4.5\"/>"));
    free(text);
    limit_file_size(1000);
    EXPECT_FAILURE(gan__scale_figure(&s, rows, n, path), GAN_EIO, path, "File too large");
    limit_file_size(SIZE_MAX);
    assert_int_equal(count_files(scratch_dir, ".tmp-"), 0);
    gan_mem_fail_at(1);
    EXPECT_FAILURE(gan__scale_figure(&s, rows, n, path), GAN_ENOMEM, "no memory");
    gan_free(s.points);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_before, scratch_after)
    const struct CMUnitTest tests[] = {
        TEST(test_karp_flatt),     TEST(test_median),  TEST(test_strong), TEST(test_other_reference),
        TEST(test_weak),           TEST(test_digests), TEST(test_lists),  TEST(test_results),
        TEST(test_launcher_words), TEST(test_nodes), TEST(test_axes),    TEST(test_figure),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
