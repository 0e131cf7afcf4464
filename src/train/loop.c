/* The loop: steps, and between them what has become due. Whatever may end a run is agreed on by all ranks at a step
 * boundary: each rank's wish to stop (a signal, a failed write) travels in a small reduction that is started after one
 * step and read after the next, so it costs no waiting. */
#include "alarms.h"
#include "outputs.h"
#include "pictures.h"
#include "quality.h"
#include "signals.h"
#include "terminal.h"

#include "gan/clock.h"
#include "gan/log.h"
#include "gan/mem.h"
#include "gan/snapshot.h"
#include "gan/stall.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SIGNALLED, FAILED, N_WISHES };

typedef struct loop {
    gan_session s;
    gan_rundir dir;       /* rank 0 */
    gan_outputs *out;     /* rank 0 */
    gan_quality quality;
    gan_record record;
    gan_alarms alarms; /* rank 0 */
    gan_progress progress; /* rank 0 */
    int64_t step, last;   /* finished steps; at the end of the run */
    int64_t saved;        /* step of the newest checkpoint, -1: none */
    int64_t recorded;     /* step of the latest record */
    double recorded_s, begin_s, elapsed_before_s;
    gan_status failure; /* rank 0: the first failure to take or hand over something to be written */
    float wishes[N_WISHES];
    gan_reduction *wish_sum; /* NULL in a run of one rank */
    bool wishing;            /* wish_sum is in flight */
} loop;

/* Whether something is to be done after `step` steps. */
static bool due_after(const loop *l, int64_t step, const char *section)
{
    int64_t every = gan_config_int(l->s.cfg, section, "every");
    return step == l->last || (every > 0 && step % every == 0);
}

static bool due(const loop *l, const char *section)
{
    return due_after(l, l->step, section);
}

static bool eval_due(const loop *l)
{
    return l->quality.eval && due(l, "eval");
}

/* ---- starting ---------------------------------------------------------------------------------------------- */

static gan_status total_steps(const gan_session *s, int64_t *steps)
{
    const double most = 1e15;
    *steps = gan_config_int(s->cfg, "train", "steps");
    if (*steps > 0) return GAN_OK;
    double images = gan_config_real(s->cfg, "train", "epochs") * (double)gan_source_describe(s->source)->n;
    double wanted = ceil(images / (double)gan_session_images_per_step(s));
    if (!(wanted <= most))
        return GAN_FAIL(GAN_ECONFIG, "%s: train.epochs is %.3g steps, more than %.0g; train fewer",
                        gan_config_where(s->cfg, "train", "epochs"), wanted, most);
    *steps = (int64_t)wanted;
    return GAN_OK;
}

/* Rank 0's arenas to the first ranks of the other teams; the weights only, where these have parts of the rest. */
static gan_status share_arenas(loop *l)
{
    const gan_comm *firsts = &l->s.team.column;
    for (int i = 0; i < l->s.model->n_nets; i++) {
        gan_network *net = l->s.model->nets[i];
        int64_t bytes = net->arena_floats * (int64_t)sizeof(float);
        GAN_TRY(gan_comm_bcast(firsts, net->w, bytes));
        if (l->s.sharded) continue;
        if (net->ema) GAN_TRY(gan_comm_bcast(firsts, net->ema, bytes));
        for (int a = 0; a < gan_optimizer_arrays(l->s.model->opts[i]); a++)
            GAN_TRY(gan_comm_bcast(firsts, gan_optimizer_array(l->s.model->opts[i], a), bytes));
    }
    return GAN_OK;
}

/* After this every replica is the same, whatever each team drew for itself, and every rank sees it. */
static gan_status share_state(loop *l)
{
    int64_t state[2] = {l->step, l->saved};
    GAN_TRY(gan_comm_bcast(l->s.comm, state, sizeof state));
    l->step = state[0], l->saved = state[1];
    GAN_TRY(gan_comm_agree(l->s.comm, l->s.team.rank == 0 ? share_arenas(l) : GAN_OK));
    gan_session_parts(&l->s, false);
    return GAN_OK;
}

