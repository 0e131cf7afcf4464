/* np: 2 4 */
/* timeout: 300 */
/* One rank is short of memory while a session or a stall watch is opened, at each of its allocations in turn: all ranks come back
 * with the same status, none waits for another, and nothing is left. For one team, teams that share their updates, and buckets that
 * are measured. */
#include "mpi_test.h"

#include "gan/stall.h"
#include "gan/train.h"

#include <string.h>

static const char *const ways[][4] = {
    {"parallel.team=0", "parallel.bucket_kib=0", "parallel.sharded_update=no", "parallel.messages=float32"},
    {"parallel.team=1", "parallel.bucket_kib=1", "parallel.sharded_update=yes", "parallel.messages=float32"},
    {"parallel.team=1", "parallel.bucket_kib=1", "parallel.sharded_update=no", "parallel.messages=bfloat16"},
};

/* Opens and closes; the status of all. */
typedef gan_status open_fn(const gan_comm *c, const gan_config *cfg);

static gan_status open_session(const gan_comm *c, const gan_config *cfg)
{
    gan_session s;
    gan_status status = gan_session_open(&s, c, cfg, c->size);
    if (status == GAN_OK) gan_session_close(&s);
    return status;
}

static gan_status open_stall(const gan_comm *c, const gan_config *cfg)
{
    gan_status status = gan_stall_open(c, gan_config_real(cfg, "parallel", "stall_s"));
    gan_stall_close(c);
    return status;
}

/* Until all allocations of the unlucky rank have had their turn. */
static void fail_each(mpi_test *t, const char *what, open_fn *open, const gan_config *cfg)
{
    const bool unlucky = t->c->rank == t->c->size - 1;
    const int64_t live = gan_mem_live();
    for (int64_t k = 1, more = 1; more; k++) {
        gan_mem_fail_at(unlucky ? k : 0);
        gan_status s = open(t->c, cfg);
        const bool fired = gan_mem_fail_at(0) <= 0;
        CHECK_OK(t, gan_comm_min(t->c, unlucky && !fired ? 0 : 1, &more));
        CHECK(t, s == (more ? GAN_ENOMEM : GAN_OK), "%s, allocation %d: \"%s\"", what, (int)k, gan_status_text(s));
        CHECK(t, gan_mem_live() == live, "%s, allocation %d leaves %d blocks", what, (int)k, (int)(gan_mem_live() - live));
        gan_fail_clear();
    }
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        const char *sets[] = {"train.batch=8", "noise.size=3", "generator.layers=dense 300, batch_norm, relu, dense 2",
                              "discriminator.layers=dense 300, leaky_relu, dense 1", "generator.ema=0.9",
                              "data.source=ring", "data.samples=16", ways[i][0], ways[i][1], ways[i][2], ways[i][3]};
        gan_config *cfg = NULL;
        CHECK_OK(&t, gan_config_read(&cfg, "jobs/bench/dcgan32.ini", sets, sizeof sets / sizeof sets[0], gan_system_networks));
        if (!cfg) break;
        if (i == 0) fail_each(&t, "stall watch", open_stall, cfg);
        fail_each(&t, ways[i][0], open_session, cfg);
        gan_config_free(cfg);
    }
    return mpi_test_end(&t);
}
