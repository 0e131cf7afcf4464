#!/bin/sh
# timeout: 240
# A job that another one's urgency drives away. Proved, by mpirun and by srun: it leaves the nodes in the time of grace, queues itself
# again and comes to the hash of an uninterrupted run. By srun it has written a checkpoint; SLURM's TERM ends the daemons of mpirun as well,
# which give their ranks a second for it.
. tests/slurm/cases.sh

for launcher in mpirun srun; do
    script $launcher --nodes 2 --ranks-per-node 2 --partition low --requeue --launcher $launcher
    submit $launcher
    low=$id
    in_midst $launcher
    urgent=$(sbatch --parsable --partition=urgent --nodes=2 --exclusive --output=/dev/null --wrap 'sleep 1')
    went_on $launcher "$low"
    same "$launcher: the urgent job" COMPLETED "$(field "$urgent" JobState)"
done
cat "$dir/logs/srun" >"$dir/output"
says 'by srun' 'stopped   at step'
verdict
