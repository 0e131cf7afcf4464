#!/bin/sh
# timeout: 240
# Lost nodes. Proved, by mpirun and by srun: a node that is set down, a slurmd that is killed, and a host that loses all its
# processes at once each cost a restart, on the node that is left over, and the run comes to the hash of an uninterrupted one.
. tests/slurm/cases.sh

lose() { # NAME LAUNCHER: into the partition NAME, one of whose three nodes will be lost
    script "$1" --nodes 2 --ranks-per-node 1 --requeue --launcher "$2"
    submit "$1" --partition="$1"
}
second_of() { # job: its second node
    scontrol show hostnames "$(field "$1" NodeList)" | tail -n 1
}

lose down mpirun && down=$id
lose daemon srun && daemon=$id
lose host mpirun && host=$id
for name in down daemon host; do in_midst $name; done
node_down=$(second_of "$down") node_daemon=$(second_of "$daemon") node_host=$(second_of "$host")
scontrol update nodename="$node_down" state=down reason=test
kill -KILL "$(cat "$GAN_SLURM/run/$node_daemon.pid")"
sh tests/slurm/cluster.sh crash "$GAN_SLURM" "$node_host"

went_on down "$down"
went_on daemon "$daemon"
went_on host "$host"
verdict
