#!/bin/sh
# deps.sh [test|fuzz|bench-kernels|data]...  installs what building (and testing ...) gan_mpi needs and this machine lacks.
# deps.sh --list               only tells what is there.
#
# What is there is found by compiling with the flags that the Makefile found, so libraries of modules or Spack count as
# well as packages, and nothing is installed when all is there. With apt-get (as root or by sudo) the missing packages
# are installed; without it the lines for modules and Spack are printed. `make` calls this; called by hand it fetches
# make first.
set -eu
cd "$(dirname "$0")/.."

# extra|what|header (or program)|Debian package|what for
table() {
    cat <<'END'
|C compiler|cc|gcc libc6-dev|compiles
|MPI|mpi.h|libopenmpi-dev openmpi-bin|ranks and messages
|mpirun|mpirun|openmpi-bin|starts the ranks
|HDF5|hdf5.h|pkg-config libhdf5-openmpi-dev|datasets, checkpoints, metrics
|libpng|png.h|libpng-dev|sample pictures
|zlib|zlib.h|zlib1g-dev|compressed files, checksums
|inih|ini.h|libinih-dev|configuration files
|Random123|Random123/philox.h|librandom123-dev|random numbers
test|cmocka|cmocka.h|libcmocka-dev|unit tests
fuzz|clang|clang|clang|fuzzing
bench-kernels|BLAS|cblas.h|libopenblas-dev|what our products are compared with
data|Fashion-MNIST|/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz|dataset-fashion-mnist|all 70,000 images
END
}

compiler() {
    for c in "${CC:-mpicc}" cc gcc; do
        command -v "$c" >/dev/null 2>&1 && echo "$c" && return
    done
    echo false
}

has() { # header, program or file
    case $1 in
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
    table | while IFS='|' read -r extra what probe packages purpose; do
        if wanted "$extra" && ! has "$probe"; then echo "$extra|$what|$probe|$packages|$purpose"; fi
    done
}

list() {
    table | while IFS='|' read -r extra what probe packages purpose; do
        if has "$probe"; then mark=✓; else mark=✗; fi
        printf '  %s %-14s %-32s %s\n' "$mark" "$what" "$purpose" "$(detail "$what")${extra:+ (for make $extra)}"
    done | sed 's/for make test/for make check/'
}

detail() {
    case $1 in
    'C compiler') $(compiler) --version 2>/dev/null | head -n 1 ;;
    MPI) mpirun --version 2>/dev/null | head -n 1 ;;
    HDF5 | BLAS | libpng | zlib | inih | cmocka)
        key=$(echo "$1" | tr '[:lower:]' '[:upper:]')
        for f in ${FOUND:-}; do
            [ "${f%%=*}" = "${key#LIB}" ] && [ "${f#*=}" ] && echo "${f#*=} $(pkg-config --modversion "${f#*=}")"
        done
        ;;
    esac
}

column() { # of the missing rows, blank-separated
    echo "$rows" | cut -d'|' -f"$1" | tr ' ' '\n' | awk '!seen[$0]++' | tr '\n' ' ' | sed 's/ $//'
}

without_apt() {
    echo "gan_mpi: missing: $(echo "$rows" | cut -d'|' -f2 | paste -s -d, - | sed 's/,/, /g'). $1"
    cat <<'END'

  Debian, Ubuntu:   apt-get install make gcc pkg-config libopenmpi-dev openmpi-bin libhdf5-openmpi-dev \
                        libpng-dev zlib1g-dev libinih-dev librandom123-dev libcmocka-dev
  cluster modules:  module load openmpi hdf5 libpng      (the names differ: see `module avail`)
  Spack:            spack install openmpi hdf5+mpi libpng zlib inih random123 cmocka pkgconf
                    spack load    openmpi hdf5+mpi libpng zlib inih random123 cmocka pkgconf

  A library that stands elsewhere: make HDF5_CFLAGS=-I... HDF5_LIBS="-L... -lhdf5" (PNG_, ZLIB_, INIH_, RANDOM123_
  likewise). `make help` shows what was found.
END
    exit 1
}

install() { # packages
    if [ "$(id -u)" = 0 ]; then as_root=; elif command -v sudo >/dev/null 2>&1; then as_root=sudo; else
        without_apt "There is apt-get, but you are not root and there is no sudo."
    fi
    echo "gan_mpi: installing with ${as_root:+$as_root }apt-get (a minute or two):"
    echo "$rows" | while IFS='|' read -r extra what probe packages purpose; do
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

if [ "${1:-}" = --list ]; then list && exit; fi
extras=$*
if command -v make >/dev/null 2>&1 && [ -z "${FOUND:-}" ]; then
    exec make --no-print-directory deps WITH="$extras" # knows the flags
fi
rows=$(missing)
command -v make >/dev/null 2>&1 || rows="|make|make|make|builds${rows:+
$rows}"
if [ "$rows" ]; then
    [ "${GAN_DEPS_TRIED:-}" ] && without_apt "The packages are installed, but the compiler does not find them."
    command -v apt-get >/dev/null 2>&1 || without_apt "There is no apt-get here."
    install "$(column 4)"
    # Once more, with the flags that make finds now.
    unset LIB_CFLAGS LIB_LIBS CMOCKA_CFLAGS CMOCKA_LIBS FOUND MAKEFLAGS MAKELEVEL
    GAN_DEPS_TRIED=1 make --no-print-directory deps WITH="$extras"
fi
