/* One run of one point: started, read, and kept as DIR/points/NAME.json, so that a study that was stopped goes on. */
#include "scale.h"

#include "gan/file.h"
#include "gan/json.h"
#include "gan/log.h"
#include "gan/mem.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* ---- reading ----------------------------------------------------------------------------------------------- */

enum { MAX_LINE = 1 << 14 }; /* results are a tenth of it */

/* How many lines of a file begin an object; the last one is left in `object`. */
static int read_objects(const char *path, char object[MAX_LINE])
{
    int n = 0;
    char line[MAX_LINE];
    FILE *f = fopen(path, "r");
    while (f && fgets(line, MAX_LINE, f)) {
        if (*line != '{') continue;
        memcpy(object, line, strcspn(line, "\n") + 1);
        object[strcspn(line, "\n")] = '\0';
        n++;
    }
    if (f) fclose(f);
    return n;
}

/* ---- results ----------------------------------------------------------------------------------------------- */

static bool parse_phase(gan__scale_phase *p, const char *name, const char *json)
{
    *p = (gan__scale_phase){.comm_s = -1, .bytes = -1};
    snprintf(p->name, sizeof p->name, "%s", name);
    gan_json_number(json, "comm_s", &p->comm_s);
    gan_json_number(json, "bytes", &p->bytes);
    return gan_json_number(json, "compute_s", &p->compute_s) && gan_json_number(json, "exposed_s", &p->exposed_s);
}

bool gan__scale_parse(gan__scale_run *r, const char *json)
{
    memset(r, 0, sizeof *r);
    gan_json_walk w = gan_json_begin(gan_json_member(json, "phases"));
    while (r->n_phases < GAN__SCALE_PHASES && gan_json_next(&w))
        if (!parse_phase(&r->phases[r->n_phases++], w.name, w.value)) return false;
    return r->n_phases > 0 && gan_json_number(json, "step_s", &r->step_s) && r->step_s > 0 &&
           gan_json_number(json, "images_per_s", &r->images_per_s) && r->images_per_s > 0 &&
           gan_json_text(json, "digest", r->digest, sizeof r->digest) &&
           gan_json_text(json, "kernels", r->kernels, sizeof r->kernels);
}

/* ---- one that is stored -------------------------------------------------------------------------------------- */

/* The files of a run; counted strings. */
typedef struct places {
    char *json, *out, *err;
} places;

static void forget_places(places *p)
{
    gan_free(p->json);
    gan_free(p->out);
    gan_free(p->err);
}

static gan_status name_places(places *f, const gan__scale *s, const gan__scale_point *p, int round)
{
    char *stem = gan_sprintf("%s/points/ranks-%d-threads-%d-round-%d", s->dir, p->ranks, p->threads, round + 1);
    *f = (places){NULL, NULL, NULL};
    if (!stem) return GAN_ENOMEM;
    f->json = gan_sprintf("%s.json", stem);
    f->out = gan_sprintf("%s.out", stem);
    f->err = gan_sprintf("%s.err", stem);
    gan_free(stem);
    if (f->json && f->out && f->err) return GAN_OK;
    forget_places(f);
    return GAN_ENOMEM;
}

static bool take_stored(const char *path, uint64_t key, gan__scale_run *r)
{
    char wanted[17], stored[17] = "", object[MAX_LINE];
    snprintf(wanted, sizeof wanted, "%016" PRIx64, key);
    return read_objects(path, object) == 1 && gan_json_text(object, "key", stored, sizeof stored) &&
           strcmp(stored, wanted) == 0 && gan__scale_parse(r, gan_json_member(object, "bench"));
}

typedef struct record {
    uint64_t key;
    const char *date, *bench;
} record;

static void print_record(const void *user, FILE *f)
{
    const record *r = user;
    fprintf(f, "{\"key\": \"%016" PRIx64 "\", \"date\": \"%s\", \"bench\": %s}\n", r->key, r->date, r->bench);
}

/* ---- one that is run ----------------------------------------------------------------------------------------- */

/* launcher words, program, bench, CONFIG, --json, --steps N, --set ...: a NULL-terminated array of counted strings. */
static gan_status make_words(const gan__scale *s, const gan__scale_point *p, char ***words)
{
    int n;
    char own[3][64], steps[32];
    const int n_own = gan__scale_point_sets(s, p, own);
    const gan__launch_numbers numbers = {p->ranks, p->threads, gan__scale_nodes(p->ranks, p->threads)};
    const char *const fixed[] = {s->program, "bench", s->config, "--json", "--steps", steps};
    snprintf(steps, sizeof steps, "%lld", s->steps);
    GAN_TRY(gan__launch_words(words, &n, s->launcher, &numbers, 6 + 2 * (s->n_sets + n_own)));
    bool good = true;
    for (int i = 0; i < 6 && good; i++) good = ((*words)[n++] = gan_strdup(fixed[i])) != NULL;
    for (int i = 0; i < s->n_sets + n_own && good; i++)
        good = ((*words)[n++] = gan_strdup("--set")) &&
               ((*words)[n++] = gan_strdup(i < s->n_sets ? s->sets[i] : own[i - s->n_sets]));
    if (good) return GAN_OK;
    gan__launch_free(*words);
    return GAN_ENOMEM;
}

