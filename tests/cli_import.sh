#!/bin/sh
# Importing as a user types it, from files made here: CIFAR-10's binaries, and a PNG of one pixel.
# Proved: texts and exit codes; that what was imported is read by `info`; that a failed import leaves the old dataset; that
# several ranks make the file that one process makes, and end with one message.
. tests/mpi_env.sh
gan=${GAN_MPI:-build/release/gan_mpi}
dir=$(mktemp -d "${TMPDIR:-/tmp}/gan_import.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0

# gives CODE TEXT COMMAND...: its exit code, and a text (of one line) in what it prints to stdout or stderr.
gives() {
    code=$1 text=$2
    shift 2
    "$@" >"$dir/output" 2>&1 </dev/null
    got=$?
    if [ "$got" != "$code" ] || ! grep -qF -e "$text" "$dir/output"; then
        printf 'FAIL %s\n  wanted: exit code %s, "%s"\n  got:    %s, saying: %s\n' "$*" "$code" "$text" "$got" \
            "$(cat "$dir/output")"
        failed=$((failed + 1))
    fi
}

equal() { # what, wanted, got
    [ "$2" = "$3" ] && return
    printf 'FAIL %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
    failed=$((failed + 1))
}

once() { # TEXT: as many lines of the last output hold it
    equal "$1: lines" 1 "$(grep -cF -e "$1" "$dir/output")"
}

# Two records of zeros: label 0, black.
head -c 6146 /dev/zero >"$dir/black.bin"
head -c 6000 /dev/zero >"$dir/cut.bin"
gives 0 '2 images of 32 x 32 x 3 with labels' "$gan" import cifar "$dir/black.bin" "$dir/c.h5"
gives 5 'cut.bin: record 2 is cut off: 2927 bytes instead of 3073' "$gan" import cifar "$dir/cut.bin" "$dir/c.h5"
gives 0 '32x32x3' "$gan" info "$dir/c.h5"
gzip -c "$dir/black.bin" >"$dir/black.gz"
gives 0 '2 images of 32 x 32 x 3 with labels' "$gan" import cifar "$dir/black.gz" "$dir/g.h5"
head -c -1 "$dir/black.gz" >"$dir/short.gz"
gives 5 'short.gz: cut off' "$gan" import cifar "$dir/short.gz" "$dir/g.h5"
gives 2 'takes no options' "$gan" import cifar "$dir/black.bin" "$dir/c.h5" --size 3
gives 2 'did you mean cifar?' "$gan" import cifra "$dir/black.bin" "$dir/c.h5"

# A grey PNG of one black pixel, byte by byte.
mkdir "$dir/in"
printf '\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\0\001\0\0\0\001\010\0\0\0\0:~\233U\0\0\0\nIDATx\234c`\0\0\0\002\0\001H\257\244q\0\0\0\0IEND\256B`\202' \
    >"$dir/in/dot.png"
gives 0 '1 image of 4 x 4 x 3' "$gan" import images "$dir/in" "$dir/i.h5" --size 4 --channels 3
printf 'no picture' >"$dir/in/bad.jpg"
gives 5 'bad.jpg: neither PNG nor JPEG' "$gan" import images "$dir/in" "$dir/i.h5" --size 4
gives 0 '1 image of 4 x 4 x 1, 1 bad left out' "$gan" import images "$dir/in" "$dir/i.h5" --size 4 --bad skip
printf "1\nBald\nx.png 1\n" >"$dir/list"
gives 5 'dot.png: ' "$gan" import images "$dir/in" "$dir/i.h5" --size 4 --bad skip --attributes "$dir/list"
printf "2\nBald   Young \ndot.png -1  1\nother.png  1 -1\n" >"$dir/list"
gives 0 '1 image of 4 x 4 x 1 with attributes, 1 bad left out' \
    "$gan" import images "$dir/in" "$dir/a.h5" --size 4 --bad skip --attributes "$dir/list"
gives 0 'attributes    2 a sample, int8' "$gan" info "$dir/a.h5"
gives 0 'Bald, Young' "$gan" info "$dir/a.h5"
printf 'GIF89a' >"$dir/in/a.gif"
gives 0 "in: 1 picture of other formats left out, such as $dir/in/a.gif" "$gan" import images "$dir/in" "$dir/i.h5" --size 4 --bad skip
rm "$dir/in/a.gif"
gives 2 'Give --size N' "$gan" import images "$dir/in" "$dir/i.h5"
gives 2 'option --size wants' "$gan" import images "$dir/in" "$dir/i.h5" --size 0
gives 2 'wants 1 (grey) or 3 (RGB)' "$gan" import images "$dir/in" "$dir/i.h5" --size 4 --channels 2
gives 2 'wants skip or refuse' "$gan" import images "$dir/in" "$dir/i.h5" --size 4 --bad ignore
gives 2 'did you mean --channels?' "$gan" import images "$dir/in" "$dir/i.h5" --size 4 --chanels 3
gives 5 'no-such-directory: cannot open' "$gan" import images "$dir/no-such-directory" "$dir/i.h5" --size 4
gives 0 '4x4x1' "$gan" info "$dir/i.h5"

# A red one beside it: mixed channels are refused until one says what all shall be.
mkdir "$dir/mixed"
cp "$dir/in/dot.png" "$dir/mixed/a.png"
printf '\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\000\000\001\000\000\000\001\010\002\000\000\000\220\167\123\336\000\000\000\017\111\104\101\124\170\001\001\004\000\373\377\000\377\000\000\003\001\001\000\215\035\345\202\000\000\000\000\111\105\116\104\256\102\140\202' >"$dir/mixed/b.png"
gives 5 "mixed/b.png: in colour, but $dir/mixed/a.png is grey; --channels 1 makes" "$gan" import images "$dir/mixed" "$dir/m.h5" --size 4
gives 0 '2 images of 4 x 4 x 3' "$gan" import images "$dir/mixed" "$dir/m.h5" --size 4 --channels 3
gives 0 '2 images of 4 x 4 x 1' "$gan" import images "$dir/mixed" "$dir/m.h5" --size 4 --channels 1

# ---- several ranks ---------------------------------------------------------------------------------------------------

# Thirteen pictures of three kinds, of which each rank reads a part, and in several rounds.
mkdir "$dir/many"
for i in 01 02 03 04 05 06 07 08 09 10 11 12 13; do
    case $i in *[147]) from=docs/quickstart.png ;; *[258]) from=docs/dcgan-fashion-mnist.png ;; *) from=$dir/in/dot.png ;; esac
    cp "$from" "$dir/many/$i.png"
