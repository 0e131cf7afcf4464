#!/bin/sh
# up.sh [HOSTS [RATE [DELAY_US]]]  makes hosts gan1 .. ganN out of this machine: network namespaces on one closed segment.
#
# RATE: of each host's link in both directions, as tc writes it (1gbit, 100mbit); 0: as fast as it goes. DELAY_US: one way, in
# microseconds; 0: a bridge of the kernel joins the hosts; otherwise a switch of our own (switch.c), since few kernels
# can delay. $GAN_NET: another name than "gan", for several sets at a time; $MTU: 9000. Root only. down.sh takes all away.
set -eu
# shellcheck source=tests/net/names.sh
. "$(dirname "$0")/names.sh"
hosts=${1:-4} rate=${2:-0} delay=${3:-0} mtu=${MTU:-9000}

[ "$(id -u)" = 0 ] || { echo "$0: namespaces of the network want root" >&2; exit 1; }
mkdir -m 700 "$net_state" 2>/dev/null || { echo "$0: hosts \"$net\" are up already, or were not taken down: down.sh" >&2; exit 1; }
echo "$hosts" >"$net_state/hosts"
trap 'sh "$net_here/down.sh" >/dev/null' EXIT # half a set is none

# `ip -n` would mount /sys anew, which is not allowed everywhere.
on() { # namespace, command
    ns=$1
    shift
    nsenter --net=/run/netns/"$ns" "$@"
}

# A burst is as long as the pieces in which TCP hands data to a device, so that none must be cut.
shape() { # namespace, device
    [ "$rate" = 0 ] || on "$1" tc qdisc add dev "$2" root tbf rate "$rate" burst "${BURST:-72kb}" limit 4mb
}

# The switch is a host without an address; a link's far end has the host's name there.
bridge() {
    ip netns add "$net-switch"
    on "$net-switch" ip link add bridge0 type bridge
    on "$net-switch" ip link set bridge0 up
    for host in $(net_hosts); do
        on "$host" ip link add net0 mtu "$mtu" type veth peer name "$host" mtu "$mtu" netns "$net-switch"
        on "$net-switch" ip link set "$host" master bridge0 up
        shape "$host" net0
        shape "$net-switch" "$host"
    done
}

delaying_switch() {
    ${CC:-cc} -std=c17 -O2 -D_GNU_SOURCE -o "$net_state/switch" "$net_here/switch.c"
    # shellcheck disable=SC2046
    "$net_state/switch" "$rate" "$delay" "$mtu" $(net_hosts) >"$net_state/switch.log" 2>&1 </dev/null &
    echo $! >"$net_state/switch.pid"
    for _ in $(seq 100); do
        grep -qs ready "$net_state/switch.log" && return
        kill -0 "$(cat "$net_state/switch.pid")" 2>/dev/null || break
        sleep 0.05
    done
    cat "$net_state/switch.log" >&2
    exit 1
}

grep -q ' /run/netns ' /proc/mounts || : >"$net_state/mounted" # `ip netns add` will mount it
for host in $(net_hosts); do
    ip netns add "$host"
    on "$host" ip link set lo up
done
if [ "$delay" = 0 ]; then bridge; else delaying_switch; fi
i=0
for host in $(net_hosts); do
    on "$host" ip addr add "$net_address.$((i += 1))/24" dev net0
    on "$host" ip link set net0 up
done
trap - EXIT
echo "$hosts hosts: $(net_hosts | paste -s -d ' '), rate $rate, delay $delay us"