enum { TAIL = 20, WIDTH = 256 }; /* mpirun's own words behind an error are ten lines */

/* The last lines of what a run said, indented. Longer ones are cut into several. */
static void print_tail(const char *path, char *text, size_t n)
{
    int count = 0;
    size_t at = 0;
    char lines[TAIL][WIDTH];
    FILE *f = fopen(path, "r");
    while (f && fgets(lines[count % TAIL], WIDTH, f)) count += lines[count % TAIL][0] != '\n';
    if (f) fclose(f);
    text[0] = '\0';
    for (int i = count > TAIL ? count - TAIL : 0; i < count && at < n; i++)
        at += (size_t)snprintf(text + at, n - at, "\n    | %.*s", (int)strcspn(lines[i % TAIL], "\n"), lines[i % TAIL]);
}

/* Warnings of a run that went well: of cores that are not there, of a job that diverges. */
static void pass_on_warnings(const gan__scale_point *p, const char *path)
{
    static const char mark[] = "warning: ";
    char name[64], line[1024];
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, mark, sizeof mark - 1) == 0)
            gan_warn("%s: %.*s", gan__scale_point_name(p, name), (int)strcspn(line, "\n") - (int)(sizeof mark - 1),
                     line + sizeof mark - 1);
    if (f) fclose(f);
}

static void mark_failed(gan__scale_point *p, const places *f, const char *why)
{
    char tail[1700], name[64]; /* gan_warn prints little more than that */
    p->failed = true;
    snprintf(p->why, sizeof p->why, "%s", why);
    print_tail(f->err, tail, sizeof tail);
    gan_warn("%s: %s; the other points go on. It said (%s):%s", gan__scale_point_name(p, name), why, f->err,
             *tail ? tail : "\n    | nothing");
}

/* What is wrong with what a process that ended well has printed; "": nothing. Started by the launcher of another MPI,
 * each of N processes believes to be alone, and prints a result of its own. */
static const char *complain(const gan__scale_point *p, const char *object, int n_objects, gan__scale_run *r,
                            char text[GAN__SCALE_WHY])
{
    double ranks = 0;
    text[0] = '\0';
    if (n_objects == 0 || !gan__scale_parse(r, object) || !gan_json_number(object, "ranks", &ranks))
        snprintf(text, GAN__SCALE_WHY, "it printed no result");
    else if (n_objects > 1 || (int)ranks != p->ranks)
        snprintf(text, GAN__SCALE_WHY, "it ran as %d x %d ranks: is the launcher that of another MPI?", n_objects,
                 (int)ranks);
    return text;
}

static gan_status keep(const gan__scale *s, gan__scale_point *p, const places *f, gan__scale_run *r)
{
    char why[GAN__SCALE_WHY], object[MAX_LINE] = "";
    const int n = read_objects(f->out, object);
    const record kept = {p->key, s->date, object};
    if (*complain(p, object, n, r, why)) {
        mark_failed(p, f, why);
        return GAN_OK;
    }
    if (r == p->runs) pass_on_warnings(p, f->err); /* once */
    GAN_TRY(gan_file_write(f->json, print_record, &kept));
    unlink(f->out);
    unlink(f->err);
    return GAN_OK;
}

static gan_status run_point(const gan__scale *s, gan__scale_point *p, const places *f, gan__scale_run *r)
{
    char **words, why[GAN__SCALE_WHY];
    int code;
    GAN_TRY(make_words(s, p, &words));
    const gan__launch l = {words, f->out, f->err, gan__scale_oversubscribed(s, p), p->threads > 1};
    unlink(f->json); /* of other options */
    gan_status status = gan__launch_run(&l, &code);
    gan__launch_free(words);
    if (status != GAN_OK) return status;
    if (code == 0) return keep(s, p, f, r);
    snprintf(why, sizeof why, code > 128 ? "ended by signal %d" : "exit code %d", code > 128 ? code - 128 : code);
    mark_failed(p, f, why);
    return GAN_OK;
}

gan_status gan__scale_measure(gan__scale *s, int i, int round, const char *progress)
{
    gan__scale_point *p = &s->points[i];
    gan__scale_run *r = &p->runs[round];
    places f;
    char name[64];
    GAN_TRY(name_places(&f, s, p, round));
    bool stored = !s->fresh && take_stored(f.json, p->key, r);
    gan_status status = stored ? GAN_OK : run_point(s, p, &f, r);
    if (status == GAN_OK && !p->failed)
        gan_say(GAN_NORMAL, "%s %-22s %10.3f ms a step %10.1f images/s%s", progress, gan__scale_point_name(p, name),
                r->step_s * 1e3, r->images_per_s, stored ? "  (kept from before)" : "");
    forget_places(&f);
    return status;
}

void gan__scale_command(const gan__scale *s, FILE *f)
{
    fprintf(f, "%s gan_mpi bench %s --json --steps %lld", s->launcher, s->config, s->steps);
    for (int i = 0; i < s->n_sets; i++) fprintf(f, " --set %s", s->sets[i]);
    fprintf(f, " --set parallel.threads=%%t%s", s->weak ? " --set train.batch=... --set parallel.shards=..." : "");
}
