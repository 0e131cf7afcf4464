#!/bin/sh
# What `sample` makes of latents, as a user types it: ways, arithmetic and sweeps, as PNG and HDF5.
# Proved: that the ends of a way, the terms of a sum and the middle of a sweep are the samples of their numbers, to the bit, in
# /images and in /z, and that 7 + 9 - 9 is 7; texts and exit codes of options that are wrong or exclude each other.
. tests/jobs.sh
row=$(dirname "$gan")/tests/tool_h5_row

cat >"$job" <<END
[run]
dir = $dir/run
[train]
steps = 3
batch = 8
[noise]
size = 5
[data]
source = noise
height = 8
width = 8
channels = 1
samples = 64
[generator]
layers = reshape 1 1 5, conv_transpose 6 4, batch_norm, relu, conv_transpose 1 4 2 1, tanh
[discriminator]
layers = conv 6 4 2 1, leaky_relu 0.2, dense 1
END
trains 1

# gives CODE TEXT COMMAND...: its exit code, and a text (of one line) in what it prints.
gives() {
    wanted=$1 text=$2
    shift 2
    "$@" >"$dir/output" 2>&1 </dev/null
    got=$?
    [ "$got" = "$wanted" ] || fail "$*" "exit code $wanted" "$got, saying: $(cat "$dir/output")"
    says "$*" "$text"
}

sample() { # CODE TEXT OPTION...
    wanted=$1 text=$2
    shift 2
    gives "$wanted" "$text" "$gan" sample "$dir/run" "$@"
}

# is FILE ROW SAMPLE: the row of the file is that sample, picture and latent.
is() {
    for set in images z; do
        same "row $2 of $1, /$set" "$("$row" "$dir/all.h5" $set "$3")" "$("$row" "$dir/$1" $set "$2")"
    done
}

is_not() {
    [ "$("$row" "$dir/all.h5" images "$3")" != "$("$row" "$dir/$1" images "$2")" ] || fail "row $2 of $1" "not sample $3" 'it is'
}

sample 0 '64 samples' --out "$dir/all.h5"
gives 0 'samples       64' "$gan" info "$dir/all.h5"
same 'numbers in a picture and a latent' '64 5' \
    "$("$row" "$dir/all.h5" images 0 | wc -w) $("$row" "$dir/all.h5" z 0 | wc -w)"

for curve in linear slerp; do
    sample 0 "10 samples of $dir/run at step 3, noise seed 1, $curve from sample 7 to sample 63" \
        --interpolate $curve 7 63 --out "$dir/$curve.h5"
    is $curve.h5 0 7
    is $curve.h5 9 63
    is_not $curve.h5 4 7
    gives 0 "$curve from sample 7 to sample 63" "$gan" info "$dir/$curve.h5"
    sample 0 '3 samples' --interpolate $curve 7 63 --n 3 --out "$dir/way.png"
done
[ "$("$row" "$dir/linear.h5" z 4)" != "$("$row" "$dir/slerp.h5" z 4)" ] || fail 'two curves' 'two ways' 'one'

sample 0 '6 samples' --arithmetic '7 - mean(2,3) + 0.5*(7 - 7)' --neighbours 1 --out "$dir/sum.h5"
is sum.h5 0 7
is sum.h5 2 7
is_not sum.h5 1 2
is_not sum.h5 5 7
sample 0 '4 samples' --arithmetic '7 + 9 - 9' --out "$dir/back.h5"
is back.h5 0 7
is back.h5 1 9
is back.h5 3 7
sample 0 '3 samples' --arithmetic '-mean(7)+2' --out "$dir/sum.png"

sample 0 '9 samples' --grid 4 --at 7 --out "$dir/sweep.h5"
is sweep.h5 4 7
is_not sweep.h5 3 7
sample 0 '25 samples' --grid=0,4 --at 7 --n 5 --span 0.5 --out "$dir/square.h5"
is square.h5 12 7
sample 0 '25 samples' --grid 0,4 --n 5 --out "$dir/square.png"
sample 0 '9 samples' --grid 3 --span 0 --out "$dir/still.h5"
is still.h5 8 0

# What cannot be.
sample 2 'options --interpolate and --grid exclude each other' --grid 1 --interpolate slerp 1 2
sample 2 'options --arithmetic and --grid exclude each other' --grid 1 --arithmetic 1
sample 2 'option --at goes with --grid only' --at 3
sample 2 'option --span goes with --grid only' --span 3 --arithmetic 1
sample 2 'option --neighbours goes with --arithmetic only' --neighbours 3 --grid 1
sample 2 'option --n goes without --arithmetic' --n 3 --arithmetic 1+2
sample 2 'option --interpolate wants 3 values' --interpolate slerp 1
sample 2 'did you mean slerp?' --interpolate slrp 1 2
sample 2 'option --interpolate wants a whole number from 0 to 9999999, got "-1"' --interpolate slerp 0 -1
sample 2 'option --n wants a whole number from 2 to 10000000, got "1"' --interpolate slerp 0 1 --n 1
sample 2 'option --n wants a whole number from 2 to 3162, got "3163"' --grid 0,1 --n 3163
sample 2 'column 8: got "10000000", wanted a sample' --arithmetic 'mean(1,10000000)'
sample 2 'column 5: got the end' --arithmetic '1 - '
sample 2 "this generator's z has directions 0 to 4, got 5" --grid 0,5
sample 2 'wants one or two directions' --grid 1,2,3
sample 2 'wants one or two directions' --grid -1
sample 2 'option --grid wants a value' --grid ''
sample 2 'wants two different directions' --grid 3,3
sample 2 'option --span wants a number from 0 to 1e+06, got "nan"' --grid 3 --span nan
verdict
