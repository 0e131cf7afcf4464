#!/bin/sh
# timeout: 240
# Labels and attributes as a user meets them: runs conditioned on either, samples of a class or with given attributes, a classifier and what takes
# one; and all that does not fit, refused with the remedy.
# Proved: that sample i of --label K is sample i of the default grid where that has class K there, to the bit, and another with another class; that
# a file of samples says what they are; that pictures imported with attributes can be learnt from; texts and exit codes.
. tests/jobs.sh
row=$(dirname "$gan")/tests/tool_h5_row
plain=$job clothes=$dir/clothes.ini faces=$dir/faces.ini classes=$dir/classes.ini

# gives CODE TEXT COMMAND...: its exit code, and a text (of one line) in what it prints.
gives() {
    wanted=$1 text=$2
    shift 2
    "$@" >"$dir/output" 2>&1 </dev/null
    got=$?
    [ "$got" = "$wanted" ] || fail "$*" "exit code $wanted" "$got, saying: $(cat "$dir/output")"
    says "$*" "$text"
}

rows() { # FILE SET ROW
    "$row" "$dir/$1" "$2" "$3"
}

numbers() { # FILE SET ROW: in decimals
    # shellcheck disable=SC2046
    printf '%g ' $(rows "$@") | sed 's/ $//'
}

# ---- labels -------------------------------------------------------------------------------------------------------

cat >"$clothes" <<END
[run]
dir = $dir/clothes
[train]
system = cgan
steps = 3
batch = 16
[noise]
size = 5
[data]
file = data/fashion-mnist-10k.h5
[generator]
layers = condition 4, dense 20, relu, dense 784, tanh
[discriminator]
layers = conv 4 4 4, leaky_relu, planes, dense 8, leaky_relu, projection
[samples]
count = 20
columns = 2
END
job=$clothes
trains 2
[ -s "$dir/clothes/samples/step-000000003.png" ] || fail 'pictures while training' 'a file' "$(ls "$dir/clothes/samples")"
sample() { # CODE TEXT OPTION...
    wanted=$1 text=$2
    shift 2
    gives "$wanted" "$text" "$gan" sample "$dir/clothes" "$@"
}
sample 0 '80 samples' --n 80 --out "$dir/all.h5"
sample 0 '40 samples' --n 40 --label 4 --out "$dir/four.h5"
for i in 0 7 8 39 79; do same "class of sample $i" "$((i / 8))" "$(numbers all.h5 labels $i)"; done
same 'class of a sample of one class' 4 "$(numbers four.h5 labels 7)"
for i in 32 35 39; do same "sample $i of class 4" "$(rows all.h5 images $i)" "$(rows four.h5 images $i)"; done
same 'the latent of another class' "$(rows all.h5 z 31)" "$(rows four.h5 z 31)"
[ "$(rows all.h5 images 31)" != "$(rows four.h5 images 31)" ] || fail 'the picture of another class' 'another picture' 'the same'
sample 0 '5 samples' --label 4 --interpolate slerp 33 38 --n 5 --out "$dir/way.h5"
same 'where a way begins' "$(rows four.h5 images 33)" "$(rows way.h5 images 0)"
same 'where a way ends' "$(rows four.h5 images 38)" "$(rows way.h5 images 4)"
sample 0 '25 samples' --label 9 --grid 0,1 --n 5 --out "$dir/grid.png"
sample 0 '11 samples' --n 11 --columns 1 --out "$dir/around.h5"
same 'the eleventh of ten classes' 0 "$(numbers around.h5 labels 10)"

sample 2 'option --label: this generator knows the classes 0 to 9, got 10' --label 10 --out "$dir/no.png"
sample 2 'option --label wants a whole number from 0' --label -1 --out "$dir/no.png"
sample 2 'option --label wants a whole number from 0' --label shoe --out "$dir/no.png"
sample 2 "conditioned on labels; use --label" --attributes 1,2 --out "$dir/no.png"
sample 2 'options --label and --attributes exclude each other' --label 1 --attributes 1 --out "$dir/no.png"
[ ! -e "$dir/no.png" ] || fail 'what is refused' 'no picture' 'one'

gives 0 '10000 rows of 64 features (conv1' "$gan" features "$dir/clothes" data/fashion-mnist-10k.h5 --layers conv1 --out "$dir/f.h5"
gives 0 '80 rows of 8 features (dense1)' "$gan" features "$dir/clothes" "$dir/all.h5" --layers dense1 --out "$dir/f.h5"
same 'label of a feature' 5 "$(numbers f.h5 labels 40)"

# ---- at the start -------------------------------------------------------------------------------------------------

refused() { # exit code, what, text, arguments
    code=$1 what=$2 text=$3
    shift 3
    refuses "$what" "$code" "$text" "$gan" "$job" --set run.dir="$dir/none" "$@"
    [ ! -e "$dir/none" ] || fail "$what" 'no run directory' 'one'
}
refused 3 'a blind generator' "--set generator.layers=dense 784: under train.system = cgan both networks see the condition, and none of generator.layers" \
    --set 'generator.layers=dense 784'
