#!/bin/sh
# timeout: 300
# A resumed run is the run: stopped by a signal or killed at any moment, continued on as many ranks or on others, its digest
# and its records are those of a run that was never interrupted. Proved by comparing with such a run; moments are random.
# Also: what may change between two starts and what is refused, and that --fresh keeps the old run.
. tests/jobs.sh
. tests/processes.sh

random() { # below: a random number
    echo $(($(od -An -N2 -tu2 /dev/urandom) % $1))
}

# ---- more steps, on other ranks -----------------------------------------------------------------------------------

layers='generator.layers=dense 90, batch_norm, relu, dense 2'
smoothing='discriminator.layers=dense 90 spectral=yes, dropout 0.3, leaky_relu, dense 90, maxout 5, dense 1 spectral=yes'
run_it() { # ranks, arguments: a job with every kind of state
    n=$1
    shift
    trains "$n" --set "$layers" --set "$smoothing" --set generator.ema=0.9 --set generator.schedule=cosine \
        --set generator.schedule_steps=100 --set train.steps=48 "$@"
}

run_it 1 --set run.dir="$dir/whole"
whole=$(hash_of "$dir/whole") whole_metrics=$(metrics_of "$dir/whole")
same 'recorded steps' '1 3 6 9 12 15 18 21 24 27 30 33 36 39 42 45 48 ' "$(steps_of "$dir/whole")"

done_before=0
for leg in 1:6 4:12 2:21 1:24 16:36 2:48; do
    run_it "${leg%:*}" --set run.dir="$dir/legs" --set train.steps="${leg#*:}" --set parallel.team=$((done_before % 2))
    [ $done_before = 0 ] || says "leg $leg" "$done_before steps are done"
    done_before=${leg#*:}
done
same 'digest of six legs on 1, 4, 2, 1, 16, 2 ranks' "$whole" "$(hash_of "$dir/legs")"
same_records 'metrics of six legs' "$whole_metrics" "$(metrics_of "$dir/legs")"
"$gan" info "$dir/legs/metrics.h5" >"$dir/output" 2>&1
says 'metrics.h5 of six legs' '17 records, steps 1 to 48'
cmp "$dir/legs/samples/step-000000048.png" "$dir/whole/samples/step-000000048.png" >"$dir/output" 2>&1 ||
    fail 'picture of six legs' 'that of the whole run' "$(cat "$dir/output")"

run_it 2 --set run.dir="$dir/legs"
says 'a finished run' 'finished  already'
same 'digest of a finished run started again' "$whole" "$(hash_of "$dir/legs")"
same_records 'metrics of a finished run started again' "$whole_metrics" "$(metrics_of "$dir/legs")"

# Every step stored, while the writer is still busy with the step before.
trains 1 --set run.dir="$dir/each" --set train.steps=150 --set checkpoint.every=1 --set checkpoint.keep=1000
trains 2 --set run.dir="$dir/few" --set train.steps=150
same 'checkpoints of every step' 150 "$(ls "$dir"/each/checkpoints/step-*.h5 | wc -l)"
same 'digest with every step stored' "$(hash_of "$dir/few")" "$(hash_of "$dir/each")"
rm -f "$dir"/each/checkpoints/step-00000015*.h5 "$dir"/each/checkpoints/step-0000001[1-4]*.h5
trains 4 --set run.dir="$dir/each" --set train.steps=150
says 'a run without its newest checkpoints' '109 steps are done'
same 'digest from step 109 on' "$(hash_of "$dir/few")" "$(hash_of "$dir/each")"

# ---- what may change ----------------------------------------------------------------------------------------------

refused() { # what must be named ("key key ..."), arguments
    keys=$1
    shift
    train 2 --set train.steps=60 --set run.dir="$dir/legs" --set "$layers" --set "$smoothing" --set generator.ema=0.9 \
        --set generator.schedule=cosine --set generator.schedule_steps=100 "$@"
    same "exit code with other $keys" 3 "$code"
    same "error lines about other $keys" 1 "$(grep -c '^error' "$dir/output")"
    for key in $keys; do says "a start with another $key" "$key"; done
    says "a start with other $keys" '--fresh'
    same "digest after a start with other $keys" "$whole" "$(hash_of "$dir/legs")"
    same_records "metrics after a start with other $keys" "$whole_metrics" "$(metrics_of "$dir/legs")"
}
refused train.batch --set train.batch=64
grep -q learning_rate "$dir/output" && fail 'a start with another batch' 'the keys that differ' "$(cat "$dir/output")"
refused 'learning_rate seed' --set generator.learning_rate=1e-3 --set run.seed=7
refused 'loss shards' --set gan.loss=minimax --set parallel.shards=8
refused layers --set 'generator.layers=dense 91, batch_norm, relu, dense 2'

mv "$dir/legs" "$dir/moved"
run_it 2 --set run.dir="$dir/moved" --set train.steps=60 --set checkpoint.every=10 --set checkpoint.keep=2 \
    --set metrics.every=4 --set samples.every=5 --set samples.count=9 --set samples.columns=3 \
    --set parallel.team=1 --set parallel.digest_every=3 --set parallel.bucket_kib=20
run_it 4 --set run.dir="$dir/whole" --set train.steps=60
whole60=$(hash_of "$dir/whole")
same 'digest with other cadences, moved' "$whole60" "$(hash_of "$dir/moved")"

run_it 2 --set run.dir="$dir/moved" --fresh
same 'digest of a fresh start' "$whole" "$(hash_of "$dir/moved")"
same_records 'metrics of a fresh start' "$whole_metrics" "$(metrics_of "$dir/moved")"
same 'digest of the run moved aside' "$whole60" "$(hash_of "$dir/moved.old-1")"
run_it 2 --set run.dir="$dir/moved" --fresh --set train.steps=3
same 'digest of the second run moved aside' "$whole" "$(hash_of "$dir/moved.old-2")"
same 'digest of the first run moved aside, later' "$whole60" "$(hash_of "$dir/moved.old-1")"

# ---- signals ------------------------------------------------------------------------------------------------------

# signalled SIGNAL WHOM: a run of no end gets the signal; it ends with 75 after a checkpoint of that very step.
signalled() {
    what="SIG$1 to $2"
    before=$(newest "$dir/signals")
    start 3 --set run.dir="$dir/signals" --set train.steps=1000000000 --set checkpoint.every=0 --set samples.every=0 \
        --set parallel.reduce=fast --set train.batch=48 --set metrics.every=1000
    until_true 20 is_training || fail "$what" 'a run under way' "$(cat "$dir/output")"
    case $2 in
    launcher) whom=$(launchers) ;;
    'a rank') whom=$(ours "$program" | sed -n "$((1 + $(random 3)))p") ;;
    'all ranks') whom=$(ours "$program") ;;
    esac
    for pid in $whom; do kill -"$1" "$pid"; done
    end "$what"
    same "$what: exit code" 75 "$code"
    at=$(sed -n 's/^stopped   at step \([0-9]*\) of .*/\1/p' "$dir/output")
    [ "${at:-0}" -gt "$before" ] || fail "$what" "a stop after step $before" "${at:-none}, saying: $(cat "$dir/output")"
    same "$what: newest checkpoint" "$at" "$(newest "$dir/signals")"
    same "$what: latest" "$(printf 'step-%09d.h5' "$at")" "$(readlink "$dir/signals/checkpoints/latest")"
    grep -q '^error' "$dir/output" && fail "$what" 'no error' "$(cat "$dir/output")"
}
signalled USR1 launcher
for number in TERM INT USR1; do signalled $number 'a rank'; done
signalled TERM 'all ranks'

