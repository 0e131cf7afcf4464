/* Running the program: one kernel after the other. Between kernels MPI gets its chance to move what is in flight, for it
 * progresses only inside its own calls. Time goes to the phase of the node: blocked in a wait, or computing. */
#include "plan.h"

#include "gan/clock.h"

#include <math.h>

static gan_status run_call(const gan_call *call, const gan_run *run)
{
    gan_call c = *call;
    c.run = run;
    GAN_TRY(c.y->op->forward(&c));
    return run->comm ? run->comm->progress(run->comm->user) : GAN_OK;
}

static bool skipped(const gan_plan *p, const gan_call *c, const gan_run *run)
{
    return !run->metrics && p->metrics_only[c->y - p->g->nodes];
}

gan_status gan_exec(const gan_plan *p, const gan_run *run, gan_phase_time *times)
{
    double then = gan_clock_s();
    for (int i = 0; i < p->n_calls; i++) {
        const gan_call *c = &p->calls[i];
        if (skipped(p, c, run)) continue;
        GAN_TRY(run_call(c, run));
        if (!times) continue;
        double now = gan_clock_s();
        if (run->profile) run->profile[i] += now - then;
        gan_phase_time *t = &times[c->y->phase];
        *(c->y->op->waits ? &t->exposed_s : &t->compute_s) += now - then;
        then = now;
    }
    return GAN_OK;
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
    *position = INT64_MAX;
    *text = '\0';
    for (int i = 0; i < p->n_calls; i++) {
        const gan_call *c = &p->calls[i];
        GAN_TRY(run_call(c, &again));
        if (*position != INT64_MAX || c->y->op->effect || is_finite(c)) continue;
        *position = i;
        snprintf(text, n, "phase %s, %s%s%s", p->g->phases[c->y->phase], c->y->layer,
                 *c->y->layer ? ", " : "", c->y->op->name);
    }
    return GAN_OK;
}
