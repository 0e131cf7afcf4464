#!/bin/sh
# check.sh [CASE...]: what `make check-slurm` does after building: starts a cluster, runs the cases, and ends the cluster, whatever
# happens. Without arguments all cases.
PATH=$PATH:/usr/sbin:/sbin # where Debian has the daemons
cannot() {
    echo "make check-slurm: cannot run here: $1" >&2
    exit 1
}
[ "$(id -u)" = 0 ] || cannot "a SLURM of its own, with several host names on one machine, needs root. Try: sudo make check-slurm"
unshare --uts true 2>/dev/null || cannot "this container may not make host names of its own (unshare --uts). Start it with CAP_SYS_ADMIN."
for program in munged slurmctld slurmd sbatch nsenter; do
    command -v $program >/dev/null || cannot "$program is not there. make deps WITH=slurm installs it where there is apt-get."
done

. tests/mpi_env.sh
# Open MPI 4.1 under srun: 18 of 200 starts on nodes of one busy machine died of a message that came before MPI_Init was ready for it;
# where addresses are asked for when needed, instead of being exchanged by all, none of 80.
export OMPI_MCA_pmix_base_async_modex=1 OMPI_MCA_pmix_base_collect_data=0
GAN_SLURM=$(mktemp -d /tmp/gan_slurm.XXXXXX) || exit 1
export GAN_SLURM
trap 'sh tests/slurm/cluster.sh down "$GAN_SLURM"; rm -rf "$GAN_SLURM"' EXIT
trap 'exit 1' HUP INT TERM
sh tests/slurm/cluster.sh up "$GAN_SLURM" || exit 1
[ $# -gt 0 ] || set -- tests/slurm/case_*.sh
AT_ONCE=7 sh tests/run.sh "$@"
