#!/bin/sh
# check.sh [TEST...]  `make check-net`: gan_mpi on four hosts, which are network namespaces of this machine (up.sh), with faults of ranks, hosts and
# links. A line per test (TEST: a function below; all), at the end "N passed, N failed"; leaves nothing behind. Root only, about two minutes.
#
# Every run is compared with one rank on one host, to the bit, also after it was broken and started again.
set -u
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "check-net: network namespaces want root" >&2; exit 1; }
. tests/jobs.sh
. tests/processes.sh
unset OMPI_MCA_btl_vader_backing_directory # hosts have shared memory of their own names
export GAN_NET="${GAN_NET:-gan$$}"
case $gan in /*) ;; *) gan=$PWD/$gan ;; esac
net=tests/net steps=400 limit=4
passed=0 broken=0 wrap= only=$*

clean_up() {
    sh $net/down.sh >/dev/null 2>&1
    umount -l "$dir/disk" 2>/dev/null
    kill_all
    rm -rf "$dir"
}

host() { echo "$GAN_NET$1"; }
link() { nsenter --net=/run/netns/"$(host "$1")" ip link set net0 "$2"; } # host, up or down

# ---- running and what is left -----------------------------------------------------------------------------------------

# Leaves the run directory in $run; ended as those of processes.sh.
begin() { # run directory, ranks, per host, arguments
    run=$1 np=$2 per=$3
    shift 3
    rm -f "$dir/code"
    : >"$dir/output"
    {
        # shellcheck disable=SC2086
        sh $net/run.sh "$np" "$per" $wrap "$gan" "$job" --set train.steps=$steps --set checkpoint.every=20 --set samples.every=0 \
            --set parallel.stall_s=$limit --set run.dir="$run" "$@" >"$dir/output" 2>&1 </dev/null
        echo $? >"$dir/code"
    } &
}

is_under_way() { ls "$run"/checkpoints/step-*.h5 >/dev/null 2>&1; }

under_way() { # the same, until there is a checkpoint
    begin "$@"
    until_true 60 is_under_way || fail "$run" 'a checkpoint' "$(cat "$dir/output")"
}

on_hosts() { # hosts: their processes, with names
    for i in "$@"; do
        for pid in $(ip netns pids "$(host "$i")"); do echo "$(host "$i"):$(cat "/proc/$pid/comm" 2>/dev/null):$pid"; done
    done
}

empty() { [ -z "$(on_hosts 1 2 3 4 | grep -v ':sh:')" ]; }

ends_with() { # what, seconds: the exit code is in $code
    until_true "$2" ended || fail "$1" "an end within $2 s" "$(on_hosts 1 2 3 4) saying: $(cat "$dir/output")"
    code=$(cat "$dir/code" 2>/dev/null)
    until_true 20 empty || fail "$1" 'no process left on any host' "$(on_hosts 1 2 3 4)"
}

good() { # what: it has run to its end
    ends_with "$1" 120
    same "$1: exit code" 0 "$code"
    [ "$code" = 0 ] || cat "$dir/output"
    same "$1: digest" "$whole" "$(hash_of "$run")"
}

again() { # what, ranks, per host: continued, and the same bits in the end
    begin "$run" "$2" "$3"
    good "$1, started again"
    says "$1, started again" 'steps are done'
}

mends() { # what: another start goes on from the checkpoint
    [ "$code" = 0 ] && fail "$1" 'another exit code than 0' 0
    again "$1" 4 1
}

complains() { # what, regular expression
    grep -q "^error.*$2" "$dir/output" || fail "$1" "error ... $2" "$(cat "$dir/output")"
    same "$1: error lines" 1 "$(grep -c '^error' "$dir/output")"
}

process_of() { # rank, host
    for pid in $(ip netns pids "$(host "$2")"); do [ "$(rank_of "$pid")" = "$1" ] && echo "$pid" && return; done
}

t() { # a test: a function and its description
    case " $only " in "  " | *" $1 "*) ;; *) return ;; esac
    before=$failed from=$(date +%s)
    "$1" "$2"
    if [ "$failed" = "$before" ]; then passed=$((passed + 1)) verdict=ok; else broken=$((broken + 1)) verdict=FAIL; fi
    printf '%-5s %4d s  %s\n' $verdict $(($(date +%s) - from)) "$2"
}

# ---- the tests ----------------------------------------------------------------------------------------------------

one_rank_a_host() {
    begin "$dir/one" 4 1
    good "$1"
    says "$1" 'on 4 hosts'
}

two_ranks_a_host() {
    begin "$dir/two" 8 2
    good "$1"
    says "$1" 'one copy of the networks for 2 ranks'
}

rank_is_killed() {
    under_way "$dir/rank" 8 2
    kill -KILL "$(process_of 5 3)"
    ends_with "$1" 20
    mends "$1"
}

host_is_killed() {
    under_way "$dir/host" 8 2
    # shellcheck disable=SC2046
    kill -KILL $(ip netns pids "$(host 3)")
    ends_with "$1" 20
    mends "$1"
}

# What hangs on the limit has to end within it, and 10 s for an mpirun that does not give up.
cut_off() { # what, host, ranks
    under_way "$dir/cut$2" "$3" $(($3 / 4))
    link "$2" down
    ends_with "$1" $((limit + 20))
    link "$2" up
}

host_is_cut_off() {
    cut_off "$1" 3 4
    complains "$1" "rank [013] of 4 on .*: step [0-9]*: no sign of life from rank 2 on $(host 3) for $limit s; rank [013] waits for rank 2 to "
    mends "$1"
}

host_of_two_is_cut_off() {
    cut_off "$1" 2 8
    complains "$1" "no sign of life from ranks 2-3 on $(host 2) for $limit s; "
    mends "$1"
}

first_host_is_cut_off() {
    cut_off "$1" 1 4
    complains "$1" "no sign of life from rank 1 on $(host 2), rank 2 on $(host 3), rank 3 on $(host 4) for $limit s; "
    mends "$1"
}

# Shorter than the limit: TCP sends again what was lost.
link_comes_back() {
    under_way "$dir/back" 4 1
    link 2 down
    sleep 1
    link 2 up
    good "$1"
}

rank_hangs() {
    under_way "$dir/hang" 8 2
    kill -STOP "$(process_of 6 4)"
    ends_with "$1" $((limit + 20))
    complains "$1" "no sign of life from rank 6 on $(host 4) for $limit s; rank [0-7] waits for rank 6 to "
    mends "$1"
}

two_runs_in_one_directory() {
    under_way "$dir/busy" 4 1 --set train.steps=100000000
    nsenter --net=/run/netns/"$(host 2)" unshare --uts sh -c 'hostname "$0" && exec "$@"' "$(host 2)" \
        "$gan" "$job" --set run.dir="$dir/busy" >"$dir/second" 2>&1
    same "$1: exit code of the second" 7 $?
    grep -q "^error.*is the directory of a run that is going on (host $(host 1), process [0-9]*)" "$dir/second" ||
        fail "$1" "a refusal that names $(host 1)" "$(cat "$dir/second")"
    kill -USR1 "$(process_of 0 1)"
    ends_with "$1" 30
    same "$1: exit code of the first" 75 "$code"
}

full_disk() {
    mkdir -p "$dir/disk"
    if ! mount -t tmpfs -o size=1500k tmpfs "$dir/disk" 2>/dev/null; then
        echo "skipped: $1 (no right to mount a small file system)"
        return
    fi
    begin "$dir/disk/run" 4 1 --set checkpoint.keep=100
    ends_with "$1" 60
    complains "$1" 'No space left on device'
    mount -o remount,size=50m "$dir/disk"
    again "$1" 4 1
}

# The clock of the day, as ranks see it, goes a month forth and two back. Waits and the times of a run are on the monotonic one.
clock_jumps() {
    lib=$(find /usr/lib /usr/local/lib -name libfaketime.so.1 2>/dev/null | head -n 1)
    echo '+0' >"$dir/jump.txt"
    wrap="env LD_PRELOAD=$lib FAKETIME_TIMESTAMP_FILE=$dir/jump.txt FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1"
    under_way "$dir/jump" 4 1
    now=$(date +%s)
    for jump in +30d -30d; do
        echo "$jump" >"$dir/jump.txt"
        # shellcheck disable=SC2086
        seen=$(($($wrap date +%s) - now))
        [ "${seen#-}" -gt 2000000 ] || fail "$1" "a clock that jumps by $jump" "$seen s"
        sleep 0.5
    done
    wrap=
    good "$1"
    same "$1: warnings" '' "$(grep '^warning' "$dir/output")"
    same "$1: times that are not positive" '' "$(grep -E '"(images_per_s|compute_s_[^"]*)": (-|0,)' "$run/metrics.jsonl")"
}

delayed() {
    begin "$dir/delayed" 4 1
    good "$1"
}

trains 1 --set train.steps=$steps --set run.dir="$dir/whole" --set samples.every=0 --set parallel.stall_s=$limit
whole=$(hash_of "$dir/whole")

sh $net/up.sh 4 1gbit >/dev/null || exit 1
t one_rank_a_host 'four hosts, a rank each: the bits of one rank'
t two_ranks_a_host 'four hosts, two ranks each'
t rank_is_killed 'a rank on another host is killed'
t host_is_killed 'a host is killed with all that runs there'
t host_is_cut_off 'a host is cut off in the midst of a step'
t host_of_two_is_cut_off 'a host of two ranks is cut off'
t first_host_is_cut_off 'the host of mpirun is cut off'
t link_comes_back 'a link is down for less than the limit'
t rank_hangs 'a rank on another host hangs'
t two_runs_in_one_directory 'two runs from two hosts in one directory'
t clock_jumps 'the clock of the day jumps forth and back'
t full_disk 'a full disk during a checkpoint'
sh $net/down.sh >/dev/null

sh $net/up.sh 4 1gbit 200 >/dev/null || exit 1
t delayed 'a network with delay'
sh $net/down.sh >/dev/null

echo
echo "$passed passed, $broken failed"
[ "$broken" = 0 ]
