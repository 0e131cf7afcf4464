/* Command lines: the table of options against the promises of cli.h, word by word; and every command that runs without
 * MPI with each of its allocations failing once. What the commands print, tests/cli_commands.sh checks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/cli/cli.h"
#include "scratch.h"

#include "gan/snapshot.h"

#include <fcntl.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

/* ---- options ----------------------------------------------------------------------------------------------- */

typedef struct parsed {
    const char *steps, *out, *way[3], **sets, *words[3];
    int n_sets, n_words;
    bool json, quiet;
} parsed;

/* The words end with NULL. */
static gan_status parse(parsed *p, const char *command, const char *const *words)
{
    char *argv[16];
    int argc = 0;
    for (; words[argc]; argc++) argv[argc] = (char *)(uintptr_t)words[argc];
    *p = (parsed){.n_sets = 77, .sets = p->words}; /* to be overwritten */
    const gan_option options[] = {{.name = "--steps", .text = &p->steps},
                                  {.name = "--out", .text = &p->out},
                                  {.name = "--way", .text = p->way, .n_text = 3},
                                  {.name = "--set", .list = &p->sets, .n_list = &p->n_sets},
                                  {.name = "--json", .flag = &p->json},
                                  {.name = "-q", .flag = &p->quiet}};
    return gan_options_parse(command, argc, argv, options, COUNT(options), p->words, COUNT(p->words),
                             &p->n_words);
}
#define PARSE(p, ...) parse((p), "bench", (const char *const[]){__VA_ARGS__, NULL})

static void test_words(void **state)
{
    (void)state;
    parsed p;
    EXPECT_OK(parse(&p, "bench", (const char *const[]){NULL}));
    assert_int_equal(p.n_words, 0);
    assert_int_equal(p.n_sets, 0);
    assert_null(p.sets);

    EXPECT_OK(PARSE(&p, "a", "--steps", "5", "--json", "b", "--out=x=y", "-q", "-"));
    assert_int_equal(p.n_words, 3);
    assert_string_equal(p.words[0], "a");
    assert_string_equal(p.words[1], "b");
    assert_string_equal(p.words[2], "-");
    assert_string_equal(p.steps, "5");
    assert_string_equal(p.out, "x=y");
    assert_true(p.json && p.quiet);

    EXPECT_OK(PARSE(&p, "--steps", "-5", "--steps", "6", "--out=-", "--", "--json", "--"));
    assert_string_equal(p.steps, "6");
    assert_string_equal(p.out, "-");
    assert_false(p.json);
    assert_int_equal(p.n_words, 2);
    assert_string_equal(p.words[0], "--json");
    assert_string_equal(p.words[1], "--");

    EXPECT_OK(PARSE(&p, "--steps", "-5"));
    assert_string_equal(p.steps, "-5");
}

static void test_several_values(void **state)
{
    (void)state;
    parsed p;
    EXPECT_OK(PARSE(&p, "a", "--way", "x", "-1", "--", "b", "--json"));
    assert_string_equal(p.way[0], "x");
    assert_string_equal(p.way[1], "-1");
    assert_string_equal(p.way[2], "--");
    assert_int_equal(p.n_words, 2);
    assert_true(p.json);
    EXPECT_OK(PARSE(&p, "--way=x", "y", "z", "b"));
    assert_string_equal(p.way[0], "x");
    assert_string_equal(p.way[2], "z");
    assert_int_equal(p.n_words, 1);
    EXPECT_FAILURE(PARSE(&p, "--way", "x", "y"), GAN_EUSAGE, "option --way wants 3 values");
    EXPECT_FAILURE(PARSE(&p, "--way", "x", "--json", "y"), GAN_EUSAGE, "option --way wants 3 values");
}

static void test_lists(void **state)
{
    (void)state;
    parsed p;
    EXPECT_OK(PARSE(&p, "--set", "a.b=1", "x", "--set=c.d=2", "--set", "a.b=3"));
    assert_int_equal(p.n_sets, 3);
    assert_string_equal(p.sets[0], "a.b=1");
    assert_string_equal(p.sets[1], "c.d=2");
    assert_string_equal(p.sets[2], "a.b=3");
    gan_free(p.sets);
    /* A failure leaves nothing to free. */
    EXPECT_FAILURE(PARSE(&p, "--set", "a.b=1", "--sett"), GAN_EUSAGE, "\"--sett\"", "did you mean --set?");
    assert_null(p.sets);
    assert_int_equal(p.n_sets, 0);
}

