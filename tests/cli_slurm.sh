#!/bin/sh
# gan_mpi slurm. Proved: the scripts of slurm/ are what it writes with its defaults; every option comes to its line, in words that
# the shell reads as they were given; what does not fit is refused, with what would, before anything is written. That the
# scripts do what they say is shown by make check-slurm.
. tests/jobs.sh

slurm() { # ARGUMENT...: $code is its exit code, $dir/output what it printed
    "$gan" slurm "$@" >"$dir/output" 2>&1
    code=$?
}
has() { # what, line of what was printed
    grep -qxF -e "$2" "$dir/output" || fail "$1" "$2" "$(cat "$dir/output")"
}
refused() { # exit code, text, ARGUMENT...
    wanted=$1 text=$2
    shift 2
    slurm "$@" --out "$dir/refused.sbatch"
    same "slurm $*: exit code" "$wanted" "$code"
    says "slurm $*" "$text"
    [ ! -e "$dir/refused.sbatch" ] || fail "slurm $*" 'no script' 'one'
}

# One source: the committed scripts, but for the place of the program.
slurm jobs/dcgan-fashion-mnist.ini --nodes 2
same 'train.sbatch' "$(sed 's/^gan=.*/gan/' slurm/train.sbatch)" "$(sed 's/^gan=.*/gan/' "$dir/output")"
slurm --array jobs/dcgan-study.txt --nodes 1
same 'array.sbatch' "$(sed 's/^gan=.*/gan/' slurm/array.sbatch)" "$(sed 's/^gan=.*/gan/' "$dir/output")"
same 'what both have' "$(sed '1,/^# ---- from here/d' slurm/train.sbatch)" "$(sed '1,/^# ---- from here/d' slurm/array.sbatch)"
for script in slurm/*.sbatch; do bash -n "$script" || fail "$script" 'sound' 'not'; done

slurm "$job" --nodes 4 --ranks-per-node 2 --threads 3 --time 1-02:00:00 --partition long --account a_1 --launcher srun --requeue \
    --set train.steps=5 --set "run.dir=an other's"
same 'all options: exit code' 0 "$code"
for line in '#SBATCH --partition=long' '#SBATCH --account=a_1' '#SBATCH --time=1-02:00:00' "config=$job"; do
    has 'all options' "$line"
done
for line in '#SBATCH --nodes=4' '#SBATCH --ntasks-per-node=2  ' '#SBATCH --cpus-per-task=3  ' 'launcher=srun  ' 'requeues=100  '; do
    says 'all options' "$line"
done
sed -n '/^options=/p' "$dir/output" >"$dir/options"
same 'options as the shell reads them' '--set|train.steps=5|--set|run.dir=an other'\''s|' \
    "$(bash -c '. "$0"; printf "%s|" "${options[@]}"' "$dir/options")"

slurm "$job" --nodes 2 --out "$dir/a.sbatch"
has 'a file' "$dir/a.sbatch  2 nodes x 8 ranks x 1 threads; start it with: sbatch $dir/a.sbatch"
bash -n "$dir/a.sbatch" || fail 'a file' 'sound' 'not'

refused 3 'start 8 or 16 ranks' "$job" --nodes 3 --ranks-per-node 4
refused 3 'start at most 16 ranks' "$job" --nodes 4
refused 3 'train.batch' "$job" --nodes 2 --set train.batch=0
refused 3 'did you mean' "$job" --nodes 2 --set train.bach=1
refused 3 'no-such.ini' no-such.ini --nodes 2
refused 2 'on how many nodes' "$job"
refused 2 'either a job file or --array' --nodes 2
refused 2 'either a job file or --array' "$job" --nodes 2 --array jobs/dcgan-study.txt
refused 2 'mpirun or srun' "$job" --nodes 2 --launcher mpiexec
refused 2 '--partition wants one word' "$job" --nodes 2 --partition 'a b'
refused 2 'DAYS-HH:MM:SS' "$job" --nodes 2 --time 2h
for time in ::: 5: 1-2-3 1-2:3:4:5 1:2:3:4 -5 9999999; do refused 2 'DAYS-HH:MM:SS' "$job" --nodes 2 --time "$time"; done
refused 2 'from 1 to 100000' "$job" --nodes 0
slurm "$job" --nodes 2 --out ''
same 'no name of a file: exit code' 2 "$code"
says 'no name of a file' '--out wants a value'

# sbatch's own forms; --time 2 are two minutes, which the run needs to write its checkpoint.
for time in 0 5 5:30 0:3:0 1-0 1-0:30 1-02:03:04; do
    slurm "$job" --nodes 2 --time "$time"
    same "--time $time: exit code" 0 "$code"
    has "--time $time" "#SBATCH --time=$time"
    ! grep -q warning "$dir/output" || fail "--time $time" 'no warning' "$(grep warning "$dir/output")"
done
slurm "$job" --nodes 2 --time 2
says 'a short time' 'warning: --time 2: the run is stopped 120 s before the end'

# A file does not take the place of a device (root alone could make it so); its name is a word of the command that is told.
if mknod "$dir/device" c 1 3 2>/dev/null; then
    slurm "$job" --nodes 2 --out "$dir/device"
    same 'a device: exit code' 7 "$code"
    says 'a device' "$dir/device: not a file but a device"
    [ -c "$dir/device" ] || fail 'a device' 'still one' "$(ls -l "$dir/device")"
    same 'a device: files left' '' "$(find "$dir" -name '*.tmp-*')"
fi
slurm "$job" --nodes 2 --out "$dir/a b.sbatch"
says 'a blank in the name' "sbatch '$dir/a b.sbatch'"

printf '# none\n\n' >"$dir/table.txt"
refused 2 'no variants' --array "$dir/table.txt" --nodes 1
printf 'one %s\ntwo %s --set train.batch=31\n' "$job" "$job" >"$dir/table.txt"
refused 3 "table.txt:2: " --array "$dir/table.txt" --nodes 1
printf 'one\n' >"$dir/table.txt"
refused 2 'table.txt:1: "one" has no job file' --array "$dir/table.txt" --nodes 1
printf 'one %s --sett a.b=1\n' "$job" >"$dir/table.txt"
refused 2 '"--sett" is no --set' --array "$dir/table.txt" --nodes 1
printf 'one %s\n# not this\ntwo %s --set train.steps=3 --set=run.seed=2' "$job" "$job" >"$dir/table.txt"
slurm --array "$dir/table.txt" --nodes 1
says 'lines of a table' '#SBATCH --array=0-1  '
verdict
