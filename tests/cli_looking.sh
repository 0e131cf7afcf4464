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

verdict
