#!/bin/sh
# timeout: 120
# gan_mpi doctor, with real faults planted: the line of the check says so, what to do stands beneath it, and the exit code is
# that of the failure; no files stay. What needs clusters that are not here is in test_doctor.c. A start with nothing wrong
# has no bad line, with and without mpirun, on as many ranks as there are cores and on more.
. tests/jobs.sh

clean_up() {
    [ -z "$mounted" ] || umount -l "$dir/disk"
    rm -rf "$dir"
}
mounted=

# doctor CODE COMMAND...: runs it; in output what it said.
doctor() {
    wanted_code=$1
    shift
    if [ "$1" = two_hosts ]; then "$@"; else timeout -k 5 60 "$@"; fi >"$dir/output" 2>"$dir/errors" </dev/null
    same "$*: exit code" "$wanted_code" "$?"
    errors=0
    [ "$wanted_code" = 0 ] || errors=1
    same "$*: error lines" "$errors" "$(grep -c '^error' "$dir/errors")"
    same "$*: tables" 1 "$(grep -c '^  program ' "$dir/output")"
}

# line WHAT CHECK VERDICT TEXT [REMEDY]: of the check's line, and of the lines beneath it.
line() {
    grep -q "^  $2  *$3  *.*" "$dir/output" && grep "^  $2  *$3 " "$dir/output" | grep -qF -e "$4" ||
        fail "$1" "$2 $3: $4" "$(cat "$dir/output" "$dir/errors")"
    [ -z "$5" ] || sed -n "/^  $2 /,/^  [^ ]/p" "$dir/output" | grep '^      ' | tr -s ' \n' ' ' | grep -qF -e "$5" ||
        fail "$1: what to do" "$5" "$(cat "$dir/output")"
}

left() { # what: no file of a trial stays
    same "$1: files left" '' "$(find . "$dir" -maxdepth 2 -name '.gan_mpi-doctor*')"
}

# ---- nothing bad ----------------------------------------------------------------------------------------------------

version=$("$gan" --version | sed -n 's/^gan_mpi //p')
doctor 0 "$gan" doctor
line 'alone' program ok "gan_mpi $version"
line 'alone' launch ok '1 rank on 1 node, started by hand'
line 'alone' HDF5 ok 'its own locks work'
grep -q '^  \(job\|data\|latency\) ' "$dir/output" && fail 'alone' 'neither job nor messages' "$(cat "$dir/output")"
left 'alone'

cores=$(env -u OMP_NUM_THREADS nproc)
for n in 2 4; do
    doctor 0 mpirun -np $n "$gan" doctor "$job"
    line "on $n ranks" launch ok "$n ranks on 1 node, started by mpirun"
    line "on $n ranks" job ok '2 networks, batch 32 in 16 shards'
    line "on $n ranks" memory ok "the job wants some"
    line "on $n ranks" 'shared memory' ok "gradients of $n ranks"
    line "on $n ranks" lock ok 'keeps others out'
    line "on $n ranks" directory ok "$dir/run (to be made)"
    line "on $n ranks" latency '[a-z]*' 'us for 8 bytes within'
    line "on $n ranks" bandwidth '[a-z]*' 'MB/s for 4 MiB within'
    if [ "$n" -gt "$cores" ]; then
        line "on $n ranks of $cores cores" load warn "$n busy threads share" 'start fewer ranks'
    else
        line "on $n ranks of $cores cores" load ok "$n busy threads on"
    fi
    grep -q "^  0-$((n - 1))  *$(hostname)  *1 " "$dir/output" || fail "map of $n ranks" "ranks 0-$((n - 1))" "$(cat "$dir/output")"
    [ ! -e "$dir/run" ] || fail "on $n ranks" 'no run directory' "$(ls "$dir/run")"
done
left 'ranks'

"$gan" doctor --set train.steps=3 >"$dir/output" 2>&1
same '--set without a job: exit code' 2 $?
says '--set without a job' '--set goes with a job'
timeout 20 "$gan" doctor --dir '' >"$dir/output" 2>&1
same 'an empty directory: exit code' 2 $?
says 'an empty directory' '--dir wants a value'

# ---- starts ---------------------------------------------------------------------------------------------------------

