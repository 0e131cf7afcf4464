#!/bin/sh
# timeout: 300
# Bad input and faults: each ends in one error line of one rank that says what, where and what to do, in the exit code of
# status.h, on all ranks within seconds, and loses nothing: the run that was there before has the same digest and the same files.
# What is put right again is continued to the bits of a run that never met the fault.
. tests/jobs.sh

clean_up() {
    [ -z "$mounted" ] || umount -l "$dir/disk"
    rm -rf "$dir"
}
mounted=

# refuses_run WHAT CODE RANKS "TEXT" ARGUMENT...: the job is refused; in error its line.
refuses_run() {
    what=$1 wanted_code=$2 ranks=$3 text=$4
    shift 4
    refuses "$what" "$wanted_code" "$text" mpirun -np "$ranks" "$gan" "$job" "$@"
    grep '^error' "$dir/output" >"$dir/error" || cp "$dir/output" "$dir/error"
}

names() { # text: it stands in the error as well
    grep -qF -e "$1" "$dir/error" || fail "$what" "$1" "$(cat "$dir/error")"
}

contents() { # directory: names and sums of all its files
    (cd "$1" && find . -type f ! -name lock -exec cksum {} + | sort -k 3)
}

trains 2 --set checkpoint.every=3 --set samples.every=0
good=$(hash_of "$dir/run") good_files=$(contents "$dir/run")
unharmed() { # the older run, after all that was refused
    same "the older run after $1" "$good_files" "$(contents "$dir/run")"
    same "the older run's digest after $1" "$good" "$(hash_of "$dir/run")"
}

# ---- datasets -----------------------------------------------------------------------------------------------------

"$gan" sample "$dir/run" --n 64 --out "$dir/good.h5" >/dev/null || fail 'gan_mpi sample' 'a dataset' 'none'
bytes=$(wc -c <"$dir/good.h5")
head -c $((bytes / 2)) "$dir/good.h5" >"$dir/half.h5"
head -c 100 "$dir/good.h5" >"$dir/start.h5"
: >"$dir/empty.h5"
# Made by h5py: /images of int16 [32,2]; /images of uint8 [32,2,1].
base64 -d <<END | gunzip >"$dir/int16.h5"
H4sIAAAAAAACA+v0cHHj5ZLiYgABDg4GFgYBBmTwHwoaOFD5MPkEKM0IpTug9AommDgjWE4CKi4INR9dXUiQqytI9X80ALPHgAVCczCMgpEIPFwdA0B0BJQP
S6UnmFDVZeYmpqcWI9KjB4X2MjKwQsxihPE1IDQTREABqg7mDHQ+M9ClIJUCHDAxiMtZgSkZJM7EBDGIA5pDmBlhSbwBzSUNgyIegv38XUA5GpYPFZhH0+Yo
GAWjgDwAACtOcWWACAAA
END
base64 -d <<END | gunzip >"$dir/rank3.h5"
H4sIAAAAAAACA+v0cHHj5ZLiYgABDg4GFgYBBmTwHwocOFD5MPkEKM0IpTug9AommDgjWE4CKi4INR9dXUiQqytI9X80ALPHgAVCczCMgpEIPFwdA0B0BJQP
S6UnmFDVZeYmpqcWI9KjB4X2MjKwQsxihPEtIDQzREABqo4JLR/gEmcGupwR6n5GpBTNCqRBfCYmJkaIKCTHAK2BJnkHNJcVDEg8BPv5u4ByNCwfKjCPps1R
MApGKgAAcf0lnkAIAAA=
END
data() { # what, code, text, file
    refuses_run "$1" "$2" 3 "$3" --set data.source=file --set data.file="$4" --set parallel.reduce=fast --set train.batch=48
    names "$4"
    unharmed "$1"
}
data 'no dataset' 5 'cannot open the dataset: No such file or directory; check the path' "$dir/no-such.h5"
data 'a truncated dataset' 5 'not a readable HDF5 file' "$dir/half.h5"
data 'the start of a dataset' 5 'not a readable HDF5 file' "$dir/start.h5"
data 'an empty dataset' 5 'not a readable HDF5 file' "$dir/empty.h5"
data 'a text as dataset' 5 'not a readable HDF5 file' "$job"
data 'metrics as dataset' 5 'no dataset /images' "$dir/run/metrics.h5"
data 'a dataset of int16' 5 '/images holds int16; uint8 or float32 is wanted' "$dir/int16.h5"
data 'a dataset of rank 3' 5 '/images has shape [32,2,1]' "$dir/rank3.h5"
refuses_run 'a dataset of another shape' 4 2 '28x28x1' --set data.source=file --set data.file=data/fashion-mnist-10k.h5
names generator
refuses_run 'no dataset, one rank' 5 1 "$dir/no-such.h5" --set data.source=file --set data.file="$dir/no-such.h5"
unharmed 'a dataset of another shape'

