#!/bin/sh
# timeout: 240
# What must not start again, although it may. Proved, by mpirun and by srun: a job with a wrong key, one of whose ranks is killed, and
# one that its user cancels come to an end, once and for all; so does a faulty job where srun cannot be asked for the nodes.
. tests/slurm/cases.sh

rank_of() { # run: the process id of one of its ranks
    for command in $(grep -lsaF "$dir/$1.ini" /proc/[0-9]*/cmdline); do
        grep -qsa "^$gan" "$command" && echo "$command" | cut -d/ -f3 && return
    done
}

for launcher in mpirun srun; do
    for name in wrong killed cancelled; do
        script $name-$launcher --nodes 2 --ranks-per-node 1 --requeue --launcher $launcher
        sed -i 's/--wait=30/--wait=3/' "$dir/$name-$launcher.sbatch"
        [ $name != wrong ] || sed -i 's/^batch = .*/batch = 31/' "$dir/$name-$launcher.ini"
        submit $name-$launcher
    done
done
set -- $jobs

mkdir "$dir/bin"
printf '#!/bin/sh\nexit 1\n' >"$dir/bin/srun"
chmod +x "$dir/bin/srun"
script no-srun --nodes 2 --ranks-per-node 1 --requeue
sed -i 's/^batch = .*/batch = 31/' "$dir/no-srun.ini"
sed -i "s|^launcher=.*|launcher='mpirun -np 1 --host localhost'|; /^train()/i PATH=$dir/bin:\$PATH" "$dir/no-srun.sbatch"
submit no-srun
no_srun=$id

for launcher in mpirun srun; do
    in_midst killed-$launcher
    kill -KILL "$(rank_of killed-$launcher)"
    in_midst cancelled-$launcher
    scancel "$3"

    ends "$1"
    same "a wrong job by $launcher" 'FAILED 3:0 0' "$end"
    cat "$dir/logs/wrong-$launcher" >"$dir/output"
    says "a wrong job by $launcher" 'train.batch = 31'

    ends "$2"
    case $end in 'FAILED '*' 0') ;; *) fail "a killed rank by $launcher" 'FAILED, no restart' "$end" ;; esac

    while squeue --noheader --jobs="$3" 2>/dev/null | grep -q .; do sleep 0.2; done
    ends "$3"
    case $end in 'CANCELLED '*' 0') ;; *) fail "cancelled, by $launcher" 'CANCELLED, no restart' "$end" ;; esac
    shift 3
done
ends "$no_srun"
same 'a wrong job without srun' 'FAILED 3:0 0' "$end"
verdict
