/* A session: kernels, data, networks, program and reductions, ready to run steps. */
#include "bucket_size.h"

#include "gan/log.h"
#include "gan/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- opening ----------------------------------------------------------------------------------------------- */

/* All ranks take one table: the one asked for, or the best that the least capable node has. */
static gan_status choose_kernels(gan_session *s)
{
    const char *name = gan_config_text(s->cfg, "parallel", "kernels");
    gan_status status = GAN_OK;
    int64_t best = gan_kernels_count() - 1;
    GAN_TRY(gan_comm_min(s->comm, best, &best));
    s->k = strcmp(name, "auto") == 0 ? gan_kernels_get((int)best) : gan_kernels_named(name);
    if (!s->k)
        status = GAN_FAIL(GAN_ECONFIG, "%s: this node's processor has no %s; its best is %s",
                          gan_config_where(s->cfg, "parallel", "kernels"), name,
                          gan_kernels_get(gan_kernels_count() - 1)->name);
    return gan_comm_agree(s->comm, status);
}

static gan_status open_kind(gan_session *s)
{
    const gan_config *c = s->cfg;
    const float low = (float)gan_config_real(c, "data", "low"), high = (float)gan_config_real(c, "data", "high");
    const int64_t dims[3] = {gan_config_int(c, "data", "height"), gan_config_int(c, "data", "width"),
                             gan_config_int(c, "data", "channels")};
    uint64_t seed = (uint64_t)gan_config_int(c, "run", "seed");
    int64_t n = gan_config_int(c, "data", "samples");
    switch (gan_config_choice(c, "data", "source")) {
    case 1:
    case 2:
    case 4: return gan_source_open_mixture(&s->source, c);
    case 3: return gan_source_open_noise(&s->source, seed, n, dims, low, high);
    default:
        return gan_source_open_conditioned(&s->source, s->comm, s->k, gan_config_text(c, "data", "file"), low, high, seed,
                                           (gan_condition_kind)gan_config_choice(c, "data", "condition"));
    }
}

/* The numbers that networks are conditioned on; GAN_ECONFIG where the data does not have what the job asks for. */
static gan_status condition_of(const gan_session *s, int64_t *numbers)
{
    const gan_source_info *info = gan_source_describe(s->source);
    const gan_condition_kind wanted = (gan_condition_kind)gan_config_choice(s->cfg, "data", "condition");
    *numbers = wanted == GAN_CONDITION_NONE ? 0 : info->condition;
    if (wanted == GAN_CONDITION_NONE || wanted == info->conditioned) return GAN_OK;
    return GAN_FAIL(GAN_ECONFIG, "%s: data.condition = %s, but %s has none; take a dataset file that has them%s",
                    gan_config_where(s->cfg, "data", "condition"), gan_config_text(s->cfg, "data", "condition"), info->name,
                    info->condition > 0 ? ", or data.condition = labels" : "");
}

/* What is around the source itself: a frame, then stacks. */
static gan_status open_source(gan_session *s)
{
    const int64_t pad = gan_config_int(s->cfg, "data", "pad"), layers = gan_config_int(s->cfg, "data", "stack");
    gan_source *outer;
    GAN_TRY(open_kind(s));
    if (pad > 0) {
        GAN_TRY(gan_source_open_padded(&outer, s->source, pad));
        s->source = outer;
    }
    if (layers > 1) {
        GAN_TRY(gan_source_open_stacked(&outer, s->source, (uint64_t)gan_config_int(s->cfg, "run", "seed"),
                                        gan_config_int(s->cfg, "data", "samples"), layers));
        s->source = outer;
    }
    return GAN_OK;
}

static bool couples(const gan_model *m)
{
    bool any = false;
    for (int i = 0; i < m->n_nets; i++) any |= m->nets[i]->couples;
    return any;
}

static gan_status build_model(gan_session *s, int ranks)
{
    const gan_source_info *info = gan_source_describe(s->source);
    gan_sample_shape data = {.n_dims = info->n_dims};
    for (int i = 0; i < info->n_dims; i++) data.dims[i] = info->dims[i];
    GAN_TRY(condition_of(s, &data.condition));
    GAN_TRY(gan_model_new(&s->model, s->cfg, &data));
    return gan_layout_resolve(&s->layout, s->cfg, ranks, couples(s->model));
}

/* Where the nodes lack shared memory (containers often give little) each rank has a copy of its own. */
static gan_status open_memory(gan_session *s)
{
    const int64_t common = gan_model_common_floats(s->model) * (int64_t)sizeof(float);
    const int64_t each = gan_model_own_floats(s->model) * (int64_t)sizeof(float);
    const bool started = s->layout.ranks == s->comm->size; /* else it is a look at ranks that are not here, nor are their teams */
    const int64_t wanted = started ? gan_config_int(s->cfg, "parallel", "team") : 0;
    const bool powers = s->layout.mode == GAN_REDUCE_ORDERED;
    GAN_TRY(gan_team_open(&s->team, s->comm, wanted, powers));
    gan_status status = gan_team_memory_open(&s->memory, &s->team, common, each);
    if (status != GAN_ENOMEM || s->team.size == 1 || wanted > 0) return status;
    gan_team_close(&s->team);
    if (s->comm->rank == 0)
        gan_warn("%s; so each rank keeps weights and moments of its own, which costs memory and time (parallel.team = 1 "
                 "does so without this word)", *gan_fail_text() ? gan_fail_text() : "a node is short of shared memory");
    gan_fail_clear();
    GAN_TRY(gan_team_open(&s->team, s->comm, 1, powers));
    return gan_team_memory_open(&s->memory, &s->team, common, each);
}