doctor 9 env OMPI_COMM_WORLD_SIZE=4 "$gan" doctor
line 'a singleton of four' launch bad '4 processes were started by mpirun' 'srun --mpi=pmix'
doctor 9 env SLURM_NTASKS=3 SLURM_STEP_NUM_TASKS=3 "$gan" doctor
line 'a singleton of three' launch bad '3 processes were started by srun' 'same MPI inside and outside'
doctor 0 env SLURM_NTASKS=4 "$gan" doctor
line 'one process of a batch job' launch warn 'in a batch job of 4 tasks' '3 of the 4 tasks stay idle'

other=$(echo "$version" | tr 0-9 1-90)
LC_ALL=C sed "s/$(echo "$version" | sed 's/\./\\./g')/$other/g" "$gan" >"$dir/other"
{ cat "$gan" && echo; } >"$dir/rebuilt"
chmod +x "$dir/other" "$dir/rebuilt"
doctor 9 mpirun -np 1 "$gan" doctor : -np 1 "$dir/other" doctor
line 'two versions' program bad "gan_mpi $version on rank 0, $other on rank 1" 'one program on all nodes'
doctor 0 mpirun -np 1 "$gan" doctor : -np 1 "$dir/rebuilt" doctor
line 'two builds' program warn 'rank 1 (' 'build once'

# ---- cores ----------------------------------------------------------------------------------------------------------

n=$((cores + 1))
doctor 3 env OMPI_MCA_mpi_yield_when_idle=0 mpirun -np $n "$gan" doctor
if grep -q '^  transport .*pml' "$dir/output"; then # Open MPI tells whether ranks yield
    line 'spinning ranks' load bad 'waiting ranks do not yield' 'OMPI_MCA_mpi_yield_when_idle=1'
fi
doctor 3 "$gan" doctor "$job" --set parallel.threads=$((cores + 1))
line 'more threads than cores' threads bad "$((cores + 1)) a rank, but rank 0 may run on" '--cpus-per-task='
if [ "$cores" -gt 1 ] && command -v taskset >/dev/null; then
    doctor 3 mpirun -np 2 taskset -c "$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')" "$gan" doctor
    line 'two ranks on one core' binding bad '2 busy threads are bound to the same 1 core' '--bind-to core'
fi
doctor 0 env OMP_NUM_THREADS=3 "$gan" doctor "$job"
line 'OMP_NUM_THREADS that plays no part' threads warn 'OMP_NUM_THREADS=3 is not heeded' 'parallel.threads = 0'

# A container that gives less than the machine has, in both versions of control groups (skipped without a right to mount).
limits='echo "150000 100000" >cpu.max; echo 80000000 >memory.max; printf "anon 20000000\nfile 9\nshmem 10000000\n" >memory.stat'
limits_1='mkdir cpu memory; echo 150000 >cpu/cpu.cfs_quota_us; echo 100000 >cpu/cpu.cfs_period_us
    echo 80000000 >memory/memory.limit_in_bytes; printf "rss 1\ntotal_rss 20000000\nshmem 10000000\n" >memory/memory.stat'
for l in "$limits" "$limits_1"; do
    [ "$cores" -gt 1 ] && [ -d /sys/fs/cgroup ] && unshare --mount true 2>/dev/null || break
    doctor 8 unshare --mount sh -c "mount -t tmpfs none /sys/fs/cgroup && (cd /sys/fs/cgroup && $l) && exec \"\$@\"" sh \
        mpirun -np 2 "$gan" doctor jobs/quickstart.ini
    line 'a small container' load warn '2 busy threads share 1.5 cores' 'more processor time'
    line 'a small container' memory bad '48 MiB free on' '#SBATCH --mem='
done

# ---- the job --------------------------------------------------------------------------------------------------------

doctor 5 mpirun -np 2 "$gan" doctor "$job" --set data.source=file --set data.file="$dir/none.h5"
line 'no dataset' job bad "$dir/none.h5: cannot open the dataset"
line 'no dataset' data bad 'cannot be read on' 'check the path'
doctor 3 mpirun -np 3 "$gan" doctor "$job"
line 'ranks that do not fit' job bad 'start 2 or 4 ranks'
doctor 0 env OMPI_MCA_mpi_yield_when_idle=1 mpirun -np 2 "$gan" doctor "$job" --set parallel.team=2
line 'a team of two' job ok 'batch 32 in 16 shards'

