#!/bin/sh
# Measures of quality as a user types them, on a small run on a ring and one on images.
# Proved: `eval` finds on 1, 2 and 4 ranks the same numbers to the bit, those that measures.py computes from the samples that `sample`
# writes; while training the same numbers at the same steps, in the log and in metrics.jsonl, with the weights of a run that is not
# measured; resuming with other measures; protocols; and what is refused, with its remedy.
. tests/jobs.sh
row=$(dirname "$gan")/tests/tool_h5_row
metrics=modes,high_quality,reverse_kl

# gives CODE TEXT COMMAND...: its exit code, and a text (of one line) in what it prints.
gives() {
    wanted=$1 text=$2
    shift 2
    "$@" >"$dir/output" 2>&1 </dev/null
    got=$?
    [ "$got" = "$wanted" ] || fail "$*" "exit code $wanted" "$got, saying: $(cat "$dir/output")"
    says "$*" "$text"
}

number() { # NAME FILE: of a record, or of what --json prints
    sed -n "s/, \"measures\".*//; s/.*\"$1\": \([-0-9.e+]*\).*/\1/p" "$2"
}

# near WHAT WANTED GOT BOUND
near() {
    awk "BEGIN { d = $2 - ($3); exit !(d <= $4 && -d <= $4) }" || fail "$1" "$2 within $4" "$3"
}

# eval_on_all NAME WORD...: the same JSON on 1, 2 and 4 ranks and without mpirun, left in $dir/NAME.
eval_on_all() {
    name=$1
    shift
    "$gan" eval "$@" --json >"$dir/$name" 2>"$dir/output" || fail "eval $*" 'exit code 0' "$(cat "$dir/output")"
    for ranks in 1 2 4; do
        mpirun -np $ranks "$gan" eval "$@" --json >"$dir/other" 2>&1 </dev/null
        same "eval $* on $ranks" "$(cat "$dir/$name")" "$(cat "$dir/other")"
    done
}

# ---- a mixture, also while training ---------------------------------------------------------------------------

wide='--set data.std=0.2 --set generator.ema=0.8 --set train.steps=60'
trains 2 $wide
hash=$(hash_of "$dir/run")
eval_on_all modes.json "$dir/run" --metrics $metrics
"$gan" sample "$dir/run" --n 2500 --out "$dir/s.h5" >/dev/null
"$row" "$dir/s.h5" images 0 2500 >"$dir/samples"
read -r modes good kl <<END
$(/usr/bin/python3 tests/measures.py modes ring 0.2 "$dir/samples")
END
same modes "$modes" "$(number modes "$dir/modes.json")"
near high_quality "$good" "$(number high_quality "$dir/modes.json")" 1e-12
near reverse_kl "$kl" "$(number reverse_kl "$dir/modes.json")" 1e-12
gives 0 "modes            $modes" "$gan" eval "$dir/run" --metrics modes
says 'what was compared' "weights averaged, noise seed 1"
says 'what was compared' 'data: ring of 8 Gaussians, radius 1, std 0.2'
says 'what was compared' '2500 samples: of 8, that are the nearest one of a sample within 3 std'
gives 0 ' 70 samples: share within 3 std' "$gan" eval "$dir/run" --metrics high_quality --samples 70

trains 4 $wide --set run.dir="$dir/measured" --set eval.metrics=$metrics --set eval.every=25 --set parallel.team=2 \
    --set parallel.sharded_update=yes
same 'the run that was measured' "$hash" "$(hash_of "$dir/measured")"
same 'lines of the log' 3 "$(grep -c '^eval      step ' "$dir/output")"
says 'what is compared' 'eval      reverse_kl of 2500 samples, noise seed 1: KL(modes of the samples within 3 std || equal shares), nats'
same 'records with measures' '25 50 60 ' "$(grep '"modes": [0-9]' "$dir/measured/metrics.jsonl" | sed -E 's/.*"step": ([0-9]+).*/\1/' | tr '\n' ' ')"
tail -n 1 "$dir/measured/metrics.jsonl" >"$dir/last"
# In the midst of the run as well, where nothing else collects the weights that teams of a sharded update keep in parts.
trains 1 $wide --set run.dir="$dir/alone" --set eval.metrics=$metrics --set eval.every=25 --set train.steps=25
measures_at_25() { sed -n 's/.*"step": 25,.*\("modes".*"reverse_kl": [^,}]*\).*/\1/p' "$dir/$1/metrics.jsonl"; }
same 'measures of step 25, with parts and alone' "$(measures_at_25 alone)" "$(measures_at_25 measured)"
[ "$(measures_at_25 alone)" ] || fail 'measures of step 25' 'three' "$(cat "$dir/alone/metrics.jsonl")"
near 'the last record' "$(number reverse_kl "$dir/modes.json")" "$(number reverse_kl "$dir/last")" 1e-16
trains 2 $wide --set run.dir="$dir/measured" --set eval.metrics=modes --set eval.every=0 --set train.steps=70
same 'records with measures, resumed' '25 50 60 70 ' "$(grep '"modes": [0-9]' "$dir/measured/metrics.jsonl" | sed -E 's/.*"step": ([0-9]+).*/\1/' | tr '\n' ' ')"
gives 0 'modes ' "$gan" eval "$dir/measured" # those of the job

