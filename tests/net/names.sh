# Sourced by the other scripts here: how the hosts are called. $GAN_NET tells two sets of hosts apart; all that a set has is
# named after it: namespaces, host names, and the folder that remembers it.
net=${GAN_NET:-gan}
net_address=${GAN_NET_ADDRESS:-10.77.0} # host 3 has .3 of it; the segment is closed, so every set may have the same
net_state=${TMPDIR:-/tmp}/gan_net.$net
net_here=$(cd "$(dirname "$0")" && pwd)
export GAN_NET="$net" GAN_NET_ADDRESS="$net_address"

net_hosts() { # the names of all hosts
    n=$(cat "$net_state/hosts" 2>/dev/null) || {
        echo "$0: there are no hosts called ${net}1, ${net}2 ...: $net_here/up.sh makes them" >&2
        exit 1
    }
    seq -f "$net%.0f" "$n"
}
