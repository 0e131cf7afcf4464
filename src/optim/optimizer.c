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
    o->clip_weights = gan_config_real(cfg, net, "clip_weights");
    o->ema = gan_config_real(cfg, net, "ema");
    o->historical_average = gan_config_real(cfg, net, "historical_average");
    o->schedule = (gan_schedule){.kind = (gan_schedule_kind)gan_config_choice(cfg, net, "schedule"),
                                 .base = gan_config_real(cfg, net, "learning_rate"),
                                 .factor = gan_config_real(cfg, net, "schedule_factor"),
                                 .steps = gan_config_int(cfg, net, "schedule_steps"),
                                 .warmup_steps = gan_config_int(cfg, net, "warmup_steps")};
}

gan_status gan_optimizer_check(const gan_config *cfg, const char *net)
{
    bool constant = gan_config_choice(cfg, net, "schedule") == GAN_SCHEDULE_CONSTANT;
    if (constant || gan_config_int(cfg, net, "schedule_steps") > 0) return GAN_OK;
    return GAN_FAIL(GAN_ECONFIG, "%s: %s.schedule = %s needs %s.schedule_steps", gan_config_where(cfg, net, "schedule"), net,
                    gan_config_text(cfg, net, "schedule"), net);
}

gan_status gan_optimizer_new(gan_optimizer **out, const gan_config *cfg, gan_network *net)
{
    *out = NULL;
    gan_optimizer *o = gan_calloc(1, sizeof *o);
    if (!o) return GAN_ENOMEM;
    o->net = net;
    read_config(o, cfg, net->name);
    gan_status s = gan_optimizer_check(cfg, net->name);
    if (s != GAN_OK) {
        gan_optimizer_free(o);
        return s;
    }
    *out = o;
    return GAN_OK;
}

void gan_optimizer_place(gan_optimizer *o, float *moments)
{
    for (int i = 0; i < gan_optimizer_arrays(o); i++) o->array[i] = moments + i * o->net->arena_floats;
}

gan_status gan_optimizer_alloc(gan_optimizer *o)
{
    if (!(o->owned = gan_calloc(gan_optimizer_arrays(o) * o->net->arena_floats, sizeof *o->owned))) return GAN_ENOMEM;
    gan_optimizer_place(o, o->owned);
    return GAN_OK;
}

static void free_job(gan__job *job)
{
    gan_free(job->squares);
    gan_free(job);
}

void gan_optimizer_free(gan_optimizer *o)
{
    if (!o) return;
    for (int i = 0; i < o->n_jobs; i++) free_job(o->jobs[i]);
    gan_free(o->jobs);
    gan_free(o->owned);
    gan_free(o);
}

int gan_optimizer_arrays(const gan_optimizer *o)
{
    return o->rule->n_arrays + (o->historical_average > 0);
}

const char *gan_optimizer_array_name(const gan_optimizer *o, int i)
{
    return i < o->rule->n_arrays ? o->rule->arrays[i] : "historical_mean";
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
        const double own = gan__add_squares(job, 0);
        if (!isfinite(own)) return own;
        if (job->update == o->updates_per_step - 1 && job->trained) squares = gan__add_squares(job, squares);
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

static double update_block(const gan__range *r)
{
    const gan_optimizer *o = r->o;
    bool trained = r->offset < o->net->trained_floats;
    if (o->historical_average > 0 && trained) gan__history_apply(r);
    double squares = trained ? o->rule->apply(r) : gan__state_apply(r);
    if (trained && o->clip_weights > 0) gan__clamp_apply(r);
    gan__ema_apply(o, r->k, r->offset, r->n);
    return squares;
}

double gan__update_number(const gan_call *c, const gan__job *job)
{
    return (double)(c->run->step * job->o->updates_per_step + job->update + 1);
}

static void update_slice(const gan_call *c, gan__job *job)
{
    gan_optimizer *o = job->o;
    gan__range r = {.o = o, .k = c->run->k, .step = c->run->step, .number = gan__update_number(c, job)};
    bool clipped = o->clip_norm > 0 && job->trained;
    r.beta1_t = pow(o->beta1, r.number);
    r.beta2_t = pow(o->beta2, r.number);
    r.rate = (float)gan_optimizer_rate(o, c->run->step);
    r.scale = (float)gan__clip_scale(o, job->update);
    gan__each_block(c, job, r, update_block, !clipped); /* clipped: the squares are there, and others may still read them */
}

static gan_status update_forward(const gan_call *c)
{
    gan__job *job = c->y->p.call.user;
    if (!c->run->diagnose) update_slice(c, job);
    if (c->part.i > 0) return GAN_OK;
    gan__slice_done(c, job, GAN_UPDATED);
    return c->run->comm ? GAN_OK : gan__slices_done(c, job, GAN_UPDATED);
}

static gan_status updated_forward(const gan_call *c)
{
    return gan__slices_done(c, c->y->p.call.user, GAN_UPDATED);
}

static const gan_op op_update = {
    .name = "update", .effect = true, .eager = true, .shared = true, .infer = update_infer, .forward = update_forward,
    .scratch = gan__slice_scratch};
static const gan_op op_updated = {
    .name = "updated", .effect = true, .talks = true, .waits = true, .late = 2, .infer = update_infer, .forward = updated_forward};

void gan_optimizer_begin_update(gan_optimizer *o)
{
    o->updates_per_step++;
}

static gan_status new_job(gan_optimizer *o, const gan__job *like, gan__job **out)
{
    *out = NULL;
    gan__job **more = gan_realloc(o->jobs, o->n_jobs + 1, sizeof *more);
    if (!more) return GAN_ENOMEM;
    o->jobs = more;
    gan__job *job = gan_calloc(1, sizeof *job);
    if (!job) return GAN_ENOMEM;
    *job = *like;
    job->squares = gan_calloc(like->blocks.n, sizeof *job->squares);
    o->jobs[o->n_jobs++] = *out = job;
    return job->squares ? GAN_OK : GAN_ENOMEM;
}

/* Append an op of the job; after `before` unless that is GAN_NONE. */
static gan_status add_node(gan_graph *g, const gan_op *op, gan__job *job, gan_id before, gan_id *id)
{
    gan_node node = {.op = op, .p = {.call = {job, job->o->n_jobs - 1}}};
    GAN_TRY(gan_graph_add(g, &node, id));
    return before == GAN_NONE ? GAN_OK : gan_graph_after(g, *id, before);
}

gan_status gan_add_update(gan_graph *g, gan_optimizer *o, gan_blocks blocks, int number, gan_update_nodes *nodes)
{
    const bool trained = blocks.at[0] < o->net->trained_floats;
    const gan__job like = {.o = o, .blocks = blocks, .number = number, .update = o->updates_per_step - 1, .trained = trained};
    const bool clip = o->clip_norm > 0 && trained, alone = gan_graph_ranks(g) == 1;
    gan__job *job;
    GAN_TRY(new_job(o, &like, &job));
    *nodes = (gan_update_nodes){GAN_NONE, GAN_NONE, GAN_NONE, GAN_NONE};
    if (clip) GAN_TRY(add_node(g, &gan__op_slice_norm, job, GAN_NONE, &nodes->norm));
    nodes->first = nodes->norm;
    if (clip && !alone) GAN_TRY(add_node(g, &gan__op_gradient_norm, job, nodes->first, &nodes->norm));
    GAN_TRY(add_node(g, &op_update, job, nodes->norm, &nodes->update));
    if (!clip) nodes->first = nodes->update;
    nodes->done = nodes->update;
    return alone ? GAN_OK : add_node(g, &op_updated, job, nodes->update, &nodes->done);
}
