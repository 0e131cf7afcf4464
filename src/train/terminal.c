/* What a run says at the terminal: the lines it begins with, and one line that tells how it goes. */
#include "bucket_size.h"
#include "terminal.h"

#include "gan/dims.h"
#include "gan/log.h"
#include "gan/version.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* -v: what the step program costs. */
static void say_plan(const gan_session *s)
{
    const gan_plan_info *p = gan_plan_describe(s->plan);
    double epoch = (double)gan_source_describe(s->source)->n / (double)gan_session_images_per_step(s);
    gan_say(GAN_VERBOSE, "program   %d kernels, %.3f GFLOP a step and rank, %.2f MiB of activations, %d reductions", p->n_nodes,
            p->flop * 1e-9, (double)p->activation_bytes / 1048576, s->layout.ranks > 1 ? s->step->n_reductions : 0);
    gan_say(GAN_VERBOSE, "epoch     %.1f steps; its order is a function of run.seed = %lld and the epoch", epoch,
            (long long)gan_config_int(s->cfg, "run", "seed"));
}

static void warn_of_few_samples(const gan_session *s)
{
    int64_t n = gan_source_describe(s->source)->n, step = gan_session_images_per_step(s);
    if (n < step && s->comm->rank == 0)
        gan_warn("the data has %lld samples, fewer than the %lld that a step reads: it takes some of them more than once",
                 (long long)n, (long long)step);
}

void gan_banner(const gan_session *s)
{
    const gan_source_info *info = gan_source_describe(s->source);
    const gan_layout *l = &s->layout;
    char shape[64] = "", host[256] = "", team[64] = "";
    gethostname(host, sizeof host - 1);
    gan_dims_text(info->n_dims, info->dims, shape, sizeof shape);
    gan_say(GAN_NORMAL, "gan_mpi %s: %s (%s)", gan_version(), s->model->system->name, s->model->system->summary);
    gan_say(GAN_NORMAL, "machine   %d rank%s x %d thread%s on %d host%s (%s), %s kernels", s->comm->size,
            s->comm->size > 1 ? "s" : "", s->threads, s->threads > 1 ? "s" : "", s->comm->n_nodes, s->comm->n_nodes > 1 ? "s" : "", host, s->k->name);
    gan_say(GAN_NORMAL, "data      %s: %lld samples of %s, %.1f MiB per node", info->name, (long long)info->n, shape,
            (double)info->bytes / 1048576);
    if (s->team.size > 1) snprintf(team, sizeof team, ", one copy of the networks for %d ranks", s->team.size);
    gan_say(GAN_NORMAL, "batch     %lld = %d rank%s x %lld, %lld shard%s, reduce = %s%s", (long long)l->batch, l->ranks,
            l->ranks > 1 ? "s" : "", (long long)(l->batch / l->ranks), (long long)l->shards, l->shards == 1 ? "" : "s",
            l->mode == GAN_REDUCE_ORDERED ? "ordered" : "fast", team);
    gan_bucket_size_say(s);
    for (int i = 0; i < s->model->n_nets; i++)
        gan_say(GAN_NORMAL, "%-9s %-16s %lld parameters, %s, rate %g", i ? "" : "networks", s->model->nets[i]->name,
                (long long)gan_network_trained(s->model->nets[i]),
                gan_config_text(s->cfg, s->model->nets[i]->name, "optimizer"), gan_optimizer_rate(s->model->opts[i], 0));
    say_plan(s);
    warn_of_few_samples(s);
}

/* A mixture without extent, radius or spacing 0, is one blob: show that. */
static float frame_of(const gan_config *cfg, float extent, float default_std)
{
    float std = (float)gan_config_real(cfg, "data", "std");
    return extent > 0 ? extent : 6 * (std > 0 ? std : default_std);
}

void gan_picture_range(const gan_config *cfg, float *lo, float *hi)
{
    int source = gan_config_choice(cfg, "data", "source");
    *hi = (float)gan_config_real(cfg, "data", "high");
    *lo = (float)gan_config_real(cfg, "data", "low");
    if (source == 1) *hi = frame_of(cfg, 1.5f * (float)gan_config_real(cfg, "data", "radius"), 0.01f);
    if (source == 2)
        *hi = frame_of(cfg, (float)(gan_config_real(cfg, "data", "spacing") * (double)gan_config_int(cfg, "data", "side") / 2),
                       0.05f);
    if (source == 1 || source == 2) *lo = -*hi;
}

/* ---- progress ---------------------------------------------------------------------------------------------- */

void gan_progress_begin(gan_progress *p, int64_t first_step, int64_t last_step)
{
    *p = (gan_progress){.first = first_step, .last = last_step};
    gan_pace_begin(&p->pace);
}

/* -v: where the time of a step goes; the record ends with four values for each phase. */
static void say_phases(const gan_session *s, const gan_record *r)
{
    char line[512] = "";
    size_t at = 0;
    const int n = gan_graph_phases(s->step->graph) - 1;
    const double *v = r->values + r->n - 4 * n;
    for (int i = 0; i < n && at < sizeof line; i++)
        at += (size_t)snprintf(line + at, sizeof line - at, "%s%s %.3f + %.3f ms", i ? ", " : "",
                               gan_graph_phase_name(s->step->graph, i + 1), v[4 * i] * 1e3, v[4 * i + 1] * 1e3);
    if (r->taken) gan_say(GAN_VERBOSE, "  a step: %s (compute + exposed communication)", line);
}

void gan_progress_show(gan_progress *p, const gan_session *s, const gan_record *r, int64_t step)
{
    if (!gan_pace_due(&p->pace) && step != p->last) return;
    char line[512], left[64], values[256] = "";
    size_t at = 0;
    for (int i = 0; r->taken && i < s->step->n_metrics && at < sizeof values; i++)
        at += (size_t)snprintf(values + at, sizeof values - at, "  %s %.3f", r->names[i], r->values[i]);
    double steps_per_s = (double)(step - p->first) / gan_pace_elapsed_s(&p->pace);
    double images = (double)gan_session_images_per_step(s);
    gan_time_text((double)(p->last - step) / steps_per_s, left, sizeof left);
    snprintf(line, sizeof line, "step %lld/%lld  epoch %.2f%s  %.0f images/s  %s left", (long long)step,
             (long long)p->last, images * (double)step / (double)gan_source_describe(s->source)->n, values,
             images * steps_per_s, left);
    say_phases(s, r);
    gan_log_progress(line);
}