# ---- file systems ---------------------------------------------------------------------------------------------------

big='generator.layers=dense 40000, relu, dense 90, relu, dense 2'
doctor 7 sh -c 'ulimit -f 200 && exec "$@"' sh "$gan" doctor "$job" --set "$big"
line 'a limit on files' space bad 'files may have 0.1 MiB (ulimit -f)' 'ulimit -f unlimited'
: >"$dir/file"
doctor 7 "$gan" doctor --dir "$dir/file"
line 'a file for a directory' directory bad 'cannot make a file: Not a directory' 'check the path'

mkdir "$dir/disk"
if mount -t tmpfs -o size=1m tmpfs "$dir/disk" 2>/dev/null; then
    mounted=yes
    doctor 7 mpirun -np 2 "$gan" doctor "$job" --dir "$dir/disk/run" --set "$big"
    line 'a small disk' directory warn 'on tmpfs' 'main memory'
    line 'a small disk' space bad 'MiB free, a checkpoint has' 'free some space'
    left 'a small disk'
    head -c 2000000 /dev/zero >"$dir/disk/full" 2>/dev/null
    doctor 7 "$gan" doctor --dir "$dir/disk"
    line 'a full disk' directory bad 'cannot write a file: No space left on device' 'free some space'
    rm "$dir/disk/full"
    mount -o remount,ro "$dir/disk"
    doctor 7 mpirun -np 2 "$gan" doctor "$job" --dir "$dir/disk"
    line 'a read-only disk' directory bad 'cannot make a file: Read-only file system' 'may write to'
else
    echo 'skipped: full and read-only disks (no right to mount a small file system here)'
fi
left 'file systems'

# ---- two hosts ------------------------------------------------------------------------------------------------------

# The second host is a process with a host name and mounts of its own; what is $dir/private on the first is empty there.
mkdir "$dir/private"
cp data/fashion-mnist-10k.h5 "$dir/private/"
cat >"$dir/agent" <<END
#!/bin/sh
shift
exec unshare --uts --mount sh -c 'mount -t tmpfs none "$dir/private" && hostname doctor-b && exec sh -c "\$*"' sh "\$@"
END
chmod +x "$dir/agent"
two_hosts() { # arguments of the doctor
    timeout -k 5 60 unshare --uts sh -c 'hostname doctor-a && exec "$@"' sh mpirun --host doctor-a:2,doctor-b:2 \
        --mca plm rsh --mca plm_rsh_agent "$dir/agent" --mca ras ^slurm -np 4 "$gan" doctor "$@"
}
case $(mpirun --version 2>/dev/null) in *'Open MPI) 4'*) open_mpi_4=yes ;; *) open_mpi_4= ;; esac
if [ "$open_mpi_4" ] && unshare --uts --mount sh -c "mount -t tmpfs none '$dir/private'" 2>/dev/null; then
    gan=$(readlink -f "$gan")
    doctor 0 two_hosts jobs/quickstart.ini --dir "$dir"
    line 'two hosts' launch ok '4 ranks on 2 nodes'
    line 'two hosts' lock ok 'keeps others out'
    line 'two hosts' data ok 'is seen by all nodes'
    line 'two hosts' 'wall clocks' ok 'at most'
    line 'two hosts' latency '[a-z]*' 'between doctor-a and doctor-b'
    grep -q '^  2-3  *doctor-b ' "$dir/output" || fail 'map of two hosts' 'ranks 2-3 on doctor-b' "$(cat "$dir/output")"

    doctor 5 two_hosts jobs/quickstart.ini --dir "$dir/private" --set data.file="$dir/private/fashion-mnist-10k.h5"
    line 'a directory of one host' directory warn 'is not the same on doctor-a and on doctor-b' 'that all nodes see'
    line 'a dataset of one host' data bad 'cannot be read on doctor-b' 'check the path'
    left 'two hosts'
else
    echo 'skipped: two hosts (no right to name hosts and to mount here, or no Open MPI 4)'
fi

verdict
