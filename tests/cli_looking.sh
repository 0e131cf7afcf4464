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
bytes() { # arguments: of a step's sums, phase by phase
    mpirun -np 2 "$gan" bench "$job" --steps 20 --json --set parallel.team=1 "$@" 2>/dev/null </dev/null | grep -o '"bytes": [0-9]*'
}
healthy=$(bytes)
same 'phases with sums' 2 "$(echo "$healthy" | grep -c '[1-9]')"
# shellcheck disable=SC2086
same 'sums of steps that diverge' "$healthy" "$(bytes $diverging)"
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

# ---- data ---------------------------------------------------------------------------------------------------------

trains 2 --set run.dir="$dir/few" --set data.samples=31
says 'fewer samples than a batch' 'warning: the data has 31 samples, fewer than the 32 that a step reads'
trains 1 --set run.dir="$dir/enough" --set data.samples=32
grep '^warning' "$dir/output" && fail 'as many samples as a batch' 'no warning' "$(cat "$dir/output")"

# Made by h5py: /images of int16 [32,2].
base64 -d <<END | gunzip >"$dir/int16.h5"
H4sIAAAAAAACA+v0cHHj5ZLiYgABDg4GFgYBBmTwHwoaOFD5MPkEKM0IpTug9AommDgjWE4CKi4INR9dXUiQqytI9X80ALPHgAVCczCMgpEIPFwdA0B0BJQP
S6UnmFDVZeYmpqcWI9KjB4X2MjKwQsxihPE1IDQTREABqg7mDHQ+M9ClIJUCHDAxiMtZgSkZJM7EBDGIA5pDmBlhSbwBzSUNgyIegv38XUA5GpYPFZhH0+Yo
GAWjgDwAACtOcWWACAAA
END
gives 0 'training would refuse this dataset' "$gan" info "$dir/int16.h5"
says 'info of int16' '/images holds int16; uint8 or float32 is wanted'
gives 0 'data/fashion-mnist-10k.h5: dataset' "$gan" info data/fashion-mnist-10k.h5
grep 'refuse' "$dir/output" && fail 'info of a good dataset' 'no warning' "$(cat "$dir/output")"

# ---- -v -----------------------------------------------------------------------------------------------------------

trains 2 -v --set checkpoint.every=6
says 'plan of -v' 'program   '
says 'epoch of -v' 'epoch     9.4 steps'
says 'phases of -v' '(compute + exposed communication)'
same 'checkpoints of -v' 2 "$(grep -c "^checkpoint $dir/run/checkpoints/step-.* MiB, written and verified in" "$dir/output")"
trains 2 --set run.dir="$dir/plain"
same 'words of -v without it' 0 "$(grep -c 'MiB, written\|a step:\|^program' "$dir/output")"

verdict
