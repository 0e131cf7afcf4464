/* np: 4 8
 * Copies of the networks that are no longer the same: one bit changes in the memory of one team, between two steps, as faulty
 * memory would do it. Proved for weights, average and moments, in rank 0's own team and in another: all ranks stop at the
 * next look with "replicas differ", which names step and rank; no later state is stored; the checkpoint from before is that of
 * a run without a fault. The test's own MPI_Win_shared_query and MPI_Iallgather, which call the real ones (MPI's profiling
 * interface), find the memory and the moment: each look gathers the digests of all ranks. */
#include "mpi_test.h"

#include "gan/checkpoint.h"
#include "gan/log.h"
#include "gan/train.h"

#include <string.h>
#include <unistd.h>

enum { TEAM = 2 };

typedef struct fault_row {
    const char *what;
    int team;           /* whose copy is hit; -1: nobody's */
    int network, array; /* 0: weights, 1: average, 2, 3: moments */
    int checkpoint_every, digest_every;
    int after;       /* so many looks */
    int found, kept; /* step at which it is found; step of the newest checkpoint then */
} fault_row;

/* Looks are taken at multiples of both numbers. */
static const fault_row rows[] = {
    {"no fault", -1, 0, 0, 2, 3, 0, 0, 12},
    {"a weight of the generator", 1, 0, 0, 2, 3, 2, 4, 2},
    {"a weight of the discriminator, rank 0", 0, 1, 0, 5, 2, 4, 8, 5},
    {"a moving average", 1, 0, 1, 5, 2, 4, 8, 5},
    {"a first moment", 0, 0, 2, 2, 3, 2, 4, 2},
    {"a second moment", 1, 1, 3, 5, 100, 1, 10, 5},
    {"a weight, no looks but before checkpoints", 1, 1, 0, 4, 100, 2, 12, 8},
};

static const char job[] = "[run]\ndir = %s\n[train]\nsteps = 12\nbatch = 16\n[noise]\nsize = 7\n"
                          "[data]\nsource = ring\nsamples = 100\n"
                          "[generator]\nlayers = dense 20, relu, dense 2\nema = 0.9\n"
                          "[discriminator]\nlayers = dense 20, leaky_relu, dense 1\n"
                          "[parallel]\nteam = %d\ndigest_every = %d\n"
                          "[checkpoint]\nevery = %d\nkeep = 100\n[samples]\nevery = 0\n";

/* ---- the fault --------------------------------------------------------------------------------------------------- */

static char *memory; /* of this rank's team; teams lie one behind the other, and all ranks are on one node */
static int64_t place, team_bytes;
static int team, looks, strike_after; /* 0: never */

int MPI_Win_shared_query(MPI_Win win, int rank, MPI_Aint *size, int *unit, void *base)
{
    int code = PMPI_Win_shared_query(win, rank, size, unit, base);
    if (memory) return code; /* the first is for the networks, the next for flags */
    memcpy(&memory, base, sizeof memory);
    memory += -(uintptr_t)memory % 64 + (uintptr_t)(team * team_bytes);
    looks = 0;
    return code;
}

int MPI_Iallgather(const void *mine, int n, MPI_Datatype type, void *all, int n_each, MPI_Datatype type_each,
                   MPI_Comm comm, MPI_Request *request)
{
    int code = PMPI_Iallgather(mine, n, type, all, n_each, type_each, comm, request);
    if (memory && ++looks == strike_after) memory[place + 2] ^= 4; /* a middle bit of a float */
    return code;
}

static int64_t bytes_of(int64_t floats)
{
    return (floats * (int64_t)sizeof(float) + 63) / 64 * 64;
}

