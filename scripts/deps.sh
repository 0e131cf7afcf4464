#!/bin/sh
# deps.sh [test|fuzz|bench-kernels|simulate|data|net|slurm|tables]...  installs what building (and testing ...) gan_mpi needs and this
# machine lacks.
# deps.sh --list               only tells what is there.
#
# What is there is found by compiling with the flags that the Makefile found, so libraries of modules or Spack count as
# well as packages, and nothing is installed when all is there. With apt-get (as root or by sudo) the missing packages
# are installed; without it the lines for modules and Spack are printed. `make` calls this; called by hand it fetches
# make first.
set -eu
cd "$(dirname "$0")/.."

# mpicc of MPICH wants MPICH's packages, for two MPIs in one program do not work.
flavour=openmpi mpirun_package=openmpi-bin
case $("${CC:-mpicc}" -show 2>/dev/null) in *mpich*) flavour=mpich mpirun_package=mpich ;; esac
fashion=${FASHION:-/usr/share/datasets/fashion-mnist}

# extra|what|header, program or file|Debian packages|module and Spack package|what for
table() {
    cat <<END
|C compiler|stdio.h|gcc libc6-dev|gcc|compiles
|MPI|mpi.h|libopenmpi-dev openmpi-bin|openmpi|ranks and messages
|mpirun|mpirun|$mpirun_package|openmpi|starts the ranks
|HDF5|hdf5.h|pkg-config libhdf5-$flavour-dev|hdf5|datasets, checkpoints, metrics
|libpng|png.h|libpng-dev|libpng|sample pictures
|libjpeg|jpeglib.h|libjpeg-dev|libjpeg-turbo|imports photographs
|zlib|zlib.h|zlib1g-dev|zlib|compressed files, checksums
|inih|ini.h|libinih-dev|inih|configuration files
|Random123|Random123/philox.h|librandom123-dev|random123|random numbers
test|cmocka|cmocka.h|libcmocka-dev|cmocka|unit tests
test|Python 3|/usr/bin/python3|python3|python|tests compute numbers anew
fuzz|clang|clang|clang|llvm|compiles for fuzzing
fuzz|libFuzzer|-fsanitize=fuzzer|libclang-rt-dev|llvm|makes the hostile bytes
net|iproute2|tc|iproute2||makes hosts of namespaces
net|faketime|faketime|faketime||a clock that jumps
bench-kernels|BLAS|cblas.h|libopenblas-dev|openblas|compared with our products
simulate|SimGrid|smpirun|libsimgrid-dev|simgrid|many simulated ranks
slurm|SLURM|slurmctld|slurmctld slurmd slurm-client munge||a cluster to test on
tables|Python|python3|python3|python|tables of numbers
data|Fashion-MNIST|$fashion/train-images-idx3-ubyte.gz|dataset-fashion-mnist||all 70,000 images
END
}

compiler() {
    for c in "${CC:-mpicc}" cc gcc; do
        command -v "$c" >/dev/null 2>&1 && echo "$c" && return
    done
    echo false
}

has() { # header, program, file or flag of clang
    case $1 in
    -*) command -v clang >/dev/null 2>&1 && [ -e "$(clang -print-file-name="libclang_rt.fuzzer-$(uname -m).a")" ] ;;
    /*) [ -e "$1" ] ;;
    cmocka.h) printf '#include <stdarg.h>\n#include <stddef.h>\n#include <setjmp.h>\n#include <stdint.h>\n#include <cmocka.h>\n' | preprocess ;;
    *.h) printf '#include <stddef.h>\n#include <stdio.h>\n#include <%s>\n' "$1" | preprocess ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

preprocess() {
    # shellcheck disable=SC2086
    $(compiler) -E ${LIB_CFLAGS:-} ${CMOCKA_CFLAGS:-} ${BLAS_CFLAGS:-} ${CPPFLAGS:-} -x c - >/dev/null 2>&1
}

wanted() { # is this row's extra asked for?
    [ -z "$1" ] && return
    for w in $extras; do [ "$w" = "$1" ] && return; done
    return 1
}

# Missing rows of the table, as they stand there.
missing() {
    table | while IFS='|' read -r extra what probe packages module purpose; do
        if wanted "$extra" && ! has "$probe"; then echo "$extra|$what|$probe|$packages|$module|$purpose"; fi
    done
}

list() {
    table | while IFS='|' read -r extra what probe packages module purpose; do
        if has "$probe"; then mark=✓; else mark=✗; fi
        printf '  %s %-14s %-32s %s\n' "$mark" "$what" "$purpose" "$(detail "$what")${extra:+ (make $extra)}"
    done | sed 's/(make test)/(make check)/; s/(make net)/(make check-net)/; s/(make slurm)/(make check-slurm)/'
}

detail() {
    case $1 in
    'C compiler') $(compiler) --version 2>/dev/null | head -n 1 ;;
    MPI) mpirun --version 2>/dev/null | sed -n '1{/HYDRA/!p;}; s/^ *Version: */MPICH /p' ;;
    HDF5 | BLAS | libpng | libjpeg | zlib | inih | cmocka)
        key=$(echo "$1" | tr '[:lower:]' '[:upper:]')
        for f in ${FOUND:-}; do
            [ "${f%%=*}" = "${key#LIB}" ] && [ "${f#*=}" ] && echo "${f#*=} $(pkg-config --modversion "${f#*=}")"
        done
        ;;
    esac
}

