#!/bin/sh
# check_tables.sh: does what PacGAN's table 1 says hold? Of five seeds of a small model of it that is trained anew: that is the test. Then of
# docs/tables/pacgan1.csv, the numbers of longer runs, which is only said: they are what they are.
# GAN_MPI names the program, else build/release/gan_mpi. Run it where scripts/ is.
set -eu
out=$(mktemp -d "${TMPDIR:-/tmp}/gan_check.XXXXXX")
trap 'rm -rf "$out"' EXIT
trap 'exit 1' HUP INT TERM

rm -rf runs/pacgan-short
TRIALS=5 NICE=0 OUT=$out/short.csv bash scripts/tables.sh pacgan-short
echo "== docs/tables/pacgan1.csv"
python3 scripts/tables.py check docs/tables/pacgan1.csv jobs/tables/pacgan1.rules || :
echo '== trained anew'
python3 scripts/tables.py check "$out/short.csv" jobs/tables/pacgan-short.rules