done
many="import images $dir/many"
# shellcheck disable=SC2086
{
    gives 0 '13 images of 500 x 500 x 3' "$gan" $many "$dir/alone.h5" --size 500 --channels 3
    for np in 1 2 3 4; do
        gives 0 '13 images of 500 x 500 x 3' mpirun -np $np "$gan" $many "$dir/ranks.h5" --size 500 --channels 3
        cmp -s "$dir/alone.h5" "$dir/ranks.h5"
        equal "cmp with the file of $np ranks" 0 $?
        gives 0 '2 images of 32 x 32 x 3 with labels' mpirun -np $np "$gan" import cifar "$dir/black.bin" "$dir/c.h5"
        gives 2 'option --size wants' mpirun -np $np "$gan" $many "$dir/ranks.h5" --size 0
        once 'option --size wants'
    done
    for i in 13 08 05 01; do # the first bad one is named
        printf 'no picture' >"$dir/many/$i.png"
        gives 5 "many/$i.png: neither PNG nor JPEG" mpirun -np 4 "$gan" $many "$dir/ranks.h5" --size 500 --channels 3
        once 'error: '
    done
    gives 0 '9 images of 500 x 500 x 3, 4 bad left out' \
        mpirun -np 4 "$gan" $many "$dir/ranks.h5" --size 500 --channels 3 --bad skip
    equal 'order of the bad ones' '01 05 08 13 ' "$(sed -n 's/^warning: .*many\/\([0-9]*\).png: .*left out$/\1/p' "$dir/output" | tr '\n' ' ')"
    gives 5 'no-such-directory: cannot open' mpirun -np 3 "$gan" import images "$dir/no-such-directory" "$dir/ranks.h5" --size 4
    once 'error: '
    gives 0 '500x500x3' "$gan" info "$dir/ranks.h5"
    if mkdir "$dir/disk" && mount -t tmpfs -o size=200k tmpfs "$dir/disk" 2>/dev/null; then
        gives 7 'No space left on device' mpirun -np 4 "$gan" $many "$dir/disk/ranks.h5" --size 500 --channels 3 --bad skip
        once 'error: '
        equal 'what is left on the full disk' '' "$(ls -A "$dir/disk")"
        umount -l "$dir/disk"
    else
        echo 'skipped: a full disk (no right to mount a small file system here)'
    fi
}

[ "$failed" = 0 ]
