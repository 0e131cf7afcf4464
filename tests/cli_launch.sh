#!/bin/sh
# Starts that went wrong: N processes that do not know of each other (the mpirun of another MPI), and ranks of different versions
# of the program, are refused before a file is touched. Proved with the environment that the launchers leave, and with a copy of the
# program whose version is another. What is no fault stays possible: one rank in a batch job of several tasks.
. tests/jobs.sh

# leaves_nothing WHAT CODE TEXT COMMAND...: the command is refused, and there is no run directory.
leaves_nothing() {
    refuses "$@"
    [ ! -e "$dir/run" ] || fail "$what" 'no run directory' "$(ls "$dir/run")"
}

# ---- singletons -----------------------------------------------------------------------------------------------------

for variable in OMPI_COMM_WORLD_SIZE MV2_COMM_WORLD_SIZE PMI_SIZE FLUX_JOB_SIZE SLURM_STEP_NUM_TASKS; do
    leaves_nothing "a singleton of four by $variable" 9 "has started 4 processes ($variable=4), but MPI knows of one" \
        env $variable=4 "$gan" "$job"
    says "the remedy for $variable" 'srun --mpi=pmix'
done
leaves_nothing 'a bench by a singleton of four' 9 'but MPI knows of one' env PMI_SIZE=4 "$gan" bench "$job"
mkdir "$dir/pictures"
leaves_nothing 'an import by a singleton of four' 9 'but MPI knows of one' env PMI_SIZE=4 "$gan" import images "$dir/pictures" \
    "$dir/pictures.h5" --size 8

SLURM_NTASKS=4 "$gan" "$job" -q >"$dir/output" 2>&1 || fail 'one process of a batch job' 'exit code 0' "$(cat "$dir/output")"
says 'one process of a batch job' 'warning: SLURM has given this job 4 tasks (SLURM_NTASKS=4), but the program was'
alone=$(hash_of "$dir/run")
rm -rf "$dir/run"
export SLURM_NTASKS=4 SLURM_STEP_NUM_TASKS=2 # what ranks of mpirun meet on the nodes of a batch job
for n in 1 2; do
    trains $n -q
    same "mpirun -np $n in a batch job: words" '' "$(cat "$dir/output")"
    same "mpirun -np $n in a batch job: digest" "$alone" "$(hash_of "$dir/run")"
    rm -rf "$dir/run"
done
unset SLURM_NTASKS SLURM_STEP_NUM_TASKS

# ---- two versions ---------------------------------------------------------------------------------------------------

version=$("$gan" --version | sed -n 's/^gan_mpi //p')
other=$(echo "$version" | tr 0-9 1-90)
LC_ALL=C sed "s/$(echo "$version" | sed 's/\./\\./g')/$other/g" "$gan" >"$dir/other"
chmod +x "$dir/other"
same 'the version of the copy' "gan_mpi $other" "$("$dir/other" --version | head -n 1)"
leaves_nothing 'two versions' 9 "this rank runs gan_mpi $other, rank 0 runs $version: start one program on all nodes" \
    mpirun -np 2 "$gan" "$job" : -np 1 "$dir/other" "$job" : -np 1 "$gan" "$job"
says 'two versions' 'rank 2 of 4 on '

verdict
