/* The schedule of a step as a text file, a line each:
 *
 *   gan_mpi-schedule 1
 *   ranks 1024 team 1 batch 64 add_s 2.1e-10 float_bytes 4
 *   phase D
 *   bucket 2105344 discriminator[0]
 *   compute 0.0123 1        seconds, number of the phase
 *   start 0 1               number of the bucket, of the phase
 *   wait 0 2
 *   sum 128 1               floats, phase */
#include "gan/schedule_trace.h"

#include "gan/file.h"
#include "gan/mem.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char magic[] = "gan_mpi-schedule 1";
static const char *const words[] = {"compute", "start", "wait", "sum"}; /* by kind */

/* ---- building ---------------------------------------------------------------------------------------------- */

gan_status gan_trace_add_phase(gan_schedule_trace *t, const char *name)
{
    if (t->n_phases == GAN_TRACE_PHASES)
        return GAN_FAIL(GAN_EINTERNAL, "a schedule has at most %d phases", GAN_TRACE_PHASES);
    snprintf(t->phases[t->n_phases++], GAN_TRACE_NAME, "%.63s", name);
    return GAN_OK;
}

/* The list with room for one more; NULL when there is no memory. */
static void *grown(void *list, int n, int *room, size_t size)
{
    if (n < *room) return list;
    const int more = *room ? 2 * *room : 64;
    void *p = gan_realloc(list, more, size);
    if (p) *room = more;
    return p;
}

gan_status gan_trace_add_bucket(gan_schedule_trace *t, const char *name, int64_t floats)
{
    gan_trace_bucket *list = grown(t->buckets, t->n_buckets, &t->room_buckets, sizeof *list);
    if (!list) return GAN_ENOMEM;
    t->buckets = list;
    gan_trace_bucket *b = &t->buckets[t->n_buckets++];
    b->floats = floats;
    snprintf(b->name, sizeof b->name, "%.63s", name);
    return GAN_OK;
}

gan_status gan_trace_add(gan_schedule_trace *t, const gan_trace_record *r)
{
    gan_trace_record *list = grown(t->records, t->n_records, &t->room_records, sizeof *list);
    if (!list) return GAN_ENOMEM;
    t->records = list;
    t->records[t->n_records++] = *r;
    return GAN_OK;
}

void gan_trace_free(gan_schedule_trace *t)
{
    gan_free(t->buckets);
    gan_free(t->records);
    memset(t, 0, sizeof *t);
}

/* ---- writing ----------------------------------------------------------------------------------------------- */

static void put(const gan_schedule_trace *t, FILE *f)
{
    fprintf(f, "%s\nranks %d team %d batch %lld add_s %.6g float_bytes %d\n", magic, t->ranks, t->team, (long long)t->batch,
            t->add_s, t->float_bytes);
    for (int i = 0; i < t->n_phases; i++) fprintf(f, "phase %s\n", t->phases[i]);
    for (int i = 0; i < t->n_buckets; i++)
        fprintf(f, "bucket %lld %s\n", (long long)t->buckets[i].floats, t->buckets[i].name);
    for (int i = 0; i < t->n_records; i++) {
        const gan_trace_record *r = &t->records[i];
        if (r->kind == GAN_TRACE_COMPUTE) fprintf(f, "compute %.9g %d\n", r->s, r->phase);
        else fprintf(f, "%s %lld %d\n", words[r->kind], (long long)r->number, r->phase);
    }
}

static gan_status cannot(const char *path)
{
    return GAN_FAIL(GAN_EIO, "%.*s: cannot write the schedule: %s; %s", gan_file_shown(path), path, strerror(errno),
                    gan_file_remedy(errno));
}

static gan_status write_to(const gan_schedule_trace *t, const char *temp)
{
    FILE *f = fopen(temp, "w");
    if (!f) return cannot(temp);
    put(t, f);
    bool bad = fflush(f) != 0 || ferror(f);
    gan_status s = bad ? cannot(temp) : GAN_OK;
    if (fclose(f) != 0 && s == GAN_OK) s = cannot(temp);
    if (s != GAN_OK) unlink(temp);
    return s;
}

gan_status gan_trace_write(const gan_schedule_trace *t, const char *path)
{
    GAN_TRY(gan_file_regular(path));
    char *temp = gan_file_temp(path);
    if (!temp) return GAN_ENOMEM;
    gan_status s = write_to(t, temp);
    if (s == GAN_OK) s = gan_file_publish(temp, path);
    gan_free(temp);
    return s;
}

/* ---- reading ----------------------------------------------------------------------------------------------- */

enum { LINE = 256, MAX_RANKS = 1000000 };
/* Of a kernel and of adding one float: sums of such numbers stay finite, and differences of times stay exact enough. */
static const double MAX_COMPUTE_S = 1e6, MAX_ADD_S = 1;

typedef struct reader {
    gan_schedule_trace *t;
    const char *path;
    int line;
} reader;

static gan_status bad(const reader *r, const char *wanted)
{
    return GAN_FAIL(GAN_EDATA,
                    "%s:%d: %s is wanted here; this is not a schedule as `gan_mpi bench CONFIG --schedule FILE` writes it", r->path,
                    r->line, wanted);
}

