#!/bin/sh
# gan_mpi scale. Proved, with a job of milliseconds: every point of ranks x threads has the hash of one `bench`, also in the
# table; speed-ups, efficiencies and serial fractions are right for steps whose times are known; what is there is not run
# again, unless the job, an option or --fresh says so; other bits, failing points and wrong launchers are named, and the
# other points go on; a signal ends a study, which then goes on; the figure is XML.
. tests/jobs.sh
out=$dir/scale
sed -i 's/^dir = .*/dir = unused/' "$job"

# scale CODE ARGUMENT...: a study of the job; $dir/output is what it printed.
scale() {
    wanted=$1
    shift
    "$gan" scale "$job" --out "$out" --steps 2 "$@" >"$dir/output" 2>&1 </dev/null
    got=$?
    [ "$got" = "$wanted" ] || fail "scale $*" "exit code $wanted" "$got, saying: $(cat "$dir/output")"
}

# column NUMBER: of the table's lines that begin with two numbers, its oversubscribed marks and ranges taken away.
column() {
    sed 's/ \* / /; s/([^)]*)//g; s/ %//g' "$out/table.txt" | awk -v n="$1" '$1 ~ /^[0-9]+$/ && $2 ~ /^[0-9]+$/ { print $n }' | tr '\n' ' '
}

# ---- a real one -----------------------------------------------------------------------------------------------

scale 0 --ranks 4,1,2 --threads 1,2 --repeat 1
digest=$(mpirun -np 1 "$gan" bench "$job" --json --steps 2 | sed 's/.*"digest": "\([^"]*\)".*/\1/')
same 'digest: its length' 16 "${#digest}"
same 'ranks' '1 2 4 1 2 4 ' "$(column 1)"
same 'threads' '1 1 1 2 2 2 ' "$(column 2)"
same 'batches' '32 32 32 32 32 32 ' "$(column 3)"
same 'hashes' "$digest $digest $digest $digest $digest $digest " "$(column 13)"
says 'a real one' 'one hash: 6 points x 1 round came to the same bits'
says 'a real one' '[6/6]'
same 'lines of all numbers' 7 "$(grep -vc '^#' "$out/table.csv")"
same 'what is left over' '' "$(find "$out" -name '*.out' -o -name '*.err' -o -name '*.tmp-*')"
same 'run directories' '' "$(find . -maxdepth 1 -name unused)"
/usr/bin/python3 - "$out" >"$dir/output" 2>&1 <<'END' || fail 'the figure, and all numbers' 'well-formed' "$(cat "$dir/output")"
import csv, sys, xml.etree.ElementTree as xml
root = xml.parse(sys.argv[1] + "/scaling.svg").getroot()
assert root.tag == "{http://www.w3.org/2000/svg}svg", root.tag
texts = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
for wanted in ("Speed-up", "What a step is made of", "D computes", "D waits", "G computes", "G waits", "ideal"):
    assert wanted in texts, (wanted, texts)
assert not list(root.iter("{http://www.w3.org/2000/svg}script"))
rows = list(csv.DictReader(line for line in open(sys.argv[1] + "/table.csv") if line[0] != "#"))
for r in rows:
    assert float(r["step_s"]) > 0 and float(r["D_compute_s"]) > 0 and float(r["G_compute_s"]) > 0, r
    assert float(r["D_exposed_s"]) >= 0 and float(r["G_exposed_s"]) >= 0, r
    assert abs(float(r["images_per_s"]) * float(r["step_s"]) / 32 - 1) < 0.05, r
END

# ---- weak: the batch grows, and those of as many cores have the same bits ---------------------------------------

scale 0 --ranks 1,2 --threads 1,2 --repeat 1 --mode weak
same 'weak: batches' '32 64 64 128 ' "$(column 3)"
says 'weak' 'hashes: 3 batches, so 3 hashes'
same 'weak: shards' '16 32 32 64 ' "$(grep '^[0-9]' "$out/table.csv" | cut -d, -f5 | tr '\n' ' ')"
# shellcheck disable=SC2046
set -- $(column 12)
same 'weak: 2 x 1 and 1 x 2' "$2" "$3"
[ "$1" != "$2" ] || fail 'weak: hashes of other batches' 'another' "$1"

# ---- steps of known times: a launcher that only prints, and counts -----------------------------------------------

