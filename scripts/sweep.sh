#!/bin/sh
# sweep.sh VARIANTS RANKS [ARGUMENT...]: trains every variant of a job, one after the other, each in its own run directory.
#
# VARIANTS is a text file: lines of  NAME CONFIG [--set SECTION.KEY=VALUE]..., # begins a comment. A sweep that was stopped goes on where
# it was when started again. In a SLURM array task i trains line i+1 alone (sbatch --array=0-5 ... sweep.sh VARIANTS ""; without RANKS
# the launcher is srun). Further arguments go to every run. GAN_MPI names the program, else build/release/gan_mpi.
set -eu
[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2; }
variants=$1 ranks=$2
shift 2
gan=${GAN_MPI:-build/release/gan_mpi}
if [ "$ranks" ]; then launch="mpirun -np $ranks"; else launch=srun; fi

number=0 failed=0
while read -r name config sets; do
    case $name in '' | '#'*) continue ;; esac
    if [ "${SLURM_ARRAY_TASK_ID:-$number}" = "$number" ]; then
        echo "== $name: $config $sets"
        # Words of the table and of the launcher are split on purpose.
        # shellcheck disable=SC2086
        $launch "$gan" "$config" $sets --set run.dir="runs/$(basename "$variants" .txt)/$name" "$@" </dev/null || failed=$((failed + 1))
    fi
    number=$((number + 1))
done <"$variants"
echo "== $failed of the runs failed"
[ "$failed" = 0 ]
