#!/bin/sh
# run.sh NP PER_HOST PROGRAM ARGUMENT...  starts NP ranks of a program on the hosts that up.sh made, PER_HOST on each; mpirun runs on
# the first of them. OMPI_MCA_ variables that tests/mpi_env.sh does not set stay as they are.
set -eu
# shellcheck source=tests/net/names.sh
. "$(dirname "$0")/names.sh"
# shellcheck source=tests/mpi_env.sh
. "$net_here/../mpi_env.sh"
ranks=$1 per_host=$2
shift 2
hosts=$(net_hosts)

for v in $(env | sed -n 's/^\(SLURM_[^=]*\)=.*/\1/p'); do unset "$v"; done # these hosts are no allocation of a batch system
export OMPI_MCA_btl_tcp_if_include="$net_address.0/24" OMPI_MCA_oob_tcp_if_include="$net_address.0/24"
export OMPI_MCA_plm=rsh OMPI_MCA_plm_rsh_agent="$net_here/on.sh" OMPI_MCA_ras=^slurm
first=${net}1
exec nsenter --net=/run/netns/"$first" unshare --uts sh -c 'hostname "$0" && exec "$@"' "$first" \
    mpirun -np "$ranks" --host "$(echo "$hosts" | sed "s/\$/:$per_host/" | paste -s -d ,)" "$@"