static gan_status place_model(gan_session *s)
{
    GAN_TRY(open_memory(s));
    char *own = s->memory.each + s->team.rank * s->memory.each_bytes;
    gan_model_place(s->model, (float *)(void *)s->memory.common, (float *)(void *)own);
    return gan_comm_agree(s->comm, s->team.rank == 0 ? gan_model_init(s->model) : GAN_OK);
}

static gan_status build_program(gan_session *s, int ranks)
{
    GAN_TRY(gan_threads_resolve(&s->threads, s->comm, s->cfg));
    GAN_TRY(gan_step_new(&s->step, s->model, s->source, s->layout.batch, s->layout.shards, ranks));
    gan_graph_set_threads(s->step->graph, s->threads, GAN_WORTH_SHARING);
    GAN_TRY(gan_plan_build(&s->plan, s->step->graph, NULL, 0));
    s->times = gan_calloc(gan_graph_phases(s->step->graph), sizeof *s->times);
    return s->times ? GAN_OK : GAN_ENOMEM;
}

static void name_range(const gan_session *s, const gan_range *r, char name[GAN_SUM_NAME])
{
    snprintf(name, GAN_SUM_NAME, "metrics");
    if (!r->bucket) return;
    snprintf(name, GAN_SUM_NAME, "%.24s bucket %d (phase %.8s)", s->model->nets[r->net]->name, r->nth + 1,
             gan_graph_phase_name(s->step->graph, r->phase));
}

static void describe_ranges(const gan_session *s, bool rounded, gan_sum_range *ranges)
{
    const int64_t stride = s->memory.each_bytes / (int64_t)sizeof(float);
    for (int i = 0; i < s->step->n_reductions; i++) {
        const gan_range *r = &s->step->reductions[i];
        ranges[i] = (gan_sum_range){r->data, r->n, r->bucket ? stride : 0, r->phase, r->blocks, rounded, NULL, ""};
        if (s->sharded && r->bucket) ranges[i].weights = s->model->nets[r->net]->w + r->offset;
        name_range(s, r, ranges[i].name);
    }
}

static gan_status make_set(gan_session *s, bool rounded)
{
    const int n = s->step->n_reductions;
    gan_sum_range *ranges = gan_calloc(n, sizeof *ranges);
    gan_status status = gan_comm_agree(s->comm, ranges ? GAN_OK : GAN_ENOMEM);
    if (status == GAN_OK) {
        describe_ranges(s, rounded, ranges);
        status = gan_comm_set_new(&s->set, &s->team, s->layout.mode, s->k, n, ranges);
    }
    gan_free(ranges);
    return status;
}

static gan_status make_reductions(gan_session *s)
{
    const bool rounded = gan_config_choice(s->cfg, "parallel", "messages") == 1;
    s->sharded = gan_config_bool(s->cfg, "parallel", "sharded_update") && s->team.n_teams > 1;
    if (s->sharded && rounded)
        return GAN_FAIL(GAN_ECONFIG,
                        "%s: parallel.sharded_update = yes sends weights, which messages = bfloat16 would round: choose one",
                        gan_config_where(s->cfg, "parallel", "sharded_update"));
    GAN_TRY(make_set(s, rounded));
    gan_status status = gan_comm_set_count(s->set, s->times, gan_graph_phases(s->step->graph));
    if (status == GAN_OK && s->team.n_teams > 1 && gan_config_bool(s->cfg, "parallel", "progress_thread"))
        status = gan_comm_set_help(s->set);
    return gan_comm_agree(s->comm, status);
}

/* Asked when what the step before has left is done: a gradient that was not finite ends the program. */
static gan_status check_settled(void *session)
{
    const char *network = gan_session_not_finite(session);
    return network ? GAN_FAIL(GAN_ENUMERIC, "the gradient of %s is not finite", network) : GAN_OK;
}

static gan_status open_all(gan_session *s, int ranks)
{
    GAN_TRY(choose_kernels(s));
    GAN_TRY(gan_comm_agree(s->comm, open_source(s)));
    GAN_TRY(gan_comm_agree(s->comm, build_model(s, ranks)));
    GAN_TRY(place_model(s));
    GAN_TRY(gan_buckets_choose(s, ranks));
    GAN_TRY(gan_comm_agree(s->comm, build_program(s, ranks)));
    if (ranks == s->comm->size && ranks > 1) GAN_TRY(make_reductions(s));
    s->run = (gan_run){.k = s->k,
                       .comm = s->set ? gan_comm_set_vtable(s->set) : NULL,
                       .seed = (uint64_t)gan_config_int(s->cfg, "run", "seed"),
                       .rank = s->comm->rank,
                       .settled = check_settled,
                       .settled_user = s};
    return GAN_OK;
}