static gan_status open_files(loop *l, bool fresh)
{
    GAN_TRY(gan_rundir_open(&l->dir, l->s.cfg, fresh));
    if (l->dir.resume) {
        GAN_TRY(gan_snapshot_restore(l->s.model, l->dir.resume, l->dir.resume_path));
        l->step = l->saved = l->dir.resume->step;
        l->elapsed_before_s = l->dir.resume->elapsed_s;
        gan_say(GAN_NORMAL, "resume    %s: %lld steps are done", l->dir.resume_path, (long long)l->step);
        const char *then = gan_checkpoint_text(l->dir.resume, "kernels");
        if (then && strcmp(then, l->s.k->name) != 0)
            gan_warn("it was made with %s kernels, now they are %s: results may differ in rounding from here on", then,
                     l->s.k->name);
        gan_checkpoint_free(l->dir.resume);
        l->dir.resume = NULL;
    }
    if (l->step < l->last) GAN_TRY(gan_rundir_write_config(&l->dir, l->s.cfg)); /* a finished run keeps that of its steps */
    return gan_outputs_new(&l->out, &l->s, &l->dir, &l->record, l->step);
}

static gan_status start(loop *l, bool fresh)
{
    const gan_comm *c = l->s.comm;
    gan_banner(&l->s);
    l->saved = -1;
    GAN_TRY(gan_comm_agree(c, total_steps(&l->s, &l->last)));
    GAN_TRY(gan_comm_agree(c, gan_pictures_check(&l->s)));
    GAN_TRY(gan_quality_open(&l->quality, &l->s));
    GAN_TRY(gan_comm_agree(c, gan_record_new(&l->record, &l->s, l->quality.eval)));
    gan_alarms_new(&l->alarms, l->s.cfg, (const char *const *)l->record.names, l->record.n);
    GAN_TRY(gan_comm_agree(c, c->rank == 0 ? open_files(l, fresh) : GAN_OK));
    GAN_TRY(share_state(l));
    if (c->size > 1)
        GAN_TRY(gan_comm_agree(c, gan_reduction_new(&l->wish_sum, c, GAN_TAG_MAX_REDUCTIONS - 1, l->s.layout.mode,
                                                    l->wishes, N_WISHES)));
    l->recorded = l->step;
    l->recorded_s = l->begin_s = gan_clock_s();
    gan_progress_begin(&l->progress, l->step, l->last);
    return GAN_OK;
}

/* ---- between steps ----------------------------------------------------------------------------------------- */

static void raise_alarms(loop *l)
{
    char text[GAN_ALARMS][GAN_ALARM_TEXT];
    gan_alarms_look(&l->alarms, l->record.values, l->step, text);
    for (int k = 0; k < GAN_ALARMS; k++)
        if (*text[k]) gan_warn("alarm: %s", text[k]);
}

/* Rank 0's duties, the dearest first; a failure becomes a wish to stop, so that all ranks end together. */
static gan_status write_outputs(loop *l, bool recorded)
{
    if (recorded) GAN_TRY(gan_outputs_record(l->out, &l->record, l->step));
    if (due(l, "checkpoint"))
        GAN_TRY(gan_outputs_checkpoint(l->out, l->step, l->elapsed_before_s + gan_clock_s() - l->begin_s));
    if (due(l, "samples")) GAN_TRY(gan_outputs_samples(l->out, l->step));
    if (recorded) raise_alarms(l);
    gan_progress_show(&l->progress, &l->s, &l->record, l->step);
    return GAN_OK;
}

static void take_record(loop *l)
{
    double now = gan_clock_s();
    gan_record_take(&l->record, &l->s, l->step, l->step - l->recorded, now - l->recorded_s);
    gan_session_reset_times(&l->s);
    l->recorded = l->step;
    l->recorded_s = now;
}

static bool digest_due(const loop *l, bool storing)
{
    int64_t every = gan_config_int(l->s.cfg, "parallel", "digest_every");
    return l->s.team.n_teams > 1 && every > 0 && (storing || l->step % every == 0);
}

/* The copies of all teams must be the same bits; the first rank of the first that differs from rank 0's is named. Looked at every so often, and
 * whenever a state is about to be stored: rank 0's replica could be the bad one. */
