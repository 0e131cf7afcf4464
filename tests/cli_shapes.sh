#!/bin/sh
# Layers whose sizes do not fit together, or not the data, are refused before anything is made. Proved, for each way not to fit: exit
# code 4, one line, and in it the layer, its line of the job, what it got and what was wanted. Data: the 10,000 images of 28x28x1.
. tests/jobs.sh

# refused LAYERS-OF-G LAYERS-OF-D TEXT...: one layer a line. Empty: what fits.
refused() {
    g=${1:-$good_g} d=${2:-$good_d}
    shift 2
    printf '[train]\nsteps = 1\nbatch = 16\n[run]\ndir = %s/run\n[data]\nfile = data/fashion-mnist-10k.h5\n[noise]\nsize = 20\n' "$dir" >"$job"
    printf '[generator]\nlayers =\n%s\n[discriminator]\nlayers =\n%s\n' "$(echo "$g" | sed 's/^/    /')" \
        "$(echo "$d" | sed 's/^/    /')" >>"$job"
    "$gan" "$job" --dry-run >"$dir/output" 2>&1
    same "$g / $d: exit code" 4 $?
    same "$g / $d: lines" 1 "$(grep -c . "$dir/output")"
    for text in "$@"; do says "$g / $d" "$text"; done
    [ ! -e "$dir/run" ] || fail "$g / $d" 'no run directory' 'one'
}

good_g='reshape 1 1 20
conv_transpose 8 7
conv_transpose 4 4 2 1
conv_transpose 1 4 2 1'
good_d='conv 4 4 2 1
conv 1 14'

# The first layer of the generator stands in line 12, of a discriminator after the four of good_g in line 18.
refused '' 'conv 4 31 1 1' "discriminator.conv1 ($job:18): got 28x28x1; a kernel of 31x31 is larger than the image with its padding, 30x30" 'padding, 30'
refused '' 'conv 4 4 2 1
leaky_relu
conv 1 15' "discriminator.conv2 ($job:20): got 14x14x4; a kernel of 15x15 is larger" 'padding, 14'
refused '' 'max_pool 2
max_pool 15' "discriminator.max_pool2 ($job:19): got 14x14x1; a window of 15 pixels"
refused 'reshape 1 1 20
conv_transpose 8 4 1 2' '' "generator.conv_transpose1 ($job:13): got 1x1x20; nothing is left" '(1 - 1) * 1 - 2 * 2 + 4 pixels'
refused 'conv 8 3' '' "generator.conv1 ($job:12): got 20; wanted an image" 'reshape H W C'
refused 'reshape 2 2 4' '' "generator.reshape1 ($job:12): got 20; 2x2x4 has 16 values, not 20"
refused 'reshape 1 1 20
conv_transpose 8 7
conv_transpose 4 4 2 1
conv_transpose 3 4 2 1, tanh' '' "generator, last layer, tanh ($job:15): gives 28x28x3, wanted is 28x28x1: the shape of a real sample"
refused 'reshape 1 1 20
conv_transpose 8 7
conv_transpose 1 4 2 1' '' "generator, last layer, conv_transpose ($job:14): gives 14x14x1, wanted is 28x28x1"
refused 'dense 784
reshape 14 56 1' '' "generator, last layer, reshape ($job:13): gives 14x56x1, wanted is 28x28x1"
refused 'dense 783' '' "generator, last layer, dense ($job:12): gives 783, wanted is 28x28x1"
refused '' 'conv 2 28' "discriminator, last layer, conv ($job:18): gives 1x1x2, wanted is 1: one logit"
refused '' 'conv 1 4 2 1' "discriminator, last layer, conv ($job:18): gives 14x14x1, wanted is 1: one logit"

# A frame makes the data larger, and then what fitted no longer does. A row may stand for an image.
trains 1 --dry-run --set 'generator.layers=dense 784' --set 'discriminator.layers=conv 4 4 2 1, conv 1 14'
train 1 --dry-run --set data.pad=2
same 'a frame: exit code' 4 "$code"
says 'a frame' 'wanted is 32x32x1'
verdict
