#!/bin/sh
# timeout: 240
# Nobody waits for ever: a rank that hangs, or waits that go round in a circle, end the run within parallel.stall_s and a little, with
# one line of one rank that names who gives no sign of life; a rank killed by the system ends it at once; nothing is left running
# or asleep. What only took long goes on, to the same bits: a rank that was stopped for less, all ranks stopped for
# more (as SLURM suspends a job), rank 0 at a slow disk.
. tests/jobs.sh
. tests/processes.sh
patience=60
endless='--set train.steps=1000000000 --set checkpoint.every=20 --set samples.every=0'

signal() { # name, processes
    for pid in $2; do kill -"$1" "$pid"; done
}

begin() { # run directory, limit, arguments: a run of no end that has made a checkpoint
    run=$1 limit=$2
    shift 2
    rm -rf "$run"
    # shellcheck disable=SC2086
    start 4 $endless --set run.dir="$run" --set parallel.stall_s="$limit" "$@"
    before=0
    until_true 60 is_beyond || fail "$run" 'a checkpoint' "$(cat "$dir/output")"
}
is_beyond() { [ "$(newest "$run")" -gt "$before" ]; }

is_right() { # what: the newest checkpoint is that of one rank that nothing happened to
    rm -rf "$dir/never"
    trains 1 --set train.steps="$(newest "$run")" --set run.dir="$dir/never" --set samples.every=0
    same "$1: digest" "$(hash_of "$dir/never")" "$(hash_of "$run")"
}

goes_on() { # what: there are more checkpoints; then it is stopped
    before=$(newest "$run")
    until_true 60 is_beyond || fail "$1" "a checkpoint after step $before" "$(cat "$dir/output")"
    signal USR1 "$(rank 1)"
    end "$1"
    same "$1: exit code" 75 "$code"
    same "$1: errors" '' "$(grep '^error' "$dir/output")"
    cp "$dir/output" "$dir/said"
    is_right "$1"
}

again() { # what: after its end the run is started once more
    trains 4 --set train.steps=$(($(newest "$run") + 30)) --set run.dir="$run" --set samples.every=0
    says "$1, started again" 'steps are done'
    is_right "$1, started again"
}

hangs() { # what, arguments: rank 2 stops; the others say so
    what="a rank that hangs, $1"
    shift
    begin "$dir/hangs" 2 "$@"
    stopped=$(rank 2)
    at=$(date +%s%N)
    signal STOP "$stopped"
    end "$what"
    took=$((($(date +%s%N) - at) / 1000000))
    kill -CONT "$stopped" 2>/dev/null && sleep 0.2 # a process that nobody has asked about may be left as a name
    none_left || fail "$what" 'no process after waking the one that slept' "$(ours "$program")"
    [ "$code" = 0 ] && fail "$what" 'another exit code than 0' "$code"
    [ $took -lt 12000 ] || fail "$what" 'an end after 2 s and a little' "$took ms"
    same "$what: warnings" 1 "$(grep -c '^warning: step .*: no sign of life from rank 2 on ' "$dir/output")"
    same "$what: errors" 1 "$(grep -c '^error' "$dir/output")"
    grep -q '^error: rank 0 of 4 on .*: step [0-9]*: no sign of life from rank 2 on .* for 2 s; rank [0-3] waits .* to ' "$dir/output" ||
        fail "$what" 'rank, host and operation' "$(cat "$dir/output")"
    again "$what"
}
hangs 'one team'
hangs 'each for itself' --set parallel.team=1

# ---- what only takes long ------------------------------------------------------------------------------------------

begin "$dir/short" 6
signal STOP "$(rank 1)"
sleep 2
signal CONT "$(rank 1)"
goes_on 'a rank that was stopped for less than the limit'

begin "$dir/all" 1
everyone=$(ours "$program")
signal STOP "$everyone"
sleep 2
signal CONT "$everyone"
goes_on 'all ranks stopped for more than the limit'

# The writer's first file is on its way to the disk for five seconds, and rank 0 has more to write than waits in its queue.
${CC:-mpicc} -shared -fPIC -o "$dir/slow.so" -x c - <<'END'
#define _GNU_SOURCE
#include <unistd.h>
int fsync(int fd)
{
    static int n;
    if (gettid() != getpid() && n++ == 0) sleep(5);
    return fdatasync(fd);
}
END
wrap="env LD_PRELOAD=$dir/slow.so"
begin "$dir/slow" 2 --set metrics.every=1
wrap=
goes_on 'rank 0 at a slow disk'
grep -q '^warning.*all ranks live; rank 0 on' "$dir/said" || fail 'rank 0 at a slow disk' 'a warning' "$(cat "$dir/said")"

# ---- a rank that is killed -----------------------------------------------------------------------------------------

begin "$dir/killed" 60
at=$(date +%s)
signal KILL "$(rank 3)"
end 'a rank that is killed'
[ $(($(date +%s) - at)) -lt 20 ] || fail 'a rank that is killed' 'an end at once' "$(($(date +%s) - at)) s"
[ "$code" = 0 ] && fail 'a rank that is killed' 'another exit code than 0' "$code"
again 'a rank that is killed'

# ---- waits without a program around them ----------------------------------------------------------------------------

stalls() { # how, text: tests/mpi_stall.c
    mpirun -np 4 "$(dirname "$gan")/tests/mpi_stall" "$1" >"$dir/output" 2>&1 </dev/null
    code=$?
    same "mpi_stall $1: exit code" 9 "$code"
    same "mpi_stall $1: errors" 1 "$(grep -c '^error' "$dir/output")"
    grep '^error' "$dir/output" | grep -q "$2" || fail "mpi_stall $1" "$2" "$(cat "$dir/output")"
}
stalls silent '^error: rank 1 of 4 on .*: step 7: no sign of life from rank 3 on .* for 2 s; rank 1 waits for rank 3 to play chess'
stalls circle 'nothing moves for 2 s although all ranks live: rank 0 waits for rank 1 to play chess; rank 1 waits for rank 2 '

verdict
