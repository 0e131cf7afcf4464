#!/bin/sh
# A run in the plane leaves pictures with real samples, fakes and the discriminator's surface; gan_mpi strip joins those of runs. What
# is no run is refused.
. tests/jobs.sh

trains 2 --set samples.every=3
for pack in 2 4; do # a packed discriminator judges copies; one of conditions draws no surface, and no failure
    trains 1 --set run.dir="$dir/pack$pack" --set gan.pack=$pack --set train.batch=128 --set samples.every=6
done
trains 1 --set run.dir="$dir/cgan" --set train.system=cgan --set 'generator.layers=condition 4, dense 9, relu, dense 2' \
    --set 'discriminator.layers=planes, dense 9, relu, dense 1'
same 'pictures' 4 "$(find "$dir/run/samples" -name '*.png' | wc -l)"
"$gan" strip "$dir/run" "$dir/pack2" "$dir/cgan" --n 3 --out "$dir/strip.png" >"$dir/output" 2>&1
same 'strip' 0 $?
says 'the first of a run' "row 1, column 1: $dir/run/samples/step-000000003.png"
says 'the last of a run' "row 1, column 3: $dir/run/samples/step-000000012.png"
says 'one with fewer' "row 2, column 2: $dir/pack2/samples/step-000000012.png"
[ -s "$dir/strip.png" ] || fail 'strip' 'a picture' 'none'
refuses 'no run' 2 'no pictures samples/step-*.png there' "$gan" strip "$dir"
refuses 'no words' 2 'of which runs?' "$gan" strip
refuses 'no picture' 2 '--out wants a name that ends in .png' "$gan" strip "$dir/run" --out "$dir/strip"
cp "$dir/run/checkpoints/latest" "$dir/kept.png"
refuses 'a checkpoint' 2 'is a checkpoint; it is not written over' "$gan" strip "$dir/run" --out "$dir/kept.png"

# Names of directories are taken as they are.
mv "$dir/pack2" "$dir/[p]*"
"$gan" strip "$dir/[p]*" --n 2 --out "$dir/strip.png" >"$dir/output" 2>&1
same 'a name with a star' 0 $?
says 'a name with a star' "row 1, column 1: $dir/[p]*/samples/step-000000006.png"
refuses 'a star' 2 'no pictures samples/step-*.png there' "$gan" strip "$dir/pack*"
verdict
