#!/bin/sh
# sweep.sh VARIANTS RANKS [ARGUMENT...]: trains every variant of a job, one after the other, each in its own run directory.
#
# VARIANTS is a text file: lines of  NAME CONFIG [--set SECTION.KEY=VALUE]..., # begins a comment. A signal (Ctrl-C, TERM, USR1) stops
# the sweep after a checkpoint; started again it goes on where it was. In a SLURM array task i trains line i+1 alone
# (sbatch slurm/array.sbatch; without RANKS the launcher is GAN_LAUNCH, else srun). Further arguments go to every run.
# GAN_MPI names the program, else build/release/gan_mpi. Run it where scripts/ is.
set -euf # no words of the table become names of files
[ $# -ge 2 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
variants=$1 ranks=$2
shift 2
gan=${GAN_MPI:-build/release/gan_mpi}

# A session of its own, for a Ctrl-C of the terminal would reach mpirun too, which then gives its ranks only a second.
session=$(command -v setsid || :)
launch() { # for a process of its own
    if [ "$ranks" ]; then exec $session sh scripts/run.sh "$gan" "$ranks" "$@"; else exec $session ${GAN_LAUNCH:-srun} "$gan" "$@"; fi
}

# Launchers pass USR1 on, and then the run ends with 75. A signal ends the shell's wait, not the run.
child='' stopped=''
trap 'stopped=yes; [ -z "$child" ] || kill -USR1 "$child"' HUP INT TERM USR1
run() { # its exit code in $code
    launch "$@" </dev/null &
    child=$!
    while kill -0 "$child" 2>/dev/null; do wait "$child" && code=0 || code=$?; done
    child=
}

number=0 ran=0 failed=
while read -r name config sets; do
    case $name in '' | '#'*) continue ;; esac
    if [ "${SLURM_ARRAY_TASK_ID:-$number}" = "$number" ]; then
        echo "== $name"
        # Words of the table are split on purpose.
        # shellcheck disable=SC2086
        run "$config" $sets --set run.dir="runs/$(basename "$variants" .txt)/$name" "$@"
        [ "$code" != 75 ] || stopped=yes
        [ -z "$stopped" ] || { echo "== stopped in $name; start the same command again to go on"; exit 75; }
        [ "$code" = 0 ] || failed="$failed $name"
        ran=$((ran + 1))
    fi
    number=$((number + 1))
done <"$variants"
[ "$ran" -gt 0 ] || { echo "$variants has no variant ${SLURM_ARRAY_TASK_ID:-}: the first of its $number is 0" >&2; exit 2; }
echo "== $ran done, failed:${failed:- none}"
[ -z "$failed" ]
