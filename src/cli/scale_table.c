/* The table of a study, for people and for programs. */
#include "scale.h"

#include "gan/version.h"

#include <math.h>
#include <string.h>

/* ---- cells ------------------------------------------------------------------------------------------------- */

enum { CELL = 48 };

typedef struct subject { /* of a cell */
    const gan__scale *s;
    const gan__scale_row *row;
    int phase;
} subject;

static void ranks(const subject *x, char *t)
{
    snprintf(t, CELL, "%d", x->row->point->ranks);
}

static void threads(const subject *x, char *t)
{
    snprintf(t, CELL, "%d%s", x->row->point->threads, gan__scale_oversubscribed(x->s, x->row->point) ? " *" : "");
}

static void batch(const subject *x, char *t)
{
    snprintf(t, CELL, "%lld", (long long)x->row->point->batch);
}

static void step(const subject *x, char *t)
{
    const gan__scale_range *r = &x->row->step_s;
    snprintf(t, CELL, "%.3f (%.3f-%.3f)", r->median * 1e3, r->low * 1e3, r->high * 1e3);
}

static void rate(const subject *x, char *t)
{
    snprintf(t, CELL, "%.1f", x->row->images_per_s);
}

static void speedup(const subject *x, char *t)
{
    const gan__scale_range *r = &x->row->speedup;
    snprintf(t, CELL, "%.2f (%.2f-%.2f)", r->median, r->low, r->high);
}

static void percent(double part, char *t)
{
    if (isnan(part))
        snprintf(t, CELL, "-");
    else
        snprintf(t, CELL, "%.1f %%", part * 100);
}

static void efficiency(const subject *x, char *t)
{
    percent(x->row->efficiency, t);
}

static void serial(const subject *x, char *t)
{
    if (isnan(x->row->serial))
        snprintf(t, CELL, "-");
    else
        snprintf(t, CELL, "%.3f", x->row->serial);
}

static void hidden(const subject *x, char *t)
{
    percent(x->row->hidden, t);
}

static void hash(const subject *x, char *t)
{
    snprintf(t, CELL, "%s", x->row->point->runs[0].digest);
}

static void compute(const subject *x, char *t)
{
    snprintf(t, CELL, "%.3f", x->row->phases[x->phase].compute_s * 1e3);
}

static void exposed(const subject *x, char *t)
{
    snprintf(t, CELL, "%.3f", x->row->phases[x->phase].exposed_s * 1e3);
}

/* ---- columns ----------------------------------------------------------------------------------------------- */

typedef struct column {
    char head[2][CELL];
    void (*cell)(const subject *x, char *text);
    int phase;
    int width;
} column;

enum { MAX_COLUMNS = 16 + 2 * GAN__SCALE_PHASES };

static void add(column *columns, int *n, const char *above, const char *below, void (*cell)(const subject *x, char *text),
                int phase)
{
    column *c = &columns[(*n)++];
    *c = (column){.cell = cell, .phase = phase};
    snprintf(c->head[0], CELL, "%s", above);
    snprintf(c->head[1], CELL, "%s", below);
}

static bool any_hidden(const gan__scale_row *rows, int n)
{
    bool any = false;
    for (int i = 0; i < n; i++) any |= !isnan(rows[i].hidden);
    return any;
}

static int choose_columns(const gan__scale *s, const gan__scale_row *rows, int n_rows, column columns[MAX_COLUMNS])
{
    int n = 0;
    add(columns, &n, "", "ranks", ranks, 0);
    add(columns, &n, "", "threads", threads, 0);
    add(columns, &n, "", "batch", batch, 0);
    add(columns, &n, "", "ms/step (range)", step, 0);
    add(columns, &n, "", "images/s", rate, 0);
    add(columns, &n, s->weak ? "scaled" : "", "speed-up (range)", speedup, 0);
    add(columns, &n, s->weak ? "scaled" : "", "efficiency", efficiency, 0);
    if (!s->weak) add(columns, &n, "serial", "fraction", serial, 0);
    for (int i = 0; i < rows[0].n_phases; i++) {
        add(columns, &n, rows[0].phases[i].name, "compute", compute, i);
        add(columns, &n, rows[0].phases[i].name, "exposed", exposed, i);
    }
    if (any_hidden(rows, n_rows)) add(columns, &n, "messages", "hidden", hidden, 0);
    add(columns, &n, "", "hash", hash, 0);
    return n;
}

static void cell_text(const gan__scale *s, const gan__scale_row *row, const column *c, char text[CELL])
{
    c->cell(&(subject){s, row, c->phase}, text);
}

static void measure_columns(const gan__scale *s, const gan__scale_row *rows, int n, column *columns, int n_columns)
{
    char text[CELL];
    for (int k = 0; k < n_columns; k++) {
        for (int h = 0; h < 2; h++)
            if ((int)strlen(columns[k].head[h]) > columns[k].width) columns[k].width = (int)strlen(columns[k].head[h]);
        for (int i = 0; i < n; i++) {
            cell_text(s, &rows[i], &columns[k], text);
            if ((int)strlen(text) > columns[k].width) columns[k].width = (int)strlen(text);
        }
    }
}

