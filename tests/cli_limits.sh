#!/bin/sh
# A limit on the size of files is met while a checkpoint is written: as on a full disk the run ends with one error line that says
# what to do, no earlier checkpoint is lost, and with the limit raised it goes on to the bits of a run that never met it. A terminal that
# takes no more does not end a run. Needs no rights, unlike the full disks of cli_faults.sh.
. tests/jobs.sh

# The limit (blocks of 512 bytes) is larger than records, and than the files by which MPI shares memory; and smaller than a checkpoint.
blocks=12000
job_is='--set samples.every=0 --set checkpoint.every=6 --set parallel.team=1'
big='generator.layers=dense 7000, relu, dense 90, relu, dense 2'

limited() { # ranks, arguments
    n=$1
    shift
    (
        ulimit -f $blocks
        exec timeout -k 5 60 mpirun -np "$n" "$gan" "$job" "$@"
    ) >"$dir/output" 2>&1 </dev/null
    code=$?
}

# shellcheck disable=SC2086 # words without blanks
for n in 1 4; do
    rm -rf "$dir/run" "$dir/never"
    trains $n $job_is --set "$big"
    size=$(wc -c <"$dir/run/checkpoints/step-000000012.h5")
    [ "$size" -gt $((blocks * 512)) ] || fail 'the size of a checkpoint' "more than $((blocks * 512))" "$size"
    before=$(hash_of "$dir/run") files=$(ls "$dir/run/checkpoints")

    limited $n $job_is --set "$big" --set train.steps=40
    same "a limit on files, $n ranks: exit code" 7 "$code"
    same "a limit on files, $n ranks: error lines" 1 "$(grep -c '^error' "$dir/output")"
    grep '^error' "$dir/output" | grep -qF 'step-000000018.h5: cannot write: File too large; raise the limit on file sizes (ulimit -f)' ||
        fail "a limit on files, $n ranks" 'what is too large, and ulimit -f' "$(cat "$dir/output")"
    same "digest after the limit, $n ranks" "$before" "$(hash_of "$dir/run")"
    same "checkpoints after the limit, $n ranks" "$files" "$(ls "$dir/run/checkpoints")"

    trains $n $job_is --set "$big" --set train.steps=40
    says "without the limit, $n ranks" '12 steps are done'
    trains 2 $job_is --set "$big" --set train.steps=40 --set run.dir="$dir/never"
    same "digest of a run that met a limit, $n ranks" "$(hash_of "$dir/never")" "$(hash_of "$dir/run")"
    same_records "records of a run that met a limit, $n ranks" "$(metrics_of "$dir/never")" "$(metrics_of "$dir/run")"
done

# In the main thread, where the signal of such a write would end the program. It may be ignored by who runs this test, and then
# would be by what is started here.
as_usual=
env --default-signal=XFSZ true 2>/dev/null && as_usual='env --default-signal=XFSZ'
(
    ulimit -f 100
    exec $as_usual "$gan" sample "$dir/run" --n 20000 --out "$dir/samples.h5"
) >"$dir/output" 2>&1
same 'a limit on samples: exit code' 7 $?
says 'a limit on samples' 'File too large; raise the limit on file sizes (ulimit -f)'
[ ! -e "$dir/samples.h5" ] || fail 'a limit on samples' 'no file' "$(ls -l "$dir"/samples.h5*)"

if [ -c /dev/full ]; then
    rm -rf "$dir/run" "$dir/never"
    "$gan" "$job" >/dev/full 2>"$dir/output"
    same 'a terminal that takes no more: exit code' 0 $?
    trains 1 --set run.dir="$dir/never"
    same 'digest with a terminal that takes no more' "$(hash_of "$dir/never")" "$(hash_of "$dir/run")"
fi

verdict