static gan_status check_drift(loop *l, bool storing)
{
    const gan_comm *c = l->s.comm;
    if (!digest_due(l, storing)) return GAN_OK;
    uint64_t *all = gan_calloc(c->size, sizeof *all);
    if (!all) gan_comm_abort(c, GAN_ENOMEM, gan_fail_text());
    gan_status s = gan_comm_gather(c, l->s.team.rank == 0 ? gan_model_digest(l->s.model, !l->s.sharded) : 0, all);
    for (int r = l->s.team.size; r < c->size && s == GAN_OK; r += l->s.team.size)
        if (all[r] != all[0])
            s = GAN_FAIL(GAN_EDRIFT,
                         "step %lld: the replica of rank %d differs from rank 0's (%016" PRIx64 " and %016" PRIx64
                         "). The nodes compute differently, or memory is faulty; this state is not stored, earlier "
                         "checkpoints are good",
                         (long long)l->step, r, all[r], all[0]);
    gan_free(all);
    return s;
}

/* Start telling the others this rank's wishes; learn what all wished after the step before. */
static gan_status exchange_wishes(loop *l, const float mine[N_WISHES], float all[N_WISHES])
{
    memset(all, 0, N_WISHES * sizeof *all);
    if (!l->wish_sum) {
        memcpy(all, mine, N_WISHES * sizeof *all);
        return GAN_OK;
    }
    if (l->wishing) {
        gan_stall_doing(l->s.comm, "learn whether all go on", NULL);
        GAN_TRY(gan_reduction_wait(l->wish_sum));
        memcpy(all, l->wishes, N_WISHES * sizeof *all);
    }
    memcpy(l->wishes, mine, N_WISHES * sizeof *mine);
    l->wishing = true;
    return gan_reduction_start(l->wish_sum);
}

static gan_status check_finite(loop *l)
{
    const char *network = gan_session_not_finite(&l->s);
    char text[4096] = "there is no checkpoint yet";
    if (!network) return GAN_OK;
    if (l->saved >= 0)
        snprintf(text, sizeof text, "the last good checkpoint is %s/checkpoints/step-%09lld.h5",
                 gan_config_text(l->s.cfg, "run", "dir"), (long long)l->saved);
    return gan_session_diagnose(&l->s, network, text);
}

/* Between steps updates may be left to the next one; what looks at the state has them done first. */
static gan_status settle(loop *l)
{
    gan_session_settle(&l->s);
    return check_finite(l);
}

/* Images per second are those of training. */
static gan_status measure(loop *l)
{
    const double begin_s = gan_clock_s();
    if (!eval_due(l)) return GAN_OK;
    GAN_TRY(gan_quality_measure(&l->quality, l->step, l->record.values + l->record.quality));
    l->recorded_s += gan_clock_s() - begin_s;
    return GAN_OK;
}

/* After step l->step. *stop: all ranks leave the loop now, with the returned status. */
static gan_status boundary(loop *l, bool recorded, bool *stop)
{
    float mine[N_WISHES] = {gan_signals_caught() != 0, 0}, all[N_WISHES];
    bool storing = due(l, "checkpoint");
    *stop = true;
    if (recorded) take_record(l);
    GAN_TRY(check_drift(l, storing));
    if (storing || due(l, "samples") || eval_due(l)) gan_session_parts(&l->s, true);
    GAN_TRY(measure(l));
    if (l->out) {
        if (l->failure == GAN_OK) l->failure = write_outputs(l, recorded);
        mine[FAILED] = l->failure != GAN_OK || gan_outputs_failed(l->out);
    }
    if (storing && l->failure == GAN_OK) l->saved = l->step;
    if (exchange_wishes(l, mine, all) != GAN_OK) gan_comm_abort(l->s.comm, GAN_EMPI, gan_fail_text());
    if (all[FAILED] > 0 || l->step == l->last) return l->failure; /* the writer's own is found when it drains */
    *stop = all[SIGNALLED] > 0;
    if (!*stop) return GAN_OK;
    GAN_TRY(settle(l));
    GAN_TRY(check_drift(l, true)); /* a checkpoint follows */
    gan_session_parts(&l->s, true);
    return l->failure != GAN_OK ? l->failure : GAN_ESTOPPED;
}

static bool looks_at_state(const loop *l, bool record)
{
    return record || due(l, "checkpoint") || due(l, "samples") || digest_due(l, false);
}

