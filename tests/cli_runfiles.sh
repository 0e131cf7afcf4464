#!/bin/sh
# timeout: 300
# The files of a run that somebody has touched, filled or put in the way: what can be gone on from is, with a word about
# what is lost; nothing that is not ours is moved or written over; and what cannot be used is named.
. tests/jobs.sh

# warns WHAT TEXT: a warning with the text stands in what was printed.
warns() {
    grep '^warning' "$dir/output" | grep -qF -e "$2" || fail "$1" "a warning: $2" "$(cat "$dir/output")"
}
quiet() { # what: nobody was warned of anything
    grep '^warning' "$dir/output" >"$dir/warnings" && fail "$1" 'no warning' "$(cat "$dir/warnings")"
}
again() { # from the checkpoints of the first run, in a copy of its directory
    rm -rf "$dir/again"
    cp -a "$dir/run" "$dir/again"
}

trains 1 --set checkpoint.every=3 --set samples.every=0
quiet 'the first run'
good=$(hash_of "$dir/run") good_metrics=$(metrics_of "$dir/run")

# ---- metrics.jsonl ------------------------------------------------------------------------------------------------

again
rm "$dir/again/checkpoints/step-000000012.h5"
printf '{"step": 10' >>"$dir/again/metrics.jsonl"
trains 1 --set run.dir="$dir/again"
quiet 'a torn last record'
same_records 'metrics after a torn record' "$good_metrics" "$(metrics_of "$dir/again")"

again
rm "$dir/again/checkpoints/step-000000012.h5"
sed -i -e '2s/.*/what?/' -e '3s/^.//' "$dir/again/metrics.jsonl"
trains 1 --set run.dir="$dir/again"
warns 'bad lines among the records' "$dir/again/metrics.jsonl: 2 lines of it are no records"
same 'steps left of bad lines' '1 9 12 ' "$(steps_of "$dir/again")"

again
head -c 3000 /dev/zero >"$dir/again/metrics.jsonl"
trains 1 --set run.dir="$dir/again" --set train.steps=15
warns 'zeros for records' "$dir/again/metrics.jsonl: there is no record in it"
again
seq 1 100 >"$dir/again/metrics.jsonl"
trains 1 --set run.dir="$dir/again" --set train.steps=15
warns 'numbers for records' "$dir/again/metrics.jsonl: 100 lines of it are no records"

# ---- no checkpoint ------------------------------------------------------------------------------------------------

