#!/bin/sh
# timeout: 240
# A job that another one's urgency drives away. Proved, by mpirun and by srun: it writes a checkpoint in the time of grace, leaves
# the nodes, queues itself again and comes to the hash of an uninterrupted run.
. tests/slurm/cases.sh

for launcher in mpirun srun; do
    script $launcher --nodes 2 --ranks-per-node 2 --partition low --requeue --launcher $launcher
    submit $launcher
    low=$id
    in_midst $launcher
    urgent=$(sbatch --parsable --partition=urgent --nodes=2 --exclusive --output=/dev/null --wrap 'sleep 1')
    went_on $launcher "$low"
    same "$launcher: the urgent job" COMPLETED "$(field "$urgent" JobState)"
    cat "$dir/logs/$launcher" >"$dir/output"
    says "$launcher" 'stopped   at step'
done
verdict
