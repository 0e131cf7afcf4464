/* Schedules of a step: what is written reads back and what is broken is refused by line; and replaying, against steps worked out by
 * hand (in comments, in ms) on networks of round numbers. Cluster files: values, defaults, and all that can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scratch.h"

#include "gan/cluster.h"

#include <math.h>

#define NEAR(got, wanted) near_at((got), (wanted), #got, __LINE__)
static void near_at(double got, double wanted, const char *what, int line)
{
    if (fabs(got - wanted) <= 1e-9 + 1e-9 * fabs(wanted)) return;
    fail_msg("line %d: %s is %.12g, wanted %.12g", line, what, got, wanted);
}

static gan_trace_record compute(double s, int phase)
{
    return (gan_trace_record){.kind = GAN_TRACE_COMPUTE, .phase = phase, .s = s};
}

static gan_trace_record other(gan_trace_kind kind, int64_t number, int phase)
{
    return (gan_trace_record){.kind = kind, .phase = phase, .number = number};
}

/* Two phases after the one before any, and the buckets and records given. */
static void make(gan_schedule_trace *t, int ranks, int team, int n_buckets, const int64_t *floats, int n, const gan_trace_record *r)
{
    *t = (gan_schedule_trace){.ranks = ranks, .team = team, .batch = 8, .float_bytes = 4};
    static const char *const names[] = {"step", "D", "G"};
    for (int i = 0; i < 3; i++) assert_int_equal(gan_trace_add_phase(t, names[i]), GAN_OK);
    for (int i = 0; i < n_buckets; i++) assert_int_equal(gan_trace_add_bucket(t, "net[0]", floats[i]), GAN_OK);
    for (int i = 0; i < n; i++) assert_int_equal(gan_trace_add(t, &r[i]), GAN_OK);
}
#define MAKE(t, ranks, team, floats, ...)                                                                                          \
    make((t), (ranks), (team), (int)(sizeof(floats) / sizeof *(floats)), (floats),                                                 \
         (int)(sizeof((gan_trace_record[]){__VA_ARGS__}) / sizeof(gan_trace_record)), (const gan_trace_record[]){__VA_ARGS__})

/* 1 ms a message, 1 MB/s a node, and nothing else. */
static const gan_network_model slow = {.latency_s = 1e-3, .bytes_per_s = 1e6, .local_latency_s = 1e-4, .local_bytes_per_s = 1e7,
                                       .ranks_per_node = 1, .speed = 1, .overlap = true};

/* ---- files ------------------------------------------------------------------------------------------------- */

static void test_file(void **state)
{
    (void)state;
    gan_schedule_trace t, u;
    const int64_t floats[] = {1000, 7};
    MAKE(&t, 8, 2, floats, compute(0.1 / 3, 1), other(GAN_TRACE_START, 1, 2), other(GAN_TRACE_SUM, 64, 1), other(GAN_TRACE_WAIT, 1, 2));
    t.add_s = 1.25e-10;
    EXPECT_OK(gan_trace_write(&t, scratch("s.txt")));
    EXPECT_OK(gan_trace_read(&u, scratch("s.txt")));
    assert_int_equal(u.ranks, 8);
    assert_int_equal(u.team, 2);
    assert_int_equal(u.batch, 8);
    NEAR(u.add_s, 1.25e-10);
    assert_int_equal(u.n_phases, 3);
    assert_string_equal(u.phases[2], "G");
    assert_int_equal(u.n_buckets, 2);
    assert_int_equal(u.buckets[0].floats, 1000);
    assert_string_equal(u.buckets[1].name, "net[0]");
    assert_int_equal(u.n_records, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(u.records[i].kind, t.records[i].kind);
        assert_int_equal(u.records[i].phase, t.records[i].phase);
        assert_int_equal(u.records[i].number, t.records[i].number);
        NEAR(u.records[i].s, t.records[i].s);
    }
    gan_trace_free(&t);
    gan_trace_free(&u);
}

