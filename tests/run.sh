#!/bin/sh
# run.sh TEST...  runs test programs and scripts from the repository root, two (AT_ONCE) at a time, and counts.
#
# A line per test with its time; the output of those that fail; at the end "N passed, N failed", and exit code 1 if any
# failed. A program mpi_* is run with each rank count of the first line of its source, "/* np: 1 2 4 */". A test has 120 s
# unless one of the first five lines of its source says "timeout: 300".
. tests/mpi_env.sh

source_of() { # build/asan/tests/test_x -> tests/test_x.c
    case $1 in *.sh) echo "$1" ;; *) echo "tests/${1##*/}.c" ;; esac
}

seconds_for() {
    s=$(sed -n '1,5s/.*timeout: *\([0-9]*\).*/\1/p' "$(source_of "$1")" | head -n 1)
    echo "${s:-120}"
}

# One test: "PATH" or "PATH@RANKS".
run_one() {
    path=${1%@*} ranks=${1#"$path"} && ranks=${ranks#@}
    name=${path##*/}
    case $path in build/release/*) ;; build/*) name="$name ($(echo "$path" | cut -d/ -f2))" ;; esac
    log=$results/$(echo "$1" | tr / _)
    limit=$(seconds_for "$path")
    start=$(date +%s%N)
    case $path in
    *.sh) timeout -k 10 "$limit" sh "$path" ;;
    *) timeout -k 10 "$limit" ${ranks:+mpirun -np "$ranks"} "$path" ;;
    esac >"$log" 2>&1 </dev/null
    code=$?
    time=$(awk "BEGIN { printf \"%.2f\", ($(date +%s%N) - $start) / 1e9 }")
    if [ $code = 0 ]; then verdict=ok; else verdict=FAIL; fi
    {
        printf '%-5s %7s s  %s\n' "$verdict" "$time" "$name${ranks:+ on $ranks rank$([ "$ranks" = 1 ] || echo s)}"
        [ $code = 0 ] || tail -n 100 "$log" | sed 's/^/      | /'
        [ $code = 124 ] && echo "      | stopped after $limit s"
        [ $code = 0 ] || echo "      | exit code $code"
    } >"$log.report"
    echo "$verdict" >"$log.verdict"
    cat "$log.report"
}

if [ "$1" = --one ]; then
    run_one "$2"
    exit 0
fi

results=$(mktemp -d) && export results
trap 'rm -rf "$results"' EXIT
for t in "$@"; do
    case ${t##*/} in
    mpi_*) for np in $(sed -n '1s/.*np:\([ 0-9]*\).*/\1/p' "$(source_of "$t")"); do echo "$t@$np"; done ;;
    *) echo "$t" ;;
    esac
done | xargs -P "${AT_ONCE:-2}" -I TEST sh tests/run.sh --one TEST

passed=$(cat "$results"/*.verdict 2>/dev/null | grep -c ok)
failed=$(cat "$results"/*.verdict 2>/dev/null | grep -c FAIL)
echo
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
