/* The program with NaN in all planned memory that holds nothing: before the step, in a result and in scratch before their
 * kernel runs, and in a value once its last reader has. A kernel that reads what was never written, or a value that lies
 * where another one is still needed, then changes the results.
 *
 * When values die is worked out here again, from the order and the inputs of nodes alone, so that a mistake of plan.c is not
 * repeated. One thread does it all. Nothing of this is in the way of gan_exec. */
#include "plan.h"

#include "gan/mem.h"

#include <math.h>

typedef struct poison {
    const gan_plan *p;
    int *end; /* by id: position of the last reader, of aliases too, or of the node itself; -1 for what has no memory */
} poison;

/* Spans are floats of the plan's memory. */
static bool overlap(gan_span a, gan_span b)
{
    return a.from < b.to && b.from < a.to;
}

/* n floats at a place; empty if that is outside the plan. */
static gan_span span_at(const gan_plan *p, const float *at, int64_t n)
{
    if ((uintptr_t)at < (uintptr_t)p->memory || (uintptr_t)at >= (uintptr_t)p->end) return (gan_span){0, 0};
    return (gan_span){at - p->memory, at - p->memory + n};
}

static gan_span span_of(const gan_plan *p, gan_id id)
{
    return span_at(p, p->at[id], gan_form_floats(&p->g->nodes[id].form));
}

static void fill(const gan_plan *p, gan_span s)
{
    for (int64_t i = s.from; i < s.to; i++) p->memory[i] = NAN;
}

static void find_ends(poison *d, const gan_id *keep, int n_keep)
{
    const gan_graph *g = d->p->g;
    for (gan_id id = 0; id < g->n; id++) d->end[id] = -1;
    for (int i = 0; i < d->p->n_order; i++) {
        const gan_node *y = &g->nodes[d->p->order[i]];
        if (!y->op->alias) d->end[d->p->order[i]] = i;
        for (int k = 0; k < y->n_in; k++) d->end[gan__owner(g, y->in[k])] = i;
    }
    for (int i = 0; i < n_keep; i++) d->end[gan__owner(g, keep[i])] = d->p->n_order;
}

/* Fill what holds no value that is there at position i and needed later. */
static void fill_dead(const poison *d, int i, gan_span s)
{
    for (int k = 0; k <= i && s.from < s.to; k++) {
        const gan_id id = d->p->order[k];
        const gan_span live = span_of(d->p, id);
        if (d->end[id] <= i || !overlap(live, s)) continue;
        fill_dead(d, i, (gan_span){s.from, live.from});
        s.from = live.to;
    }
    fill(d->p, s);
}

static void before_call(const poison *d, const gan_call *c)
{
    const gan_span out = span_of(d->p, (gan_id)(c->y - d->p->g->nodes));
    const int64_t scratch = gan__scratch_floats(c->graph, c->y) * gan__scratch_copies(c->graph, c->y);
    bool in_place = false;
    for (int k = 0; k < c->y->n_in; k++) in_place |= overlap(out, span_of(d->p, c->y->in[k]));
    if (!in_place) fill(d->p, out);
    fill(d->p, span_at(d->p, c->scratch, scratch));
}

static void after_call(const poison *d, int i)
{
    const gan_graph *g = d->p->g;
    const gan_id y = d->p->order[i];
    if (d->end[y] == i) fill_dead(d, i, span_of(d->p, y));
    for (int k = 0; k < g->nodes[y].n_in; k++) {
        const gan_id x = gan__owner(g, g->nodes[y].in[k]);
        if (d->end[x] == i) fill_dead(d, i, span_of(d->p, x));
    }
}

static gan_status run_all(const poison *d, const gan_run *run, const gan_run *of_carried)
{
    const gan_call *next = d->p->calls;
    fill(d->p, (gan_span){0, d->p->end - d->p->memory});
    for (int i = 0; i < d->p->n_order; i++) {
        const gan_id id = d->p->order[i];
        if (!d->p->g->nodes[id].op->forward) continue;
        gan_call c = *next++;
        c.run = c.y->carried ? of_carried : run;
        c.part = (gan_part){0, 1};
        if (!gan__skipped(d->p, &c, run)) {
            before_call(d, &c);
            GAN_TRY(c.y->op->forward(&c));
            if (run->comm) GAN_TRY(run->comm->progress(run->comm->user));
        }
        after_call(d, i);
    }
    return GAN_OK;
}

gan_status gan_exec_poisoned(const gan_plan *p, const gan_run *run, const gan_id *keep, int n_keep)
{
    poison d = {.p = p};
    gan_run before = *run;
    before.step--;
    if (!(d.end = gan_calloc(p->g->n, sizeof *d.end))) return GAN_ENOMEM;
    find_ends(&d, keep, n_keep);
    gan_status s = run_all(&d, run, &before);
    gan_free(d.end);
    return s;
}
