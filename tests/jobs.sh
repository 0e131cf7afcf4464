# Sourced by the test scripts that train: a small job, how to run it, what it leaves, and how to say that something is wrong.
#
# $dir is a directory for the test that goes away at its end, $job a job of a fraction of a second whose run directory is
# $dir/run unless told otherwise. Its networks are small, but larger than a block of an update (4096 floats) and no multiple
# of it, so that ranks which share an update have unequal slices.
. tests/mpi_env.sh
gan=${GAN_MPI:-build/release/gan_mpi}
dir=$(mktemp -d "${TMPDIR:-/tmp}/gan_test.XXXXXX") || exit 1
job=$dir/job.ini
failed=0
clean_up() { rm -rf "$dir"; } # a test that leaves more defines it anew
trap clean_up EXIT
trap 'exit 1' HUP INT TERM

cat >"$job" <<END
[run]
dir = $dir/run
[train]
steps = 12
batch = 32
[noise]
size = 7
[data]
source = ring
samples = 300
[generator]
layers = dense 90, relu, dense 90, relu, dense 2
[discriminator]
layers = dense 90, leaky_relu 0.2, dense 90, leaky_relu 0.2, dense 1
[parallel]
shards = 16
bucket_kib = 1
digest_every = 5
[metrics]
every = 3
END

fail() { # what, wanted, got
    echo "FAIL $1"
    echo "  wanted: $(echo "$2" | head -n 20)"
    echo "  got:    $(echo "$3" | head -n 20)"
    failed=$((failed + 1))
}

same() { # what, wanted, got
    [ "$2" = "$3" ] || fail "$1" "$2" "$3"
}

says() { # what, text: the text stands in what was printed
    grep -qF -e "$2" "$dir/output" || fail "$1" "$2" "$(cat "$dir/output")"
}

# refuses WHAT CODE TEXT COMMAND...: one error line with the text, and the exit code, within seconds.
refuses() {
    what=$1 wanted_code=$2 text=$3
    shift 3
    timeout -k 5 30 "$@" >"$dir/output" 2>&1 </dev/null
    same "$what: exit code" "$wanted_code" "$?"
    same "$what: error lines" 1 "$(grep -c '^error' "$dir/output")"
    grep '^error' "$dir/output" | grep -qF -e "$text" || fail "$what" "$text" "$(cat "$dir/output")"
}

# train RANKS ARGUMENT...: runs the job; $code is its exit code, $dir/output what it printed.
train() {
    ranks=$1
    shift
    mpirun -np "$ranks" "$gan" "$job" "$@" >"$dir/output" 2>&1 </dev/null
    code=$?
}

trains() { # the same, and it must succeed
    train "$@"
    [ "$code" = 0 ] || fail "mpirun -np $*" 'exit code 0' "$code, saying: $(cat "$dir/output")"
}

hash_of() { # run directory
    "$gan" hash "$1" 2>&1 | cut -c 1-16
}

# What metrics.jsonl records, without what differs from run to run: the times.
metrics_of() { # run directory
    sed -E 's/, "(images_per_s|compute_s_[^"]*|exposed_s_[^"]*|comm_s_[^"]*|comm_bytes_[^"]*)": [^,}]*//g' "$1/metrics.jsonl"
}

same_records() { # what, wanted, got: of metrics_of
    [ "$2" = "$3" ] && return
    echo "$2" >"$dir/wanted"
    echo "$3" >"$dir/got"
    fail "$1" "$(wc -l <"$dir/wanted") records" "$(wc -l <"$dir/got"); diff: $(diff "$dir/wanted" "$dir/got")"
}

steps_of() { # run directory: the recorded steps in a line
    sed -E 's/.*"step": ([0-9]+).*/\1/' "$1/metrics.jsonl" | tr '\n' ' '
}

verdict() {
    echo "$failed checks failed"
    [ "$failed" = 0 ]
}