/* Where in a team's memory that array has a weight: as in a model laid out in the same way. */
static void find_place(mpi_test *t, const gan_config *cfg, const fault_row *row)
{
    const gan_sample_shape point = {1, {2}};
    gan_model *m = NULL;
    CHECK_OK(t, gan_model_new(&m, cfg, &point));
    float *common = calloc((size_t)gan_model_common_floats(m), sizeof *common);
    gan_model_place(m, common, common);
    const gan_network *net = m->nets[row->network];
    const float *array = row->array == 0   ? net->w
                         : row->array == 1 ? net->ema
                                           : gan_optimizer_array(m->opts[row->network], row->array - 2);
    place = (array + net->params[0].offset + 5 - common) * (int64_t)sizeof *array;
    team_bytes = bytes_of(gan_model_common_floats(m)) + TEAM * bytes_of(gan_model_own_floats(m));
    gan_model_free(m);
    free(common);
}

/* ---- a run ------------------------------------------------------------------------------------------------------- */

static uint64_t newest(mpi_test *t, const char *dir, int64_t *step)
{
    char path[400];
    gan_checkpoint *c = NULL;
    snprintf(path, sizeof path, "%s/checkpoints", dir);
    CHECK_OK(t, gan_checkpoint_latest(&c, path));
    *step = c ? c->step : -1;
    uint64_t digest = c ? gan_checkpoint_digest(c) : 0;
    gan_checkpoint_free(c);
    return digest;
}

static gan_status run(mpi_test *t, const fault_row *row, const char *dir, int steps)
{
    char text[1024], override[32];
    const char *sets[] = {override};
    gan_config *cfg = NULL;
    snprintf(text, sizeof text, job, dir, TEAM, row->digest_every, row->checkpoint_every);
    snprintf(override, sizeof override, "train.steps=%d", steps);
    CHECK_OK(t, gan_config_parse(&cfg, "job.ini", text, (int64_t)strlen(text), sets, 1, gan_system_networks));
    find_place(t, cfg, row);
    team = t->c->rank / TEAM;
    strike_after = row->team == team && t->c->rank % TEAM == 0 ? row->after : 0;
    memory = NULL;
    gan_status s = gan_train(t->c, cfg, &(gan_train_options){.fresh = false});
    gan_config_free(cfg);
    return s;
}

static void check_row(mpi_test *t, const fault_row *row, const char *root, int number)
{
    char hit[300], never[300], at[64];
    snprintf(hit, sizeof hit, "%s/%d-hit", root, number);
    snprintf(never, sizeof never, "%s/%d-never", root, number);
    snprintf(at, sizeof at, "step %d: the replica of rank %d differs from rank 0's", row->found, TEAM);
    gan_status wanted = row->team < 0 ? GAN_OK : GAN_EDRIFT, s = run(t, row, hit, 12);
    CHECK(t, s == wanted, "%s: \"%s\": %s", row->what, gan_status_text(s), gan_fail_text());
    bool named = wanted == GAN_OK || strstr(gan_fail_text(), at);
    CHECK(t, named, "%s: \"%s\", wanted \"%s\"", row->what, gan_fail_text(), at);
    gan_fail_clear();
    s = run(t, &(fault_row){.team = -1, .checkpoint_every = 1, .digest_every = 0}, never, row->kept);
    CHECK(t, s == GAN_OK, "%s: %s", row->what, gan_fail_text());
    if (t->c->rank != 0) return;
    int64_t step, step_never;
    uint64_t digest = newest(t, hit, &step), digest_never = newest(t, never, &step_never);
    CHECK(t, step == row->kept, "%s: newest checkpoint is %lld, wanted %d", row->what, (long long)step,
          row->kept);
    CHECK(t, digest == digest_never && step_never == row->kept, "%s: the checkpoint is another state",
          row->what);
}

int main(int argc, char **argv)
{
    mpi_test t = mpi_test_start(&argc, &argv);
    char root[256], command[300];
    const char *tmp = getenv("TMPDIR");
    snprintf(root, sizeof root, "%s/gan-drift-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (t.c->rank == 0 && !mkdtemp(root)) perror(root);
    MPI_Bcast(root, sizeof root, MPI_CHAR, 0, t.c->mpi);
    gan_log_setup(t.c->rank, GAN_QUIET);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) check_row(&t, &rows[i], root, (int)i);
    MPI_Barrier(t.c->mpi);
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (t.c->rank == 0) CHECK(&t, system(command) == 0, "%s stays", root);
    return mpi_test_end(&t);
}
