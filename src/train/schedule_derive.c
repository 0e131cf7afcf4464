/* From a session's program and the seconds of its calls to the schedule of a step. Calls follow each other as the program
 * has them, so whatever order the passes chose is the order that is replayed. What runs every N-th step only computes by its share;
 * its sums over ranks are those of the steps in which it runs. */
#include "gan/train.h"

#include <stdio.h>
#include <string.h>

/* Between two calls MPI gets its chance to move messages, so calls stay apart, unless they are shorter than this: that is less
 * than what a message takes, and keeps the list short. */
static const double grain_s = 2e-4;

static gan_trace_kind kind_of(const gan_node *y)
{
    static const struct {
        const char *op;
        gan_trace_kind kind;
    } kinds[] = {{"reduce_start", GAN_TRACE_START}, {"reduce_wait", GAN_TRACE_WAIT}, {"all_sum", GAN_TRACE_SUM}};
    for (int i = 0; i < 3; i++)
        if (strcmp(y->op->name, kinds[i].op) == 0) return kinds[i].kind;
    return GAN_TRACE_COMPUTE;
}

static gan_status add_compute(gan_schedule_trace *t, int phase, double s)
{
    gan_trace_record *last = t->n_records > 0 ? &t->records[t->n_records - 1] : NULL;
    if (last && last->kind == GAN_TRACE_COMPUTE && last->phase == phase && last->s < grain_s) {
        last->s += s;
        return GAN_OK;
    }
    return gan_trace_add(t, &(gan_trace_record){.kind = GAN_TRACE_COMPUTE, .phase = phase, .s = s});
}

static gan_status add_call(gan_schedule_trace *t, const gan_session *s, int i, double seconds)
{
    unsigned when;
    const gan_node *y = gan_plan_call(s->plan, i, &when);
    const double share = gan_plan_share(s->plan, i);
    const gan_trace_kind kind = kind_of(y);
    if (share == 0) return GAN_OK;
    if (kind == GAN_TRACE_COMPUTE) return add_compute(t, y->phase, share * seconds);
    if (share < 1 && !(when & GAN_IN_NTH)) return GAN_OK;
    const int64_t number = kind == GAN_TRACE_SUM ? gan_form_floats(&y->form) : y->p.reduce.number;
    return gan_trace_add(t, &(gan_trace_record){.kind = kind, .phase = y->phase, .number = number});
}

static gan_status add_bucket(gan_schedule_trace *t, const gan_session *s, const gan_range *r)
{
    char name[GAN_TRACE_NAME] = "metrics";
    if (r->bucket) snprintf(name, sizeof name, "%.40s[%d]", s->model->nets[r->net]->name, r->nth);
    return gan_trace_add_bucket(t, name, r->n);
}

gan_status gan_trace_derive(gan_schedule_trace *t, const gan_session *s, const double *seconds, int team, double add_s)
{
    *t = (gan_schedule_trace){.ranks = s->layout.ranks,
                              .team = team,
                              .batch = s->layout.batch / s->layout.ranks,
                              .add_s = add_s,
                              .float_bytes = gan_config_choice(s->cfg, "parallel", "messages") == 1 ? 2 : 4};
    for (int i = 0; i < gan_graph_phases(s->step->graph); i++)
        GAN_TRY(gan_trace_add_phase(t, gan_graph_phase_name(s->step->graph, i)));
    for (int i = 0; i < s->step->n_reductions; i++) GAN_TRY(add_bucket(t, s, &s->step->reductions[i]));
    for (int i = 0; i < gan_plan_describe(s->plan)->n_nodes; i++) GAN_TRY(add_call(t, s, i, seconds[i]));
    return GAN_OK;
}
