/* The doctor's checks against clusters that are not here: a healthy one of two nodes with four ranks, and the same with one thing
 * wrong at a time. What a check must say is written down by hand; and of the healthy one every check says ok, so that
 * nothing but what was made wrong is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../src/doctor/checks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { RANKS = 4, CORES = 8 };

static gan_identity ids[RANKS];
static gan_facts ranks[RANKS];
static gan_case node_pair;
static const int64_t MIB = 1 << 20;

/* ---- a healthy cluster ---------------------------------------------------------------------------------------------- */

static void bind_to(int rank, int first, int n)
{
    memset(ranks[rank].cores, 0, sizeof ranks[rank].cores);
    for (int i = first; i < first + n; i++) ranks[rank].cores[i / 64] |= UINT64_C(1) << i % 64;
    ranks[rank].n_cores = n;
}

static void make_rank(int r)
{
    ids[r] = (gan_identity){.version = "1.2.3", .binary = 77};
    snprintf(ids[r].host, sizeof ids[r].host, "node%d", r / 2 + 1);
    ranks[r] = (gan_facts){.node = r / 2 * 2, .launcher_tasks = RANKS, .launcher = "srun", .launcher_variable = "SLURM_STEP_NUM_TASKS",
                           .mpi = "Open MPI v4.1.4", .pmix = "4.2.2", .mpi_major = 3, .mpi_minor = 1,
                           .thread_level = MPI_THREAD_SERIALIZED, .yields = 0, .pml = "ucx", .kernels = "avx512", .kernel_table = 3,
                           .online = CORES, .threads = 4, .with_openmp = true, .memory_free = 1000 * MIB, .shm_free = 500 * MIB,
                           .clock_step_s = 1e-9, .clock_cost_s = 3e-8, .ahead_s = r / 2 * 0.001, .trip_s = 1e-4};
    bind_to(r, r % 2 * 4, 4);
    if (r > 0) ranks[r].lock_seen = GAN_LOCK_REFUSED;
}

static int make_cluster(void **state)
{
    (void)state;
    for (int r = 0; r < RANKS; r++) make_rank(r);
    ranks[0].files = (gan_file_trial){.tried = true, .h5_ok = true, .h5_locks = true, .free_bytes = 1000 * MIB, .file_limit = INT64_MAX,
                                      .kind = "lustre"};
    node_pair = (gan_case){.n = RANKS, .ids = ids, .ranks = ranks, .dir = "runs/x", .parent = "runs", .latency_s = 2e-6,
                           .transfer_s = 1e-3,
                           .need = {.known = true, .text = "2 networks", .data_file = "d.h5", .data_bytes = 100 * MIB,
                                    .common_bytes = 100 * MIB, .own_bytes = 50 * MIB, .activation_bytes = 100 * MIB,
                                    .checkpoint_bytes = 100 * MIB, .kept = 3}};
    return 0;
}

static const struct {
    const char *name;
    gan_check *check;
} checks[] = {
#define GAN_CHECK(sym, title, status) {title, gan__check_##sym},
#include "../src/doctor/checks.def"
#undef GAN_CHECK
};

static void of_a_healthy_cluster_all_is_ok(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        gan_finding f = {.verdict = GAN_BAD};
        checks[i].check(&node_pair, &f);
        if (f.verdict != GAN_FINE || !f.found[0]) fail_msg("%s: %d, \"%s\"", checks[i].name, (int)f.verdict, f.found);
    }
}

/* ---- one thing wrong at a time -------------------------------------------------------------------------------------- */

