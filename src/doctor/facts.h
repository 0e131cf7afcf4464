/* What is known of each rank, collected before anything is judged: checks are functions of these facts on rank 0, so that
 * tests can hold clusters against them that are not here. */
#ifndef GAN_DOCTOR_FACTS_H
#define GAN_DOCTOR_FACTS_H

#include "gan/comm.h"
#include "gan/config.h"

enum { GAN_FACT_CORES = 1024 };

/* Its layout is for ever: programs of different versions exchange it. */
typedef struct gan_identity {
    char version[64], host[64];
    uint64_t binary; /* digest of the program's file; 0: it cannot be read */
} gan_identity;

/* A look at a directory's file system. error: errno; step: what failed first. All zero where no look was taken. */
typedef struct gan_file_trial {
    bool tried;
    int error;          /* of writing, reading back, syncing, renaming; 0: all worked */
    char step[48];
    int lock_error;     /* of locking a file, as a run does its directory; 0: it worked */
    bool h5_ok, h5_locks; /* a file through our driver came back; HDF5's own driver can lock one */
    char h5_reason[160];
    int64_t free_bytes, file_limit; /* INT64_MAX: no limit */
    char kind[16];      /* "nfs", "tmpfs"; "": another */
} gan_file_trial;

/* Another process's look at the file that rank 0 holds locked. */
typedef enum gan_lock_seen { GAN_LOCK_NOT_ASKED, GAN_LOCK_REFUSED, GAN_LOCK_GRANTED, GAN_LOCK_NO_FILE } gan_lock_seen;

typedef struct gan_facts {
    int node;                 /* the lowest rank on this node */
    int launcher_tasks, launcher_allotted;
    char launcher[32], launcher_variable[32];
    char mpi[64], pmix[32], pmix_library[48];
    int mpi_major, mpi_minor, thread_level; /* of MPI_Query_thread */
    int yields;               /* 1, 0; -1: this MPI does not tell */
    char pml[64], btl[64];    /* Open MPI's ways of messages, "": not told */
    char fabric[64];          /* a fast network's device: "mlx5_0"; "": none */
    char kernels[16];
    int kernel_table;         /* its number, the better the higher */
    uint64_t cores[GAN_FACT_CORES / 64];
    int n_cores, online;      /* that this rank may use; of the node */
    uint64_t physical[GAN_FACT_CORES / 64]; /* of those the first hardware thread of each physical core; empty: not told */
    double quota;             /* cores' worth of time that a container gives; 0: no limit */
    int threads;              /* that the job would have */
    bool with_openmp;
    int omp_threads, blas_threads; /* by the environment, 0: not set */
    char blas[48];            /* file of a BLAS in this process, "": none */
    int64_t memory_free, shm_free; /* INT64_MAX: not told */
    double clock_step_s, clock_cost_s, ahead_s, trip_s;
    int data_error;           /* errno of looking for the job's dataset; 0: it is there, or there is none */
    gan_file_trial files;
    gan_lock_seen lock_seen;
} gan_facts;

/* Local, all of them. */
void gan__facts_mpi(gan_facts *f);
void gan__facts_machine(gan_facts *f);
void gan__facts_group(gan_facts *f); /* narrows what _machine has found */
void gan__facts_clock(gan_facts *f);

/* ---- what a job needs --------------------------------------------------------------------------------------------- */

typedef struct gan_need {
    bool known;
    gan_status status;        /* of opening the job; then text says why */
    char text[512];
    char data_file[256];      /* "": a mixture */
    int64_t data_bytes, common_bytes, own_bytes, activation_bytes, checkpoint_bytes;
    int64_t kept;             /* checkpoints */
} gan_need;

/* The job opened on rank 0 by itself, as for a dry run on `ranks` ranks. Others: zeros. cfg may be NULL. Collective. */
void gan__need(gan_need *n, const gan_comm *c, const gan_config *cfg);

/* Collective: rank 0 writes, others look on. */
void gan__trial(gan_facts *f, const gan_comm *c, const char *dir);

#endif
