/* Where a step's time goes, call by call as others may ask for it, and by op and by phase: a table whose numbers add up to
 * the step. */
#include "plan.h"

enum { MAX_OPS = 128, MAX_PHASES = 16 };

typedef struct op_time {
    const gan_op *op;
    double s, flop, bytes, in_phase[MAX_PHASES];
    int n;
} op_time;

/* Read and written once each. What an effect touches behind its edges (arenas, moments) is not known here. */
static double node_bytes(const gan_graph *g, const gan_node *y)
{
    double floats = (double)gan_form_floats(&y->form);
    for (int k = 0; k < y->n_in; k++) floats += (double)gan_form_floats(&g->nodes[y->in[k]].form);
    return y->op->effect ? 0 : floats * sizeof(float);
}

static void add(op_time *t, const gan_plan *p, const gan_node *y, double s)
{
    const double share = gan__share(p, (gan_id)(y - p->g->nodes));
    t->s += s;
    if (y->phase < MAX_PHASES) t->in_phase[y->phase] += s;
    t->flop += y->op->effect ? 0 : share * gan__flop(p->g, y);
    t->bytes += share * node_bytes(p->g, y);
    t->n++;
}

static int sum_by_op(const gan_plan *p, const double *profile, op_time *ops, op_time *all)
{
    int n = 0, k;
    for (int i = 0; i < p->n_calls; i++) {
        const gan_node *y = p->calls[i].y;
        if (gan_plan_share(p, i) == 0) continue;
        for (k = 0; k < n && ops[k].op != y->op; k++) {}
        if (k == MAX_OPS) continue;
        if (k == n) ops[n++] = (op_time){.op = y->op};
        add(&ops[k], p, y, profile[i]);
        add(all, p, y, profile[i]);
    }
    return n;
}

/* Phase 0 holds what was written before any phase began; it has no kernels as a rule. */
static bool has_column(const op_time *all, int phase)
{
    return phase < MAX_PHASES && (phase > 0 || all->in_phase[phase] > 0);
}

static void print_rate(double amount, double ms, FILE *f)
{
    if (amount > 0) fprintf(f, " %10.2f", amount / (ms * 1e6));
    else fprintf(f, " %10s", "");
}

static void print_row(const gan_plan *p, const char *name, const op_time *t, const op_time *all, int64_t steps, FILE *f)
{
    const double per_step = 1e3 / (double)steps;
    fprintf(f, "%-16s %6d %7.1f%% %10.3f", name, t->n, 100 * t->s / all->s, t->s * per_step);
    for (int i = 0; i < p->g->n_phases; i++)
        if (has_column(all, i)) fprintf(f, " %10.3f", t->in_phase[i] * per_step);
    print_rate(t->flop, t->s * per_step, f);
    print_rate(t->bytes, t->s * per_step, f);
    fputc('\n', f);
}

static void print_head(const gan_plan *p, const op_time *all, FILE *f)
{
    fprintf(f, "%-16s %6s %8s %10s", "op", "nodes", "share", "ms/step");
    for (int i = 0; i < p->g->n_phases; i++)
        if (has_column(all, i)) fprintf(f, " %7s ms", p->g->phases[i]);
    fprintf(f, " %10s %10s\n", "GFLOP/s", "GB/s");
}

void gan_plan_print_profile(const gan_plan *p, const double *profile, int64_t steps, FILE *f)
{
    op_time ops[MAX_OPS], all = {0};
    int n = sum_by_op(p, profile, ops, &all);
    print_head(p, &all, f);
    while (n > 0) { /* largest first */
        int k = 0;
        for (int i = 1; i < n; i++)
            if (ops[i].s > ops[k].s) k = i;
        print_row(p, ops[k].op->name, &ops[k], &all, steps, f);
        ops[k] = ops[--n];
    }
    print_row(p, "all", &all, &all, steps, f);
}

const gan_node *gan_plan_call(const gan_plan *p, int i, unsigned *when)
{
    const gan_node *y = p->calls[i].y;
    *when = p->when[y - p->g->nodes];
    return y;
}

double gan_plan_share(const gan_plan *p, int i)
{
    return gan__share(p, (gan_id)(p->calls[i].y - p->g->nodes));
}

void gan_plan_estimate(const gan_plan *p, double flop_per_s, double bytes_per_s, double *seconds)
{
    for (int i = 0; i < p->n_calls; i++) {
        const gan_node *y = p->calls[i].y;
        const double counting = y->op->effect ? 0 : gan__flop(p->g, y) / flop_per_s;
        const double moving = node_bytes(p->g, y) / bytes_per_s;
        seconds[i] = counting > moving ? counting : moving;
    }
}
