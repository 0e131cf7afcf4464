#!/bin/sh
# cluster.sh up|down DIR, cluster.sh start|crash DIR NODE: a real SLURM of 15 nodes on this machine, for the tests.
#
# Needs root, and nothing of systemd or of an installed SLURM's configuration. All that it writes is below DIR, an empty directory
# with a short name. `up` leaves DIR/env, to be sourced by who submits. A node is all that runs under its host name, which no
# other process has: `crash` kills that, as when the power is cut, and `down` all of all nodes, whatever its parents are.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
act=$1 dir=$2 nodes=15
[ ! -e "$dir/env" ] || . "$dir/env"

# ---- up -----------------------------------------------------------------------------------------------------

free_ports() { # the first of nodes + 1 free ones in a row, below those that the kernel hands out
    used=$(awk '$4 == "0A" { sub(/.*:/, "", $2); print $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        while read -r hex; do printf '%d ' "0x$hex"; done)
    port=$((12000 + $$ % 900 * 20))
    while for p in $used; do [ "$p" -ge $port ] && [ "$p" -le $((port + nodes)) ] && break; done; do port=$((port + 20)); done
}

broken() { # what is wrong
    echo "slurm: $1. The last words of its logs:" >&2
    for log in "$dir"/log/*; do tail -n 3 "$log" | sed "s|^|  ${log##*/}: |" >&2; done
    exit 1
}

wait_for() { # what is wrong if it does not come true in 20 s, COMMAND...
    what=$1
    shift
    for _ in $(seq 200); do
        "$@" && return
        sleep 0.1
    done
    broken "$what"
}

start_munge() {
    (umask 077 && mkdir "$dir/munge" && head -c 128 /dev/urandom >"$dir/munge/key")
    munged --force --key-file="$dir/munge/key" --seed-file="$dir/munge/seed" --socket="$dir/run/munge.sock" \
        --pid-file="$dir/run/munged.pid" --log-file="$dir/log/munged.log" --num-threads=2
    wait_for "munged does not start" test -s "$dir/run/munged.pid"
}

start() { # node
    mkdir -p "$dir/$1/spool" "$dir/$1/tmp"
    unshare --uts sh -c 'hostname "$1" && exec slurmd -N "$1" -f "$2"' sh "$1" "$SLURM_CONF" || broken "slurmd of $1 does not start"
}

all_idle() {
    [ "$(sinfo -h -N -p work,down,daemon,host,low -o %T 2>/dev/null | grep -c '^idle')" = $nodes ]
}

up() {
    node=gan$$n
    free_ports
    mkdir "$dir/run" "$dir/log" "$dir/state" "$dir/tmp"
    chmod 755 "$dir"
    sed "s|DIR|$dir|; s|HOST|$(uname -n | cut -d. -f1)|; s|PORT|$port|; s|NAME|$node|g; s|FIRST|$((port + 1))|; s|LAST|$((port + nodes))|" \
        "$here/slurm.conf" >"$dir/slurm.conf"
    echo CgroupPlugin=cgroup/v1 >"$dir/cgroup.conf" # else slurmd wants cgroups to be mounted, which it has no use for here
    # Killed programs leave files in TMPDIR.
    echo "export SLURM_CONF=$dir/slurm.conf TMPDIR=$dir/tmp; node=$node" >"$dir/env"
    . "$dir/env"
    start_munge
    slurmctld -f "$SLURM_CONF" -c || broken "slurmctld does not start"
    for i in $(seq $nodes); do start "$node$i"; done
    wait_for "the nodes do not become idle" all_idle
}

# ---- down ---------------------------------------------------------------------------------------------------

processes_of() { # pattern of host names
    find /proc/[0-9]*/ns/uts -maxdepth 0 ! -lname "$(readlink /proc/self/ns/uts)" -printf '%h\n' 2>/dev/null | cut -d/ -f3 |
        while read -r pid; do
            case $(nsenter --target "$pid" --uts uname -n 2>/dev/null) in $1) echo "$pid" ;; esac
        done
}

crash() { # pattern of nodes
    while pids=$(processes_of "$1") && [ "$pids" ]; do
        # shellcheck disable=SC2086
        kill -KILL $pids 2>/dev/null || :
        sleep 0.1
    done
}

end() { # daemon, by the process id that it wrote; a zombie has no command line
    pid=$(cat "$dir/run/$1.pid" 2>/dev/null) || return 0
    while grep -aqs "^[^ ]*$1" "/proc/$pid/cmdline"; do
        kill -KILL "$pid" 2>/dev/null || :
        sleep 0.1
    done
}

down() {
    [ -e "$dir/env" ] || return 0
    end slurmctld
    crash "${node}[1-9]*"
    end munged
    rm -rf "$dir" /dev/shm/*."$node"[1-9]*
}

case $act in
up | down) $act ;;
start | crash) $act "$3" ;;
*) sed -n '2,6s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