cat >"$dir/known" <<END
#!/bin/sh
echo "\$1 \$2" >>"$dir/started"
[ -z "\$PLANTED" ] || . "\$PLANTED"
case \$1 in 1) step=0.012 ;; 2) step=0.008 ;; 4) step=0.006 ;; esac
echo 'a line that is no result'
echo "{\"kernels\": \"k\", \"ranks\": \$1, \"images_per_s\": \$(awk "BEGIN { print 32 / \$step }"), \"step_s\": \$step, \"digest\": \"\${digest:-00000000000000aa}\"," \
    '"phases": {"D": {"compute_s": 0.003, "exposed_s": 0.001, "comm_s": 0.003, "bytes": 5}, "G": {"compute_s": 0.002, "exposed_s": 0, "comm_s": 0.001, "bytes": 5}}}'
END
chmod +x "$dir/known"
sed 's/echo "$1 $2"/echo "$1"/; s/step=0.006/step=0.006 ;; 8|16) step=0.005/' "$dir/known" >"$dir/shared"
chmod +x "$dir/shared"
known() { # CODE ARGUMENT...
    code=$1
    shift
    : >"$dir/started"
    scale "$code" --ranks 1,2,4 --cores 2 --launcher "$dir/known %n %t" "$@"
}
started() {
    wc -l <"$dir/started" | tr -d ' '
}

known 0 --fresh --repeat 3
same 'known: started' 9 "$(started)"
same 'known: in which order' '1 2 4 4 2 1 1 2 4 ' "$(cut -d ' ' -f 1 "$dir/started" | tr '\n' ' ')"
same 'known: ms a step' '12.000 8.000 6.000 ' "$(column 4)"
same 'known: speed-ups' '1.00 1.50 2.00 ' "$(column 6)"
same 'known: efficiencies' '100.0 75.0 50.0 ' "$(column 7)"
same 'known: serial fractions' '- 0.333 0.333 ' "$(column 8)" # Amdahl's law of a third
same 'known: D exposed' '1.000 1.000 1.000 ' "$(column 10)"
same 'known: hidden' '75.0 75.0 75.0 ' "$(column 13)" # 1 of 4 ms with messages is waited for
same 'oversubscribed' 4 "$(sed -n 's/^ *\([0-9]*\) *1 \* .*/\1/p' "$out/table.txt")"

known 0 --repeat 3
same 'again: started' 0 "$(started)"
says 'again' '(kept from before)'
known 0 --repeat 4
same 'one round more: started' 3 "$(started)"
known 0 --repeat 3 --set run.seed=5
same 'another job: started' 9 "$(started)"
known 0 --repeat 3 --set run.seed=5 --steps 3
same 'other steps: started' 9 "$(started)"
known 0 --repeat 3 --set run.seed=5 --steps 3 --fresh
same 'fresh: started' 9 "$(started)"
head -c 100 "$out/points/ranks-2-threads-1-round-2.json" >"$dir/torn"
cp "$dir/torn" "$out/points/ranks-2-threads-1-round-2.json"
known 0 --repeat 3 --set run.seed=5 --steps 3
same 'a torn result: started' '2 1' "$(cat "$dir/started")"

# More cores than can share the job: 16 shards.
: >"$dir/started"
scale 0 --cores 64 --repeat 1 --launcher "$dir/shared %n"
same 'without --ranks: started' '1 2 4 8 16 ' "$(tr '\n' ' ' <"$dir/started")"

# ---- what goes wrong --------------------------------------------------------------------------------------------

export PLANTED="$dir/planted"
# shellcheck disable=SC2016
echo '[ "$1" != 2 ] || { echo "no such node" >&2; echo "bye" >&2; exit 3; }' >"$PLANTED"
known 9 --fresh --repeat 2
same 'a failing point: started' 5 "$(started)"
says 'a failing point' 'warning: 2 ranks x 1 thread: exit code 3; the other points go on'
says 'a failing point' '    | no such node'
says 'a failing point' '    | bye'
says 'a failing point' 'error: 1 of 3 points failed (2 ranks x 1 thread: exit code 3)'
same 'a failing point: the others' '1 4 ' "$(column 1)"
grep -q '^failed: 2 ranks x 1 thread, exit code 3' "$out/table.txt" || fail 'a failing point' 'in the table' "$(cat "$out/table.txt")"
echo >"$PLANTED"
known 0 --repeat 2
same 'mended: started' '2 1 2 1 ' "$(tr '\n' ' ' <"$dir/started")"

