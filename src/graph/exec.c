/* Running the program: one kernel after the other. Between kernels MPI gets its chance to move what is in flight, for it
 * progresses only inside its own calls. Time goes to the phase of the node: blocked in a wait, or computing.
 *
 * All threads of the rank walk the program together. A kernel that is shared is run by all, and then they meet; the others,
 * and all that calls MPI, are the first thread's. A failure is known to the first thread alone until the next meeting. */
#include "plan.h"

#include "gan/clock.h"

#include <assert.h>
#include <math.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* What the threads have in common; `failed` of every other meeting, so that nobody reads what is already of the next. */
typedef struct crew {
    const gan_plan *p;
    const gan_run *run, *of_carried; /* of this step; of the step that left the carried calls */
    bool only_carried;
    gan_phase_time *times; /* may be NULL */
    gan_status failed[2];
} crew;

/* One thread's way through the program. */
typedef struct walker {
    crew *crew;
    gan_part part;
    int meetings;
    bool behind;       /* the first thread may still be at work for itself */
    gan_status status; /* of the first thread */
    double then;
} walker;

static gan_status run_call(const gan_call *call, const gan_run *run, gan_part part)
{
    gan_call c = *call;
    c.run = run;
    c.part = part;
    c.scratch += part.i * c.scratch_step;
    return c.y->op->forward(&c);
}

/* False if any work before has failed; the same for all threads. */
static bool meet(walker *w)
{
    const int turn = w->meetings++ & 1;
    if (w->part.i == 0) w->crew->failed[turn] = w->status;
    gan_part_meet(w->part);
    w->behind = false;
    return w->crew->failed[turn] == GAN_OK;
}

static void take_time(walker *w, int i)
{
    const gan_call *c = &w->crew->p->calls[i];
    const gan_run *run = w->crew->run;
    if (!w->crew->times) return;
    double now = gan_clock_s();
    if (run->profile) run->profile[i] += now - w->then;
    gan_phase_time *t = &w->crew->times[c->y->phase];
    *(c->y->op->waits ? &t->exposed_s : &t->compute_s) += now - w->then;
    w->then = now;
}

static const gan_part alone = {0, 1};

static const gan_run *run_of(const walker *w, const gan_call *c)
{
    return c->y->carried ? w->crew->of_carried : w->crew->run;
}

/* A call that all threads share; one that the first thread makes. False: the program ends here. */
static bool make_together(walker *w, const gan_call *c)
{
    if (w->behind && !meet(w)) return false;
    gan_status s = run_call(c, run_of(w, c), w->part);
    assert(w->part.i == 0 || s == GAN_OK); /* only what calls MPI can fail */
    if (w->status == GAN_OK) w->status = s;
    return meet(w);
}

static bool make_alone(walker *w, const gan_call *c)
{
    if (w->part.i == 0 && w->status == GAN_OK) w->status = run_call(c, run_of(w, c), alone);
    w->behind = true;
    return w->status == GAN_OK || w->part.n > 1; /* who waits for the first thread must meet it */
}

/* What does not call MPI itself leaves it to whoever moves messages meanwhile. */
static bool lends(const walker *w, const gan_call *c)
{
    const gan_collectives *comm = w->crew->run->comm;
    return w->part.i == 0 && comm && comm->lend && !c->y->op->talks;
}

static void take_back(walker *w)
{
    const gan_collectives *comm = w->crew->run->comm;
    gan_status s = comm->take_back(comm->user);
    if (w->status == GAN_OK) w->status = s;
}

static bool make(walker *w, int i)
{
    const gan_call *c = &w->crew->p->calls[i];
    const gan_run *run = w->crew->run;
    const bool lent = lends(w, c);
    if (lent) run->comm->lend(run->comm->user);
    const bool goes_on = c->part.n > 1 && w->part.n > 1 ? make_together(w, c) : make_alone(w, c);
    if (lent) take_back(w);
    if (w->part.i > 0 || !goes_on) return goes_on;
    if (w->status == GAN_OK && run->comm) w->status = run->comm->progress(run->comm->user);
    if (w->status == GAN_OK && run->settled && !w->crew->only_carried && i == w->crew->p->last_carried) w->status = run->settled(run->settled_user);
    take_time(w, i);
    return w->status == GAN_OK || w->part.n > 1;
}

static bool skipped(const crew *c, const gan_call *call)
{
    return c->only_carried ? !call->y->carried : gan__skipped(c->p, call, c->run);
}

static gan_status walk(crew *c, gan_part part)
{
    walker w = {.crew = c, .part = part, .then = gan_clock_s()};
    for (int i = 0; i < c->p->n_calls; i++)
        if (!skipped(c, &c->p->calls[i]) && !make(&w, i)) break;
    return w.status;
}

static gan_status walk_together(crew *c)
{
#ifdef _OPENMP
    gan_status s = GAN_OK;
#pragma omp parallel num_threads(c->p->g->threads) if (c->p->g->threads > 1)
    {
        const gan_part part = {omp_get_thread_num(), omp_get_num_threads()};
        gan_status mine = walk(c, part);
        if (part.i == 0) s = mine;
    }
    return s;
#else
    return walk(c, alone);
#endif
}

gan_status gan_exec(const gan_plan *p, const gan_run *run, gan_phase_time *times)
{
    gan_run before = *run;
    before.step--;
    crew c = {.p = p, .run = run, .of_carried = &before, .times = times};
    return walk_together(&c);
}

gan_status gan_exec_carried(const gan_plan *p, const gan_run *run, gan_phase_time *times)
{
    crew c = {.p = p, .run = run, .of_carried = run, .only_carried = true, .times = times};
    return walk_together(&c);
}

static bool is_finite(const gan_call *c)
{
    int64_t n = gan_form_floats(&c->y->form);
    for (int64_t i = 0; i < n; i++)
        if (!isfinite(c->out[i])) return false;
    return true;
}

gan_status gan_exec_diagnose(const gan_plan *p, const gan_run *run, int64_t *position, char *text, size_t n)
{
    gan_run again = *run;
    again.diagnose = again.metrics = true;
    again.pending = false;
    *position = INT64_MAX;
    *text = '\0';
    for (int i = 0; i < p->n_calls; i++) {
        const gan_call *c = &p->calls[i];
        if (gan__skipped(p, c, &again)) continue;
        GAN_TRY(run_call(c, &again, alone));
        if (run->comm) GAN_TRY(run->comm->progress(run->comm->user));
        if (*position != INT64_MAX || c->y->op->effect || is_finite(c)) continue;
        *position = i;
        snprintf(text, n, "phase %s, %s%s%s", p->g->phases[c->y->phase], c->y->layer,
                 *c->y->layer ? ", " : "", c->y->op->name);
    }
    return gan_exec_carried(p, &again, NULL);
}
