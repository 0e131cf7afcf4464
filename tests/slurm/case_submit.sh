#!/bin/sh
# timeout: 240
# Jobs that nothing happens to. Proved: the scripts of gan_mpi slurm start on several nodes by mpirun and by srun, with ranks and
# threads as asked, and train what a local run trains; the same job submitted again finds it done.
. tests/slurm/cases.sh
sed -i 's/^steps = .*/steps = 20/' "$job"

script mpirun --nodes 4 --ranks-per-node 2
script srun --nodes 4 --ranks-per-node 2 --launcher srun
script hybrid --nodes 2 --ranks-per-node 1 --threads 2
script hybrid-srun --nodes 2 --ranks-per-node 2 --threads 2 --launcher srun
for name in mpirun srun hybrid hybrid-srun; do
    submit $name --partition=work
done
set -- $jobs
for name in 'mpirun 8 ranks x 1 thread on 4 hosts' 'srun 8 ranks x 1 thread on 4 hosts' 'hybrid 2 ranks x 2 threads on 2 hosts' \
    'hybrid-srun 4 ranks x 2 threads on 2 hosts'; do
    ends "$1"
    cat "$dir/logs/${name%% *}" >"$dir/output"
    says "${name%% *}" "machine   ${name#* }"
    says "${name%% *}" 'finished'
    as_uninterrupted "${name%% *}" 'on several nodes'
    shift
done

submit mpirun
ends "$id"
cat "$dir/logs/mpirun" >"$dir/output"
says 'submitted again' 'finished  already, 20 steps'
verdict