static gan_status take_head(const reader *r, const char *line)
{
    long long ranks, team, batch, bytes;
    double add_s;
    int end = 0;
    if (r->line == 1) return strcmp(line, magic) == 0 ? GAN_OK : bad(r, "\"gan_mpi-schedule 1\"");
    sscanf(line, "ranks %lld team %lld batch %lld add_s %lf float_bytes %lld%n", &ranks, &team, &batch, &add_s, &bytes, &end);
    if (end == 0 || line[end]) return bad(r, "\"ranks N team N batch N add_s SECONDS float_bytes 4\"");
    if (ranks < 1 || ranks > MAX_RANKS || team < 1 || ranks % team != 0 || batch < 1 || !(add_s >= 0 && add_s <= MAX_ADD_S) ||
        (bytes != 4 && bytes != 2))
        return bad(r, "a number of ranks (at most 1000000) that the team divides, a batch, seconds from 0 to 1, and 4 or 2 bytes");
    r->t->ranks = (int)ranks, r->t->team = (int)team, r->t->batch = batch, r->t->add_s = add_s, r->t->float_bytes = (int)bytes;
    return GAN_OK;
}

/* A word, since it becomes a key of JSON and the head of a column. */
static gan_status take_phase(const reader *r, const char *name)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    const size_t n = strlen(name);
    if (n == 0 || n >= GAN_TRACE_NAME || strspn(name, word) != n) return bad(r, "\"phase NAME\", a word of letters and digits");
    return gan_trace_add_phase(r->t, name);
}

static gan_status take_bucket(const reader *r, const char *line)
{
    long long floats;
    char name[GAN_TRACE_NAME];
    int end = 0;
    sscanf(line, "bucket %lld %63s%n", &floats, name, &end);
    if (end == 0 || line[end] || floats < 0 || floats > INT32_MAX) return bad(r, "\"bucket FLOATS NAME\"");
    return gan_trace_add_bucket(r->t, name, floats);
}

static bool sound(const gan_schedule_trace *t, const gan_trace_record *r)
{
    if (r->phase < 0 || r->phase >= t->n_phases || r->number < 0) return false;
    if (r->kind == GAN_TRACE_COMPUTE) return r->s >= 0 && r->s <= MAX_COMPUTE_S;
    return r->kind == GAN_TRACE_SUM ? r->number <= INT32_MAX : r->number < t->n_buckets;
}

static gan_status take_record(const reader *r, const char *line)
{
    gan_trace_record record = {0};
    char word[16];
    long long number = 0;
    int at = 0, end = 0, kind = 0;
    sscanf(line, "%15s %n", word, &at);
    while (at > 0 && kind < 4 && strcmp(word, words[kind]) != 0) kind++;
    if (at == 0 || kind == 4) return bad(r, "\"compute\", \"start\", \"wait\" or \"sum\"");
    record.kind = (gan_trace_kind)kind;
    if (record.kind == GAN_TRACE_COMPUTE) sscanf(line + at, "%lf %d%n", &record.s, &record.phase, &end);
    else sscanf(line + at, "%lld %d%n", &number, &record.phase, &end);
    record.number = number;
    if (end == 0 || line[at + end] || !sound(r->t, &record))
        return bad(r, "\"compute SECONDS PHASE\", or \"start\", \"wait\", \"sum\" with the number of a bucket or of floats, "
                      "and a phase");
    return gan_trace_add(r->t, &record);
}

static gan_status take_line(const reader *r, const char *line)
{
    if (r->line <= 2) return take_head(r, line);
    if (strncmp(line, "phase ", 6) == 0 && r->t->n_phases < GAN_TRACE_PHASES) return take_phase(r, line + 6);
    if (strncmp(line, "bucket ", 7) == 0) return take_bucket(r, line);
    return take_record(r, line);
}

static gan_status read_from(reader *r, FILE *f)
{
    char line[LINE];
    while (fgets(line, sizeof line, f)) {
        r->line++;
        size_t n = strcspn(line, "\n");
        if (line[n] != '\n') return bad(r, "a shorter line that ends");
        line[n] = '\0';
        GAN_TRY(take_line(r, line));
    }
    if (ferror(f)) return GAN_FAIL(GAN_EIO, "%s: cannot be read: %s", r->path, strerror(errno));
    r->line++;
    return r->t->n_records > 0 ? GAN_OK : bad(r, "a list of what a step does");
}

gan_status gan_trace_read(gan_schedule_trace *t, const char *path)
{
    reader r = {t, path, 0};
    *t = (gan_schedule_trace){0};
    GAN_TRY(gan_file_regular(path));
    FILE *f = fopen(path, "r");
    if (!f)
        return GAN_FAIL(GAN_EIO, "%s: cannot be opened: %s; write one with `gan_mpi bench CONFIG --schedule %s`", path,
                        strerror(errno), path);
    gan_status s = read_from(&r, f);
    fclose(f);
    return s;
}