static void test_bad_words(void **state)
{
    (void)state;
    parsed p;
    EXPECT_FAILURE(PARSE(&p, "--step", "3"), GAN_EUSAGE,
                   "gan_mpi bench: unknown option \"--step\"; did you mean --steps?", "gan_mpi bench --help");
    EXPECT_FAILURE(PARSE(&p, "--jsno=1"), GAN_EUSAGE, "unknown option \"--jsno\"; did you mean --json?");
    EXPECT_FAILURE(PARSE(&p, "-steps"), GAN_EUSAGE, "did you mean --steps?");
    EXPECT_FAILURE(PARSE(&p, "-x"), GAN_EUSAGE,
                   "unknown option \"-x\" (there are: --steps, --out, --way, --set, --json, -q)");
    EXPECT_FAILURE(PARSE(&p, "--steps"), GAN_EUSAGE, "option --steps wants a value");
    EXPECT_FAILURE(PARSE(&p, "--steps", "--json"), GAN_EUSAGE, "option --steps wants a value");
    EXPECT_FAILURE(PARSE(&p, "--steps", ""), GAN_EUSAGE, "option --steps wants a value");
    EXPECT_FAILURE(PARSE(&p, "--steps="), GAN_EUSAGE, "option --steps wants a value");
    EXPECT_FAILURE(PARSE(&p, "--json=yes"), GAN_EUSAGE, "option --json takes no value, got \"yes\"");
    EXPECT_FAILURE(PARSE(&p, "a", "b", "c", "d"), GAN_EUSAGE, "\"d\" is one word too many", "at most 3");
    EXPECT_FAILURE(parse(&p, "", (const char *const[]){"--x9", NULL}), GAN_EUSAGE, "gan_mpi: unknown option",
                   "\"gan_mpi --help\"");
}

static void test_numbers(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", " 3", "3 ", "3x", "x", "+", "--3", "0x3", "3.0", "1e1", "11", "-4", "9223372036854775808"};
    long long n;
    EXPECT_OK(gan_option_int("--n", "-3", -3, 10, &n));
    assert_int_equal(n, -3);
    EXPECT_OK(gan_option_int("--n", "+10", -3, 10, &n));
    assert_int_equal(n, 10);
    EXPECT_OK(gan_option_int("--n", "9223372036854775807", 0, INT64_MAX, &n));
    assert_true(n == INT64_MAX);
    for (int i = 0; i < COUNT(bad); i++)
        EXPECT_FAILURE(gan_option_int("--n", bad[i], -3, 10, &n), GAN_EUSAGE,
                       "option --n wants a whole number from -3 to 10, got \"", bad[i]);
}

static void test_reals(void **state)
{
    (void)state;
    static const char *const bad[] = {"", " 3", "3 ", "3x", "+", "--3", "0x3", "nan", "inf", "1e9", "1e999", "-0.1", "1e"};
    double r;
    EXPECT_OK(gan_option_real("--span", "2.5e1", 0, 100, &r));
    assert_true(r == 25);
    EXPECT_OK(gan_option_real("--span", "+.5", 0, 100, &r));
    assert_true(r == 0.5);
    for (int i = 0; i < COUNT(bad); i++)
        EXPECT_FAILURE(gan_option_real("--span", bad[i], 0, 100, &r), GAN_EUSAGE,
                       "option --span wants a number from 0 to 100, got \"", bad[i]);
}

/* ---- allocations ------------------------------------------------------------------------------------------- */

static const char job[] = "[train]\nsteps = 3\n[noise]\nsize = 3\n[data]\nsource = ring\n"
                          "[generator]\nlayers = dense 4, dense 2\n[discriminator]\nlayers = dense 1\n";

