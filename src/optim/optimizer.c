/* An optimizer: the choice of a rule, its arrays, and the nodes that apply it. */
#include "rules.h"

#include "gan/mem.h"

#include <math.h>

/* In the order of the choices of the key `optimizer`. */
static const gan__rule *const rules[] = {&gan__rule_sgd, &gan__rule_momentum, &gan__rule_adam,
                                         &gan__rule_rmsprop};

static void read_config(gan_optimizer *o, const gan_config *cfg, const char *net)
{
    o->rule = rules[gan_config_choice(cfg, net, "optimizer")];
    o->beta1 = gan_config_real(cfg, net, "beta1");
    o->beta2 = gan_config_real(cfg, net, "beta2");
    o->epsilon = gan_config_real(cfg, net, "epsilon");
    o->momentum = gan_config_real(cfg, net, "momentum");
    o->momentum_final = gan_config_real(cfg, net, "momentum_final");
    o->momentum_steps = gan_config_int(cfg, net, "momentum_steps");
    o->weight_decay = gan_config_real(cfg, net, "weight_decay");
    o->clip_norm = gan_config_real(cfg, net, "clip_norm");
    o->ema = gan_config_real(cfg, net, "ema");
    o->schedule = (gan_schedule){.kind = (gan_schedule_kind)gan_config_choice(cfg, net, "schedule"),
                                 .base = gan_config_real(cfg, net, "learning_rate"),
                                 .factor = gan_config_real(cfg, net, "schedule_factor"),
                                 .steps = gan_config_int(cfg, net, "schedule_steps"),
                                 .warmup_steps = gan_config_int(cfg, net, "warmup_steps")};
}

static gan_status check_schedule(const gan_config *cfg, const gan_optimizer *o)
{
    const char *net = o->net->name;
    if (o->schedule.kind != GAN_SCHEDULE_CONSTANT && o->schedule.steps == 0)
        return GAN_FAIL(GAN_ECONFIG, "%s: %s.schedule = %s needs %s.schedule_steps",
                        gan_config_where(cfg, net, "schedule"), net, gan_config_text(cfg, net, "schedule"),
                        net);
    return GAN_OK;
}

gan_status gan_optimizer_new(gan_optimizer **out, const gan_config *cfg, gan_network *net)
{
    *out = NULL;
    gan_optimizer *o = gan_calloc(1, sizeof *o);
    if (!o) return GAN_ENOMEM;
    o->net = net;
    read_config(o, cfg, net->name);
    gan_status s = check_schedule(cfg, o);
    for (int i = 0; i < o->rule->n_arrays && s == GAN_OK; i++)
        if (!(o->array[i] = gan_calloc(net->arena_floats, sizeof(float)))) s = GAN_ENOMEM;
    if (s != GAN_OK) {
        gan_optimizer_free(o);
        return s;
    }
    *out = o;
    return GAN_OK;
}

void gan_optimizer_free(gan_optimizer *o)
{
    if (!o) return;
    for (int i = 0; i < GAN_MAX_MOMENTS; i++) gan_free(o->array[i]);
    for (int i = 0; i < o->n_jobs; i++) gan_free(o->jobs[i]);
    gan_free(o->jobs);
    gan_free(o);
}

int gan_optimizer_arrays(const gan_optimizer *o)
{
    return o->rule->n_arrays;
}

const char *gan_optimizer_array_name(const gan_optimizer *o, int i)
{
    return o->rule->arrays[i];
}

float *gan_optimizer_array(const gan_optimizer *o, int i)
{
    return o->array[i];
}

double gan_optimizer_rate(const gan_optimizer *o, int64_t step)
{
    return gan_schedule_rate(&o->schedule, step);
}

double gan_optimizer_gradient_norm(const gan_optimizer *o)
{
    double squares = 0;
    for (int i = 0; i < o->n_jobs; i++) {
        const gan__job *job = o->jobs[i];
        if (!isfinite(job->squares)) return job->squares;
        if (job->update == o->updates_per_step - 1 && job->offset < o->net->trained_floats)
            squares += job->squares;
    }
    return sqrt(squares);
}

/* ---- nodes ------------------------------------------------------------------------------------------------- */

static gan_status update_infer(gan_graph *g, gan_node *y)
{
    (void)g;
    y->form = (gan_form){.n_dims = 1, .dims = {1}};
    return GAN_OK;
}

static gan_status update_forward(const gan_call *c)
{
    gan__job *job = c->y->p.call.user;
    gan_optimizer *o = job->o;
    if (c->run->diagnose) return GAN_OK;
    if (job->offset >= o->net->trained_floats) {
        job->squares = gan__state_apply(o, c->run->k, job->offset, job->n);
    } else {
        gan__range r = {.o = o, .k = c->run->k, .offset = job->offset, .n = job->n, .step = c->run->step};
        r.updates = c->run->step * o->updates_per_step + job->update;
        r.rate = (float)gan_optimizer_rate(o, c->run->step);
        r.scale = (float)gan__clip_scale(o, job->update);
        job->squares = o->rule->apply(&r);
    }
    gan__ema_apply(o, c->run->k, job->offset, job->n);
    return GAN_OK;
}

static const gan_op op_update = {
    .name = "update", .effect = true, .eager = true, .infer = update_infer, .forward = update_forward};

void gan_optimizer_begin_update(gan_optimizer *o)
{
    o->updates_per_step++;
}

static gan_status new_job(gan_optimizer *o, int64_t offset, int64_t n, gan__job **job)
{
    gan__job **more = gan_realloc(o->jobs, o->n_jobs + 1, sizeof *more);
    if (!more) return GAN_ENOMEM;
    o->jobs = more;
    if (!(*job = gan_calloc(1, sizeof **job))) return GAN_ENOMEM;
    **job = (gan__job){o, offset, n, o->updates_per_step - 1, 0};
    o->jobs[o->n_jobs++] = *job;
    return GAN_OK;
}

gan_status gan_add_update(gan_graph *g, gan_optimizer *o, int64_t offset, int64_t n, gan_id *update,
                          gan_id *norm)
{
    gan__job *job;
    GAN_TRY(new_job(o, offset, n, &job));
    gan_node node = {.op = &gan__op_gradient_norm, .p = {.call = {job, o->n_jobs - 1}}};
    *norm = GAN_NONE;
    if (o->clip_norm > 0 && offset < o->net->trained_floats) GAN_TRY(gan_graph_add(g, &node, norm));
    node.op = &op_update;
    return gan_graph_add(g, &node, update);
}
