/* What the tests of files share: a directory of their own, whole files as bytes, and Python with h5py if there is one.
 * After #include <cmocka.h>. */
#ifndef GAN_TEST_SCRATCH_H
#define GAN_TEST_SCRATCH_H

#include "gan/mem.h"
#include "gan/status.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_PYTHON "/usr/bin/python3"

static char scratch_dir[256];
static int64_t scratch_live;

static inline int scratch_make(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(scratch_dir, sizeof scratch_dir, "%s/gan-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(scratch_dir) ? 0 : -1;
}

static inline int scratch_remove(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", scratch_dir);
    return system(command);
}

/* Before and after each test: no failure text, no block of memory left. */
static inline int scratch_before(void **state)
{
    (void)state;
    gan_fail_clear();
    scratch_live = gan_mem_live();
    return 0;
}

static inline int scratch_after(void **state)
{
    (void)state;
    gan_mem_fail_at(0);
    if (gan_mem_live() == scratch_live) return 0;
    fprintf(stderr, "%lld blocks live, %lld before the test\n", (long long)gan_mem_live(),
            (long long)scratch_live);
    return -1;
}

/* Path of a file in the scratch directory; eight results stay valid. */
static inline const char *scratch(const char *name)
{
    static char paths[8][512];
    static int at;
    char *path = paths[at++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", scratch_dir, name);
    return path;
}

static inline char *slurp(const char *path, long *n)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *n = ftell(f);
    rewind(f);
    char *bytes = malloc((size_t)*n + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)*n, f), *n);
    bytes[*n] = '\0';
    fclose(f);
    return bytes;
}

static inline void spill(const char *path, const void *bytes, long n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, (size_t)n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* Files in a directory whose names contain `part`. */
static inline int count_files(const char *dir, const char *part)
{
    int n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.' && strstr(e->d_name, part) != NULL;
    closedir(d);
    return n;
}

/* The status, and a failure text that contains all of the given parts (up to NULL); then forgets the text. */
static inline void expect_failure(gan_status got, gan_status wanted, const char *const *parts)
{
    if (got != wanted)
        fail_msg("status \"%s\", wanted \"%s\"; text: %s", gan_status_text(got), gan_status_text(wanted),
                 gan_fail_text());
    for (; *parts; parts++)
        if (!strstr(gan_fail_text(), *parts)) fail_msg("no \"%s\" in: %s", *parts, gan_fail_text());
    gan_fail_clear();
}
#define EXPECT_FAILURE(call, wanted, ...)                                                                    \
    expect_failure((call), (wanted), (const char *const[]){__VA_ARGS__, NULL})

static inline void expect_ok(gan_status got, const char *call)
{
    if (got != GAN_OK) fail_msg("%s gave \"%s\": %s", call, gan_status_text(got), gan_fail_text());
}
#define EXPECT_OK(call) expect_ok((call), #call)

/* Let every write beyond `bytes` of a file fail with EFBIG, as a full disk does with ENOSPC. SIZE_MAX: no limit. */
static inline void limit_file_size(size_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes == SIZE_MAX ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Run a Python program with h5py and numpy on one path; its output (a line) in `out`. Skips the test without h5py. */
static inline void run_h5py(const char *program, const char *path, char *out, size_t size)
{
    char command[8192];
    if (system(SCRATCH_PYTHON " -c 'import h5py, numpy' 2>/dev/null") != 0) {
        print_message("no " SCRATCH_PYTHON " with h5py\n");
        skip();
    }
    snprintf(command, sizeof command, SCRATCH_PYTHON " -c '%s' '%s'", program, path);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    size_t n = fread(out, 1, size - 1, p);
    out[n] = '\0';
    if (n > 0 && out[n - 1] == '\n') out[n - 1] = '\0';
    int code = pclose(p);
    if (code != 0) fail_msg("python gave exit code %d and \"%s\"", code, out);
}

#endif