# ---- images ----------------------------------------------------------------------------------------------------

cat >"$job" <<END
[run]
dir = $dir/images
[train]
steps = 5
batch = 32
[noise]
size = 7
[data]
file = data/fashion-mnist-10k.h5
[generator]
layers = dense 40, relu, dense 784, tanh
[discriminator]
layers = dense 40, leaky_relu 0.2, dense 1
[eval]
test_rows = 70
validation_rows = 30
END
trains 2
eval_on_all parzen.json "$dir/images" --metrics parzen --samples 100 --data data/fashion-mnist-10k.h5
"$gan" sample "$dir/images" --n 100 --out "$dir/s.h5" >/dev/null
"$row" "$dir/s.h5" images 0 100 >"$dir/samples"
"$row" data/fashion-mnist-10k.h5 images 9900 30 >"$dir/validation"
"$row" data/fashion-mnist-10k.h5 images 9930 70 >"$dir/test"
read -r mean se sigma <<END
$(/usr/bin/python3 tests/measures.py parzen "$dir/samples" "$dir/validation" "$dir/test" 0.00392156862745098)
END
near parzen "$mean" "$(number parzen "$dir/parzen.json")" 1e-2
near parzen_se "$se" "$(number parzen_se "$dir/parzen.json")" 1e-3
near parzen_sigma "$sigma" "$(number parzen_sigma "$dir/parzen.json")" 1e-12
grep -q 'rows 9930..9999 of data/fashion-mnist-10k.h5, which the run was trained on; values 0..1' "$dir/parzen.json" ||
    fail 'protocol of parzen' 'rows, file, range' "$(cat "$dir/parzen.json")"

# ---- what cannot be --------------------------------------------------------------------------------------------

gives 0 'parzen           Parzen window' "$gan" eval --list
gives 2 'of which checkpoint?' "$gan" eval
gives 2 'no measure is named; "gan_mpi eval --list" names them' "$gan" eval "$dir/run"
gives 2 'there is no measure "mode"; did you mean modes? (there are: modes, high_quality,' "$gan" eval "$dir/run" --metrics mode
gives 2 'modes is named twice' "$gan" eval "$dir/run" --metrics modes,modes
gives 2 'modes wants data whose modes are known, data.source = ring, grid or line; this job'"'"'s is file' "$gan" eval "$dir/images" --metrics modes
gives 2 'parzen compares with real samples: name a dataset file by --data' "$gan" eval "$dir/images" --metrics parzen
gives 2 'which have the shape 28x28x1; samples are 2' "$gan" eval "$dir/run" --metrics parzen --data data/fashion-mnist-10k.h5
gives 2 'stacked_modes labels samples with a classifier: train one' "$gan" eval "$dir/images" --metrics stacked_modes
gives 6 'a run of system gan, which labels nothing' "$gan" eval "$dir/images" --metrics stacked_modes --classifier "$dir/run"
gives 7 'none: cannot open' "$gan" eval "$dir/images" --metrics stacked_modes --classifier "$dir/none"
gives 5 'none.h5: cannot open the dataset' "$gan" eval "$dir/images" --metrics parzen --data "$dir/none.h5"
gives 6 'a directory without a checkpoint' "$gan" eval tests --metrics modes
gives 2 'option --samples wants a whole number from 1 to' "$gan" eval "$dir/run" --metrics modes --samples 0
refuses 'a measure while training' 3 '--set eval.metrics=parzem: eval.metrics: there is no measure "parzem"; did you mean parzen?' \
    mpirun -np 2 "$gan" "$job" --set eval.metrics=parzem --set run.dir="$dir/no"
refuses 'a measure that the data does not support' 3 'modes wants data whose modes are known' \
    mpirun -np 2 "$gan" "$job" --set eval.metrics=modes --set run.dir="$dir/no"
[ -e "$dir/no" ] && fail 'a refused run' 'no directory' "$(ls "$dir/no")"
verdict
