/* The points of a study: which ranks and threads, with which batch, and whether the job can be split so. */
#include "scale.h"

#include "gan/digest.h"
#include "gan/mem.h"
#include "gan/train.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- lists ------------------------------------------------------------------------------------------------- */

static gan_status add_number(const char *option, const char *text, int max, int *list, int *n)
{
    char *end;
    errno = 0;
    long v = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || (*end && *end != ',') || errno || v < 1 || v > max)
        return GAN_FAIL(GAN_EUSAGE, "option %s wants whole numbers from 1 to %d with commas between them, got \"%s\"",
                        option, max, text);
    for (int i = 0; i < *n; i++)
        if (list[i] == v) return GAN_FAIL(GAN_EUSAGE, "option %s: %ld is named twice", option, v);
    if (*n == GAN__SCALE_POINTS) return GAN_FAIL(GAN_EUSAGE, "option %s: at most %d numbers", option, GAN__SCALE_POINTS);
    list[(*n)++] = (int)v;
    return GAN_OK;
}

static int ascending(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

gan_status gan__scale_list(const char *option, const char *text, int max, int list[GAN__SCALE_POINTS], int *n)
{
    *n = 0;
    for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        GAN_TRY(add_number(option, at, max, list, n));
    qsort(list, (size_t)*n, sizeof *list, ascending);
    return GAN_OK;
}

const char *gan__scale_point_name(const gan__scale_point *p, char text[64])
{
    snprintf(text, 64, "%d rank%s x %d thread%s", p->ranks, p->ranks == 1 ? "" : "s", p->threads,
             p->threads == 1 ? "" : "s");
    return text;
}

/* ---- what a point computes ---------------------------------------------------------------------------------- */

static int64_t largest_power_in(int64_t n)
{
    int64_t p = 1;
    while (n % (2 * p) == 0) p *= 2;
    return p;
}

/* A strong study computes one thing in many ways. A weak one gives every core the batch of the job; shards grow with
 * it, as far as they stay a power of two, so that a shard stays what it was. */
static void size_point(const gan__scale *s, gan__scale_point *p, const gan_layout *job)
{
    const int64_t cores = (int64_t)p->ranks * p->threads;
    p->batch = job->batch * (s->weak ? cores : 1);
    p->shards = job->shards * (s->weak ? largest_power_in(cores) : 1);
}

int gan__scale_point_sets(const gan__scale *s, const gan__scale_point *p, char sets[3][64])
{
    snprintf(sets[0], 64, "parallel.threads=%d", p->threads);
    snprintf(sets[1], 64, "train.batch=%lld", (long long)p->batch);
    snprintf(sets[2], 64, "parallel.shards=%lld", (long long)p->shards);
    return s->weak ? 3 : 1; /* what stays as it is keeps its place in messages: the line of the job */
}

/* ---- keys -------------------------------------------------------------------------------------------------- */

static uint64_t add_text(uint64_t h, const char *text)
{
    return gan_digest(h, text, strlen(text) + 1);
}

/* The bits of this program itself: its version does not tell one build from another. */
static gan_status add_program(uint64_t *h, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *bytes =
        fd >= 0 && fstat(fd, &st) == 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    int error = errno;
    if (fd >= 0) close(fd);
    if (bytes == MAP_FAILED)
        return GAN_FAIL(GAN_EIO, "%s: cannot read this program, which the launcher is to start: %s", path,
                        strerror(error));
    *h = gan_digest(*h, bytes, (size_t)st.st_size);
    munmap(bytes, (size_t)st.st_size);
    return GAN_OK;
}

static gan_status common_key(const gan__scale *s, uint64_t *h)
{
    char numbers[64];
    snprintf(numbers, sizeof numbers, "%lld steps, %lld cores", s->steps, s->cores);
    *h = add_text(add_text(add_text(GAN_DIGEST_START, s->machine), s->launcher), numbers);
    return add_program(h, s->program);
}

static gan_status check_point(gan__scale_point *p, const gan_config *cfg, uint64_t common)
{
    gan_layout layout;
    GAN_TRY(gan_layout_resolve(&layout, cfg, p->ranks, true));
    char *text = gan_config_ini(cfg), name[64];
    if (!text) return GAN_ENOMEM;
    p->key = add_text(add_text(common, text), gan__scale_point_name(p, name));
    gan_free(text);
    return GAN_OK;
}

/* The job as this point runs it. */
static gan_status plan_point(const gan__scale *s, gan__scale_point *p, uint64_t common)
{
    char own[3][64];
    gan_config *cfg;
    const char **sets = gan_calloc(s->n_sets + 3, sizeof *sets);
    if (!sets) return GAN_ENOMEM;
    int n = gan__scale_point_sets(s, p, own);
    for (int i = 0; i < s->n_sets; i++) sets[i] = s->sets[i];
    for (int i = 0; i < n; i++) sets[s->n_sets + i] = own[i];
    gan_status status = gan_config_read(&cfg, s->config, sets, s->n_sets + n, gan_system_networks);
    if (status == GAN_OK) {
        status = check_point(p, cfg, common);
        gan_config_free(cfg);
    }
    gan_free(sets);
    return status;
}

/* ---- all of them ------------------------------------------------------------------------------------------- */

static void choose_numbers(gan__scale *s, const gan_config *cfg)
{
    if (s->cores == 0) s->cores = gan__scale_cores();
    if (s->n_threads == 0) {
        int64_t threads = gan_config_int(cfg, "parallel", "threads");
        s->threads[s->n_threads++] = threads > 0 ? (int)threads : 1;
    }
}

/* Powers of two up to the cores; of a strong study only those that can share the job. */
static void choose_ranks(gan__scale *s, const gan_layout *job)
{
    const int64_t parts = job->mode == GAN_REDUCE_ORDERED ? job->shards : job->batch;
    if (s->n_ranks > 0) return;
    for (int r = 1; s->n_ranks < 20 && (r == 1 || (long long)r * s->threads[0] <= s->cores); r *= 2)
        if (s->weak || parts % r == 0) s->ranks[s->n_ranks++] = r;
}

static void look_around(gan__scale *s)
{
    time_t now = time(NULL);
    struct tm t;
    gan__scale_machine(s->machine, sizeof s->machine);
    strftime(s->date, sizeof s->date, "%Y-%m-%d %H:%M", localtime_r(&now, &t));
    memset(s->program, 0, sizeof s->program);
    if (readlink("/proc/self/exe", s->program, sizeof s->program - 1) <= 0)
        snprintf(s->program, sizeof s->program, "gan_mpi");
}

static gan_status plan_points(gan__scale *s, const gan_layout *job)
{
    uint64_t common;
    GAN_TRY(common_key(s, &common));
    for (int t = 0; t < s->n_threads; t++)
        for (int r = 0; r < s->n_ranks; r++) {
            gan__scale_point *p = &s->points[s->n_points++];
            p->ranks = s->ranks[r], p->threads = s->threads[t];
            size_point(s, p, job);
            GAN_TRY(plan_point(s, p, common));
        }
    return GAN_OK;
}

static void say_order(gan__scale *s, const gan_config *cfg, gan_reduce_mode mode)
{
    s->ordered = mode == GAN_REDUCE_ORDERED;
    s->incomparable = NULL;
    if (!s->ordered)
        s->incomparable = "parallel.reduce = fast adds in another order on other ranks";
    else if (strcmp(gan_config_text(cfg, "parallel", "messages"), "float32") != 0)
        s->incomparable = "parallel.messages = bfloat16 rounds otherwise on other ranks";
}

static gan_status plan(gan__scale *s, const gan_config *cfg)
{
    gan_layout job;
    look_around(s);
    choose_numbers(s, cfg);
    GAN_TRY(gan_layout_resolve(&job, cfg, 1, true));
    choose_ranks(s, &job);
    say_order(s, cfg, job.mode);
    if (s->n_ranks * s->n_threads > GAN__SCALE_POINTS)
        return GAN_FAIL(GAN_EUSAGE, "%d numbers of ranks x %d of threads are %d points; at most %d", s->n_ranks,
                        s->n_threads, s->n_ranks * s->n_threads, GAN__SCALE_POINTS);
    s->points = gan_calloc((int64_t)s->n_ranks * s->n_threads, sizeof *s->points);
    return s->points ? plan_points(s, &job) : GAN_ENOMEM;
}

gan_status gan__scale_plan(gan__scale *s)
{
    gan_config *cfg;
    s->n_points = 0;
    GAN_TRY(gan_config_read(&cfg, s->config, s->sets, s->n_sets, gan_system_networks));
    gan_status status = plan(s, cfg);
    gan_config_free(cfg);
    return status;
}