static void other_version(void) { strcpy(ids[3].version, "1.2.4"); }
static void other_build(void) { ids[2].binary = ids[3].binary = 78; }
static void singletons(void) { node_pair.n = 1; }
static void batch_job(void)
{
    node_pair.n = 1;
    ranks[0].launcher_tasks = 1, ranks[0].launcher_variable[0] = '\0', ranks[0].launcher_allotted = 4;
}
static void other_mpi(void) { strcpy(ranks[2].mpi, "Open MPI v5.0.1"); }
static void old_mpi(void)
{
    for (int r = 0; r < RANKS; r++) ranks[r].mpi_major = 2;
}
static void no_threads_in_mpi(void) { ranks[0].thread_level = MPI_THREAD_SINGLE; }
static void threads_that_do_not_call_mpi(void) { ranks[0].thread_level = MPI_THREAD_FUNNELED; }
static void mixed(void) { strcpy(ranks[1].kernels, "avx2"), ranks[1].kernel_table = 2; }
static void too_many_threads(void) { bind_to(1, 4, 2); }
static void omp_unheeded(void) { ranks[0].omp_threads = 8; }
static void openblas(void) { strcpy(ranks[0].blas, "libopenblas.so.0"); }
static void same_cores(void) { bind_to(3, 0, 4); }
static void same_core_for_all(void)
{
    for (int r = 0; r < RANKS; r++) bind_to(r, 0, 8), ranks[r].threads = 8;
}
static void overload_that_yields(void)
{
    same_core_for_all();
    for (int r = 0; r < RANKS; r++) ranks[r].yields = 1;
}
static void hardware_threads(void) /* 4 physical cores of 2, on the second node; 8 of one on the first */
{
    for (int r = 0; r < RANKS; r++) ranks[r].physical[0] = ranks[r].cores[0] & (r < 2 ? 0xff : 0x55);
}
static void small_quota(void) { ranks[2].quota = ranks[3].quota = 2.5; }
static void bad_job(void)
{
    node_pair.need = (gan_need){.status = GAN_ESHAPE, .text = "layer 3 does not fit"};
}
static void little_memory(void) { ranks[2].memory_free = 300 * MIB; }
static void hardly_enough_memory(void) { ranks[2].memory_free = 565 * MIB; }
static void little_shm(void) { ranks[2].shm_free = 250 * MIB; }
static void no_shm_for_data(void) { ranks[2].shm_free = 64 * MIB; }
static void no_data(void) { ranks[3].data_error = ENOENT; }
static void read_only(void) { ranks[0].files.error = EROFS, strcpy(ranks[0].files.step, "make a file"); }
static void own_disk(void) { ranks[2].lock_seen = GAN_LOCK_NO_FILE; }
static void in_memory(void) { strcpy(ranks[0].files.kind, "tmpfs"); }
static void no_locks(void) { ranks[0].files.lock_error = ENOLCK; }
static void local_locks(void) { ranks[2].lock_seen = GAN_LOCK_GRANTED; }
static void hdf5_fails(void) { ranks[0].files.h5_ok = false, strcpy(ranks[0].files.h5_reason, "no flush"); }
static void hdf5_locks_fail(void) { ranks[0].files.h5_locks = false, strcpy(ranks[0].files.h5_reason, "unable to lock"); }
static void no_space(void) { ranks[0].files.free_bytes = 50 * MIB; }
static void little_space(void) { ranks[0].files.free_bytes = 350 * MIB; }
static void small_files(void) { ranks[0].files.file_limit = 99 * MIB; }
static void slow_clock(void) { ranks[3].clock_cost_s = 5e-5; }
static void coarse_clock(void) { ranks[1].clock_step_s = 4e-3; }
static void wrong_clock(void) { ranks[2].ahead_s = ranks[3].ahead_s = -7.5; }
static void tcp_beside_fabric(void)
{
    for (int r = 0; r < RANKS; r++)
        strcpy(ranks[r].pml, "ob1"), strcpy(ranks[r].btl, "tcp,vader,self"), strcpy(ranks[r].fabric, "mlx5_0");
}
static void slow_messages(void) { node_pair.latency_s = 3e-3; }
static void narrow(void) { node_pair.transfer_s = 0.4; }