column() { # of the missing rows, blank-separated
    echo "$rows" | cut -d'|' -f"$1" | tr ' ' '\n' | awk '$0 && !seen[$0]++' | tr '\n' ' ' | sed 's/ $//'
}

without_apt() {
    modules=$(column 5)
    echo "gan_mpi: missing: $(echo "$rows" | cut -d'|' -f2 | paste -s -d, - | sed 's/,/, /g'). $1"
    echo
    echo "  Debian, Ubuntu:   apt-get install $(column 4)"
    [ -z "$modules" ] || cat <<END
  cluster modules:  module load $modules      (names differ: see \`module avail\`)
  Spack:            spack install $modules && spack load $modules

  A library that stands elsewhere: make HDF5_CFLAGS=-I... HDF5_LIBS="-L... -lhdf5" (PNG_, JPEG_, ZLIB_, INIH_, RANDOM123_, CMOCKA_,
  BLAS_ likewise). \`make help\` shows what is found.
END
    case $rows in *Fashion-MNIST*) cat <<END ;; esac
  Fashion-MNIST:    the four .gz files of https://github.com/zalandoresearch/fashion-mnist, then make data FASHION=DIRECTORY
END
    exit 1
}

install() { # packages
    if [ "$(id -u)" = 0 ]; then as_root=; elif command -v sudo >/dev/null 2>&1; then as_root=sudo; else
        without_apt "There is apt-get, but you are not root and there is no sudo."
    fi
    echo "gan_mpi: installing with ${as_root:+$as_root }apt-get (a minute or two):"
    echo "$rows" | while IFS='|' read -r extra what probe packages module purpose; do
        printf '  %-14s %-32s %s\n' "$what" "$purpose" "$packages"
    done
    log=$(mktemp)
    # shellcheck disable=SC2086
    if $as_root apt-get update >"$log" 2>&1 &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $1 >>"$log" 2>&1; then
        rm -f "$log"
    else
        tail -n 20 "$log"
        rm -f "$log"
        without_apt "apt-get failed, see above."
    fi
}

extras=$*
if command -v make >/dev/null 2>&1 && [ -z "${FOUND:-}" ]; then
    exec make --no-print-directory deps WITH="$extras" # knows the flags
fi
if [ "$extras" = --list ]; then list && exit; fi
rows=$(missing)
command -v make >/dev/null 2>&1 || rows="|make|make|make|gmake|builds${rows:+
$rows}"
if [ "$rows" ]; then
    [ "${GAN_DEPS_TRIED:-}" ] && without_apt "The packages are installed, but the compiler does not find them."
    command -v apt-get >/dev/null 2>&1 || without_apt "There is no apt-get here."
    install "$(column 4)"
    # Once more, with the flags that make finds now.
    unset LIB_CFLAGS LIB_LIBS CMOCKA_CFLAGS CMOCKA_LIBS BLAS_CFLAGS FOUND MAKEFLAGS MAKELEVEL
    GAN_DEPS_TRIED=1 make --no-print-directory deps WITH="$extras"
fi
