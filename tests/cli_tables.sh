#!/bin/sh
# scripts/tables.sh. Proved: each line of a table is trained with each seed, and what is written down of it is what `gan_mpi eval` says of
# that checkpoint; the page has mean and standard error (computed here by awk); what is finished stays, a signal stops all points after a
# checkpoint and says so; a point that fails is named and keeps none of the others back; an inequality that does not hold fails.
. tests/jobs.sh
root=$PWD
case $gan in /*) ;; *) gan=$root/$gan ;; esac
export GAN_MPI="$gan" NICE=0 JOBS=2

mkdir -p "$dir/jobs/tables"
cp -R scripts "$dir/"
sed '/^\[run\]/d; /^dir = /d' "$job" >"$dir/jobs/toy.ini"
cd "$dir" || exit 1
cat >jobs/tables/toy.txt <<'END'
#eval --metrics modes,high_quality --samples 300
plain  jobs/toy.ini
wide   jobs/toy.ini --set data.std=0.5
END
printf 'row,point,modes,high_quality %%\n"A plain one",plain,8,99 ± 1\n"Not run",other,7,\n' >jobs/tables/toy.paper.csv
printf '## A toy\n\n{table}\n' >jobs/tables/toy.md

tables() { # VARIABLE=VALUE...: the toy table; $code is its exit code, $dir/output what it printed
    env "$@" bash scripts/tables.sh toy >output 2>&1
    code=$?
}

tables TRIALS=2
same 'a table: exit code' 0 "$code"
same 'its points' 'plain,1 plain,2 wide,1 wide,2 ' "$(sed 1d docs/tables/toy.csv | cut -d , -f 1,2 | tr '\n' ' ')"
same 'its columns' 'point,seed,step,modes,high_quality,digest' "$(head -n 1 docs/tables/toy.csv)"
told=$("$gan" eval runs/toy/wide-s2 --metrics modes,high_quality --samples 300 --json |
    sed -E 's/.*"digest": "([^"]*)", "step": ([0-9]+).*"values": \{"modes": ([^,]*), "high_quality": ([^}]*)\}.*/\2 \3 \4 \1/')
same 'what is said of a point' "$told" "$(sed -n 's/^wide,2,//p' docs/tables/toy.csv | awk -F , '{ printf "%d %s %.17g %s", $1, $2, $3, $4 }')"
[ "$(hash_of runs/toy/wide-s1)" != "$(hash_of runs/toy/wide-s2)" ] || fail 'seeds' 'two runs' 'one'
awk -F , '$1 == "plain" { x[++n] = 100 * $5; sum += 100 * $5 }
    END { m = sum / n; for (i in x) s += (x[i] - m) ^ 2; printf "%.9f %.9f\n", m, sqrt(s / (n - 1) / n) }' docs/tables/toy.csv >wanted
read -r mean error <wanted
sed -n 's/^| A plain one |.*| 99 ± 1 | \([0-9.]*\) ± \([0-9.]*\) | 2 | 12 |$/\1 \2/p' RESULTS.md >got
awk -v m="$mean" -v e="$error" '{ exit !((m - $1) ^ 2 <= 0.5 ^ 2 && (e - $2) ^ 2 <= 0.5 ^ 2) }' got && [ -s got ] ||
    fail 'mean and standard error on the page' "$(cat wanted)" "$(cat RESULTS.md)"
grep -q '^| Not run | 7 | not run | – | not run |' RESULTS.md || fail 'a row that has not been run' 'it says so' "$(cat RESULTS.md)"

before=$(cat docs/tables/toy.csv)
tables TRIALS=2
same 'the table again: exit code' 0 "$code"
same 'points that are finished' 4 "$(grep -c 'finished  already' output)"
same 'numbers of the table again' "$before" "$(cat docs/tables/toy.csv)"
tables TRIALS=2 STEPS=15 POINTS='^plain$'
same 'points taken further: exit code' 0 "$code"
same 'points taken further' 'plain 15 plain 15 wide 12 wide 12 ' "$(sed 1d docs/tables/toy.csv | awk -F , '{ printf "%s %s ", $1, $3 }')"

