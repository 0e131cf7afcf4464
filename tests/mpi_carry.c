/* np: 1 2 4
 * Steps that leave the generator's update to the next step compute what steps do that wait for every sum at once: the same bits of
 * weights, averages, moments, metrics and norms, whether what was left is done in the next step or between steps (settled).
 * For one team and for teams of one rank, with clipping, averages, singular values, states and several discriminator updates.
 * A gradient that is not finite ends the step that finds it before any weight of that step is updated, and nothing is left to do. */
#include "mpi_test.h"

#include "gan/mem.h"
#include "gan/train.h"

#include <math.h>
#include <string.h>

enum { STEPS = 3 };

#define BASE                                                                                                                  \
    "train.batch=8", "parallel.shards=4", "parallel.bucket_kib=4",                                                           \
        "generator.layers=dense 256, reshape 4 4 16, batch_norm, relu, conv_transpose 8 4 2 1, batch_norm, relu, "            \
        "conv_transpose 1 4 4 0, tanh",                                                                                       \
        "discriminator.layers=conv 8 4 2 1, leaky_relu 0.2, conv 16 4 2 1, batch_norm, leaky_relu 0.2, dense 1"

typedef struct job_row {
    const char *name;
    int n_sets;
    const char *sets[6];
} job_row;

static const job_row rows[] = {
    {"DCGAN", 0, {0}},
    {"fresh noise, two updates of D", 2, {"gan.fresh_noise=yes", "gan.d_steps=2"}},
    {"clipped, averaged", 3, {"generator.clip_norm=0.1", "generator.ema=0.9", "discriminator.clip_norm=0.1"}},
    {"singular values", 2,
     {"generator.layers=dense 256 spectral=yes, reshape 4 4 16, batch_norm, relu, conv_transpose 8 4 2 1 spectral=yes, "
      "batch_norm shard, relu, conv_transpose 1 4 4 0, tanh", "generator.ema=0.5"}},
};

/* settle: the step after which to settle, STEPS - 1: not before the end. */
static void run(mpi_test *t, const job_row *row, const char *overlap, const char *team, int settle, gan_session *s, gan_config **cfg)
{
    const char *sets[16] = {BASE, overlap, team};
    for (int i = 0; i < row->n_sets; i++) sets[7 + i] = row->sets[i];
    CHECK_OK(t, gan_config_read(cfg, "jobs/bench/dcgan32.ini", sets, 7 + row->n_sets, gan_system_networks));
    CHECK_OK(t, gan_session_open(s, t->c, *cfg, t->c->size));
    for (int i = 0; s->plan && i < STEPS; i++) {
        CHECK(t, gan_session_step(s, i, true), "%s: step %d is not finite", row->name, i);
        if (i == settle) gan_session_settle(s);
    }
    if (s->plan) gan_session_settle(s);
    MPI_Barrier(t->c->mpi);
}

static void compare(mpi_test *t, const job_row *row, const char *what, const gan_session *a, const gan_session *b)
{
    const size_t bytes = (size_t)gan_model_common_floats(a->model) * sizeof(float);
    CHECK(t, memcmp(a->memory.common, b->memory.common, bytes) == 0, "%s, %s: weights or moments differ", row->name, what);
    CHECK(t, memcmp(a->step->metrics, b->step->metrics, sizeof a->step->metrics) == 0, "%s, %s: metrics differ", row->name, what);
    for (int i = 0; i < a->model->n_nets; i++) {
        double x = gan_optimizer_gradient_norm(a->model->opts[i]), y = gan_optimizer_gradient_norm(b->model->opts[i]);
        CHECK(t, x == y && x > 0, "%s, %s: norms of %s are %.17g and %.17g", row->name, what, a->model->nets[i]->name, x, y);
    }
}

static void close_run(gan_session *s, gan_config *cfg)
{
    gan_session_close(s);
    gan_config_free(cfg);
}

