#!/bin/sh
# Looking at a job, a file or a run: bench, config, info and -v say what training would say.
. tests/jobs.sh

# gives CODE TEXT COMMAND...: its exit code, and a text in what it prints to stdout or stderr.
gives() {
    wanted=$1 text=$2
    shift 2
    "$@" >"$dir/output" 2>&1 </dev/null
    same "$*: exit code" "$wanted" "$?"
    says "$*" "$text"
}

# ---- bench --------------------------------------------------------------------------------------------------------

diverging='--set generator.optimizer=sgd --set discriminator.optimizer=sgd --set generator.learning_rate=1000
           --set discriminator.learning_rate=1000'
# shellcheck disable=SC2086
gives 0 'is not finite, this job diverges' "$gan" bench "$job" --steps 100 $diverging
same 'words about a job that diverges' 1 "$(grep -c '^warning' "$dir/output")"
gives 0 'images/s' "$gan" bench "$job" --steps 5
same 'words about a job that does not' 0 "$(grep -c '^warning' "$dir/output")"
gives 2 '--json prints one object and --profile a table' "$gan" bench "$job" --json --profile
for option in --json --profile '--steps 3' '--set train.batch=2'; do
    # shellcheck disable=SC2086
    gives 2 'bench kernels prints a table' "$gan" bench kernels $option
done

# ---- config -------------------------------------------------------------------------------------------------------

gives 0 'dense 90' "$gan" config "$job"
gives 3 'unknown layer "dens"; did you mean dense?' "$gan" config "$job" --set 'generator.layers=dens 90, dense 2'
gives 3 'generator: dense units' "$gan" config "$job" --set 'generator.layers=dense x'
gives 3 'dense has no argument "unit"' "$gan" config "$job" --set 'discriminator.layers=dense unit=3'
gives 3 'generator.schedule = linear needs generator.schedule_steps' "$gan" config "$job" --set generator.schedule=linear

# ---- -v -----------------------------------------------------------------------------------------------------------

trains 2 -v --set checkpoint.every=6
says 'plan of -v' 'program   '
says 'epoch of -v' 'epoch     9.4 steps'
says 'phases of -v' '(compute + exposed communication)'
same 'checkpoints of -v' 2 "$(grep -c "^checkpoint $dir/run/checkpoints/step-.* MiB, written and verified in" "$dir/output")"
trains 2 --set run.dir="$dir/plain"
same 'words of -v without it' 0 "$(grep -c 'MiB, written\|a step:\|^program' "$dir/output")"

verdict
