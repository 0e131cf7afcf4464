#!/bin/sh
# The commands as a user types them: help, bad words, the manual, and import, train, info, hash and sample on what they
# leave for each other. Proved: texts and exit codes of status.h; that `sample` draws bit for bit the picture the run
# drew; that a dataset of samples can be trained on; that a flipped byte is named. Every command that works also checks
# its own memory (exit code 12 otherwise).
. tests/mpi_env.sh
gan=${GAN_MPI:-build/release/gan_mpi}
case $gan in /*) ;; *) gan=$PWD/$gan ;; esac
dir=$(mktemp -d "${TMPDIR:-/tmp}/gan_cli.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

fail() { # what, wanted, got
    echo "FAIL $1"
    echo "  wanted: $2"
    echo "  got:    $3"
    failed=$((failed + 1))
}

# gives CODE TEXT COMMAND...: its exit code, and a text (of one line) in what it prints to stdout or stderr.
gives() {
    code=$1 text=$2
    shift 2
    "$@" >"$dir/output" 2>&1 </dev/null
    got=$?
    [ "$got" = "$code" ] || fail "$*" "exit code $code" "$got, saying: $(cat "$dir/output")"
    grep -qF -e "$text" "$dir/output" || fail "$*" "$text" "$(cat "$dir/output")"
}

# same WHAT A B
same() {
    [ "$2" = "$3" ] || fail "$1" "$2" "$3"
}

one_rank() {
    mpirun -np 1 "$@"
}

# ---- how to call it -------------------------------------------------------------------------------------------

gives 2 'usage: gan_mpi CONFIG' "$gan"
gives 0 'Commands:' "$gan" --help
gives 0 'Commands:' "$gan" -h
gives 0 'Commands:' "$gan" help
gives 0 'Commands:' "$gan" no-such-job.ini --help
gives 0 'gan_mpi 0.' "$gan" --version
gives 0 'kernels   ref' "$gan" --version
for command in sample features info hash config bench scale import; do
    gives 0 "  $command " "$gan" --help
    gives 0 "gan_mpi $command" "$gan" "$command" --help
    gives 0 "gan_mpi $command" "$gan" help "$command"
    gives 2 'unknown option "--no-such"' "$gan" "$command" x --no-such
    gives 2 "gan_mpi $command --help" "$gan" "$command" --no-such
done
gives 2 'unknown command "smaple"; did you mean sample?' "$gan" smaple x
gives 2 'unknown command "smaple"; did you mean sample?' "$gan" help smaple
gives 2 '"quite-another" is neither a command nor a file' "$gan" quite-another
gives 2 'unknown option "--frehs"; did you mean --fresh?' "$gan" job.ini --frehs
gives 3 'no-such-job.ini' "$gan" no-such-job.ini
gives 2 'did you mean sample?' mpirun -np 2 "$gan" smaple
same 'voices of two ranks' 1 "$(grep -c 'error:' "$dir/output")"

# ---- options --------------------------------------------------------------------------------------------------

gives 2 'unknown option "--colums"; did you mean --columns?' "$gan" sample x --colums 4
gives 2 'option --out wants a value' "$gan" sample x --out
gives 2 'option --out wants a value' "$gan" sample x --out --n 4
gives 2 'option --systems takes no value, got "yes"' "$gan" config --systems=yes
gives 2 'option --n wants a whole number from 1 to 10000000, got "4x"' "$gan" sample x --n 4x
gives 2 'option --n wants a whole number from 1 to 10000000, got "0"' "$gan" sample x --n=0
gives 2 '"y" is one word too many' "$gan" sample x y
gives 2 '--out wants a name that ends in .png or .h5, got "a.gif"' "$gan" sample x --out a.gif
gives 2 '--out wants a name that ends in .png or .h5, got ".png"' "$gan" sample x --out .png
gives 2 'no kernels "avx3"; did you mean avx2?' "$gan" sample x --kernels avx3
gives 2 'of which checkpoint?' "$gan" sample
gives 2 'about which file?' "$gan" info
gives 2 'which checkpoint?' "$gan" hash

# ---- config ---------------------------------------------------------------------------------------------------

gives 0 '[checkpoint]' "$gan" config
gives 0 'learning_rate = 2e-4' "$gan" config
gives 0 'networks: generator discriminator' "$gan" config --systems
gives 0 'leaky_relu' "$gan" config --layers
gives 2 '--layers goes without a job file' "$gan" config --layers jobs/quickstart.ini
gives 2 'wants a job file' "$gan" config --set train.batch=3
gives 7 'cannot write to standard output' sh -c '"$1" config >/dev/full' sh "$gan"

cat >"$dir/ring.ini" <<END
[run]
dir = $dir/run
[train]
steps = 30
batch = 8
[noise]
size = 3
[data]
source = ring
samples = 120
[generator]
layers = dense 8, relu, dense 2
ema = 0.5
[discriminator]
layers = dense 8, leaky_relu 0.2, dense 1
[checkpoint]
every = 10
[metrics]
every = 10
END
gives 0 'batch = 16' "$gan" config "$dir/ring.ini" --set train.batch=4 --set train.batch=16
gives 3 'did you mean' "$gan" config "$dir/ring.ini" --set train.bacth=4
"$gan" config "$dir/ring.ini" >"$dir/filled.ini"
gives 0 'label_smoothing = 0' "$gan" config "$dir/filled.ini"
same 'a job with its defaults, filled in again' "$(cat "$dir/filled.ini")" "$(cat "$dir/output")"

# ---- import ---------------------------------------------------------------------------------------------------

printf '\000\000\010\003\000\000\000\003\000\000\000\002\000\000\000\002abcdefghijkl' >"$dir/images-a"
printf '\000\000\010\003\000\000\000\001\000\000\000\002\000\000\000\002mnop' | gzip >"$dir/images-b.gz"
printf '\000\000\010\001\000\000\000\003\001\002\002' >"$dir/labels-a"
printf '\000\000\010\001\000\000\000\001\003' | gzip >"$dir/labels-b.gz"
gives 0 '4 images of 2 x 2 x 1 with labels' "$gan" import idx "$dir/images-a" "$dir/labels-a" "$dir/images-b.gz" \
    "$dir/labels-b.gz" "$dir/data.h5"
gives 0 'dataset' "$gan" info "$dir/data.h5"
for line in 'samples       4' 'shape         2x2x1' 'type          uint8' 'range         0 to 255' \
    'labels        4 in 3 classes' 'made from     images-a, images-b.gz'; do
    gives 0 "$line" "$gan" info "$dir/data.h5"
done
# Any order of the kinds; no labels; then what cannot be.
gives 0 '4 images of 2 x 2 x 1 with labels' "$gan" import idx "$dir/labels-a" "$dir/labels-b.gz" "$dir/images-a" \
    "$dir/images-b.gz" "$dir/other.h5"
gives 0 '3 images of 2 x 2 x 1,' "$gan" import idx "$dir/images-a" "$dir/plain.h5"
gives 2 'which format?' "$gan" import
gives 2 'unknown format "idxx"; did you mean idx?' "$gan" import idxx a b.h5
gives 2 'wanted IDX files' "$gan" import idx "$dir/x.h5"
gives 2 'ends in .h5' "$gan" import idx "$dir/images-a" "$dir/labels-a"
gives 2 '2 files of images but 1 of labels' "$gan" import idx "$dir/images-a" "$dir/images-b.gz" "$dir/labels-a" \
    "$dir/x.h5"
gives 2 'no file of images' "$gan" import idx "$dir/labels-a" "$dir/x.h5"
gives 5 'labels for the' "$gan" import idx "$dir/images-a" "$dir/labels-b.gz" "$dir/x.h5"
gives 5 'no-such-file' "$gan" import idx "$dir/no-such-file" "$dir/x.h5"
gives 7 'no-such-directory' "$gan" import idx "$dir/images-a" "$dir/no-such-directory/x.h5"

# ---- a run ----------------------------------------------------------------------------------------------------

gives 0 'finished' one_rank "$gan" "$dir/ring.ini"
latest=$dir/run/checkpoints/latest
hash=$("$gan" hash "$latest" | cut -c 1-16)
echo "$hash" | grep -qxE '[0-9a-f]{16}' || fail 'hash' '16 hexadecimal digits' "$hash"
gives 0 "$hash  $latest" "$gan" hash "$latest"
gives 0 "$hash  $dir/run" "$gan" hash "$dir/run"
gives 0 "$hash  $dir/run/checkpoints" "$gan" hash "$dir/run/checkpoints"
gives 0 "$hash  $dir/run" "$gan" hash "$dir/run/checkpoints/step-000000010.h5" "$dir/run"
same 'lines for two checkpoints' 2 "$(wc -l <"$dir/output")"
same 'digests of different steps' 2 "$(cut -c 1-16 "$dir/output" | sort -u | wc -l)"

for line in 'checkpoint, whole' 'step          30' 'epoch         2.00' 'seed          1' "digest        $hash" \
    'generator: 50 parameters' 'generator.dense2' 'discriminator: 33 parameters' 'ranks         1'; do
    gives 0 "$line" "$gan" info "$latest"
done
gives 0 'ema/generator/dense1/weight' "$gan" info -v "$latest"
gives 0 '[discriminator]' "$gan" info "$latest" --config
for line in 'run directory' 'gan on ring, batch 8' 'steps         30 of 30' 'epochs        2.00' "digest        $hash" \
    'checkpoints   3, newest' 'samples/step-000000030.png' 'loss_d'; do
    gives 0 "$line" "$gan" info "$dir/run"
done
gives 0 'records, steps 1 to 30' "$gan" info "$dir/run/metrics.h5"
gives 5 'gan_mpi config FILE' "$gan" info "$dir/ring.ini"
gives 5 'neither a checkpoint' "$gan" info "$dir/images-a"
gives 5 'not a run directory' "$gan" info tests
gives 7 'no-such-file' "$gan" info "$dir/no-such-file"
head -c 3000 "$dir/data.h5" >"$dir/cut.h5"
gives 7 'cut.h5' "$gan" info "$dir/cut.h5"

# ---- samples --------------------------------------------------------------------------------------------------

gives 0 "64 samples of $dir/run at step 30, noise seed 1" "$gan" sample "$dir/run" --out "$dir/samples.png"
cmp "$dir/samples.png" "$dir/run/samples/step-000000030.png" >"$dir/output" 2>&1 ||
    fail 'sample' "the run's own picture" "$(cat "$dir/output")"
gives 0 'noise seed 2' "$gan" sample "$latest" --out "$dir/other.png" --seed 2 --kernels ref
cmp -s "$dir/samples.png" "$dir/other.png" && fail 'sample --seed 2' 'another picture' 'the same'
gives 0 'samples.png: 64 samples of run' sh -c 'cd "$1" && exec "$2" sample run' sh "$dir" "$gan"
gives 0 '100 samples' "$gan" sample "$dir/run" --n 100 --out "$dir/samples.h5"
gives 0 'samples       100' "$gan" info "$dir/samples.h5"
gives 0 "checkpoint $hash" "$gan" info "$dir/samples.h5"
gives 7 'no-such-directory' "$gan" sample "$dir/run" --out "$dir/no-such-directory/a.png"
gives 7 'no-such-directory' "$gan" sample "$dir/run" --out "$dir/no-such-directory/a.h5"
gives 0 'finished' one_rank "$gan" "$dir/ring.ini" --set data.source=file --set data.file="$dir/samples.h5" \
    --set run.dir="$dir/again" --set train.steps=2

# Images: a grid in a picture, [n,2,2,1] in HDF5.
gives 0 'finished' one_rank "$gan" "$dir/ring.ini" --set data.source=file --set data.file="$dir/data.h5" \
    --set run.dir="$dir/tiny" --set train.steps=2 --set train.batch=4 \
    --set 'generator.layers=dense 4, tanh' --set parallel.shards=4
gives 0 '5 samples' "$gan" sample "$dir/tiny" --n 5 --columns 3 --out "$dir/grid.png"
same 'first bytes of a PNG' '89504e470d0a1a0a' "$(head -c 8 "$dir/grid.png" | od -An -tx1 | tr -d ' \n')"
gives 0 '5 samples' "$gan" sample "$dir/tiny" --n 5 --out "$dir/grid.h5"
gives 0 'shape         2x2x1' "$gan" info "$dir/grid.h5"
gives 0 'range         -1 to 1' "$gan" info "$dir/grid.h5"

# ---- damage ---------------------------------------------------------------------------------------------------

bad=$dir/run/checkpoints/step-000000030.h5
printf 'X' | dd of="$bad" bs=1 seek=5000 conv=notrunc 2>/dev/null
gives 6 'damaged: checksum' "$gan" hash "$latest"
gives 6 '1 of 2 checkpoints have no digest' "$gan" hash "$latest" "$dir/run/checkpoints/step-000000020.h5"
gives 6 'damaged: checksum' "$gan" info "$bad"
gives 0 'step-000000030.h5: damaged: checksum' "$gan" sample "$dir/run" --out "$dir/older.png"
gives 0 'steps         20 of 30' "$gan" info "$dir/run"
gives 0 'damaged: checksum' "$gan" info "$dir/run"
printf 'X' | dd of="$bad" bs=1 seek=3 conv=notrunc 2>/dev/null
gives 6 'step-000000030.h5' "$gan" info "$bad"
gives 6 'not a checkpoint' "$gan" hash "$dir/data.h5"
gives 7 'no-such-file' "$gan" hash "$dir/no-such-file"
gives 6 'a directory without a checkpoint' "$gan" hash tests

echo "$failed checks failed"
[ "$failed" = 0 ]
