/* np: 1 2
 * The plans of whole step programs are sound: with NaN in all memory that holds no live value (gan_exec_poisoned) three steps leave
 * the very bits in weights, averages, moments and metrics that they leave without. For the DCGANs and residual blocks that are
 * timed, by Winograd's ways and directly, in steps with and without metrics, and for a job with every kind of layer, also with a
 * penalty in some steps: of three, the first computes it for the loss, the second for a metric, the third not at all. */
#include "mpi_test.h"

#include "gan/train.h"

#include <string.h>

typedef struct job_row {
    const char *path;
    int n_sets;
    const char *sets[4];
} job_row;

static const job_row rows[] = {
    {"jobs/bench/dcgan32.ini", 2, {"train.batch=8", "parallel.shards=4"}},
    {"jobs/bench/dcgan32.ini", 3, {"train.batch=4", "parallel.winograd=no", "gan.d_steps=2"}},
    {"jobs/bench/dcgan64.ini", 3, {"train.batch=4", "parallel.shards=2", "generator.ema=0.9"}},
    {"jobs/bench/resblock.ini", 2, {"train.batch=2", "discriminator.clip_norm=1"}},
    {"jobs/bench/dcgan32.ini", 4, {"train.batch=8", "parallel.shards=4",
      "generator.layers=dense 512 spectral=yes, reshape 8 8 8, batch_norm shard, relu, conv_transpose 9 4 2 1 spectral=yes, "
      "instance_norm, relu, upsample 2 bilinear, conv 1 3 padding=1, tanh",
      "discriminator.layers=conv 20 4 2 1 spectral=yes, layer_norm, leaky_relu, avg_pool, max_pool, dropout 0.2, "
      "maxout 9 3, batch_norm, dense 1 spectral=yes"}},
    {"jobs/bench/dcgan32.ini", 4, {"train.batch=4", "penalty.kind=gradient", "penalty.every=3",
      "discriminator.layers=conv 12 4 2 1 spectral=yes, layer_norm, leaky_relu, conv 9 3 1 1, batch_norm, leaky_relu, avg_pool, "
      "dense 1 spectral=yes"}},
};

static void run_steps(mpi_test *t, gan_session *s, bool poisoned)
{
    for (int64_t step = 0; step < 3; step++) {
        if (!poisoned) {
            CHECK(t, gan_session_step(s, step, step == 1), "step %lld is not finite", (long long)step);
            continue;
        }
        s->run.step = step;
        s->run.metrics = step == 1;
        CHECK_OK(t, gan_exec_poisoned(s->plan, &s->run, NULL, 0));
        s->run.pending = gan_plan_carries(s->plan);
    }
    gan_session_settle(s);
}

static void compare(mpi_test *t, const job_row *row, const gan_session *a, const gan_session *b)
{
    const int64_t n = gan_model_common_floats(a->model);
    const float *x = (const void *)a->memory.common, *y = (const void *)b->memory.common;
    int64_t differ = 0, first = -1;
    for (int64_t i = 0; i < n; i++) {
        if (memcmp(x + i, y + i, sizeof *x) == 0) continue;
        if (differ++ == 0) first = i;
    }
    CHECK(t, differ == 0, "%s: %lld of %lld floats differ, the first at %lld: %g, and poisoned %g", row->path, (long long)differ,
          (long long)n, (long long)first, (double)x[first], (double)y[first]);
    CHECK(t, memcmp(a->step->metrics, b->step->metrics, sizeof a->step->metrics) == 0, "%s: metrics differ", row->path);
}

static void check_row(mpi_test *t, const job_row *row)
{
    gan_config *cfg = NULL;
    gan_session plain = {0}, poisoned = {0};
    CHECK_OK(t, gan_config_read(&cfg, row->path, row->sets, row->n_sets, gan_system_networks));
    CHECK_OK(t, gan_session_open(&plain, t->c, cfg, t->c->size));
    CHECK_OK(t, gan_session_open(&poisoned, t->c, cfg, t->c->size));
    if (plain.plan && poisoned.plan) {
        run_steps(t, &plain, false);
        run_steps(t, &poisoned, true);
        MPI_Barrier(t->c->mpi);
        compare(t, row, &plain, &poisoned);
    }
    gan_session_close(&plain);
    gan_session_close(&poisoned);
    gan_config_free(cfg);
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_row(&t, &rows[i]);
    return mpi_test_end(&t);
}