static void print_table(const gan__scale *s, const gan__scale_row *rows, int n, FILE *f)
{
    char text[CELL];
    column columns[MAX_COLUMNS];
    const int n_columns = choose_columns(s, rows, n, columns);
    measure_columns(s, rows, n, columns, n_columns);
    for (int h = 0; h < 2; h++)
        for (int k = 0; k < n_columns; k++)
            fprintf(f, "%s%*s%s", k ? "  " : "", columns[k].width, columns[k].head[h], k == n_columns - 1 ? "\n" : "");
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n_columns; k++) {
            cell_text(s, &rows[i], &columns[k], text);
            fprintf(f, "%s%*s%s", k ? "  " : "", columns[k].width, text, k == n_columns - 1 ? "\n" : "");
        }
}

/* ---- what stands around it --------------------------------------------------------------------------------- */

static void print_head(const gan__scale *s, const gan__scale_row *row, const char *mark, FILE *f)
{
    fprintf(f, "%sscaling   %s of %s: %s\n", mark, s->weak ? "weak" : "strong", s->config,
            s->weak ? "each core (rank x thread) has the batch of the job" : "one job on more and more cores");
    fprintf(f, "%smachine   %s, %lld core%s; %s kernels\n", mark, s->machine, s->cores, s->cores == 1 ? "" : "s",
            row->point->runs[0].kernels);
    fprintf(f, "%sprogram   gan_mpi %s, %s sums, %s\n", mark, gan_version(), s->ordered ? "ordered" : "fast", s->date);
    fprintf(f, "%scommand   ", mark);
    gan__scale_command(s, f);
    fprintf(f, "\n%srounds    %lld\n", mark, s->rounds);
}

static void explain(const gan__scale *s, const gan__scale_point *reference, bool hides, FILE *f)
{
    char name[64], counts[48] = "";
    const int cores = reference->ranks * reference->threads;
    if (cores > 1) snprintf(counts, sizeof counts, ", which counts as %d", cores);
    fprintf(f, "Medians over the rounds. Speed-up%s is against %s%s, round by round; phases are means on rank 0, in ms a step.\n",
            s->weak ? " of images/s" : "", gan__scale_point_name(reference, name), counts);
    if (!s->weak)
        fputs("Serial fraction: Karp and Flatt's (1/S - 1/p) / (1 - 1/p). Where it stays the same, serial work limits; where it "
              "grows,\ncommunication does.\n", f);
    if (hides) fputs("Messages hidden: 1 - exposed / (seconds with messages under way), over all phases.\n", f);
}

static void print_notes(const gan__scale *s, const gan__scale_row *rows, int n, const char *verdict, FILE *f)
{
    char name[64];
    bool over = false;
    for (int i = 0; i < n; i++) over |= gan__scale_oversubscribed(s, rows[i].point);
    if (over)
        fprintf(f, "* oversubscribed: more ranks x threads than the %lld core%s; they take turns, no speed-up can be expected.\n",
                s->cores, s->cores == 1 ? "" : "s");
    fprintf(f, "%s\n", verdict);
    for (int i = 0; i < s->n_points; i++)
        if (s->points[i].failed)
            fprintf(f, "failed: %s, %s\n", gan__scale_point_name(&s->points[i], name), s->points[i].why);
}

void gan__scale_print(const gan__scale *s, const gan__scale_row *rows, int n, int reference, const char *verdict, FILE *f)
{
    print_head(s, &rows[0], "", f);
    fputc('\n', f);
    print_table(s, rows, n, f);
    fputc('\n', f);
    explain(s, rows[reference].point, any_hidden(rows, n), f);
    print_notes(s, rows, n, verdict, f);
}

/* ---- for programs ------------------------------------------------------------------------------------------ */

static void print_number(double x, FILE *f)
{
    if (x >= 0)
        fprintf(f, ",%.9g", x);
    else
        fputc(',', f); /* not told */
}

static void print_csv_run(const gan__scale *s, const gan__scale_point *p, int round, FILE *f)
{
    const gan__scale_run *r = &p->runs[round];
    fprintf(f, "%d,%d,%d,%lld,%lld,%d,%.9g,%.9g,%s", p->ranks, p->threads, gan__scale_oversubscribed(s, p),
            (long long)p->batch, (long long)p->shards, round + 1, r->step_s, r->images_per_s, r->digest);
    for (int i = 0; i < r->n_phases; i++) {
        print_number(r->phases[i].compute_s, f);
        print_number(r->phases[i].exposed_s, f);
        print_number(r->phases[i].comm_s, f);
        print_number(r->phases[i].bytes, f);
    }
    fputc('\n', f);
}

void gan__scale_print_csv(const gan__scale *s, const gan__scale_row *rows, int n, FILE *f)
{
    print_head(s, &rows[0], "# ", f);
    fputs("ranks,threads,oversubscribed,batch,shards,round,step_s,images_per_s,hash", f);
    for (int i = 0; i < rows[0].n_phases; i++) {
        const char *phase = rows[0].phases[i].name;
        fprintf(f, ",%s_compute_s,%s_exposed_s,%s_comm_s,%s_bytes", phase, phase, phase, phase);
    }
    fputc('\n', f);
    for (int i = 0; i < n; i++)
        for (int r = 0; r < s->rounds; r++) print_csv_run(s, rows[i].point, r, f);
}
