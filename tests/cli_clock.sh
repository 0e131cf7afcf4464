#!/bin/sh
# A wall clock that jumps, back and forth by hours at every look, does a run no harm: digest and records are those of a quiet
# clock, and what it measures stays what a second is; resumed as well. Proved with a library in front of the C library's clocks.
. tests/jobs.sh

cc=$(command -v mpicc || command -v cc)
"$cc" -shared -fPIC -o "$dir/clock.so" tests/preload_clock.c || exit 1

jumps=$(LD_PRELOAD="$dir/clock.so" sh -c 'for i in 1 2 3; do date +%s; done' | awk 'NR > 1 && ($1 > last + 60 || $1 < last - 60) { n++ }
    { last = $1 } END { print n + 0 }')
now=$(date +%s) then=$(LD_PRELOAD="$dir/clock.so" date +%s)
[ $((now - then)) -gt 1800 ] || fail 'the clock of the test' 'an hour back' "$now, $then, $jumps jumps"

jumping() { # ranks, arguments: the ranks alone have the clock that jumps
    n=$1
    shift
    mpirun -np "$n" env LD_PRELOAD="$dir/clock.so" "$gan" "$job" "$@" >"$dir/output" 2>&1 </dev/null
    code=$?
    [ "$code" = 0 ] || fail "a run of $n ranks under a jumping clock" 'exit code 0' "$code, saying: $(cat "$dir/output")"
}

# Every number of a record that is measured: seconds of a phase between 0 and 60, images per second above 0.
sane() { # what, run directory
    tr ',' '\n' <"$2/metrics.jsonl" | awk -F': ' '/_s"|_s_/ { gsub(/[}"{ ]/, "", $1); v = $2 + 0; n++
        if ($1 == "images_per_s" ? v <= 0 || v > 1e9 : v < 0 || v > 60) { print $1, v } } END { if (n < 4) print "only", n, "numbers" }' \
        >"$dir/wrong"
    same "$1: numbers that are measured" '' "$(cat "$dir/wrong")"
    sed -n 's/^finished .* in \([0-9.]*\) s.*/\1/p' "$dir/output" | awk '{ n++; bad += $1 < 0 || $1 > 60 } END { exit !(n == 1 && !bad) }' ||
        fail "$1: seconds of the run" 'between 0 and 60' "$(grep '^finished' "$dir/output")"
}

trains 2 --set run.dir="$dir/quiet" --set checkpoint.every=4
for n in 1 4; do
    rm -rf "$dir/run"
    jumping $n --set checkpoint.every=4
    same "$n ranks: digest" "$(hash_of "$dir/quiet")" "$(hash_of "$dir/run")"
    same_records "$n ranks: records" "$(metrics_of "$dir/quiet")" "$(metrics_of "$dir/run")"
    sane "$n ranks" "$dir/run"
done

# Begun under a quiet clock, files dated in the future, resumed under one that jumps.
trains 2 --set run.dir="$dir/quiet" --set train.steps=24
rm -rf "$dir/run"
trains 2 --set checkpoint.every=4
find "$dir/run" -exec touch -d '2 days' {} +
jumping 4 --set train.steps=24
says 'resumed under a jumping clock' '12 steps are done'
same 'resumed: digest' "$(hash_of "$dir/quiet")" "$(hash_of "$dir/run")"
same_records 'resumed: records' "$(metrics_of "$dir/quiet")" "$(metrics_of "$dir/run")"
sane 'resumed' "$dir/run"

verdict
