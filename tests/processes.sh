# Sourced after jobs.sh by the scripts that do something to the processes of a job while it runs: which they are, starting a job in the
# background, and its end, after which nothing may be left.
export TMPDIR="$dir" OMPI_MCA_btl_vader_backing_directory="$dir" # what a killed mpirun leaves goes as well

# Our processes of a name, found by the directory in their command line, a line each.
ours() { # mpirun or the program's name
    for p in /proc/[0-9]*; do
        { read -r name <"$p/comm"; } 2>/dev/null || continue
        [ "$name" = "$1" ] || continue
        { tr '\0' ' ' <"$p/cmdline"; } 2>/dev/null | grep -qF "$dir/" && echo "${p#/proc/}"
    done
}
program=$(basename "$gan" | cut -c 1-15)
launcher=$(basename "$(readlink -f "$(command -v mpirun)")" | cut -c 1-15)

launchers() {
    ours mpirun
    [ "$launcher" = mpirun ] || ours "$launcher"
}

until_true() { # seconds, command...: false if it stays false
    turns=$(($1 * 20))
    shift
    while ! "$@"; do
        turns=$((turns - 1))
        [ $turns -gt 0 ] || return 1
        sleep 0.05
    done
}

none_left() { [ -z "$(ours "$program")$(launchers)" ]; }

kill_all() {
    for pid in $(ours "$program") $(launchers); do kill -KILL "$pid" 2>/dev/null; done
}

clean_up() {
    kill_all
    rm -rf "$dir"
}

wrap= # a program with arguments that starts the program
start() { # ranks, arguments: the job in the background; `end` waits for it
    ranks=$1
    shift
    rm -f "$dir/code"
    : >"$dir/output"
    {
        # shellcheck disable=SC2086
        mpirun -np "$ranks" $wrap "$gan" "$job" "$@" >"$dir/output" 2>&1 </dev/null
        echo $? >"$dir/code"
    } &
}

ended() { [ -s "$dir/code" ]; }

end() { # what: all processes end within seconds ($patience); their exit code is in $code
    if until_true "${patience:-20}" ended; then code=$(cat "$dir/code"); else
        fail "$1" 'an end within seconds' "still running: $(ours "$program" | tr '\n' ' '), saying: $(cat "$dir/output")"
        code=none
    fi
    until_true 10 none_left || fail "$1" 'no process left over' "$(ours "$program") $(launchers)"
    kill_all
    wait
}

rank_of() { # process: its rank, as the launcher counts
    tr '\0' '\n' <"/proc/$1/environ" 2>/dev/null | sed -n 's/^\(OMPI_COMM_WORLD_RANK\|PMI_RANK\)=//p' | head -n 1
}

rank() { # number: the process that is this rank
    for pid in $(ours "$program"); do [ "$(rank_of "$pid")" = "$1" ] && echo "$pid"; done
}

is_up() { [ -n "$(ours "$program")" ]; }
is_training() { grep -q '^step ' "$dir/output"; }

newest() { # run directory: step of its newest checkpoint
    n=$(ls "$1/checkpoints" 2>/dev/null | sed -n 's/^step-0*\([0-9][0-9]*\)\.h5$/\1/p' | tail -n 1)
    echo "${n:-0}"
}
