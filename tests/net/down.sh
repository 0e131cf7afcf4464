#!/bin/sh
# down.sh  takes away what up.sh made and all that runs there.
set -u
# shellcheck source=tests/net/names.sh
. "$(dirname "$0")/names.sh"
[ -d "$net_state" ] || { echo "there are no hosts \"$net\""; exit 0; }

there() { ip netns list | grep -q "^$1\( \|$\)"; }

# A namespace lives as long as a process of it.
for host in $(net_hosts) "$net-switch"; do
    there "$host" || continue
    # shellcheck disable=SC2046
    kill -KILL $(ip netns pids "$host") 2>/dev/null
    ip netns del "$host"
done
[ -s "$net_state/switch.pid" ] && kill "$(cat "$net_state/switch.pid")" 2>/dev/null
# What Open MPI leaves of processes that were killed: segments and folders named after the host.
for host in $(net_hosts); do rm -rf /dev/shm/vader_segment."$host".* "${TMPDIR:-/tmp}/ompi.$host".*; done
[ -e "$net_state/mounted" ] && [ -z "$(ls -A /run/netns)" ] && umount /run/netns && rmdir /run/netns
rm -rf "$net_state"
echo "hosts \"$net\" are gone"