# ---- sizes --------------------------------------------------------------------------------------------------------

refuses_run 'a batch for 5 ranks' 3 5 'train.batch = 32 is not a multiple of 5 ranks; the nearest are 30 and 35; or start 4 or 8 ranks' \
    --set parallel.reduce=fast
refuses_run 'a batch smaller than the ranks' 3 3 'train.batch = 2 is not a multiple of 3 ranks; the nearest is 3; or start 2 ranks' \
    --set parallel.reduce=fast --set train.batch=2
refuses_run 'a batch for 16 shards' 3 2 'train.batch = 40 is not a multiple of 16 shards; the nearest are 32 and 48' \
    --set train.batch=40
refuses_run 'shards of no power of two' 3 2 'parallel.shards = 12 is not a power of two; the nearest are 8 and 16' \
    --set parallel.shards=12 --set train.batch=48
refuses_run 'ordered on 3 ranks' 3 3 'start 2 or 4 ranks, or use reduce = fast'
refuses_run 'ordered on 3 ranks, of which 2 have a shard' 3 3 'needs a power of two; start 2 ranks, or use reduce = fast' \
    --set parallel.shards=2
refuses_run 'more ranks than shards' 3 4 'start at most 2 ranks, or set parallel.shards = 4' --set parallel.shards=2
refuses_run 'more ranks than shards, in a batch that divides' 3 2 '2 ranks share 1 shard: start at most 1 rank, or set parallel.shards = 2' \
    --set parallel.shards=1
grep -q train.batch "$dir/error" && fail "$what" 'no word of train.batch' "$(cat "$dir/error")"
refuses_run 'more ranks than shards, in a batch that does not' 3 4 'and train.batch, now 6, to a multiple of it (the nearest are 4 and 8)' \
    --set parallel.shards=2 --set train.batch=6
refuses_run 'a team larger than the ranks' 3 4 'the largest team that these nodes allow is 4' --set parallel.team=8
refuses_run 'a team that does not divide' 3 4 'parallel.team = 3' --set parallel.team=3
refuses_run 'a team of 2 for 3 ranks' 3 3 'the largest team that these nodes allow is 3' --set parallel.team=2 \
    --set parallel.reduce=fast --set train.batch=48
unharmed 'sizes that do not fit'

# ---- a directory in use -------------------------------------------------------------------------------------------

"$gan" "$job" -q --set train.steps=100000000 --set run.dir="$dir/busy" >"$dir/busy.out" 2>&1 &
busy=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ -s "$dir/busy/lock" ] && [ -s "$dir/busy/config.ini" ] && break
    sleep 0.1
done
refuses_run 'a second job in the same directory' 7 2 'is the directory of a run that is going on (host' \
    --set train.steps=100000000 --set run.dir="$dir/busy"
names "process $busy)"
refuses_run 'a fresh start under a running job' 7 1 'is the directory of a run that is going on (host' \
    --set run.dir="$dir/busy" --fresh
kill -KILL "$busy"
wait "$busy" 2>/dev/null
trains 1 --set run.dir="$dir/busy" --fresh

# ---- damaged checkpoints ------------------------------------------------------------------------------------------

last=$dir/run/checkpoints/step-000000012.h5
bytes=$(wc -c <"$last")
same 'checkpoints of the run' 'step-000000006.h5 step-000000009.h5 step-000000012.h5 ' \
    "$(cd "$dir/run/checkpoints" && ls step-* | tr '\n' ' ')"

