#!/bin/sh
# timeout: 240
# A DCGAN is one run on any number of ranks and threads: convolutions, transposed ones (of both kinds some with spectral
# normalisation) and batch norm over images, with statistics of the whole batch and of each shard, give one digest and one record
# on 1, 2 and 4 ranks, by Winograd's ways and directly. Frames around images reach the networks, pictures and samples have their
# size.
. tests/jobs.sh

cat >"$job" <<END
[run]
dir = $dir/run
[train]
steps = 3
batch = 16
[noise]
size = 9
[data]
source = noise
height = 12
width = 12
channels = 3
pad = 2
samples = 64
[generator]
layers =
    reshape 1 1 9
    conv_transpose 24 4 bias=no, batch_norm SCOPE, relu
    conv_transpose 17 4 2 1 bias=no spectral=yes, batch_norm SCOPE, relu
    upsample 2, conv 3 3 padding=1, tanh
ema = 0.9
[discriminator]
layers =
    conv 17 4 2 1, leaky_relu 0.2
    conv 24 4 2 1 bias=no, batch_norm SCOPE, leaky_relu 0.2
    max_pool, conv 8 3 1 1 spectral=yes, instance_norm, leaky_relu 0.2
    dense 1
[parallel]
shards = 8
bucket_kib = 4
[metrics]
every = 1
END
template=$(cat "$job")

for scope in batch shard; do
    echo "$template" | sed "s/SCOPE/$scope/g" >"$job"
    for winograd in yes no; do
        wanted='' wanted_record=''
        for shape in 1x1 2x1 4x1 1x2 2x2 1x5; do # ranks x threads
            trains "${shape%x*}" --set parallel.winograd=$winograd --set parallel.threads="${shape#*x}" --fresh
            digest=$(hash_of "$dir/run") record=$(metrics_of "$dir/run")
            [ "$wanted" ] || { wanted=$digest wanted_record=$record; }
            same "scope $scope, winograd $winograd: digest on $shape ranks x threads" "$wanted" "$digest"
            same "scope $scope, winograd $winograd: metrics on $shape ranks x threads" "$wanted_record" "$record"
        done
        echo "$seen" | grep -q "$wanted" && fail "scope $scope, winograd $winograd" 'a run unlike the others' "$wanted"
        seen="$seen $wanted"
    done
done

"$gan" sample "$dir/run" --n 4 --out "$dir/grid.png" >"$dir/output" 2>&1 || fail 'samples' 'a picture' "$(cat "$dir/output")"
"$gan" info "$dir/run/checkpoints/latest" >"$dir/output" 2>&1 || fail 'info' 'a description' "$(cat "$dir/output")"
grep -q 16x16x3 "$dir/output" || fail 'the size of samples' 16x16x3 "$(cat "$dir/output")"
verdict
