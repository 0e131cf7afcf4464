#!/bin/sh
# build.sh DIRECTORY: the simulation, compiled by SimGrid's smpicc from our reductions and what they need. No HDF5, no Open MPI.
set -e
out=$1
mkdir -p "$out"
flags="-std=c17 -O2 -Wall -Wextra -Iinclude -Itests/sim -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE"
hooks="-DMPI_Irecv=hooks_irecv -DMPI_Isend=hooks_isend -DMPI_Testall=hooks_testall -Dgan_calloc=hooks_calloc -Dgan_free=hooks_free"
# shellcheck disable=SC2086
smpicc $flags $hooks -c src/comm/reduction.c -o "$out/reduction.o"
# shellcheck disable=SC2086
smpicc $flags -o "$out/sim" tests/sim/sim.c tests/sim/hooks.c "$out/reduction.o" src/comm/rounded.c src/comm/moves.c \
    src/base/clock.c src/base/status.c src/base/mem.c src/io/file.c src/train/schedule_trace.c -lm