/* Of a network for points in the plane, whatever the job's data are. */
static void write_checkpoint(const char *path, const char *set)
{
    gan_config *cfg;
    gan_model *m;
    gan_checkpoint *c;
    EXPECT_OK(gan_config_parse(&cfg, "job", job, sizeof job - 1, &set, set ? 1 : 0, gan_system_networks));
    EXPECT_OK(gan_model_new(&m, cfg, &(gan_sample_shape){.n_dims = 1, .dims = {2}}));
    EXPECT_OK(gan_model_alloc(m));
    EXPECT_OK(gan_snapshot_take(&c, m, 3));
    EXPECT_OK(gan_checkpoint_write(c, path));
    gan_checkpoint_free(c);
    gan_model_free(m);
    gan_config_free(cfg);
}

/* The command's output goes to /dev/null: it comes out once for each allocation. */
static gan_status silent_run(const gan_command *c, const char *const *words)
{
    char *argv[16];
    int argc = 0, null = open("/dev/null", O_WRONLY), out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    for (; words[argc]; argc++) argv[argc] = (char *)(uintptr_t)words[argc];
    fflush(stdout);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    gan_status s = c->run(NULL, argc, argv);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    close(null);
    return s;
}

static void each_allocation_fails(const gan_command *c, const char *const *words)
{
    for (int64_t k = 1;; k++) {
        int64_t live = gan_mem_live();
        gan_mem_fail_at(k);
        gan_status s = silent_run(c, words);
        int64_t left = gan_mem_fail_at(0);
        assert_int_equal(gan_mem_live(), live);
        if (left > 0) { /* it never came to k allocations */
            expect_ok(s, c->name);
            print_message("%s %s: %lld allocations\n", c->name, words[0] ? words[0] : "", (long long)k - 1);
            return;
        }
        /* HDF5 tries twice to open a file, and a dataset that info cannot count is left out: some are survived. */
        if (s != GAN_OK) EXPECT_FAILURE(s, GAN_ENOMEM, "no memory");
        gan_fail_clear();
    }
}
#define EACH_ALLOCATION_FAILS(c, ...) each_allocation_fails((c), (const char *const[]){__VA_ARGS__, NULL})

static void test_allocations(void **state)
{
    (void)state;
    static const char images[] = "\0\0\10\3\0\0\0\1\0\0\0\1\0\0\0\2ab", labels[] = "\0\0\10\1\0\0\0\1\5";
    const char *dir = scratch("checkpoints"), *ckpt = scratch("checkpoints/step-000000003.h5"),
               *data = scratch("data.h5"), *ini = scratch("config.ini");
    const char *idx = scratch("images"), *kinds = scratch("labels"), *samples = scratch("samples.h5");
    assert_int_equal(mkdir(dir, 0777), 0);
    write_checkpoint(ckpt, NULL);
    assert_int_equal(symlink("step-000000003.h5", scratch("checkpoints/latest")), 0);
    spill(ini, job, sizeof job - 1);
    EACH_ALLOCATION_FAILS(&gan_command_hash, ckpt, scratch_dir);
    EACH_ALLOCATION_FAILS(&gan_command_info, scratch_dir);
    EACH_ALLOCATION_FAILS(&gan_command_info, dir);
    EACH_ALLOCATION_FAILS(&gan_command_info, ckpt, "-v");
    EACH_ALLOCATION_FAILS(&gan_command_sample, ckpt, "--out", samples, "--n", "3");
    EACH_ALLOCATION_FAILS(&gan_command_sample, ckpt, "--out", scratch("samples.png"));
    EACH_ALLOCATION_FAILS(&gan_command_sample, ckpt, "--out", samples, "--interpolate", "slerp", "2", "5");
    EACH_ALLOCATION_FAILS(&gan_command_sample, ckpt, "--out", samples, "--arithmetic", "1 - mean(2,3)", "--neighbours", "2");
    EACH_ALLOCATION_FAILS(&gan_command_sample, ckpt, "--out", samples, "--grid", "0,2", "--n", "3");
    EACH_ALLOCATION_FAILS(&gan_command_features, ckpt, samples, "--layers", "dense1", "--out", data);
    EACH_ALLOCATION_FAILS(&gan_command_info, samples);
    EACH_ALLOCATION_FAILS(&gan_command_config, ini, "--set", "train.steps=4");
    spill(idx, images, sizeof images - 1);
    spill(kinds, labels, sizeof labels - 1);
    EACH_ALLOCATION_FAILS(&gan_command_import, "idx", idx, kinds, data);
    EACH_ALLOCATION_FAILS(&gan_command_info, data);
    assert_int_equal(count_files(scratch_dir, ".tmp-"), 0);
}