# The same again at a step that a run to the end can reach, in ordered mode.
start 2 --set run.dir="$dir/stopped" --set train.steps=20000 --set checkpoint.every=0 --set samples.every=0
until_true 20 is_training
kill -TERM "$(ours "$program" | tail -n 1)"
end 'a stop'
same 'exit code of a stop' 75 "$code"
more=$(($(newest "$dir/stopped") / 3 * 3 + 30))
trains 4 --set run.dir="$dir/stopped" --set train.steps=$more
trains 1 --set run.dir="$dir/going" --set train.steps=$more
same "digest of a run stopped and continued to step $more" "$(hash_of "$dir/going")" "$(hash_of "$dir/stopped")"
same_records "metrics of a run stopped and continued to step $more" "$(metrics_of "$dir/going")" "$(metrics_of "$dir/stopped")"

# ---- SIGKILL ------------------------------------------------------------------------------------------------------

# A run of no end is killed again and again; then it goes on for some steps, and so far goes one that is never killed.
often='--set checkpoint.every=25 --set metrics.every=10 --set samples.every=40'
hits=0 reached=0
for round in 1 2 3 4 5 6 7 8; do
    # shellcheck disable=SC2086 # words without blanks
    start $((1 << round % 3)) $often --set run.dir="$dir/killed" --set train.steps=1000000000
    case $((round % 3)) in
    0) until_true 20 is_up ;; # and is killed at some moment of its start
    *) until_true 20 is_training ;;
    esac
    moment=0.$(printf %03d "$(random 400)")
    sleep "$moment"
    case $round in
    4) victim=$(launchers) ;;
    *) victim=$(ours "$program" | sort -R | head -n 1) ;;
    esac
    what="round $round, killed after $moment s"
    for pid in $victim; do kill -KILL "$pid" 2>/dev/null && hits=$((hits + 1)); done
    end "$what"
    [ "$code" != 0 ] || fail "$what" 'an exit code that is not 0' "$code"
    # No checkpoint may be lost, and only the temporary file of the one being written may be left.
    now=$(newest "$dir/killed")
    [ "$now" -ge "$reached" ] || fail "$what" "checkpoint $reached" "$now is the newest"
    reached=$now
done
[ $hits -ge 8 ] || fail 'kills' 'one a round, 8' "$hits"
[ "$reached" -ge 25 ] || fail 'kills' 'a checkpoint between them' "$reached steps"
last=$((reached + 75)) # a multiple of 25
# shellcheck disable=SC2086
trains 4 $often --set run.dir="$dir/killed" --set train.steps=$last
says 'the start after the kills' "$reached steps are done"
# shellcheck disable=SC2086
trains 2 $often --set run.dir="$dir/never" --set train.steps=$last
same "digest after $hits kills" "$(hash_of "$dir/never")" "$(hash_of "$dir/killed")"
same_records "metrics after $hits kills" "$(metrics_of "$dir/never")" "$(metrics_of "$dir/killed")"
same 'files left in checkpoints' "latest $(printf 'step-%09d.h5 step-%09d.h5 step-%09d.h5' $((last - 50)) $((last - 25)) $last)" \
    "$(ls "$dir/killed/checkpoints" | tr '\n' ' ' | sed 's/ $//')"
same 'files left in the run directory' 'checkpoints config.ini lock metrics.h5 metrics.jsonl samples' \
    "$(ls "$dir/killed" | tr '\n' ' ' | sed 's/ $//')"

verdict
