#!/bin/sh
# scripts/sweep.sh. Proved: each variant of a table gets its run directory and its keys; a sweep that a signal has stopped
# says so, ends with 75 after a checkpoint, and started again makes of its run what one that was never stopped is; a variant that fails
# is named and keeps none of the others back; a task of a SLURM array trains its variant alone; the table of jobs/ is sound.
. tests/jobs.sh
root=$PWD
case $gan in /*) ;; *) gan=$root/$gan ;; esac
export GAN_MPI="$gan"

sed -i '/^\[run\]/d; /^dir = /d' "$job"
printf '# two variants\nplain job.ini\n\nlarge job.ini --set train.steps=15\n' >"$dir/table.txt"
cp -R "$root/scripts" "$dir/"
cd "$dir" || exit 1

sweep() { # RANKS ARGUMENT...: the table; $code is its exit code, $dir/output what it printed
    sh scripts/sweep.sh table.txt "$@" >"$dir/output" 2>&1
    code=$?
}

sweep 2
same 'a sweep: exit code' 0 "$code"
says 'a sweep' '== 2 done, failed: none'
same 'steps of plain' '1 3 6 9 12 ' "$(steps_of runs/table/plain)"
same 'steps of large' '1 3 6 9 12 15 ' "$(steps_of runs/table/large)"
wanted=$(hash_of runs/table/large)
sweep 2
same 'the sweep again: exit code' 0 "$code"
says 'the sweep again' 'finished  already'

# A long run is stopped; those after it have not begun.
rm -rf runs
sh scripts/sweep.sh table.txt 2 --set train.steps=1000000 >"$dir/output" 2>&1 &
sweep=$!
for i in $(seq 100); do
    grep -q '^step' output && break
    sleep 0.1
done
kill -TERM $sweep
wait $sweep
same 'a stopped sweep: exit code' 75 $?
says 'a stopped sweep' '== stopped in plain; start the same command again to go on'
says 'a stopped sweep' 'after a checkpoint'
[ ! -e runs/table/large ] || fail 'a stopped sweep' 'no second run' 'one'
stopped_at=$(sed -n 's/.*stopped   at step \([0-9]*\).*/\1/p' output)
sweep 2 --set train.steps=$((stopped_at + 3))
same 'a sweep that goes on: exit code' 0 "$code"
says 'a sweep that goes on' "$stopped_at steps are done"
says 'a sweep that goes on' '== 2 done, failed: none'
same 'runs of one job, stopped and not' "$(hash_of runs/table/large)" "$(hash_of runs/table/plain)"

# One of an array; its launcher is srun.
rm -rf runs
mkdir bin
printf '#!/bin/sh\nexec mpirun -np 2 "$@"\n' >bin/srun
chmod +x bin/srun
PATH=$dir/bin:$PATH
export SLURM_ARRAY_TASK_ID=1
sweep ''
same 'a task of an array: exit code' 0 "$code"
same 'runs of a task' 'large' "$(ls runs/table)"
same 'large as a task of an array' "$wanted" "$(hash_of runs/table/large)"
SLURM_ARRAY_TASK_ID=2
sweep ''
same 'a task too many: exit code' 2 "$code"
says 'a task too many' 'table.txt has no variant 2'
unset SLURM_ARRAY_TASK_ID

printf 'wrong job.ini --set train.batch=0\nright job.ini\n' >table.txt
sweep 1
same 'a variant that fails: exit code' 1 "$code"
says 'a variant that fails' '== 2 done, failed: wrong'
[ -e runs/table/right/checkpoints ] || fail 'a variant that fails' 'the other is trained' "$(ls runs/table)"

# The six of the study, as far as their first step.
cd "$root" || exit 1
variants=$(sed '/^#/d' jobs/dcgan-study.txt)
same 'variants of the study' 6 "$(echo "$variants" | grep -c 'dcgan-fashion-mnist.*ini')"
echo "$variants" | while read -r name config sets; do
    # shellcheck disable=SC2086
    "$gan" "$config" $sets --set data.file=data/fashion-mnist-10k.h5 --dry-run >"$dir/output" 2>&1 || echo "$name"
done >"$dir/unsound"
same 'variants that do not start' '' "$(cat "$dir/unsound")"
verdict
