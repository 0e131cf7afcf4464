#!/bin/sh
# timeout: 240
# The end of the time, as SLURM sees to it: USR1 some seconds before it, TERM at it (the limit is a minute, and SLURM looks every half).
# Proved: USR1 finds the batch shell, and the run goes on in a second start; so does one that heard TERM only.
. tests/slurm/cases.sh

script warned --nodes 2 --ranks-per-node 1 --requeue --time 1
script late --nodes 2 --ranks-per-node 1 --requeue --time 1
sed -i 's/USR1@120/USR1@40/' "$dir/warned.sbatch"
sed -i '/--signal=/d' "$dir/late.sbatch"
submit warned && warned=$id
submit late && late=$id
went_on warned "$warned"
cat "$dir/logs/warned" >"$dir/output"
says 'warned' '== stopped (exit code 75); queues itself again'
for _ in $(seq 600); do # a minute, which the wait for its second start would not outlast
    [ "$(field "$late" JobState)" = RUNNING ] || break
    sleep 0.1
done
went_on late "$late"
verdict