# shellcheck disable=SC2016
echo '[ "$1" != 4 ] || digest=00000000000000bb' >"$PLANTED"
known 11 --fresh --repeat 1
says 'other bits' 'error: points that compute the same ended with other bits: 4 ranks x 1 thread has 00000000000000bb in round 1, 1 rank x 1 thread has 00000000000000aa'
same 'other bits: hashes' '00000000000000aa 00000000000000aa 00000000000000bb ' "$(column 14)"
known 0 --fresh --repeat 1 --set parallel.reduce=fast
says 'other bits of fast sums' 'hashes: not compared, since parallel.reduce = fast'
known 0 --fresh --repeat 1 --set parallel.messages=bfloat16
says 'other bits of rounded messages' 'hashes: not compared, since parallel.messages = bfloat16'

# shellcheck disable=SC2016
echo 'kill -9 $$' >"$PLANTED"
known 9 --fresh --repeat 1
says 'all points killed' 'warning: 4 ranks x 1 thread: ended by signal 9'
says 'all points killed' 'error: 3 of 3 points failed'
# shellcheck disable=SC2016
echo '[ "$1" = 1 ] || set 1 1' >"$PLANTED"
known 9 --fresh --repeat 1
says 'ranks that do not find each other' 'it ran as 1 x 1 ranks: is the launcher that of another MPI?'
# shellcheck disable=SC2016
echo '[ "$1" = 1 ] || exit 0' >"$PLANTED"
known 9 --fresh --repeat 1
says 'nothing printed' 'warning: 2 ranks x 1 thread: it printed no result'

# A signal while the second point runs; what was measured before is kept.
# shellcheck disable=SC2016
echo '[ "$1" = 1 ] || { : >"$PLANTED.waits"; exec sleep 60; }' >"$PLANTED"
: >"$dir/started"
"$gan" scale "$job" --out "$out" --steps 2 --ranks 1,2,4 --cores 2 --launcher "$dir/known %n %t" --fresh --repeat 1 >"$dir/output" 2>&1 &
study=$!
for i in $(seq 100); do
    [ ! -e "$PLANTED.waits" ] || break
    sleep 0.1
done
scale 7 --ranks 1 --launcher "$dir/known %n %t"
says 'a second study in the same directory' "$out is the directory of a study that is going on (host $(hostname), process $study)"
kill -TERM $study
wait $study
same 'a stopped study: exit code' 75 $?
says 'a stopped study' 'error: stopped by signal 15; start the same command again to go on'
echo >"$PLANTED"
known 0 --repeat 1
same 'a study that goes on: started' '2 1 4 1 ' "$(tr '\n' ' ' <"$dir/started")"
unset PLANTED

# ---- refused before anything is made ----------------------------------------------------------------------------

rm -rf "$out"
scale 3 --ranks 1,3
says 'three ranks' 'needs a power of two; start 2 or 4 ranks'
scale 3 --ranks 32
says 'too many ranks' '32 ranks share 16 shards: start at most 16 ranks'
scale 3 --mode weak --ranks 3
says 'three ranks, weak' 'needs a power of two; start 2 or 4 ranks'
scale 3 --ranks 5 --set parallel.reduce=fast
says 'fast sums over five ranks' 'train.batch = 32 is not a multiple of 5 ranks; the nearest are 30 and 35'
scale 2 --ranks 1,x
says 'no number' 'option --ranks wants whole numbers from 1 to 65536 with commas between them, got "x"'
scale 2 --ranks 1 --mode wide
says 'no mode' 'option --mode wants strong or weak, got "wide"'
scale 2 --ranks 1 --launcher 'mpirun -np 4'
says 'no %n' 'there is no %n in "mpirun -np 4"'
[ ! -e "$out" ] || fail 'refused' 'no directory' 'one'
scale 2 --ranks 1 --launcher 'no-such-launcher %n'
says 'no launcher' 'cannot start the launcher "no-such-launcher": No such file or directory; install it'
mpirun -np 1 "$gan" scale "$job" --ranks 1 >"$dir/output" 2>&1
same 'under mpirun: exit code' 2 $?
says 'under mpirun' 'start it without mpirun or srun'
"$gan" scale "$job" --ranks 1 --out "$job/x" >"$dir/output" 2>&1
same 'a directory that cannot be made: exit code' 7 $?
says 'a directory that cannot be made' '--out: cannot make'
rm -rf "$out"
mkdir -p "$out/points/ranks-1-threads-1-round-1.err"
scale 7 --ranks 1 --launcher 'true %n'
says 'a file that cannot be opened' 'points/ranks-1-threads-1-round-1.err: cannot open: Is a directory'
verdict