# Rules about means, over seeds.
echo 'modes plain > nothing' >rules
python3 scripts/tables.py check docs/tables/toy.csv rules >output 2>&1 && fail 'a rule about a point that is not there' 'a failure' "$(cat output)"
printf '# of the toy\nsmall a < b\n' >rules
printf 'point,seed,small\na,1,1\na,2,4\nb,1,3\nb,2,3\n' >numbers.csv
python3 scripts/tables.py check numbers.csv rules >output 2>&1 || fail 'a rule that holds' 'exit code 0' "$(cat output)"
says 'a rule that holds' 'ok   small: a 2.5 ± 1.5 (2 seeds) < b 3.00 ± 0.00 (2 seeds)'
sed -i 's/</>/' rules
python3 scripts/tables.py check numbers.csv rules >output 2>&1 && fail 'a rule that does not hold' 'exit code 1' "$(cat output)"

# Two metrics over a run: (1, 10), (2, 900), (3, 20) and a record that lacks one. With ranks 1 3 2 the
# correlation is 0.5; with the values it is 10 / sqrt(2 s), where s is the sum of squares of 10, 900, 20 about their mean 310.
mkdir -p runs/two/p-s1
echo '{"digest": "0", "step": 3, "values": {}}' >runs/two/p-s1/eval.json
printf '{"a": 1, "b": 10}\n{"a": 2, "b": 900}\n{"a": 7}\n{"a": 3, "b": 20}\n' >runs/two/p-s1/metrics.jsonl
python3 scripts/tables.py collect runs/two two.csv a b >output
same 'correlations' "$(awk 'BEGIN { printf "%.9f 0.500000000 3", 5 / sqrt((300 ^ 2 + 590 ^ 2 + 290 ^ 2) / 2) }')" \
    "$(sed -n 's/^p,1,3,0,//p' two.csv | awk -F , '{ printf "%.9f %.9f %d", $1, $2, $3 }')"

# As an array, whose tasks are those of a sweep.
tables TRIALS=3 ACTION=array
same 'points of an array' 'plain-s1 wide-s1 plain-s2 wide-s2 plain-s3 wide-s3 ' "$(cut -d ' ' -f 1 runs/toy.txt | tr '\n' ' ')"
says 'an array' 'runs/toy.txt: 6 points'

rm -rf runs
# Two long points are stopped; the others have not begun.
env TRIALS=4 STEPS=1000000 POINTS=plain bash scripts/tables.sh toy >output 2>&1 &
table=$!
for i in $(seq 100); do
    [ "$(grep -l '^step' runs/toy/plain-s[12].log 2>/dev/null | wc -l)" = 2 ] && break
    sleep 0.1
done
kill -TERM $table
wait $table
same 'a stopped table: exit code' 75 $?
says 'a stopped table' '== plain-s1: stopped, goes on when started again'
says 'a stopped table' '== plain-s2: stopped, goes on when started again'
[ ! -e runs/toy/plain-s3 ] || fail 'a stopped table' 'no third run' 'one'
grep -q 'after a checkpoint' runs/toy/plain-s2.log || fail 'a stopped point' 'a checkpoint' "$(cat runs/toy/plain-s2.log)"

printf '#eval --metrics modes\nwrong jobs/toy.ini --set train.batch=0\nright jobs/toy.ini\n' >jobs/tables/toy.txt
rm -rf runs
tables TRIALS=1
same 'a point that fails: exit code' 1 "$code"
says 'a point that fails' '== wrong-s1: failed: error'
same 'the others' 'right,1' "$(sed 1d docs/tables/toy.csv | cut -d , -f 1,2)"
bash scripts/tables.sh none >output 2>&1
same 'a table that there is not: exit code' 2 $?
says 'a table that there is not' 'tables are: toy'
verdict
