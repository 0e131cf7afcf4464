# Sourced by the cases: jobs of the cluster that check.sh has started, and what became of them. $job (tests/jobs.sh) runs for ever
# unless it is told when to end, so that whatever is done to it is done in the midst of it. It writes a checkpoint after every step, which
# makes it slow: an uninterrupted run without them has come as far in a moment.
. "${GAN_SLURM:?the directory of a cluster; cases are run by make check-slurm}/env"
. tests/jobs.sh
gan=$(realpath "$gan")
mkdir "$dir/logs"
export TMPDIR="$dir"

clean_up() {
    scancel --quiet $jobs 2>/dev/null
    rm -rf "$dir"
}
jobs=

sed -i "s/^steps = .*/steps = 1000000000/; s/^samples = .*/samples = 3000/" "$job"
printf '[checkpoint]\nevery = 1\n' >>"$job"

# script NAME ARGUMENT...: a script of gan_mpi slurm for a job of its own, $dir/NAME.ini, whose run is in $dir/NAME.
script() {
    script=$1
    shift
    [ -e "$dir/$script.ini" ] || sed "s|^dir = .*|dir = $dir/$script|" "$job" >"$dir/$script.ini"
    "$gan" slurm "$dir/$script.ini" --out "$dir/$script.sbatch" "$@" >"$dir/output" 2>&1 ||
        fail "gan_mpi slurm $*" 'a script' "$(cat "$dir/output")"
    holds "$script"
}

# holds NAME: that script, when it is started once more, waits for $dir/NAME.go. Its files in TMPDIR are its own: mpiruns that begin and
# end on one node at the same time, of one user, now and then take each other's directory away.
holds() {
    sed -i "/^gan=/a export TMPDIR=$GAN_SLURM/\$SLURM_JOB_ID && mkdir -p \$TMPDIR\n[ \"\${SLURM_RESTART_COUNT:-0}\" = 0 ] || while [ ! -e $dir/$1.go ]; do sleep 0.1; done" \
        "$dir/$1.sbatch"
}

# submit NAME [OPTION...]: that script; $id is the job's, its log $dir/logs/NAME.
submit() {
    script=$1
    shift
    id=$(sbatch --parsable --output="$dir/logs/$script" "$@" "$dir/$script.sbatch") || fail "sbatch $script" 'a job' "$id"
    jobs="$jobs $id"
}

field() { # job, field of scontrol show job
    scontrol --oneliner show job "$1" 2>/dev/null | tr ' ' '\n' | sed -n "s/^$2=//p" | head -n 1
}

# ends JOB [RESTARTS]: waits until it is at its end, or started after more restarts than that (0); $end is its state, exit code and
# number of restarts.
ends() {
    for _ in $(seq 1200); do
        restarts=$(field "$1" Restarts)
        end="$(field "$1" JobState) $(field "$1" ExitCode) $restarts"
        case $end in
        'RUNNING '* | 'COMPLETING '* | 'PENDING '* | ' '*) [ "${restarts:-0}" -le "${2:-0}" ] || return 0 ;;
        *) return ;;
        esac
        sleep 0.1
    done
    fail "state of job $1" 'an end' "$end, saying: $(tail -n 20 "$dir"/logs/*)"
    verdict
    exit 1
}

# in_midst NAME: waits until that run has a checkpoint and works on.
in_midst() {
    for _ in $(seq 1200); do
        [ -e "$dir/$1/checkpoints/latest" ] && return
        sleep 0.1
    done
    fail "$1 trains" 'a checkpoint' "none, saying: $(cat "$dir/logs/$1")"
    verdict
    exit 1
}

step_of() { # run: that of its newest checkpoint, which `latest` may not name yet when a node is lost
    find "$dir/$1/checkpoints" -name 'step-*.h5' | sort | tail -n 1 | sed 's/.*step-0*//; s/\..*//'
}

# ends_soon NAME: some steps more and it is done; to be said while it does not run.
ends_soon() {
    sed -i "s/^steps = .*/steps = $(($(step_of "$1") + 20))/" "$dir/$1.ini"
}

# started_again NAME JOB: waits until the job is started once more after some fault, and has its run go on and end soon.
started_again() {
    for _ in $(seq 1200); do
        [ "$(field "$2" JobState) $(field "$2" Restarts)" = 'RUNNING 1' ] && ends_soon "$1" && : >"$dir/$1.go" && return
        sleep 0.1
    done
    fail "$1 is started again" 'RUNNING 1' "$(field "$2" JobState) $(field "$2" Restarts), saying: $(tail -n 20 "$dir/logs/$1")"
    verdict
    exit 1
}

# as_uninterrupted NAME WHAT: that run has the hash of one that nothing has happened to, on this machine, without SLURM.
as_uninterrupted() {
    mpirun -np 2 "$gan" "$dir/$1.ini" --set run.dir="$dir/local-$1" --set checkpoint.every=1000000 >"$dir/output" 2>&1 </dev/null ||
        fail "an uninterrupted run of $1" 'exit code 0' "$(cat "$dir/output")"
    same "hash of $1, $2" "$(hash_of "$dir/local-$1")" "$(hash_of "$dir/$1")"
}

# went_on NAME JOB: the job, which some fault has stopped, starts again, just once, and its run goes on from its checkpoint to the hash of
# an uninterrupted one.
went_on() {
    started_again "$1" "$2"
    ends "$2" 1
    same "$1: state, exit code, restarts" 'COMPLETED 0:0 1' "$end"
    cat "$dir/logs/$1" >"$dir/output"
    says "$1 goes on" "$(($(sed -n 's/^steps = //p' "$dir/$1.ini") - 20)) steps are done"
    as_uninterrupted "$1" 'stopped and started again'
}