static gan_status one_step(loop *l, bool *stop)
{
    const int64_t next = l->step + 1;
    bool record = due_after(l, next, "metrics") || next == 1 || (l->quality.eval && due_after(l, next, "eval"));
    gan_stall_step(l->s.comm, next);
    if (gan_session_step(&l->s, l->step, record)) l->step++;
    GAN_TRY(looks_at_state(l, record) ? settle(l) : check_finite(l));
    return boundary(l, record, stop);
}

static gan_status run_steps(loop *l)
{
    bool stop = l->step >= l->last;
    gan_status status = gan_stall_open(l->s.comm, gan_config_real(l->s.cfg, "parallel", "stall_s"));
    while (!stop && status == GAN_OK) status = one_step(l, &stop);
    gan_session_settle(&l->s); /* nothing may be under way when reductions are freed */
    return status;
}

/* ---- ending ------------------------------------------------------------------------------------------------ */

/* Rank 0: what is missing is written, whatever ended the run; the first failure counts. */
static gan_status finish_files(loop *l, gan_status status)
{
    gan_status s = GAN_OK;
    if (!l->out) return status;
    gan_log_progress("");
    if (status == GAN_ESTOPPED && l->saved != l->step)
        s = gan_outputs_checkpoint(l->out, l->step, l->elapsed_before_s + gan_clock_s() - l->begin_s);
    if (s == GAN_OK) s = gan_outputs_finish(l->out);
    return s != GAN_OK && (status == GAN_OK || status == GAN_ESTOPPED) ? s : status;
}

/* The others wait for rank 0's files here, where the stall watch sees them, and not in what follows, where it does not. */
static gan_status finish(loop *l)
{
    gan_status status = finish_files(l, run_steps(l));
    gan_comm_agree(l->s.comm, status);
    return status;
}

static void say_goodbye(const loop *l, gan_status status)
{
    const char *dir = gan_config_text(l->s.cfg, "run", "dir");
    char picture[4096];
    if (!l->out) return;
    if (status == GAN_ESTOPPED)
        gan_say(GAN_NORMAL, "stopped   at step %lld of %lld after a checkpoint; start the same command again to go on",
                (long long)l->step, (long long)l->last);
    if (status != GAN_OK) return;
    if (l->progress.first >= l->last)
        gan_say(GAN_NORMAL, "finished  already, %lld steps; raise train.%s to go on, or use --fresh", (long long)l->step,
                gan_config_int(l->s.cfg, "train", "steps") > 0 ? "steps" : "epochs");
    else gan_say(GAN_NORMAL, "finished  %lld steps in %.1f s", (long long)l->step, gan_clock_s() - l->begin_s);
    gan_say(GAN_NORMAL, "files     %s", dir);
    snprintf(picture, sizeof picture, "%s/samples/step-%09lld.png", dir, (long long)l->step); /* of a run that was finished */
    if (*gan_outputs_last_picture(l->out)) gan_say(GAN_NORMAL, "samples   %s", gan_outputs_last_picture(l->out));
    else if (access(picture, R_OK) == 0) gan_say(GAN_NORMAL, "samples   %s", picture);
}

static void close_loop(loop *l)
{
    if (l->wishing && gan_reduction_wait(l->wish_sum) != GAN_OK)
        gan_comm_abort(l->s.comm, GAN_EMPI, gan_fail_text());
    gan_stall_close(l->s.comm);
    gan_reduction_free(l->wish_sum);
    gan_outputs_free(l->out);
    gan_quality_close(&l->quality);
    gan_rundir_close(&l->dir);
    gan_record_free(&l->record);
    gan_session_close(&l->s);
}

gan_status gan_train(const gan_comm *comm, const gan_config *cfg, const gan_train_options *o)
{
    loop *l = gan_calloc(1, sizeof *l);
    gan_status status = gan_comm_agree(comm, l ? GAN_OK : GAN_ENOMEM);
    gan_signals_catch();
    if (status == GAN_OK) status = gan_session_open(&l->s, comm, cfg, comm->size);
    if (status == GAN_OK) {
        status = start(l, o->fresh);
        gan_signals_defer();
        if (status == GAN_OK) status = finish(l);
        say_goodbye(l, status);
        close_loop(l);
    }
    gan_signals_restore();
    gan_free(l);
    return status;
}
