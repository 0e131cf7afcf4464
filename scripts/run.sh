#!/bin/sh
# run.sh PROGRAM RANKS JOB [OPTION...]: what `make run` does after building: trains a job.
# Any Open MPI settings of yours stay; these only make the start work as root, in containers and on few cores.
set -eu
program=$1 ranks=$2 job=$3
shift 3
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_hwloc_base_binding_policy="${OMPI_MCA_hwloc_base_binding_policy:-none}"
export OMPI_MCA_rmaps_base_oversubscribe=1 # mpirun counts cores, not their threads
# Open MPI 5 has other names for these two.
export PRTE_MCA_hwloc_default_binding_policy="${PRTE_MCA_hwloc_default_binding_policy:-none}"
export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
# Outside of a batch job all ranks are on this machine, and no network needs to be asked.
[ "${SLURM_JOB_ID:-}${PBS_JOBID:-}${LSB_JOBID:-}" ] || export OMPI_MCA_btl="${OMPI_MCA_btl:-^tcp}"
[ "$(nproc)" -ge "$ranks" ] || export OMPI_MCA_mpi_yield_when_idle=1

echo "mpirun -np $ranks $program $job${*:+ $*}"
exec mpirun -np "$ranks" "$program" "$job" "$@" # exec: signals are for mpirun
