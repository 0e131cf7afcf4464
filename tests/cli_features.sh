#!/bin/sh
# A discriminator as feature extractor, as a user types it (DCGAN, section 5.1): trains a small DCGAN for some steps on the
# 10,000 Fashion-MNIST images of the repository, extracts features, and lets a linear classifier tell the ten classes apart.
# Proved: its accuracy on images it has not seen is above 0.83, and above that of the same classifier on pixels; layers, labels,
# attributes and rows of the file; texts and exit codes. The accuracy is one of the extraction: on data this easy, and after so
# few steps, the convolutions of a network that has hardly learnt anything do as well.
. tests/jobs.sh
probe=$(dirname "$gan")/tests/tool_linear_probe row=$(dirname "$gan")/tests/tool_h5_row
data=data/fashion-mnist-10k.h5

cat >"$job" <<END
[run]
dir = $dir/run
[train]
steps = 60
batch = 64
[noise]
size = 50
distribution = uniform
[data]
file = $data
pad = 2
[generator]
layers =
    reshape 1 1 50
    conv_transpose 64 4 bias=no, batch_norm, relu
    conv_transpose 32 4 2 1 bias=no, batch_norm, relu
    conv_transpose 16 4 2 1 bias=no, batch_norm, relu
    conv_transpose 1 4 2 1, tanh
init_scale = 0.02
learning_rate = 2e-4
beta1 = 0.5
[discriminator]
layers =
    conv 16 4 2 1, leaky_relu 0.2
    conv 32 4 2 1 bias=no, batch_norm, leaky_relu 0.2
    conv 64 4 2 1 bias=no, batch_norm, leaky_relu 0.2
    conv 1 4
init_scale = 0.02
learning_rate = 2e-4
beta1 = 0.5
END

# features CODE TEXT WORD...: its exit code, and a text (of one line) in what it prints.
features() {
    wanted=$1 text=$2
    shift 2
    "$gan" features "$@" >"$dir/output" 2>&1 </dev/null
    got=$?
    [ "$got" = "$wanted" ] || fail "features $*" "exit code $wanted" "$got, saying: $(cat "$dir/output")"
    says "features $*" "$text"
}

trains 1
features 0 "10000 rows of 1792 features (leaky_relu1,leaky_relu2,leaky_relu3) of $dir/run at step 60, with labels" \
    "$dir/run" $data --out "$dir/f.h5"

accuracy() { # FILE DATASET
    "$probe" "$1" "$2" | sed -n 's/accuracy \([0-9.]*\) of 2000 test images/\1/p'
}
of_features=$(accuracy "$dir/f.h5" features) of_pixels=$(accuracy $data images)
echo "linear classifier on features of the discriminator: accuracy $of_features of 2000 test images"
echo "linear classifier on pixels:                        accuracy $of_pixels of 2000 test images"
awk "BEGIN { exit !($of_features > 0.83 && $of_features > $of_pixels) }" ||
    fail 'accuracy on features' "above 0.83, and above that on pixels, $of_pixels" "$of_features"

# Chosen layers: their columns, in the order of their names; a layer is itself, not what follows it.
features 0 '10000 rows of 768 features (leaky_relu1,conv2) of' "$dir/run" $data --layers 'discriminator.leaky_relu1, conv2' \
    --out "$dir/chosen.h5"
same 'columns of leaky_relu1' "$("$row" "$dir/f.h5" features 9999 | cut -d ' ' -f 1-256)" \
    "$("$row" "$dir/chosen.h5" features 9999 | cut -d ' ' -f 1-256)"
[ "$("$row" "$dir/f.h5" features 9999 | cut -d ' ' -f 257-768)" != "$("$row" "$dir/chosen.h5" features 9999 | cut -d ' ' -f 257-768)" ] ||
    fail 'conv2' 'not leaky_relu2' 'it is'

# Samples of the run have the framed size already, and no labels.
"$gan" sample "$dir/run" --n 70 --out "$dir/samples.h5" >"$dir/output" || fail sample 'samples' "$(cat "$dir/output")"
features 0 "70 rows of 1792 features (leaky_relu1,leaky_relu2,leaky_relu3) of $dir/run at step 60" "$dir/run" "$dir/samples.h5" \
    --out "$dir/of-samples.h5"
features 0 '70 rows of 1792 features' "$dir/run/checkpoints/latest" "$dir/samples.h5" --out "$dir/again.h5"
same 'features, once more' "$("$row" "$dir/of-samples.h5" features 69)" "$("$row" "$dir/again.h5" features 69)"
grep -q 'with labels' "$dir/output" && fail 'samples' 'no labels' "$(cat "$dir/output")"

# What cannot be.
features 2 'of which checkpoint, and which dataset?'
features 2 'of which dataset?' "$dir/run"
features 2 'does not end in .h5' "$dir/run" $data --out f.png
features 2 "would replace $dir/samples.h5" "$dir/run" "$dir/samples.h5" --out "$dir/samples.h5"
features 2 'no kernels "avx3"' "$dir/run" $data --kernels avx3
features 2 'discriminator has no layer "leaky_relu4"; did you mean leaky_relu' "$dir/run" $data --layers leaky_relu4
features 2 'has no layer "pool" (there are: conv1, leaky_relu1, conv2, batch_norm1,' "$dir/run" $data --layers pool
features 2 'has no layer ""' "$dir/run" $data --layers conv1,
features 2 'conv1 is named twice' "$dir/run" $data --layers conv1,conv1
features 5 'no-such-file.h5: cannot open the dataset' "$dir/run" "$dir/no-such-file.h5"
features 5 'has no dataset /images' "$dir/run" "$dir/f.h5" --out "$dir/x.h5"
features 6 'a directory without a checkpoint' tests $data
features 7 'no-such-directory' "$dir/run" $data --out "$dir/no-such-directory/x.h5"
trains 1 --set data.pad=4 --set run.dir="$dir/other" --set train.steps=1 --set 'generator.layers=dense 1296, tanh' \
    --set 'discriminator.layers=dense 1'
features 2 'discriminator has no convolution in front of its output' "$dir/other" $data
features 4 "samples of 32x32x1, which with the job's frame of 4 do not fit either; the discriminator of $dir/other takes 36x36x1" \
    "$dir/other" "$dir/samples.h5" --layers dense1
[ -e features.h5 ] && fail 'a failure' 'no file' "$(ls features.h5)"
same 'files left under temporary names' '' "$(find "$dir" -name '*.tmp-*')"
verdict
