#!/bin/bash
# tables.sh TABLE  trains the points of jobs/tables/TABLE.txt and writes what they came to into docs/tables/TABLE.csv (`make tables`).
#
# A point is a line of the table with a seed: runs/TABLE/NAME-sSEED. Points that are finished stay, others go on from their newest
# checkpoint: after a signal (Ctrl-C, TERM), or the end of the machine, start the same command again. With more TRIALS, EPOCHS or STEPS
# what is there is taken further. The environment says:
#   TRIALS      seeds 1..TRIALS of each line (1)
#   EPOCHS, STEPS   train so long, instead of as long as the job says
#   JOBS        points at a time (as many as cores), each on NP ranks (1) of one thread
#   POINTS      train and measure only lines whose name this extended regular expression matches
#   NICE        of the runs (10)
#   ACTION      train (and evaluate; the default), evaluate (only), array (write runs/TABLE.txt for `gan_mpi slurm --array`)
#   AT          measure the checkpoint of this step, not the last one
#   OUT         write the numbers here, and no RESULTS.md
# GAN_MPI names the program, else build/release/gan_mpi; GAN_EVAL one for the evaluation alone. Run it where scripts/ is.
set -euf
[ $# = 1 ] || { sed -n '2,18s/^# \{0,1\}//p' "$0"; exit 2; }
table=$1 lines=jobs/tables/$1.txt points=runs/$1.txt
export GAN_MPI=${GAN_MPI:-build/release/gan_mpi} OMP_NUM_THREADS=1
[ -f "$lines" ] || { echo "$lines is not there; tables are: $(cd jobs/tables && set +f && echo *.txt | sed 's/\.txt//g')" >&2; exit 2; }
options=
[ -z "${STEPS:-}" ] || options="--set train.steps=$STEPS"
[ -z "${EPOCHS:-}" ] || options="--set train.steps=0 --set train.epochs=$EPOCHS"

action=${ACTION:-train}
mkdir -p "runs/$table" docs/tables
# All lines with the first seed, then all with the second: what is stopped early has a trial of each.
expand() {
    awk -v trials="${TRIALS:-1}" -v only="${POINTS:-.}" -v options="$options" '
        BEGIN { n = 0 }
        /^ *(#|$)/ || $1 !~ only { next }
        { name[n] = $1; sub(/^ *[^ ]+ +/, ""); rest[n++] = $0 }
        END { for (s = 1; s <= trials; s++) for (i = 0; i < n; i++) print name[i] "-s" s, rest[i], "--set run.seed=" s, options }
    ' "$lines"
}
if [ "$action" != evaluate ]; then
    expand >"$points"
    total=$(wc -l <"$points")
    [ "$total" -gt 0 ] || { echo "$lines has no line that matches ${POINTS:-}" >&2; exit 2; }
fi
if [ "$action" = array ]; then
    echo "$points: $total points. gan_mpi slurm --array $points --nodes 1 ... >array.sbatch; afterwards ACTION=evaluate"
    exit
fi

((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)) || [ "$action" != train ] ||
    { echo "bash 5.1 is wanted to train several points at a time, this is $BASH_VERSION; ACTION=array makes tasks for SLURM" >&2; exit 2; }
declare -A name_of=() # points in training, by their process: a task of a sweep as of an array
begin() { # index of a point
    local name
    name=$(awk -v i="$1" 'NR == i + 1 { print $1 }' "$points")
    SLURM_ARRAY_TASK_ID=$1 nice -n "${NICE:-10}" sh scripts/sweep.sh "$points" "${NP:-1}" >"runs/$table/$name.log" 2>&1 &
    name_of[$!]=$name
}

failed=0
finish() { # waits until a point has ended, or a signal comes
    local ended='' code=0 name log
    wait -n -p ended || code=$?
    [ "${ended:-}" ] || return 0
    name=${name_of[$ended]} log=runs/$table/$name.log
    unset "name_of[$ended]"
    case $code in
    0) echo "== $name: $(grep -a '^finished' "$log" | tail -n 1)" ;;
    75) echo "== $name: stopped, goes on when started again" ;;
    *) echo "== $name: failed: $(grep -a '^error' "$log" | tail -n 1)"; failed=$((failed + 1)) ;;
    esac
}

stopped=
trap 'stopped=yes; [ "${#name_of[@]}" = 0 ] || kill -TERM "${!name_of[@]}"' HUP INT TERM
if [ "$action" = train ]; then
    echo "== $table: $total points, ${JOBS:=$(env -u OMP_NUM_THREADS nproc)} at a time"
    for ((i = 0; i < total; i++)); do
        while [ "${#name_of[@]}" -ge "$JOBS" ]; do finish; done
        [ -z "$stopped" ] || break
        begin "$i"
    done
    while [ "${#name_of[@]}" -gt 0 ]; do finish; done
    [ -z "$stopped" ] || { echo "== stopped; start the same command again to go on"; exit 75; }
fi
[ "$failed" = 0 ] || echo "== $failed points failed, see runs/$table/*.log" >&2

# What a run came to: of its checkpoint at step AT, else of the newest one when it is at its end. Measured once.
measure() {
    local run=$1 checkpoint=$1 digest
    [ -e "$run/checkpoints/latest" ] || return 0
    if [ "${AT:-}" ]; then
        checkpoint=$run/checkpoints/$(printf 'step-%09d.h5' "$AT")
        [ -e "$checkpoint" ] || { rm -f "$run/eval.json"; return 0; }
    else
        "$eval" info "$run" | awk '$1 ~ /^(steps|epochs)$/ && $3 == "of" && $2 + 0 < $4 + 0 { exit 1 }' || return 0
    fi
    digest=$("$eval" hash "$checkpoint" | cut -d ' ' -f 1)
    grep -qs "\"digest\": \"$digest\"" "$run/eval.json" && grep -qxFs -e "$measures" "$run/eval.by" && return
    # Words of the table are split on purpose.
    # shellcheck disable=SC2086
    "$eval" eval "$checkpoint" $measures --json >"$run/eval.json.part" && mv "$run/eval.json.part" "$run/eval.json" &&
        echo "$measures" >"$run/eval.by"
}
eval=${GAN_EVAL:-$GAN_MPI}
measures=$(sed -n 's/^#eval //p' "$lines")
while read -r run; do
    name=${run##*/}
    [[ ${name%-s*} =~ ${POINTS:-.} ]] || continue
    measure "$run" || failed=$((failed + 1))
done < <(find "runs/$table" -mindepth 1 -maxdepth 1 -type d -name '*-s[0-9]*')
# shellcheck disable=SC2046
python3 scripts/tables.py collect "runs/$table" "${OUT:-docs/tables/$table.csv}" $(sed -n 's/^#correlate //p' "$lines")
[ "${OUT:-}" ] || { python3 scripts/tables.py report >"runs/RESULTS.md" && mv runs/RESULTS.md RESULTS.md; }
[ "$failed" = 0 ]
