#!/bin/sh
# fuzz.sh SECONDS FUZZER...  a short libFuzzer run of each. What was found interesting is kept in build/fuzz/corpus/ for
# the next run; seeds, if there are any, are in tests/fuzz/corpus/NAME/. A crash leaves its input in build/fuzz/.
set -eu
. tests/mpi_env.sh
seconds=$1 && shift
for f in "$@"; do
    name=$(basename "$f")
    mkdir -p "build/fuzz/corpus/$name"
    seeds=tests/fuzz/corpus/$name
    [ -d "$seeds" ] || seeds=
    log=build/fuzz/$name.log
    if "$f" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="build/fuzz/$name-" \
        "build/fuzz/corpus/$name" $seeds >"$log" 2>&1; then
        printf 'ok    %-16s %s\n' "$name" "$(grep -a '^Done' "$log")" # libhdf5 may say more at exit
    else
        tail -n 40 "$log"
        echo "FAIL  $name"
        exit 1
    fi
done
