#!/bin/sh
# timeout: 240
# The end of the time, as SLURM sees to it: USR1 some seconds before it (the limit is a minute, and SLURM looks every half). Proved: it
# finds the batch shell, and the run goes on in a second start.
. tests/slurm/cases.sh

script limit --nodes 2 --ranks-per-node 1 --requeue --time 1
sed -i 's/USR1@120/USR1@40/' "$dir/limit.sbatch"
submit limit
went_on limit "$id"
cat "$dir/logs/limit" >"$dir/output"
says 'limit' '== stopped (exit code 75); queues itself again'
verdict
