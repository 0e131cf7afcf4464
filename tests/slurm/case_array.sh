#!/bin/sh
# timeout: 240
# An array of variants. Proved: each task trains its line; a task that is stopped queues itself again, and no other, not even where
# its number is that of the whole array (the last one's is).
. tests/slurm/cases.sh
root=$PWD
sed -i '/^\[run\]/d; /^dir = /d' "$job"
printf '# three seeds\nfirst %s --set run.seed=1 --set train.steps=20\nsecond %s --set run.seed=2\n\nthird %s --set run.seed=3\n' \
    "$job" "$job" "$job" >"$dir/seeds.txt"
cp -R scripts "$dir/"
cd "$dir" || exit 1
"$gan" slurm --array seeds.txt --nodes 1 --ranks-per-node 1 --requeue --out array.sbatch >output 2>&1
holds array
says 'gan_mpi slurm --array' 'start it with: sbatch array.sbatch'

id=$(sbatch --parsable --output="$dir/logs/%a" array.sbatch)
jobs=$id
mkdir -p runs
ln -s runs/seeds/second second
ln -s runs/seeds/third third
in_midst second
in_midst third
ends "${id}_0"
ends_soon() { # here it is the table that says so
    sed -i "/^$1/s/$/ --set train.steps=$(($(step_of "$1") + 20))/" seeds.txt
}
for task in 1 2; do scancel --batch --signal=USR1 "${id}_$task"; done
started_again second "${id}_1"
started_again third "${id}_2"
: >array.go
for task in 0 1 2; do
    ends "${id}_$task" 1
    same "task $task" "COMPLETED 0:0 $((task > 0))" "$end"
done
sed '/^#/d; /^$/d' seeds.txt | while read -r name config sets; do
    # shellcheck disable=SC2086
    mpirun -np 2 "$gan" "$config" $sets --set run.dir="local/$name" --set checkpoint.every=1000000 >/dev/null 2>&1 </dev/null
done
for name in first second third; do
    same "hash of $name, a task" "$(hash_of local/$name)" "$(hash_of runs/seeds/$name)"
done
cd "$root" || exit 1
verdict
