#!/bin/sh
# run.sh PROGRAM RANKS JOB: what `make run` does after building: trains a job and names its newest sample picture.
# Any Open MPI settings of yours stay; these only make the start work as root, in containers and on few cores.
set -eu
program=$1 ranks=$2 job=$3
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_hwloc_base_binding_policy="${OMPI_MCA_hwloc_base_binding_policy:-none}"
if [ "$(nproc)" -lt "$ranks" ]; then
    export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
fi

echo "mpirun -np $ranks $program $job"
mpirun -np "$ranks" "$program" "$job"

run=$(sed -n '/^\[run\]/,/^\[/s/^dir[[:space:]]*=[[:space:]]*//p' "$job" | head -n 1)
picture=$(ls -t "${run:-runs/$(basename "$job" .ini)}"/samples/*.png 2>/dev/null | head -n 1)
if [ "$picture" ]; then echo "Samples of the trained generator: $picture"; fi
