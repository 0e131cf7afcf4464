/* How many threads a rank has. */
#include "gan/train.h"

#include "gan/log.h"

#ifdef _OPENMP
#include <omp.h>

/* Launchers bind ranks to cores; more threads than cores wait for each other. */
static void check_cores(const gan_comm *comm, int threads)
{
    const int cores = omp_get_num_procs();
    if (comm->rank == 0 && cores < threads)
        gan_warn("%d threads a rank, but rank 0 may run on %d core%s only; give each rank its cores with mpirun --map-by slot:PE=%d, "
                 "or #SBATCH --cpus-per-task=%d",
                 threads, cores, cores > 1 ? "s" : "", threads, threads);
}

gan_status gan_threads_resolve(int *threads, const gan_comm *comm, const gan_config *cfg)
{
    const int64_t wanted = gan_config_int(cfg, "parallel", "threads");
    *threads = wanted > 0 ? (int)wanted : omp_get_max_threads();
    check_cores(comm, *threads);
    return GAN_OK;
}

#else

gan_status gan_threads_resolve(int *threads, const gan_comm *comm, const gan_config *cfg)
{
    const int64_t wanted = gan_config_int(cfg, "parallel", "threads");
    (void)comm;
    *threads = 1;
    if (wanted <= 1) return GAN_OK;
    return GAN_FAIL(GAN_ECONFIG, "%s: parallel.threads = %lld: this gan_mpi was built by a compiler without OpenMP; start more "
                    "ranks instead, they do the same",
                    gan_config_where(cfg, "parallel", "threads"), (long long)wanted);
}

#endif