damage() { # file, offset: another byte there
    old=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    printf "\\$(printf %03o $(((old + 1) % 256)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# goes_back WHAT: the newest checkpoint of $dir/hurt is bad; it and the one that is taken are named, and the run ends right.
goes_back() {
    trains 4 --set run.dir="$dir/hurt" --set checkpoint.every=3 --set samples.every=0
    same "$1: warnings" 1 "$(grep -c '^warning' "$dir/output")"
    grep '^warning' "$dir/output" | grep -qF "$dir/hurt/checkpoints/step-000000012.h5" ||
        fail "$1" 'a warning about step-000000012.h5' "$(cat "$dir/output")"
    says "$1" "$dir/hurt/checkpoints/step-000000009.h5: 9 steps are done"
    same "$1: digest in the end" "$good" "$(hash_of "$dir/hurt")"
    rm -rf "$dir/hurt"
}

for offset in 0 8 100 600 2000 $((bytes / 3)) $((bytes / 2)) $((bytes - 2000)) $((bytes - 8)) $((bytes - 1)); do
    cp -a "$dir/run" "$dir/hurt"
    damage "$dir/hurt/checkpoints/step-000000012.h5" "$offset"
    goes_back "byte $offset of $bytes damaged"
done
for n in 0 10 $((bytes / 2)) $((bytes - 1)); do
    cp -a "$dir/run" "$dir/hurt"
    head -c "$n" "$last" >"$dir/hurt/checkpoints/step-000000012.h5"
    goes_back "a checkpoint cut to $n of $bytes bytes"
done
cp -a "$dir/run" "$dir/hurt"
rm "$dir/hurt/checkpoints/step-000000012.h5"
mkdir "$dir/hurt/checkpoints/step-000000012.h5"
refuses_run 'a directory as checkpoint' 7 2 "$dir/hurt/checkpoints/step-000000012.h5 is a directory" --set run.dir="$dir/hurt"
rm -rf "$dir/hurt"

cp -a "$dir/run" "$dir/hurt"
for step in 06 09 12; do damage "$dir/hurt/checkpoints/step-0000000$step.h5" 1000; done
hurt_files=$(contents "$dir/hurt")
refuses_run 'all checkpoints damaged' 6 4 'none of its 3 checkpoints is whole' --set run.dir="$dir/hurt"
names --fresh
for step in 06 09 12; do
    grep '^warning' "$dir/output" | grep -qF "step-0000000$step.h5" || fail "$what" "a warning about $step" "$(cat "$dir/output")"
done
same 'files after a start from damaged checkpoints' "$hurt_files" "$(contents "$dir/hurt")"
trains 2 --set run.dir="$dir/hurt" --fresh
same 'digest of the fresh start' "$good" "$(hash_of "$dir/hurt")"
same 'files of the damaged run, moved aside' "$hurt_files" "$(contents "$dir/hurt.old-1")"
rm -rf "$dir/hurt" "$dir/hurt.old-1"

# A checkpoint of another network, whole and newest.
other='generator.layers=dense 33, relu, dense 2'
trains 1 --set run.dir="$dir/other" --set train.steps=15 --set "$other"
cp -a "$dir/run" "$dir/hurt"
cp "$dir/other/checkpoints/step-000000015.h5" "$dir/hurt/checkpoints/"
refuses_run 'a checkpoint of another network' 3 2 'another configuration' --set run.dir="$dir/hurt" --set train.steps=20
grep -qF 'dense 33' "$dir/output" || fail "$what" 'the layers that differ' "$(cat "$dir/output")"
rm "$dir/hurt/checkpoints/step-000000015.h5"
same 'digest without it' "$good" "$(hash_of "$dir/hurt")"
rm -rf "$dir/hurt" "$dir/other"
unharmed 'damaged checkpoints'

# ---- not finite ---------------------------------------------------------------------------------------------------

# The rates rise until a value is not finite: after many good checkpoints, at a step that does not depend on the ranks.
explode() { # ranks, arguments
    n=$1
    shift
    refuses_run "a rate too large, on $n ranks" 10 "$n" 'a value is not finite' --set run.dir="$dir/nan" \
        --set train.steps=400 --set checkpoint.every=1 --set generator.optimizer=sgd --set discriminator.optimizer=sgd \
        --set generator.learning_rate=1000 --set discriminator.learning_rate=1000 \
        --set generator.warmup_steps=20000 --set discriminator.warmup_steps=20000 "$@"
    said=$(sed 's/.*: step/step/' "$dir/error")
    step=$(echo "$said" | sed -n 's/^step \([0-9]*\): .*/\1/p')
}
explode 1
said_by_one=$said
[ "${step:-0}" -gt 10 ] || fail "$what" 'a step after some good ones' "$said"
for word in 'first seen in phase ' 'discriminator.' "$job:" 'learning rate'; do names "$word"; done
newest=$(printf 'step-%09d.h5' $((step - 1)))
names "the last good checkpoint is $dir/nan/checkpoints/$newest"
same 'checkpoints after a value that is not finite' "$newest" "$(ls "$dir/nan/checkpoints" | grep step | tail -n 1)"
same 'latest after a value that is not finite' "$newest" "$(readlink "$dir/nan/checkpoints/latest")"
kept=$(hash_of "$dir/nan")
echo "$kept" | grep -qxE '[0-9a-f]{16}' || fail 'the last good checkpoint' 'a digest' "$kept"
explode 4
same 'the same start again, on 4 ranks' "$said_by_one" "$said"
same 'the last good checkpoint after two failures' "$kept" "$(hash_of "$dir/nan")"
rm -rf "$dir/nan"
explode 4 --set parallel.team=2
same 'from the beginning, on 4 ranks' "$said_by_one" "$said"
same 'the last good checkpoint of 4 ranks' "$kept" "$(hash_of "$dir/nan")"

# ---- run directories ----------------------------------------------------------------------------------------------

refuses_run 'a run directory under a file' 7 4 "$job" --set run.dir="$job/run"
refuses_run 'a file as run directory' 7 2 "$job" --set run.dir="$job"
unharmed 'bad run directories'

mount_here() { # options: a small file system at $dir/disk
    mkdir -p "$dir/disk"
    mount -t tmpfs -o "$1" tmpfs "$dir/disk" 2>/dev/null || return 1
    mounted=yes
}

fill='--set train.steps=40 --set checkpoint.every=1 --set checkpoint.keep=100 --set samples.every=0'
if mount_here size=1500k; then
    # shellcheck disable=SC2086
    refuses_run 'a full disk' 7 4 'No space left on device' $fill --set run.dir="$dir/disk/run"
    names 'free some space'
    names "$dir/disk/run"
    kept=$(ls "$dir/disk/run/checkpoints" | grep -c '^step-[0-9]*\.h5$')
    [ "$kept" -gt 1 ] || fail 'a full disk' 'checkpoints from before' "$(ls -l "$dir/disk/run/checkpoints")"
    "$gan" hash "$dir"/disk/run/checkpoints/step-*.h5 >"$dir/output" 2>&1 ||
        fail 'checkpoints on a full disk' 'all of them whole' "$(cat "$dir/output")"
    # shellcheck disable=SC2086
    refuses_run 'a full disk again' 7 2 'No space left on device' $fill --set run.dir="$dir/disk/run"
    "$gan" hash "$dir"/disk/run/checkpoints/step-*.h5 >"$dir/output" 2>&1 ||
        fail 'checkpoints on a disk that is still full' 'all of them whole' "$(cat "$dir/output")"
    kept=$(ls "$dir/disk/run/checkpoints" | grep -c '^step-[0-9]*\.h5$')

    mount -o remount,size=50m "$dir/disk"
    # shellcheck disable=SC2086
    trains 2 $fill --set run.dir="$dir/disk/run"
    says 'more space' "$(printf step-%09d.h5 "$kept"): $kept steps are done"
    # shellcheck disable=SC2086
    trains 1 $fill --set run.dir="$dir/never"
    same 'digest of a run that met a full disk' "$(hash_of "$dir/never")" "$(hash_of "$dir/disk/run")"
    same_records 'metrics of a run that met a full disk' "$(metrics_of "$dir/never")" "$(metrics_of "$dir/disk/run")"

    before=$(contents "$dir/disk/run")
    mount -o remount,ro "$dir/disk"
    # shellcheck disable=SC2086
    refuses_run 'a run on a read-only disk' 7 2 'Read-only file system' $fill --set train.steps=50 --set run.dir="$dir/disk/run"
    refuses_run 'a new run on a read-only disk' 7 2 'Read-only file system' --set run.dir="$dir/disk/new"
    refuses_run 'a fresh start on a read-only disk' 7 2 'Read-only file system' --set run.dir="$dir/disk/run" --fresh
    same 'files on a read-only disk' "$before" "$(contents "$dir/disk/run")"
else
    echo 'skipped: full and read-only disks (no right to mount a small file system here)'
fi

verdict
