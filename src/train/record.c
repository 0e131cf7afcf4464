#include "record.h"

#include "gan/mem.h"

#include <math.h>
#include <string.h>

static void add(gan_record *r, char *name)
{
    if (r->n < GAN_MAX_VALUES) r->names[r->n++] = name;
    else gan_free(name);
}

gan_status gan_record_new(gan_record *r, const gan_session *s, const gan_eval *e)
{
    memset(r, 0, sizeof *r);
    for (int i = 0; i < s->step->n_metrics; i++) add(r, gan_strdup(s->step->metric_names[i]));
    for (int i = 0; i < s->model->n_nets; i++) {
        add(r, gan_sprintf("grad_norm_%s", s->model->nets[i]->name));
        add(r, gan_sprintf("rate_%s", s->model->nets[i]->name));
    }
    add(r, gan_strdup("epoch"));
    add(r, gan_strdup("images_per_s"));
    r->quality = r->n;
    r->n_quality = e ? gan_eval_values(e) : 0;
    for (int i = 0; i < r->n_quality; i++) add(r, gan_strdup(gan_eval_name(e, i)));
    for (int i = 1; i < gan_graph_phases(s->step->graph); i++) { /* phase 0 holds nothing that runs */
        add(r, gan_sprintf("compute_s_%s", gan_graph_phase_name(s->step->graph, i)));
        add(r, gan_sprintf("exposed_s_%s", gan_graph_phase_name(s->step->graph, i)));
        add(r, gan_sprintf("comm_s_%s", gan_graph_phase_name(s->step->graph, i)));
        add(r, gan_sprintf("comm_bytes_%s", gan_graph_phase_name(s->step->graph, i)));
    }
    for (int i = 0; i < r->n; i++)
        if (!r->names[i]) return GAN_ENOMEM;
    return GAN_OK;
}

void gan_record_take(gan_record *r, const gan_session *s, int64_t finished_steps, int64_t steps, double wall_s)
{
    double *v = r->values;
    r->taken = true;
    double images = (double)gan_session_images_per_step(s);
    for (int i = 0; i < s->step->n_metrics; i++) *v++ = s->step->metrics[i];
    for (int i = 0; i < s->model->n_nets; i++) {
        *v++ = gan_optimizer_gradient_norm(s->model->opts[i]);
        *v++ = gan_optimizer_rate(s->model->opts[i], finished_steps - 1);
    }
    *v++ = images * (double)finished_steps / (double)gan_source_describe(s->source)->n;
    *v++ = images * (double)steps / wall_s;
    for (int i = 0; i < r->n_quality; i++) *v++ = NAN;
    for (int i = 1; i < gan_graph_phases(s->step->graph); i++) {
        *v++ = s->times[i].compute_s / (double)steps;
        *v++ = s->times[i].exposed_s / (double)steps;
        *v++ = s->times[i].comm_s / (double)steps;
        *v++ = s->times[i].bytes / (double)steps;
    }
}

void gan_record_free(gan_record *r)
{
    for (int i = 0; i < r->n; i++) gan_free(r->names[i]);
    memset(r, 0, sizeof *r);
}
