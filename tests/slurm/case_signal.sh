#!/bin/sh
# timeout: 240
# USR1, as SLURM sends it to the batch shell before the time is up. Proved, by mpirun and by srun: the run writes a checkpoint, the
# job queues itself again, goes on and comes to the hash of an uninterrupted run; as often as was allowed, and not without that.
. tests/slurm/cases.sh

script mpirun --nodes 2 --ranks-per-node 2 --requeue
script srun --nodes 2 --ranks-per-node 1 --requeue --launcher srun
script alone --nodes 1 --ranks-per-node 1
submit mpirun && mpirun=$id
submit srun && srun=$id
submit alone && alone=$id
for name in mpirun srun alone; do in_midst $name; done
for id in $jobs; do scancel --batch --signal=USR1 "$id"; done

went_on mpirun "$mpirun"
went_on srun "$srun"
for name in mpirun srun; do
    cat "$dir/logs/$name" >"$dir/output"
    says "$name" "stopped   at step $(sed -n 's/^stopped .* step \([0-9]*\) .*/\1/p' "$dir/output")"
    says "$name" '== stopped (exit code 75); queues itself again'
done

ends "$alone"
same 'not allowed to queue again' 'FAILED 75:0 0' "$end"
ends_soon alone
submit alone
ends "$id"
as_uninterrupted alone 'submitted again by hand'

# A job that has used up its requeues: the second signal is the last.
script once --nodes 1 --ranks-per-node 1 --requeue
sed -i 's/^requeues=[0-9]*/requeues=1/' "$dir/once.sbatch"
: >"$dir/once.go"
submit once
in_midst once
scancel --batch --signal=USR1 "$id"
for _ in $(seq 600); do
    sed '1,/queues itself again/d' "$dir/logs/once" | grep -q '^step' && break
    sleep 0.1
done
scancel --batch --signal=USR1 "$id"
ends "$id" 1
same 'requeues used up' 'FAILED 75:0 1' "$end"
verdict