static void refused(const char *text, gan_status wanted, const char *says)
{
    gan_schedule_trace t;
    FILE *f = fopen(scratch("bad"), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    gan_status s = gan_trace_read(&t, scratch("bad"));
    if (s != wanted || !strstr(gan_fail_text(), says))
        fail_msg("of <<%s>> wanted status %d and \"%s\", got %d and \"%s\"", text, wanted, says, s, gan_fail_text());
    gan_fail_clear();
    gan_trace_free(&t);
}

#define HEAD "gan_mpi-schedule 1\nranks 4 team 1 batch 8 add_s 0 float_bytes 4\n"
static void test_bad_files(void **state)
{
    (void)state;
    static const char *const texts[][2] = {{"", "bad:1: "},
                                           {"gan_mpi-schedule 2\n", "bad:1: "},
                                           {"gan_mpi-schedule 1\nranks 4 team 3 batch 8 add_s 0 float_bytes 4\n", "bad:2: a number of ranks (at most 1000000) that the team divides"},
                                           {"gan_mpi-schedule 1\nranks 4 team 1 batch 8 add_s nan float_bytes 4\n", "bad:2: "},
                                           {"gan_mpi-schedule 1\nranks 4 team 1 batch 8 add_s 0 float_bytes 3\n", "bad:2: "},
                                           {"gan_mpi-schedule 1\nranks 4 team 1 batch 8\n", "bad:2: "},
                                           {"gan_mpi-schedule 1\nranks 2147483647 team 1 batch 8 add_s 0 float_bytes 4\n", "bad:2: a number of ranks (at most 1000000)"},
                                           {"gan_mpi-schedule 1\nranks 4294967300 team 1 batch 8 add_s 0 float_bytes 4\n", "bad:2: a number of ranks"},
                                           {"gan_mpi-schedule 1\nranks 4 team 1 batch 8 add_s 1e300 float_bytes 4\n", "bad:2: a number of ranks"},
                                           {HEAD "phase a\"b\ncompute 0.1 0\n", "bad:3: \"phase NAME\""},
                                           {HEAD "phase D\ncompute 1e308 0\n", "bad:4: "},
                                           {HEAD, "bad:3: a list of what a step does"},
                                           {HEAD "phase D\ncompute 0.1 1\n", "bad:4: "},
                                           {HEAD "phase D\ncompute -0.1 0\n", "bad:4: "},
                                           {HEAD "phase D\ncompute inf 0\n", "bad:4: "},
                                           {HEAD "phase D\nstart 0 0\n", "bad:4: "},
                                           {HEAD "phase D\nbucket 5000000000 x\n", "bad:4: \"bucket FLOATS NAME\""},
                                           {HEAD "phase D\nbucket 5 x\nwait 0 0 0\n", "bad:5: "},
                                           {HEAD "phase D\nsing 0 0\n", "bad:4: \"compute\", \"start\", \"wait\" or \"sum\""},
                                           {HEAD "phase D\ncompute 0.1 0", "bad:4: a shorter line that ends"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) refused(texts[i][0], GAN_EDATA, texts[i][1]);
    gan_schedule_trace t;
    assert_int_equal(gan_trace_read(&t, scratch("none")), GAN_EIO);
    gan_fail_clear();
    assert_int_equal(gan_trace_write(&t, scratch("no/such/place")), GAN_EIO);
}

/* ---- replaying ---------------------------------------------------------------------------------------------- */

/* 2 ranks, a bucket of 4000 floats: halves of 8000 bytes there and back, 2 * (8 + 1) = 18 ms. */
static const int64_t one_bucket[] = {4000};

static void test_nothing_hidden(void **state)
{
    (void)state;
    gan_schedule_trace t;
    gan_replay r;
    MAKE(&t, 2, 1, one_bucket, compute(0.05, 1), other(GAN_TRACE_START, 0, 1), other(GAN_TRACE_WAIT, 0, 1));
    EXPECT_OK(gan_replay_run(&r, &t, &slow));
    NEAR(r.step_s, 0.068);
    NEAR(r.compute_s, 0.05);
    NEAR(r.exposed_s[1], 0.018);
    NEAR(r.exposed_s[2], 0);
    NEAR(r.exposed_all_s, 0.018);
    assert_int_equal(r.bytes, 16000);
    assert_int_equal(r.messages, 2);
    NEAR(gan_replay_bucket_s(&t, &slow, 4000), 0.018);
    gan_trace_free(&t);
}

/* The first half is there 9 ms after the start, the second is posted when the kernel of 10 ms ends, and is there at 19. */
static void test_all_hidden(void **state)
{
    (void)state;
    gan_schedule_trace t;
    gan_replay r;
    MAKE(&t, 2, 1, one_bucket, other(GAN_TRACE_START, 0, 1), compute(0.01, 1), compute(0.01, 2), other(GAN_TRACE_WAIT, 0, 1));
    EXPECT_OK(gan_replay_run(&r, &t, &slow));
    NEAR(r.step_s, 0.02);
    NEAR(r.exposed_all_s, 0);
    gan_trace_free(&t);
}

/* One kernel of 20 ms instead: the second half is posted at 20 and waited for until 29, although 18 ms would have been enough. That
 * is what the ideal replay leaves out. With overlap off all 18 are exposed. */
static void test_partly_hidden(void **state)
{
    (void)state;
    gan_schedule_trace t;
    gan_replay r;
    gan_network_model off = slow;
    const double seconds[] = {0.018}, longer[] = {0.025};
    off.overlap = false;
    MAKE(&t, 2, 1, one_bucket, other(GAN_TRACE_START, 0, 1), compute(0.02, 2), other(GAN_TRACE_WAIT, 0, 2));
    EXPECT_OK(gan_replay_run(&r, &t, &slow));
    NEAR(r.step_s, 0.029);
    NEAR(r.exposed_s[2], 0.009);
    EXPECT_OK(gan_replay_run(&r, &t, &off));
    NEAR(r.step_s, 0.038);
    NEAR(r.exposed_s[1], 0.018);
    EXPECT_OK(gan_replay_ideal(&r, &t, seconds, 0, true));
    NEAR(r.exposed_all_s, 0);
    EXPECT_OK(gan_replay_ideal(&r, &t, longer, 0, true));
    NEAR(r.exposed_s[2], 0.005);
    gan_trace_free(&t);
}

/* With a thread that looks every 2 ms the second half is posted at 10, not 20, and there at 19. In each kernel it begins
 * anew. In bfloat16 a half takes 4 ms instead of 8. */
static void test_thread(void **state)
{
    (void)state;
    gan_schedule_trace t;
    gan_replay r;
    gan_network_model m = slow;
    m.look_s = 0.002;
    MAKE(&t, 2, 1, one_bucket, other(GAN_TRACE_START, 0, 1), compute(0.02, 2), other(GAN_TRACE_WAIT, 0, 2));
    EXPECT_OK(gan_replay_run(&r, &t, &m));
    NEAR(r.step_s, 0.02);
    gan_trace_free(&t);
    MAKE(&t, 2, 1, one_bucket, other(GAN_TRACE_START, 0, 1), compute(0.0085, 2), compute(0.0085, 2), other(GAN_TRACE_WAIT, 0, 2));
    EXPECT_OK(gan_replay_run(&r, &t, &m)); /* there at 9, seen at 8.5 + 2 */
    NEAR(r.step_s, 0.0195);
    t.float_bytes = 2;
    EXPECT_OK(gan_replay_run(&r, &t, &m));
    NEAR(r.step_s, 0.017);
    assert_int_equal(r.bytes, 8000);
    gan_trace_free(&t);
}

/* The wait stands before the start: it is for the start of the step before, which was 10 ms of computing ago. Message one is there
 * 9 ms after the start, posted on at 10; there at 19, 9 ms exposed. The first step's wait is for nothing. */
static void test_carried(void **state)
{
    (void)state;
    gan_schedule_trace t;
    gan_replay r;
    MAKE(&t, 2, 1, one_bucket, compute(0.01, 1), other(GAN_TRACE_WAIT, 0, 2), compute(0.03, 2), other(GAN_TRACE_START, 0, 2));
    EXPECT_OK(gan_replay_run(&r, &t, &slow));
    NEAR(r.exposed_s[2], 0.009);
    NEAR(r.step_s, 0.049);
    gan_trace_free(&t);
}

/* Two buckets started together share the link: 0 goes 0..8, 1 goes 8..16; halves arrive at 9 and 17; 0's second half 9..17 would
 * overlap 1's first, so it goes 16..24 and arrives at 25; 1's second 24..32, arrives at 33. */
static void test_one_link(void **state)
{
    (void)state;
    gan_schedule_trace t;
    gan_replay r;
    const int64_t floats[] = {4000, 4000};
    MAKE(&t, 2, 1, floats, other(GAN_TRACE_START, 0, 1), other(GAN_TRACE_START, 1, 1), other(GAN_TRACE_WAIT, 0, 1),
         other(GAN_TRACE_WAIT, 1, 2));
    EXPECT_OK(gan_replay_run(&r, &t, &slow));
    NEAR(r.exposed_s[1], 0.025);
    NEAR(r.exposed_s[2], 0.008);
    const double seconds[] = {0.018, 0.01}; /* one after the other */
    EXPECT_OK(gan_replay_ideal(&r, &t, seconds, 0, true));
    NEAR(r.exposed_s[1], 0.018);
    NEAR(r.exposed_s[2], 0.01);
    gan_trace_free(&t);
}

/* A blocking sum of 250 floats does not wait for the 8 ms that the bucket's first half needs. */
static void test_short_beside_long(void **state)
{
    (void)state;
    gan_schedule_trace t;
    gan_replay r;
    MAKE(&t, 2, 1, one_bucket, other(GAN_TRACE_START, 0, 1), other(GAN_TRACE_SUM, 250, 1), other(GAN_TRACE_WAIT, 0, 2));
    EXPECT_OK(gan_replay_run(&r, &t, &slow));
    NEAR(r.exposed_s[1], 0.002);
    NEAR(r.exposed_s[2], 0.016);
    gan_trace_free(&t);
}

/* A short vector is exchanged whole: 4 ranks, 250 floats, twice 1 + 1 ms. A blocking sum goes over all ranks. Nothing of it can
 * be hidden. */
static void test_short_sums(void **state)
{
    (void)state;
    gan_schedule_trace t;
    gan_replay r;
    const int64_t floats[] = {250};
    MAKE(&t, 4, 1, floats, compute(0.01, 1), other(GAN_TRACE_SUM, 250, 1), other(GAN_TRACE_START, 0, 2), other(GAN_TRACE_WAIT, 0, 2));
    t.add_s = 1e-6; /* 0.25 ms for each message */
    EXPECT_OK(gan_replay_run(&r, &t, &slow));
    NEAR(r.exposed_s[1], 0.0045);
    NEAR(r.exposed_s[2], 0.0045);
    NEAR(r.adding_s, 0.001);
    assert_int_equal(r.messages, 4);
    gan_trace_free(&t);
}

/* 8 ranks in teams of 2 on nodes of 4, a bucket of 8000 floats: slices of 4000 over 4 teams, of which two are on a node. Round one
 * is local, 2000 floats in 0.1 + 0.8 ms; round two, 1000 floats, shares the link with 3 others, 16 + 1 ms; then the way back. The team
 * itself adds 4000 floats first, the rounds 2000 and 1000. A core twice as fast needs half the time for that. */
static void test_teams(void **state)
{
    (void)state;
    gan_schedule_trace t;
    gan_replay r;
    const int64_t floats[] = {8000};
    gan_network_model m = slow;
    m.ranks_per_node = 4;
    MAKE(&t, 8, 2, floats, compute(0.01, 1), other(GAN_TRACE_START, 0, 1), other(GAN_TRACE_WAIT, 0, 1));
    EXPECT_OK(gan_replay_run(&r, &t, &m));
    NEAR(r.exposed_s[1], 2 * (0.0009 + 0.017));
    assert_int_equal(r.bytes, 2 * (8000 + 4000));
    t.add_s = 1e-6;
    m.speed = 2;
    EXPECT_OK(gan_replay_run(&r, &t, &m));
    NEAR(r.compute_s, 0.005);
    NEAR(r.adding_s, 0.5 * (0.004 + 0.002 + 0.001));
    NEAR(r.step_s, 0.005 + 2 * (0.0009 + 0.017) + r.adding_s);
    m.ranks_per_node = 3;
    assert_int_equal(gan_replay_run(&r, &t, &m), GAN_ESHAPE);
    gan_trace_free(&t);
}

/* One rank has nothing to send. */
static void test_alone(void **state)
{
    (void)state;
    gan_schedule_trace t;
    gan_replay r;
    MAKE(&t, 1, 1, one_bucket, compute(0.05, 1), other(GAN_TRACE_START, 0, 1), other(GAN_TRACE_SUM, 9, 1), other(GAN_TRACE_WAIT, 0, 1));
    EXPECT_OK(gan_replay_run(&r, &t, &slow));
    NEAR(r.step_s, 0.05);
    assert_int_equal(r.messages, 0);
    gan_trace_free(&t);
}

/* ---- cluster files ------------------------------------------------------------------------------------------ */

static gan_status cluster_of(gan_cluster *c, const char *text)
{
    FILE *f = fopen(scratch("c.ini"), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return gan_cluster_read(c, scratch("c.ini"));
}

static void cluster_refused(const char *text, const char *says)
{
    gan_cluster c;
    gan_status s = cluster_of(&c, text);
    if (s != GAN_ECONFIG || !strstr(gan_fail_text(), says))
        fail_msg("of <<%s>> wanted \"%s\", got %d and \"%s\"", text, says, s, gan_fail_text());
    gan_fail_clear();
}

#define WHOLE "[cluster]\nnodes = 4\nranks_per_node = 16 ; cores\nmemory_gib = 64\nlatency_us = 2\nbandwidth_gbit = 100\n"
static void test_clusters(void **state)
{
    (void)state;
    gan_cluster c;
    EXPECT_OK(cluster_of(&c, WHOLE));
    assert_int_equal(c.nodes, 4);
    assert_int_equal(c.model.ranks_per_node, 16);
    NEAR(c.model.latency_s, 2e-6);
    NEAR(c.model.bytes_per_s, 12.5e9);
    NEAR(c.model.local_bytes_per_s, 5e9);
    NEAR(c.model.speed, 1);
    assert_true(c.model.overlap);
    cluster_refused("[cluster]\nnodes = 4\n", "cluster.bandwidth_gbit is missing: of a node's link");
    cluster_refused(WHOLE "latency = 3\n", "c.ini:7: unknown key \"latency\"; did you mean latency_us?");
    cluster_refused(WHOLE "core_speed = fast\n", "c.ini:7: cluster.core_speed: \"fast\"");
    cluster_refused(WHOLE "nodes = 5\n", "c.ini:7: cluster.nodes: given twice");
    cluster_refused(WHOLE "gflops = 0\n", "cluster.gflops");
    cluster_refused("[network]\nnodes = 4\n", "c.ini:1: unknown section \"network\"; known is [cluster]");
    cluster_refused(WHOLE "x\n", "c.ini:7: ");
    cluster_refused(WHOLE "\001\n", "a cluster file is UTF-8");
    assert_int_equal(gan_cluster_read(&c, scratch("none.ini")), GAN_ECONFIG);
}

/* ---- memory ------------------------------------------------------------------------------------------------- */

/* Each allocation of a whole round fails once. */
static gan_status round_trip(void)
{
    gan_schedule_trace t = {.ranks = 2, .team = 1, .batch = 1, .float_bytes = 4};
    gan_replay r;
    gan_status s = gan_trace_add_phase(&t, "D");
    for (int i = 0; s == GAN_OK && i < 100; i++) s = gan_trace_add_bucket(&t, "b", 100);
    for (int i = 0; s == GAN_OK && i < 100; i++) s = gan_trace_add(&t, &(gan_trace_record){.kind = GAN_TRACE_START, .number = i});
    if (s == GAN_OK) s = gan_trace_write(&t, scratch("m.txt"));
    gan_trace_free(&t);
    if (s == GAN_OK) s = gan_trace_read(&t, scratch("m.txt"));
    if (s == GAN_OK) s = gan_replay_run(&r, &t, &slow);
    gan_trace_free(&t);
    return s;
}

static void test_no_memory(void **state)
{
    (void)state;
    int64_t k = 1;
    for (;; k++) {
        gan_mem_fail_at(k);
        gan_status s = round_trip();
        if (gan_mem_fail_at(0) > 0) break; /* it never came so far */
        assert_int_equal(s, GAN_ENOMEM);
        gan_fail_clear();
    }
    assert_true(k > 8);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_before, scratch_after)
    const struct CMUnitTest tests[] = {TEST(test_file),          TEST(test_bad_files),  TEST(test_nothing_hidden), TEST(test_all_hidden),
                                       TEST(test_partly_hidden), TEST(test_thread), TEST(test_carried),    TEST(test_one_link), TEST(test_short_beside_long),      TEST(test_short_sums),
                                       TEST(test_teams),         TEST(test_alone),      TEST(test_clusters),       TEST(test_no_memory)};
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