again
rm "$dir"/again/checkpoints/*
trains 1 --set run.dir="$dir/again"
warns 'a run without its checkpoints' "that has come to step 12, as $dir/again/metrics.jsonl says: these 12 steps are begun anew"
same 'digest of a run begun anew' "$good" "$(hash_of "$dir/again")"
same_records 'metrics of a run begun anew' "$good_metrics" "$(metrics_of "$dir/again")"

# ---- pictures -----------------------------------------------------------------------------------------------------

again
rm -r "$dir/again/samples"
: >"$dir/again/samples"
trains 2 --set run.dir="$dir/again" --set train.steps=30 --set samples.every=5
warns 'a file in the place of samples/' "$dir/again/samples/step-000000015.png: cannot open: Not a directory"
same 'warnings about pictures' 1 "$(grep -c '^warning' "$dir/output")"
grep -q '^samples' "$dir/output" && fail 'a file in the place of samples/' 'no picture named' "$(cat "$dir/output")"
trains 1 --set run.dir="$dir/whole" --set train.steps=30
same 'digest of a run without pictures' "$(hash_of "$dir/whole")" "$(hash_of "$dir/again")"

trains 1 --set run.dir="$dir/whole" --set train.steps=9000 --set samples.every=100 &
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -f "$dir/whole/samples/step-000000100.png" ] && break
    sleep 0.1
done
mv "$dir/whole/samples" "$dir/elsewhere"
wait
ls "$dir/whole/samples/step-000009000.png" >"$dir/output" 2>&1 || fail 'samples/ removed during a run' 'the last picture' "$(cat "$dir/output")"

# A mixture without extent is drawn all the same.
trains 1 --set run.dir="$dir/blob" --set data.radius=0
trains 1 --set run.dir="$dir/blobs" --set data.source=grid --set data.spacing=0

many="--set data.source=file --set data.file=data/fashion-mnist-10k.h5 --set samples.count=100000 --set samples.columns=1"
# shellcheck disable=SC2086
refuses 'a picture too large' 3 'samples.columns=1) is a picture of ' "$gan" "$job" $many --set run.dir="$dir/large" \
    --set 'generator.layers=dense 784, tanh'
[ -e "$dir/large" ] && fail 'a picture too large' 'no run directory' "$(ls "$dir/large")"
# shellcheck disable=SC2086
refuses 'a dry run of a picture too large' 3 'samples.count = 100000 in samples.columns = 1' "$gan" "$job" $many --dry-run \
    --set 'generator.layers=dense 784, tanh'

noise='--set data.source=noise --set data.height=3 --set data.width=8 --set data.channels=8'
# shellcheck disable=SC2086
trains 2 $noise --set run.dir="$dir/first" --set 'generator.layers=dense 192, tanh'
same 'words about pictures' 1 "$(grep -c 'no pictures: 3x8x8 is neither.*channels come last here' "$dir/output")"

# ---- what other commands write ------------------------------------------------------------------------------------

refuses 'samples over a checkpoint' 2 'step-000000012.h5 is a checkpoint; it is not written over' \
    "$gan" sample "$dir/run" --out "$dir/run/checkpoints/step-000000012.h5"
refuses 'features over a checkpoint' 2 'step-000000009.h5 is a checkpoint; it is not written over' \
    "$gan" features "$dir/run" data/fashion-mnist-10k.h5 --out "$dir/run/checkpoints/step-000000009.h5"
again
head -c 600 "$dir/run/checkpoints/step-000000012.h5" >"$dir/again/checkpoints/step-000000012.h5"
head -c 6146 /dev/zero >"$dir/black.bin"
refuses 'a dataset over a damaged checkpoint' 2 'step-000000012.h5 is a checkpoint; it is not written over' \
    "$gan" import cifar "$dir/black.bin" "$dir/again/checkpoints/step-000000012.h5"
for name in a.png a.h5; do
    refuses "samples into nowhere, $name" 7 "$dir/nowhere/$name: cannot open" "$gan" sample "$dir/run" --out "$dir/nowhere/$name"
done
refuses 'a dataset into nowhere' 7 "$dir/nowhere/a.h5: cannot open" "$gan" import cifar "$dir/black.bin" "$dir/nowhere/a.h5"
same 'digest after all that' "$good" "$(hash_of "$dir/run")"
"$gan" sample "$dir/run" --out "$dir/a.PNG" >"$dir/output" 2>&1 || fail 'samples to a.PNG' 'exit code 0' "$(cat "$dir/output")"
head -c 4 "$dir/a.PNG" | grep -q PNG || fail 'samples to a.PNG' 'a picture' "$(head -c 8 "$dir/a.PNG" | od -c)"
"$gan" sample "$dir/run" --out "$dir/a.PNG" >"$dir/output" 2>&1 || fail 'samples to a.PNG again' 'exit code 0' "$(cat "$dir/output")"

# ---- --fresh ------------------------------------------------------------------------------------------------------

again
trains 1 --set run.dir="$dir/again//" --fresh
says '--fresh with slashes at the end' "the old run was moved to $dir/again.old-1"
says 'files of a directory with slashes at the end' "files     $dir/again"
same 'digest of the run moved aside' "$good" "$(hash_of "$dir/again.old-1")"
ln -s again "$dir/link"
trains 1 --set run.dir="$dir/link" --fresh --set train.steps=6
[ -L "$dir/link" ] || fail '--fresh of a link' 'the link as it was' "$(ls -ld "$dir/link")"
same 'digest of the run behind a link, moved aside' "$good" "$(hash_of "$dir/again.old-2")"
same 'the new run behind a link' step-000000006.h5 "$(readlink "$dir/again/checkpoints/latest")"

mkdir "$dir/none" "$dir/mine"
echo important >"$dir/mine/thesis.tex"
refuses '--fresh of what is no run' 7 "$dir/mine is no run directory" "$gan" "$job" --set run.dir="$dir/mine" --fresh
same 'what is no run' thesis.tex "$(ls "$dir/mine")"
trains 1 --set run.dir="$dir/none" --fresh
[ -e "$dir/none.old-1" ] && fail '--fresh of an empty directory' 'nothing moved' "$(ls "$dir")"
case $gan in /*) there=$gan ;; *) there=$PWD/$gan ;; esac
(cd "$dir/none" && "$there" "$job" --set run.dir=. --set train.steps=13 >"$dir/output" 2>&1) || fail 'run.dir=.' 'exit code 0' "$(cat "$dir/output")"
(cd "$dir/none" && refuses '--fresh of the working directory' 7 'cannot be moved aside while the program works in it' \
    "$there" "$job" --set run.dir=. --fresh
exit "$failed") || failed=$((failed + 1))

# ---- checkpoints that are none ------------------------------------------------------------------------------------

newest='checkpoints/step-000000012.h5'
hurt() { # a copy of the first run, its newest checkpoint damaged
    again
    printf x | dd of="$dir/again/$newest" bs=1 seek=700 conv=notrunc 2>/dev/null
}
older=$("$gan" hash "$dir/run/checkpoints/step-000000009.h5" | cut -c 1-16)
takes_older() { # what: hash and sample name what is wrong and take the checkpoint before
    same "$1: hash" "$older" "$("$gan" hash "$dir/again" 2>"$dir/output" | cut -c 1-16)"
    warns "$1: hash" "taking $dir/again/checkpoints/step-000000009.h5"
    same "$1: hash of checkpoints/" "$older" "$("$gan" hash "$dir/again/checkpoints" 2>"$dir/output" | cut -c 1-16)"
    "$gan" sample "$dir/again" --n 4 --out "$dir/b.png" >"$dir/output" 2>&1
    says "$1: sample" 'at step 9'
    warns "$1: sample" "$2"
}
hurt
takes_older 'a damaged checkpoint' "$dir/again/$newest: damaged"
rm "$dir/again/$newest"
takes_older 'a link to nothing' "$dir/again/checkpoints/latest: cannot open"
rm "$dir/again/checkpoints/latest"
same 'hash without a link' "$older" "$("$gan" hash "$dir/again" 2>"$dir/output" | cut -c 1-16)"
hurt
rm "$dir"/again/checkpoints/step-*0[69].h5
refuses 'the only checkpoint damaged' 6 'none of its 1 checkpoint is whole' "$gan" hash "$dir/again"
refuses 'the only checkpoint damaged' 6 'none of its 1 checkpoint is whole' "$gan" "$job" --set run.dir="$dir/again"
grep -q 'the one before' "$dir/output" && fail 'the only checkpoint damaged' 'no word of one before' "$(cat "$dir/output")"

again
rm "$dir/again/$newest"
mkfifo "$dir/again/$newest"
trains 1 --set run.dir="$dir/again"
warns 'a fifo as checkpoint' "$dir/again/$newest: not a file but a fifo; taking the one before"
same 'digest after a fifo' "$good" "$(hash_of "$dir/again")"
mkfifo "$dir/fifo.h5"
refuses 'a fifo as dataset' 5 "$dir/fifo.h5: not a file but a fifo" "$gan" "$job" --set data.source=file --set data.file="$dir/fifo.h5"
refuses 'a fifo as IDX file' 7 "$dir/fifo.h5: not a file but a fifo" "$gan" import idx "$dir/fifo.h5" "$dir/out.h5"
refuses 'what a fifo is' 7 "$dir/fifo.h5: not a file but a fifo" "$gan" info "$dir/fifo.h5"

for name in latest step-000000012.h5 step-000000099.h5; do
    again
    rm -f "$dir/again/checkpoints/$name"
    mkdir "$dir/again/checkpoints/$name"
    refuses "a directory $name" 7 "$dir/again/checkpoints/$name is a directory, in the way" "$gan" "$job" \
        --set run.dir="$dir/again" --set train.steps=15
done

again
trains 1 --set run.dir="$dir/other" --set train.steps=15 --set 'generator.layers=dense 33, relu, dense 2'
cp "$dir/other/checkpoints/step-000000015.h5" "$dir/again/checkpoints/"
refuses 'a checkpoint of another run' 3 "$dir/again/checkpoints/step-000000015.h5 was made with" "$gan" "$job" --set run.dir="$dir/again"

again
before=$(cksum <"$dir/again/config.ini")
trains 1 --set run.dir="$dir/again" --set train.steps=10
same 'config.ini of a run that was finished' "$before" "$(cksum <"$dir/again/config.ini")"

# ---- signals while it starts --------------------------------------------------------------------------------------

# A fifo in the place of the record holds up the start, as a slow file system would.
again
rm "$dir/again/metrics.jsonl"
mkfifo "$dir/again/metrics.jsonl"
for signal in TERM INT USR1; do
    : >"$dir/output"
    "$gan" "$job" --set run.dir="$dir/again" --set train.steps=15 >"$dir/output" 2>&1 &
    pid=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        grep -q '^resume' "$dir/output" && break
        sleep 0.1
    done
    sleep 0.2
    kill -$signal $pid
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        kill -0 $pid 2>/dev/null || break
        sleep 0.2
    done
    kill -KILL $pid 2>/dev/null
    wait $pid
    same "SIG$signal while it starts" 75 "$?"
done

verdict