static void test_measures_allocations(void **state)
{
    (void)state;
    const char *ckpt = scratch("measured.h5"), *strip = scratch("strip.png");
    const gan_command *sample = &gan_command_sample;
    write_checkpoint(ckpt, NULL);
    assert_int_equal(mkdir(scratch("samples"), 0777), 0);
    expect_ok(silent_run(sample, (const char *[]){ckpt, "--out", scratch("samples/step-000000003.png"), NULL}), "sample");
    EACH_ALLOCATION_FAILS(&gan_command_strip, scratch_dir, "--out", strip);
    EACH_ALLOCATION_FAILS(&gan_command_eval, ckpt, "--samples", "3", "--metrics", "modes,reverse_kl,jsd,optimal_d,wasserstein");
    assert_int_equal(count_files(scratch_dir, ".tmp-"), 0);
}

/* Somebody has changed the data of the configuration in a checkpoint: nothing is read beyond the samples, nor written. */
static void test_other_data(void **state)
{
    (void)state;
    const char *ckpt = scratch("line.h5"), *labelled = scratch("labelled.h5"), *png = scratch("s.png");
    write_checkpoint(ckpt, "data.source=line");
    write_checkpoint(labelled, "data.condition=labels"); /* it knows 0 classes, the ring 8 */
    for (int i = 0; i < 2; i++) {
        const char *path = i ? labelled : ckpt;
        EXPECT_FAILURE(silent_run(&gan_command_eval, (const char *[]){path, "--metrics", "wasserstein", NULL}), GAN_ECKPT, path,
                       "made for other data than data.source = ");
        EXPECT_FAILURE(silent_run(&gan_command_sample, (const char *[]){path, "--out", png, NULL}), GAN_ECKPT, path, "made for other data");
    }
    EXPECT_OK(silent_run(&gan_command_sample, (const char *[]){ckpt, "--out", scratch("s.h5"), NULL}));
}

/* A script stands for the launcher and what it starts. */
static void test_scale_allocations(void **state)
{
    (void)state;
    static const char script[] = "#!/bin/sh\necho '{\"ranks\": 1, \"kernels\": \"k\", \"images_per_s\": 1, \"step_s\": 1, "
                                 "\"digest\": \"aa\", \"phases\": {\"D\": {\"compute_s\": 1, \"exposed_s\": 0}}}'\n";
    const char *launcher = scratch("launcher"), *ini = scratch("config.ini");
    spill(launcher, script, sizeof script - 1);
    assert_int_equal(chmod(launcher, 0777), 0);
    spill(ini, job, sizeof job - 1);
    EACH_ALLOCATION_FAILS(&gan_command_scale, ini, "--ranks", "1", "--repeat", "1", "--fresh", "--out", scratch("scale"), "--launcher",
                          scratch("launcher %n"), "--set", "train.steps=4");
    assert_int_equal(count_files(scratch("scale"), ".tmp-"), 0);
    assert_int_equal(count_files(scratch("scale/points"), "round-1.json"), 1);
}

static void test_slurm_allocations(void **state)
{
    (void)state;
    const char *ini = scratch("config.ini"), *table = scratch("table.txt"), *script = scratch("it's.sbatch");
    char line[600];
    spill(ini, job, sizeof job - 1);
    spill(table, line, snprintf(line, sizeof line, "first %s --set run.seed=2\n", ini));
    EACH_ALLOCATION_FAILS(&gan_command_slurm, ini, "--nodes", "1", "--set", "run.dir=it's", "--out", script);
    EACH_ALLOCATION_FAILS(&gan_command_slurm, "--array", table, "--nodes", "1", "--set", "train.steps=2");
    assert_int_equal(count_files(scratch_dir, ".tmp-"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_words, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_several_values, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_lists, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_bad_words, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_numbers, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_reals, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_allocations, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_measures_allocations, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_other_data, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_scale_allocations, scratch_before, scratch_after),
        cmocka_unit_test_setup_teardown(test_slurm_allocations, scratch_before, scratch_after),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