refused 3 'a blind discriminator' 'none of discriminator.layers reads it; add `condition UNITS`, `planes` or' --set 'discriminator.layers=dense 1'
refused 4 'layers without a condition' 'it reads labels or attributes, and the samples come without; write data.condition = labels' --set train.system=gan
refused 3 'noise with labels' 'data.condition = labels, but noise' --set data.source=noise --set data.height=28 --set data.width=28 --set data.channels=1
refused 3 'a mixture with attributes' 'data.condition = attributes, but ring' --set data.source=ring --set data.condition=attributes
says 'a mixture with attributes' 'or data.condition = labels'
refused 4 'a projection that is not the end' 'discriminator, last layer, dense' --set 'discriminator.layers=projection, dense 2'
refused 5 'attributes that a file lacks' 'it has no /attributes, which data.condition = attributes asks for' --set data.condition=attributes

job=$plain
trains 1
gives 2 'option --label: the generator of' "$gan" sample "$dir/run" --label 1 --out "$dir/no.png"
says 'a label for a run without' 'is not conditional'

# ---- a classifier -------------------------------------------------------------------------------------------------

cat >"$classes" <<END
[run]
dir = $dir/classes
[train]
system = classifier
steps = 40
batch = 64
[data]
file = data/fashion-mnist-10k.h5
[classifier]
layers = dense 24, leaky_relu 0.1, dense 10
learning_rate = 3e-3
[metrics]
every = 1
END
job=$classes
trains 2
reached=$(sed -n '$s/.*"accuracy": \([0-9.]*\).*/\1/p' "$dir/classes/metrics.jsonl")
awk "BEGIN { exit !($reached > 0.4 && $reached <= 1) }" || fail 'accuracy after 40 steps, by chance 0.1' '0.4 to 1' "$reached"
gives 2 'train.system = classifier makes no samples' "$gan" sample "$dir/classes" --out "$dir/no.png"
gives 0 '10000 rows of 24 features (dense1)' "$gan" features "$dir/classes" data/fashion-mnist-10k.h5 --layers dense1 --out "$dir/f.h5"
gives 0 'stacked_kl' "$gan" eval "$dir/clothes" --metrics stacked_modes --classifier "$dir/classes" --samples 40
refused 4 'as many logits as classes' 'classifier, last layer, dense (--set classifier.layers=dense 11): gives 11, wanted is 10: a logit for each class' \
    --set 'classifier.layers=dense 11'
refused 3 'a classifier of nothing' 'train.system = classifier learns labels; write data.condition = labels' --set data.condition=none
refused 3 'a classifier that is told' 'a classifier that reads the label learns nothing; remove the layer planes1' --set 'classifier.layers=planes, dense 10'

# ---- attributes ---------------------------------------------------------------------------------------------------

mkdir "$dir/pictures"
printf '12\nSmiling Hat Beard\n' >"$dir/list.txt"
for i in 0 1 2 3 4 5 6 7 8 9 10 11; do
    "$gan" sample "$dir/clothes" --n 1 --seed $i --out "$dir/pictures/$i.png" >"$dir/output" 2>&1 || fail 'a picture' 'exit code 0' "$(cat "$dir/output")"
    echo "$i.png $((i % 2 * 2 - 1)) $((i / 2 % 2 * 2 - 1)) -1" >>"$dir/list.txt"
done
gives 0 '12' "$gan" import images "$dir/pictures" "$dir/faces.h5" --size 8 --channels 1 --attributes "$dir/list.txt"
cat >"$faces" <<END
[run]
dir = $dir/faces
[train]
system = cgan
steps = 3
batch = 8
[noise]
size = 5
[data]
file = $dir/faces.h5
condition = attributes
[generator]
layers = reshape 1 1 5, planes, conv_transpose 6 4, relu, condition 1, conv_transpose 1 4 2 1, tanh
[discriminator]
layers = condition 1, conv 4 4 2 1, leaky_relu, projection
[parallel]
shards = 4
END
job=$faces
trains 2
faces() { # CODE TEXT OPTION...
    wanted=$1 text=$2
    shift 2
    gives "$wanted" "$text" "$gan" sample "$dir/faces" --n 3 "$@"
}
faces 0 '3 samples' --attributes 1,-1,0.5 --out "$dir/a.h5"
same 'attributes of a sample' '1 -1 0.5' "$(numbers a.h5 attributes 2)"
faces 0 '3 samples' --attributes 1,-1,0 --out "$dir/b.h5"
[ "$(rows a.h5 images 2)" != "$(rows b.h5 images 2)" ] || fail 'other attributes' 'another picture' 'the same'
faces 2 'samples are conditioned on 3 attributes; say which' --out "$dir/no.png"
faces 2 'conditioned on attributes; use --attributes' --label 1 --out "$dir/no.png"
for given in 1,2 1,2,3,4 '1,2,3,' 1,,3 1,2,x ' ' 1,2,nan 1,inf,3; do
    faces 2 'option --attributes wants the 3 numbers that samples of this run are conditioned on' --attributes "$given" --out "$dir/no.png"
done
[ ! -e "$dir/no.png" ] || fail 'what is refused' 'no picture' 'one'
gives 2 'samples are conditioned on attributes, of which only a run in training has real ones' \
    "$gan" eval "$dir/faces" --metrics parzen --data "$dir/faces.h5" --samples 8
verdict