gan_status gan_session_open(gan_session *s, const gan_comm *comm, const gan_config *cfg, int ranks)
{
    *s = (gan_session){.comm = comm, .cfg = cfg};
    gan_status status = open_all(s, ranks);
    if (status != GAN_OK) gan_session_close(s);
    return status;
}

void gan_session_close(gan_session *s)
{
    gan_comm_set_free(s->set);
    gan_plan_free(s->plan);
    gan_step_free(s->step);
    gan_model_free(s->model);
    gan_team_memory_close(&s->memory);
    gan_team_close(&s->team);
    gan_source_close(s->source);
    gan_free(s->times);
    memset(s, 0, sizeof *s);
}

/* ---- running ----------------------------------------------------------------------------------------------- */

static void end_if_failed(const gan_session *s, gan_status status)
{
    if (status != GAN_OK) gan_comm_abort(s->comm, status, gan_fail_text());
}

/* The step before was not finite, as all ranks have seen in the midst of this one: it counts as not begun. */
static void give_up_step(gan_session *s)
{
    gan_fail_clear();
    s->run.step--;
    s->run.pending = false;
    if (s->set) end_if_failed(s, gan_comm_set_drain(s->set));
}

bool gan_session_step(gan_session *s, int64_t step, bool metrics)
{
    s->run.step = step;
    s->run.metrics = metrics;
    gan_status status = gan_exec(s->plan, &s->run, s->times);
    if (status == GAN_ENUMERIC) {
        give_up_step(s);
        return false;
    }
    end_if_failed(s, status);
    s->run.pending = gan_plan_carries(s->plan);
    return true;
}

void gan_session_settle(gan_session *s)
{
    if (!s->run.pending) return;
    s->run.pending = false;
    end_if_failed(s, gan_exec_carried(s->plan, &s->run, s->times));
}

static gan_status move_parts(gan_session *s, bool to_first)
{
    for (int i = 0; i < s->step->n_reductions; i++) {
        const gan_range *r = &s->step->reductions[i];
        if (!r->bucket) continue;
        const gan_network *net = s->model->nets[r->net];
        const gan_optimizer *o = s->model->opts[r->net];
        if (net->ema) GAN_TRY(gan_comm_set_parts(s->set, i, net->ema + r->offset, to_first));
        for (int a = 0; a < gan_optimizer_arrays(o); a++)
            GAN_TRY(gan_comm_set_parts(s->set, i, gan_optimizer_array(o, a) + r->offset, to_first));
    }
    return GAN_OK;
}

void gan_session_parts(gan_session *s, bool to_first)
{
    if (s->sharded) end_if_failed(s, gan_comm_agree(s->comm, move_parts(s, to_first)));
}

void gan_session_reset_times(gan_session *s)
{
    memset(s->times, 0, (size_t)gan_graph_phases(s->step->graph) * sizeof *s->times);
}

int64_t gan_session_images_per_step(const gan_session *s)
{
    return s->layout.batch * s->step->feed.reads;
}

/* The text goes to one rank: the first in whose part of the batch the earliest bad node shows. The step is run again, so
 * what it has left, whose sums may still be under way, is done first, as in a run of one rank. */
static gan_status diagnose(gan_session *s, const char *network, const char *of_checkpoints)
{
    int64_t mine, first, rank;
    char text[512];
    gan_session_settle(s);
    gan_status status = gan_exec_diagnose(s->plan, &s->run, &mine, text, sizeof text);
    if (status != GAN_OK) gan_comm_abort(s->comm, status, gan_fail_text());
    GAN_TRY(gan_comm_min(s->comm, mine, &first));
    GAN_TRY(gan_comm_min(s->comm, mine == first ? s->comm->rank : INT32_MAX, &rank));
    if (rank != s->comm->rank) return GAN_OK;
    if (first == INT64_MAX) snprintf(text, sizeof text, "the gradient of %s", network);
    return GAN_FAIL(GAN_ENUMERIC,
                    "step %lld: a value is not finite; first seen in %s. Stopped before it was stored; %s. "
                    "A lower learning rate, clip_norm or another init may help",
                    (long long)s->run.step + 1, text, of_checkpoints);
}

const char *gan_session_not_finite(const gan_session *s)
{
    for (int i = 0; i < s->model->n_nets; i++)
        if (!isfinite(gan_optimizer_gradient_norm(s->model->opts[i]))) return s->model->nets[i]->name;
    return NULL;
}

gan_status gan_session_diagnose(gan_session *s, const char *network, const char *of_checkpoints)
{
    return gan_comm_agree(s->comm, diagnose(s, network, of_checkpoints));
}
