#!/bin/sh
# on.sh HOST COMMAND...  runs a command on one of the hosts that up.sh made; Open MPI starts its daemons by it, as by ssh.
# The host's own name matters: Open MPI names shared memory after it, and ranks of two hosts would share what they must not.
host=$1
shift
exec nsenter --net=/run/netns/"$host" unshare --uts sh -c 'hostname "$0" && exec sh -c "$*"' "$host" "$@"
