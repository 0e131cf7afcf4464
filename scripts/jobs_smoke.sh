#!/bin/sh
# jobs_smoke.sh PROGRAM [JOB...]: does each job of jobs/ and jobs/tables/ start, train a few steps on 2 ranks and end well?
# A dataset that is not here is replaced by the small one that is, or by noise, where that fits the networks; else the job is skipped.
set -eu
gan=$1 small=data/fashion-mnist-10k.h5
shift
[ $# -gt 0 ] || set -- jobs/*.ini jobs/tables/*.ini
dir=$(mktemp -d "${TMPDIR:-/tmp}/gan_smoke.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
passed=0 failed=0 skipped=0

value_of() { # key of section [data]: what the job says, or its default
    "$gan" config "$job" 2>/dev/null | awk -v key="$1" '/^\[/ { here = $0 == "[data]" } here && $1 == key && $2 == "=" { print $3; exit }'
}

remedy() { # file
    case $1 in
    data/mnist*) echo 'make mnist first' ;;
    data/fashion-mnist.h5) echo 'make data first' ;;
    *) echo 'see the head of the job' ;;
    esac
}

fits() { "$gan" "$@" --dry-run >"$dir/output" 2>&1; } # do the networks take it?

for job; do
    set -- "$job" --set run.dir="$dir/run" --set train.steps=3 --set samples.every=0
    file=$(value_of file) note=
    if [ "$(value_of source)" = file ] && [ ! -e "$file" ]; then
        if fits "$@" --set data.file=$small; then set -- "$@" --set data.file=$small && note=" (with $small)"
        elif fits "$@" --set data.source=noise; then set -- "$@" --set data.source=noise && note=' (with images of noise)'
        else
            echo "skipped  $job: $file is not there; $(remedy "$file")"
            skipped=$((skipped + 1))
            continue
        fi
    fi
    if sh scripts/run.sh "$gan" 2 "$@" >"$dir/output" 2>&1 </dev/null && grep -q '^finished' "$dir/output"; then
        echo "ok       $job$note"
        passed=$((passed + 1))
    else
        echo "FAILED   $job$note: $(grep '^error' "$dir/output" || tail -n 3 "$dir/output")"
        failed=$((failed + 1))
    fi
    rm -rf "$dir/run"
done
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