static const struct {
    void (*wrong)(void);
    gan_check *check;
    gan_verdict verdict;
    const char *found, *remedy; /* stand in the texts */
} rows[] = {
    {other_version, gan__check_program, GAN_BAD, "1.2.3 on rank 0, 1.2.4 on rank 3 (node2)", "one program"},
    {other_build, gan__check_program, GAN_DOUBTFUL, "rank 2 (node2) has another build than rank 0", "build once"},
    {singletons, gan__check_launch, GAN_BAD, "4 processes were started by srun (SLURM_STEP_NUM_TASKS)", "srun --mpi=pmix"},
    {batch_job, gan__check_launch, GAN_DOUBTFUL, "batch job of 4 tasks", "3 of the 4 tasks"},
    {other_mpi, gan__check_mpi, GAN_DOUBTFUL, "v4.1.4 on node1, another on node2", "LD_LIBRARY_PATH"},
    {old_mpi, gan__check_mpi, GAN_BAD, "standard 2.1", "newer MPI"},
    {no_threads_in_mpi, gan__check_thread_level, GAN_DOUBTFUL, "single", "without threads"},
    {threads_that_do_not_call_mpi, gan__check_thread_level, GAN_DOUBTFUL, "funneled", "between kernels only"},
    {mixed, gan__check_kernels, GAN_DOUBTFUL, "avx2 on all nodes, though some have avx512", "decides: node1"},
    {too_many_threads, gan__check_threads, GAN_BAD, "4 a rank, but rank 1 may run on 2 cores only (node1)", "slot:PE=4"},
    {omp_unheeded, gan__check_threads, GAN_DOUBTFUL, "OMP_NUM_THREADS=8 is not heeded", "parallel.threads"},
    {openblas, gan__check_blas, GAN_DOUBTFUL, "libopenblas.so.0", "OPENBLAS_NUM_THREADS=1"},
    {same_cores, gan__check_binding, GAN_BAD, "8 busy threads are bound to the same 4 cores of node2 while", "--bind-to"},
    {same_core_for_all, gan__check_load, GAN_BAD, "16 busy threads share 8 cores (node1, node2), and waiting", "yield_when_idle=1"},
    {overload_that_yields, gan__check_load, GAN_DOUBTFUL, "16 busy threads share 8 cores (node1, node2)", "fewer ranks"},
    {hardware_threads, gan__check_load, GAN_DOUBTFUL, "8 busy threads on 4 physical cores, whose hardware threads they share (node2)",
     "start 4 on a node"},
    {small_quota, gan__check_load, GAN_BAD, "8 busy threads share 2.5 cores (node2)", "container"},
    {bad_job, gan__check_job, GAN_BAD, "layer 3 does not fit", ""},
    {little_memory, gan__check_memory, GAN_BAD, "300 MiB free on node2, the job wants some 564 for its 2 ranks", "--mem=677M"},
    {hardly_enough_memory, gan__check_memory, GAN_DOUBTFUL, "565 MiB free on node2", "threads instead of ranks"},
    {little_shm, gan__check_shared_memory, GAN_DOUBTFUL, "250 MiB free in /dev/shm of node2, the job wants 300", "of its own"},
    {no_shm_for_data, gan__check_shared_memory, GAN_BAD, "64 MiB free in /dev/shm of node2", "alone does not fit"},
    {no_data, gan__check_data, GAN_BAD, "d.h5 cannot be read on node2", "check the path"},
    {read_only, gan__check_directory, GAN_BAD, "cannot make a file: Read-only", "may write to"},
    {own_disk, gan__check_directory, GAN_DOUBTFUL, "not the same on node1 and on node2", "all nodes see"},
    {in_memory, gan__check_directory, GAN_DOUBTFUL, "on tmpfs", "main memory of node1"},
    {no_locks, gan__check_lock, GAN_DOUBTFUL, "no locks: No locks", "second run"},
    {local_locks, gan__check_lock, GAN_DOUBTFUL, "a lock of node1 does not keep out node2", "one at a time"},
    {hdf5_fails, gan__check_hdf5, GAN_BAD, "no flush", "another file system"},
    {hdf5_locks_fail, gan__check_hdf5, GAN_DOUBTFUL, "unable to lock", "HDF5_USE_FILE_LOCKING=FALSE"},
    {no_space, gan__check_space, GAN_BAD, "50.0 MiB free, a checkpoint has 100.0", "free some space"},
    {little_space, gan__check_space, GAN_DOUBTFUL, "up to 4 of them", "checkpoint.keep"},
    {small_files, gan__check_space, GAN_BAD, "files may have 99.0 MiB", "ulimit -f unlimited"},
    {slow_clock, gan__check_clock, GAN_DOUBTFUL, "a look takes 50000 ns", "tsc"},
    {coarse_clock, gan__check_clock, GAN_DOUBTFUL, "steps of 4000000 ns", "tsc"},
    {wrong_clock, gan__check_wall_clocks, GAN_DOUBTFUL, "node2 is 7.5 s behind node1", "chrony"},
    {tcp_beside_fabric, gan__check_transport, GAN_DOUBTFUL, "by tcp although there is mlx5_0 (node1, node2)", "pml ucx"},
    {slow_messages, gan__check_latency, GAN_DOUBTFUL, "3000.0 us for 8 bytes between node1 and node2", "see load"},
    {narrow, gan__check_bandwidth, GAN_DOUBTFUL, "10 MB/s for 4 MiB between node1 and node2", "btl_tcp_if_include"},
};

static void one_wrong_thing_is_found_and_named(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gan_finding f = {.verdict = GAN_FINE};
        make_cluster(state);
        rows[i].wrong();
        rows[i].check(&node_pair, &f);
        if (f.verdict != rows[i].verdict) fail_msg("row %zu: verdict %d: %s", i, (int)f.verdict, f.found);
        if (!strstr(f.found, rows[i].found)) fail_msg("row %zu: wanted \"%s\", found \"%s\"", i, rows[i].found, f.found);
        if (!strstr(f.remedy, rows[i].remedy)) fail_msg("row %zu: wanted \"%s\", remedy \"%s\"", i, rows[i].remedy, f.remedy);
    }
}

/* ---- hosts ---------------------------------------------------------------------------------------------------------- */

static bool yes(const gan_case *c, int r)
{
    return c && r >= 0;
}

static void many_hosts_are_counted(void **state)
{
    static gan_identity many_ids[12];
    static gan_facts many[12];
    char text[256], cut[8];
    (void)state;
    for (int r = 0; r < 12; r++) {
        many[r].node = r / 2 * 2;
        snprintf(many_ids[r].host, sizeof many_ids[r].host, "n%d", r / 2);
    }
    gan_case c = {.n = 12, .ids = many_ids, .ranks = many};
    assert_int_equal(gan__nodes(&c), 6);
    assert_int_equal(gan__ranks_of_node(&c, 10), 2);
    assert_string_equal(gan__hosts(&c, yes, text, sizeof text), "n0, n1, n2 and 3 more");
    assert_string_equal(gan__hosts(&c, yes, cut, sizeof cut), "n0, n1,");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(of_a_healthy_cluster_all_is_ok, make_cluster),
        cmocka_unit_test(one_wrong_thing_is_found_and_named),
        cmocka_unit_test(many_hosts_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