static void check_row(mpi_test *t, const job_row *row, const char *team)
{
    static const struct { const char *name, *overlap; int settle; } ways[] = {
        {"carried all along", "parallel.overlap=yes", STEPS - 1},
        {"settled in between", "parallel.overlap=yes", 1},
    };
    gan_config *cfg = NULL, *other = NULL;
    gan_session at_once = {0}, s = {0};
    run(t, row, "parallel.overlap=no", team, STEPS - 1, &at_once, &cfg);
    CHECK(t, !gan_plan_carries(at_once.plan), "%s: carries without overlap", row->name);
    for (int i = 0; i < 2; i++) {
        run(t, row, ways[i].overlap, team, ways[i].settle, &s, &other);
        CHECK(t, gan_plan_carries(s.plan) == (t->c->size > 1), "%s: carries on %d ranks?", row->name, t->c->size);
        compare(t, row, ways[i].name, &at_once, &s);
        close_run(&s, other);
    }
    close_run(&at_once, cfg);
}

/* The team sums gradients when it updates, so one can still be spoilt between steps. */
static void check_not_finite(mpi_test *t)
{
    const char *sets[] = {BASE};
    gan_config *cfg = NULL;
    gan_session s = {0};
    CHECK_OK(t, gan_config_read(&cfg, "jobs/bench/dcgan32.ini", sets, 5, gan_system_networks));
    CHECK_OK(t, gan_session_open(&s, t->c, cfg, t->c->size));
    const size_t bytes = (size_t)s.model->nets[1]->trained_floats * sizeof(float); /* statistics of real data may move */
    float *before = gan_calloc(s.model->nets[1]->arena_floats, sizeof *before);
    CHECK(t, gan_session_step(&s, 0, false), "step 0 is not finite");
    MPI_Barrier(t->c->mpi);
    if (t->c->rank == 0) s.model->nets[0]->grad[0] = NAN;
    memcpy(before, s.model->nets[1]->w, bytes);
    MPI_Barrier(t->c->mpi);
    CHECK(t, !gan_session_step(&s, 1, false), "step 1 ran after a gradient that is not finite");
    CHECK(t, s.run.step == 0, "the step that failed is %lld, not 0", (long long)s.run.step);
    const char *network = gan_session_not_finite(&s);
    CHECK(t, network && strcmp(network, "generator") == 0, "not finite: %s", network ? network : "none");
    CHECK(t, memcmp(before, s.model->nets[1]->w, bytes) == 0, "the discriminator of step 1 was updated");
    CHECK(t, gan_session_diagnose(&s, "generator", "") == GAN_ENUMERIC, "no diagnosis");
    gan_fail_clear();
    gan_free(before);
    close_run(&s, cfg);
}

/* Of the discriminator that is seen at once, with the generator's sums still under way: the diagnosis leaves nothing to do. */
static void check_left_when_not_finite(mpi_test *t, const char *team)
{
    const char *sets[] = {BASE, team};
    gan_config *cfg = NULL;
    gan_session s = {0};
    CHECK_OK(t, gan_config_read(&cfg, "jobs/bench/dcgan32.ini", sets, 6, gan_system_networks));
    CHECK_OK(t, gan_session_open(&s, t->c, cfg, t->c->size));
    if (s.team.rank == 0) s.model->nets[1]->w[0] = NAN;
    MPI_Barrier(t->c->mpi);
    CHECK(t, gan_session_step(&s, 0, false), "step 0 ended early");
    const char *network = gan_session_not_finite(&s);
    CHECK(t, network && strcmp(network, "discriminator") == 0, "not finite: %s", network ? network : "none");
    CHECK(t, s.run.pending, "nothing is left of step 0");
    CHECK(t, gan_session_diagnose(&s, "discriminator", "") == GAN_ENUMERIC, "no diagnosis");
    CHECK(t, !s.run.pending, "%s: an update of the step is still to be done", team);
    gan_fail_clear();
    close_run(&s, cfg);
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_row(&t, &rows[i], "parallel.team=0");
        check_row(&t, &rows[i], "parallel.team=1");
    }
    if (t.c->size > 1) {
        check_not_finite(&t);
        check_left_when_not_finite(&t, "parallel.team=0");
        check_left_when_not_finite(&t, "parallel.team=1");
    }
    return mpi_test_end(&t);
}
