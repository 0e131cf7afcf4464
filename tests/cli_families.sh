#!/bin/sh
# timeout: 400
# Every family of tests/families, one small job each: the same digest on 1, 2 and 4 ranks, on 2 threads, and after a restart on
# another number of ranks; weights that training moves; and only finite ones. An INI there is all it takes to be tested.
. tests/jobs.sh

digest_of() { # ranks, arguments
    ranks=$1
    shift
    rm -rf "$dir/run"
    trains "$ranks" --set run.dir="$dir/run" --set samples.every=0 --set metrics.every=1 "$@"
    hash_of "$dir/run"
}

for job in tests/families/*.ini; do
    name=$(basename "$job" .ini)
    one=$(digest_of 1)
    same "$name: a digest" 16 "${#one}"
    same "$name: records that are numbers" 0 "$(grep -c null "$dir/run/metrics.jsonl")"
    same "$name: steps" 8 "$(tail -n 1 "$dir/run/metrics.jsonl" | sed -E 's/.*"step": ([0-9]+).*/\1/')"
    same "$name: 2 ranks" "$one" "$(digest_of 2)"
    same "$name: 4 ranks" "$one" "$(digest_of 4)"
    same "$name: 2 threads" "$one" "$(digest_of 1 --set parallel.threads=2)"
    half=$(digest_of 2 --set train.steps=4)
    [ "$half" != "$one" ] || fail "$name" 'other weights after 4 steps than after 8' "$half"
    trains 4 --set run.dir="$dir/run" --set samples.every=0 --set metrics.every=1
    says "$name: goes on" '4 steps are done'
    same "$name: stopped at 4 by 2 ranks, ended by 4" "$one" "$(hash_of "$dir/run")"
done
verdict
