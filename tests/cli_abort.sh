# A rank that meets a failure inside a step ends all ranks: quickly, with one line of its own, and with the exit code of the
# failure (11, "replicas differ").
. tests/mpi_env.sh
out=$(mktemp) && trap 'rm -f "$out"' EXIT
timeout 20 mpirun -np 4 build/release/tests/mpi_comm abort >"$out" 2>&1
code=$?
if [ $code != 11 ] || [ "$(grep -c '^error: rank 3 of 4 on .*: weights differ$' "$out")" != 1 ]; then
    cat "$out"
    echo "exit code $code, want 11 and one line 'error: rank 3 of 4 on HOST: weights differ'"
    exit 1
fi
